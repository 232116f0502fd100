#!/bin/bash
# Runs the tests that need a server, on private ones: tools/check_server.sh regress|isolation|tap BUILD [NAME...]
# Without names all tests of the kind. Outputs and diffs stay in BUILD/<kind>. The last line says
# `<kind>: N passed, M failed`.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
pg_config=${PG_CONFIG:-pg_config}
kind=$1 build=$2
shift 2
output=$build/$kind
pgxs=$(dirname "$($pg_config --pgxs)")/..
rm -rf "$output"
mkdir -p "$output"

# Names of the files that match, without folder and ending.
names_of() {
    local file
    for file in "$@"; do
        [ ! -e "$file" ] || basename "${file%.*}"
    done | grep -v '^omendb--' || true
}

# pg_regress prints `test name ... ok` up to PostgreSQL 15 and TAP from 16 on.
count_regress() {
    passed=$(grep -cE '^ok +[0-9]+ |^(test|     ) .* \.\.\. ok ' "$1") || true
    failed=$(grep -cE '^not ok |^(test|     ) .* \.\.\. (FAILED|failed)' "$1") || true
}

status=0
case $kind in
regress)
    export PG_ABS_SRCDIR=$root # as pg_regress does from PostgreSQL 15 on
    [ $# -gt 0 ] || set -- $(names_of "$root"/sql/*.sql)
    [ $# -gt 0 ] || { echo "$kind: there are no tests" >&2; exit 1; }
    "$root/tools/private_server.sh" "$build" "$pgxs/test/regress/pg_regress" --bindir= \
        --inputdir="$root" --outputdir="$output" --dbname=contrib_regression \
        --load-extension=omendb "$@" 2>&1 | tee "$output/log" || status=$?
    count_regress "$output/log"
    ;;
isolation)
    [ $# -gt 0 ] || set -- $(names_of "$root"/test/isolation/specs/*.spec)
    [ $# -gt 0 ] || { echo "$kind: there are no tests" >&2; exit 1; }
    "$root/tools/private_server.sh" "$build" "$pgxs/test/isolation/pg_isolation_regress" --bindir= \
        --inputdir="$root/test/isolation" --outputdir="$output" --dbname=isolation_regression \
        --load-extension=omendb "$@" 2>&1 | tee "$output/log" || status=$?
    count_regress "$output/log"
    ;;
tap)
    [ $# -gt 0 ] || set -- $(names_of "$root"/test/t/*.pl)
    [ $# -gt 0 ] || { echo "$kind: there are no tests" >&2; exit 1; }
    export PG_REGRESS=$pgxs/test/regress/pg_regress
    "$root/tools/private_server.sh" --no-server "$build" tools/prove.sh "$pgxs/test/perl" "$@" 2>&1 |
        tee "$output/log" | { grep -vE '^ *ok ' || true; } || status=$?
    passed=$(grep -cE '^ok [0-9]+' "$output/log") || true
    failed=$(grep -cE '^not ok [0-9]+' "$output/log") || true
    ;;
*)
    echo "check_server: unknown kind $kind" >&2
    exit 2
    ;;
esac

if [ -s "$output/regression.diffs" ]; then
    head -300 "$output/regression.diffs"
fi
# A runner that failed without a failed test (a crash, a missing file) is a failure too.
[ "$status" = 0 ] || [ "$failed" != 0 ] || failed=1
case ${build##*/} in debug*) kind=$kind-debug ;; esac
echo "$kind: $passed passed, $failed failed"
[ "$failed" = 0 ]
