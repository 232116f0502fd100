#!/bin/bash
# Runs TAP tests in the current folder, a copy of test/: tools/prove.sh PERL_FOLDER NAME... ; of a test that failed
# it also shows the end of what its servers logged. For tools/check_server.sh.
set -uo pipefail
perl=$1
shift
# What PostgreSQL::Test expects of its makefile; PostgreSQL 16 took TESTDIR apart into the other two.
export TESTDIR=$PWD TESTDATADIR=$PWD/tmp_check TESTLOGDIR=$PWD/tmp_check/log
prove -v -I "$perl" -I test/perl $(printf 'test/t/%s.pl ' "$@") && exit
for log in tmp_check/log/*.log; do
    if grep -qE 'PANIC|FATAL|TRAP|terminated by signal|ERROR: .*omendb' "$log"; then
        echo "== $log"
        grep -vE '^[^ ]+ .* LOG: +(statement|duration)' "$log" | tail -40
    fi
done
exit 1
