#!/bin/bash
# Everything CI runs, as `make check` does it. Every step runs, also after one failed; each ends with a line
# `<step>: N passed, M failed`, and the last line of all is their sum, `N passed, M failed`. What failed is told again
# before the sums, for the log is long and who reads it may have its end only.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
tools/deps.sh || exit 1
unset MAKEFLAGS MFLAGS
make="make --no-print-directory"
jobs=-j$(nproc)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
broken=0

step() { # title command...
    local title=$1 started=$SECONDS counts
    shift
    printf '\n== %s\n' "$title"
    counts=$(grep -cE '^[a-z-]+: [0-9]+ passed, [0-9]+ failed$' "$log")
    "$@" 2>&1 | tee -a "$log"
    # A step that failed before it could count is one failure; one that counts nothing is one test.
    if [ "${PIPESTATUS[0]}" != 0 ]; then
        [ "$(grep -cE '^[a-z-]+: [0-9]+ passed, [0-9]+ failed$' "$log")" != "$counts" ] ||
            echo "$title: 0 passed, 1 failed" >>"$log"
        broken=1
    fi
    echo "   ($((SECONDS - started)) s)"
}

step build $make $jobs all WERROR=1
step lint $make $jobs lint
step unit $make $jobs check-unit WERROR=1
step unit-sanitize $make $jobs check-unit WERROR=1 SANITIZE=1
step regress $make check-regress WERROR=1
step isolation $make check-isolation WERROR=1
step tap $make prove_installcheck WERROR=1
step build-debug $make $jobs all DEBUG=1 WERROR=1
step regress-debug $make check-regress DEBUG=1 WERROR=1
step isolation-debug $make check-isolation DEBUG=1 WERROR=1
step tap-debug $make prove_installcheck DEBUG=1 WERROR=1 \
    TESTS="002_crash 003_failure_points 007_rounds 008_concurrency 010_parallel_build"
step bench-build $make $jobs bench WERROR=1

failures=$(grep -hE -A 8 '^ *not ok |^# +Failed test|\.\.\. FAILED|^\[  FAILED  \]|: error: |aborted due to|\(Wstat: ' "$log" | grep -vE '^ *ok ' | head -120)
if [ -n "$failures" ]; then
    printf '\n== what failed\n%s\n' "$failures"
fi
echo
sed -nE 's/^([a-z-]+): ([0-9]+) passed, ([0-9]+) failed$/\1 \2 \3/p' "$log" |
    awk '{ printf "%-18s %5d passed, %d failed\n", $1, $2, $3; passed += $2; failed += $3 }
         END { printf "\n%d passed, %d failed\n", passed, failed; exit failed > 0 }' && [ "$broken" = 0 ]
