#!/bin/bash
# Runs omendb_bench, or omendb_writes, on a throw-away server of its own that has this build's extension.
#
#   bench/run_local.sh [options] FOLDER [the program's options]
#   bench/run_local.sh [options] -- [the program's options]
#
# FOLDER holds base.fbin, query.fbin (or .fvecs) and, if it has one, gt_<metric>.ibin (or .ivecs), which also
# tells the metric. BUILD=FOLDER measures the omendb.so there instead of building it.
#   --program NAME   search (omendb_bench, the default) or writes (omendb_writes)
#   --also DESTDIR   let the server also see what another extension's `make install DESTDIR=...` put there,
#                    for --versus; an extension that is installed in the system is seen anyhow
#   --cold           also measure cold: the server is restarted before each query of a small sample
#   --server N=V     a setting of the server, as fsync=on; may be repeated
set -euo pipefail
bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$bench")
usage() { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2; exit 2; }

server=() settings=() cold= program=search
while [ $# -gt 0 ]; do
    case $1 in
    --also) [ $# -ge 2 ] || usage; server+=(--also "$2"); shift ;;
    --cold) cold=1 ;;
    --program) [[ ${2:-} == search || ${2:-} == writes ]] || usage; program=$2; shift ;;
    --server) [[ ${2:-} == *=* ]] || usage; settings+=(--set "$2"); shift ;;
    --) break ;;
    -*) usage ;;
    *) break ;;
    esac
    shift
done
[ $# -ge 1 ] || usage
[ $program = search ] || [ -z "$cold" ] || usage

options=()
if [ "$1" != -- ]; then
    folder=${1%/}
    for kind in fbin fvecs; do
        [ ! -f "$folder/base.$kind" ] || options+=(--base "$folder/base.$kind")
        [ ! -f "$folder/query.$kind" ] || options+=(--queries "$folder/query.$kind")
    done
    [ ${#options[@]} -ge 4 ] || { echo "run_local: no base and query vectors in $folder" >&2; exit 1; }
    for truth in "$folder"/gt_{cos,l2,ip}.{ibin,ivecs}; do
        [ -f "$truth" ] || continue
        metric=${truth##*/gt_}
        options+=(--metric "${metric%.*}")
        [ $program = writes ] || options+=(--truth-file "$truth")
        break
    done
    options+=(--title "$(basename "$folder")")
fi
shift

# What is measured is what the sources say, unless BUILD names a folder with another omendb.so.
build=${BUILD:-$root/build/release}
[ -n "${BUILD:-}" ] || make --no-print-directory -C "$root" all
case $program in
search) program=$root/build/bench/client/omendb_bench ;;
writes) program=$root/build/bench/client/omendb_writes ;;
esac
mkdir -p "$(dirname "$program")"
make --no-print-directory -s -C "$bench" BUILD="$(dirname "$program")"

# A quarter of the memory for shared_buffers, at most 2 GB: the sets are measured from memory.
megabytes=$(awk '/^MemTotal/ { m = int($2 / 4096); print (m < 2048 ? m : 2048) }' /proc/meminfo)
settings=(--set "shared_buffers=${megabytes}MB" --set max_wal_size=8GB --set jit=off "${settings[@]}")

# Within the server's environment PGHOST is its folder and PATH has its programs.
run() {
    if [ -n "$cold" ]; then
        restart="pg_ctl restart -w -s -m fast -D $PGHOST/data -l $PGHOST/server.log </dev/null >/dev/null"
        if [ "$(id -u)" = 0 ]; then
            owner=$(stat -c %U "$PGHOST/data")
            restart="cd / && setpriv --reuid=$owner --regid=$(id -g "$owner") --clear-groups -- $restart"
        fi
        set -- --cold-command "$restart" "$@"
    fi
    "$program" "$@"
}
export -f run
export cold program
exec "$root/tools/private_server.sh" "${server[@]}" "${settings[@]}" "$build" bash -c 'set -eu; run "$@"' run \
    "${options[@]}" "$@"
