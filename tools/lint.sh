#!/bin/bash
# The rules of CONTRIBUTING.md that a machine can check. Prints a line a rule, and what breaks it.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
root=$PWD
unset MAKEFLAGS MFLAGS
make="make --no-print-directory"
pg_config=${PG_CONFIG:-pg_config}
passed=0 failed=0
findings=$(mktemp)
trap 'rm -f "$findings"' EXIT

# Ends a rule: what it wrote to $findings breaks it.
rule() {
    if [ -s "$findings" ]; then
        echo "not ok - $1"
        sed 's/^/    /' "$findings" | head -40
        failed=$((failed + 1))
    else
        echo "ok - $1"
        passed=$((passed + 1))
    fi
    : >"$findings"
}

# --- the text -------------------------------------------------------------------------------------
mapfile -t sources < <(tools/list_sources.sh)
[ ${#sources[@]} -gt 0 ] || exit 1

if clang-format --version | grep -q 'version 14\.'; then
    clang-format --dry-run -Werror "${sources[@]}" 2>&1 | grep 'error:' >"$findings"
    rule "clang-format changes nothing (make format)"
else
    echo "skipped - clang-format: the layout is that of version 14"
fi

wc -l "${sources[@]}" | awk '$2 != "total" && $1 > 450 { print $2 ": " $1 " lines" }' >"$findings"
rule "a file has at most 450 lines"

grep -nE 'TODO|FIXME|XXX|HACK' "${sources[@]}" >"$findings"
rule "nothing is left to do"

# --- the rooms ------------------------------------------------------------------------------------
# What a room's files may include, beside their own. pg and graph do not know each other.
declare -A below=(
    [base]='' [simd]='base' [page]='base simd' [codec]='base simd page' [graph]='base simd page codec'
    [pg]='base simd page' [type]='base simd page codec pg' [am]='base simd page codec graph pg type')
for room in "${!below[@]}"; do
    may="$room ${below[$room]}"
    grep -HnE '^ *# *include +"omendb/' $(printf '%s\n' "${sources[@]}" | grep -E "^(src|include/omendb)/$room/") \
        /dev/null | while IFS= read -r line; do
        from=$(sed -E 's|.*"omendb/([a-z]+)/.*|\1|' <<<"$line")
        case " $may " in *" $from "*) ;; *) echo "$line" ;; esac
    done
done >"$findings"
rule "a room includes only rooms below it"

grep -nE '^ *# *include +"(\.\./|src/)' $(printf '%s\n' "${sources[@]}" | grep -E '^(src|include)/') /dev/null >"$findings"
rule "private headers stay in their room"

for room in base simd page codec graph; do
    grep -nE '^ *# *include +["<](postgres|fmgr|access/|storage/|utils/|catalog/|nodes/|executor/|miscadmin)' \
        $(printf '%s\n' "${sources[@]}" | grep -E "^(src|include/omendb)/$room/") /dev/null
done >"$findings"
rule "base simd page codec graph see no PostgreSQL header"

# --- the library ----------------------------------------------------------------------------------
$make all WERROR=1 BUILD="$root/build/release-werror" 2>&1 | grep -E '(warning|error): |Error [0-9]' >"$findings"
rule "it compiles without a warning"
library=build/release-werror/omendb.so

# A mangled name is C++ that neither the server nor the C library has: the C++ runtime, or ours and missing.
nm -D --undefined-only "$library" | awk '{ print $NF }' |
    grep -E '^(_Z|__cxa_|__gxx_|_Unwind)' | grep -v '^__cxa_finalize' | c++filt >"$findings"
rule "the library needs nothing of the C++ runtime, and has all it calls"

nm -D --defined-only "$library" | awk '{ print $NF }' |
    grep -vE '^(omendb_.*|pg_finfo_omendb_.*|Pg_magic_func|_PG_init)$' | c++filt >"$findings"
rule "the library shows only omendb_*, pg_finfo_*, Pg_magic_func and _PG_init"

# Every C function that the newest install script names is there, with its info record.
script=$(ls sql/omendb--*.sql | grep -v -- '--.*--' | sort -V | tail -1)
{
    printf '%s\n' Pg_magic_func _PG_init
    awk 'match($0, /^CREATE (OR REPLACE )?FUNCTION [a-z0-9_]+/) { n = split(substr($0, 1, RLENGTH), word, " "); name = word[n] }
         match($0, /AS \047MODULE_PATHNAME\047/) {
             symbol = name
             if (split($0, part, "\047") >= 5) symbol = part[4]
             print symbol; print "pg_finfo_" symbol
         }' "$script"
} | sort -u | comm -23 - <(nm -D --defined-only "$library" | awk '{ print $NF }' | sort -u) >"$findings"
rule "the library has every function that $script names"

# ereport leaves by longjmp: with exceptions on, a frame that needed a destructor would show up here.
mkdir -p build/lint
$make -j"$(nproc)" -C build/lint -f "$root/tools/module.mk" VPATH="$root" PG_CONFIG="$pg_config" FRAME_LINT=1 objects \
    2>&1 | grep -E 'error: |Error [0-9]' >"$findings"
find build/lint -name '*.o' | sort | while IFS= read -r object; do
    source=${object#build/lint/}
    [ -e "${source%.o}.cc" ] || continue # left over from a file that is gone
    ! objdump -h "$object" | grep -q gcc_except_table || echo "${source%.o}.cc"
done >>"$findings"
rule "no frame needs a destructor"

for script in tools/*.sh demo/*.sh .ci/run; do
    bash -n "$script" 2>&1
done >"$findings"
rule "the shell scripts parse"

for script in test/t/*.pl; do
    perl -I "$(dirname "$($pg_config --pgxs)")/../test/perl" -I test/perl -c "$script" 2>&1 | grep -v ' syntax OK$'
done >"$findings"
rule "the Perl scripts compile"

echo "lint: $passed passed, $failed failed"
[ "$failed" = 0 ]
