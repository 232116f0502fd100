#!/bin/bash
# Runs a command beside a throw-away PostgreSQL that has this build's extension, and leaves nothing behind.
#
#   tools/private_server.sh [options] BUILD COMMAND...    a server on a unix socket; COMMAND finds it
#                                                         through PATH, PGHOST, PGPORT, PGUSER, PGDATABASE
#   tools/private_server.sh --no-server BUILD COMMAND...  no server; COMMAND runs unprivileged in a copy
#                                                         of test/, demo/ and tools/, and starts its own
#   tools/private_server.sh --stop FOLDER                 ends what --keep left running
#
#   --keep           leave the server running when COMMAND succeeds, and say how to connect and stop it
#   --set NAME=VALUE a server setting; may be given more than once
#   --also DESTDIR   also show the server what another extension's `make install DESTDIR=...` put there
#
# BUILD is a folder with omendb.so. Nothing is installed into the system: PostgreSQL looks for its share
# and lib folders relative to its own executable, so copies of the executables in a temporary folder, with
# links to everything else and our few files beside them, are an installation of their own.
# As root the server runs as an unprivileged user, for initdb refuses root. PG_CONFIG names another PostgreSQL.
set -euo pipefail
umask 022
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
pg_config=${PG_CONFIG:-pg_config}

usage() { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2; exit 2; }

# The user who owns the server's files and processes.
if [ "$(id -u)" = 0 ]; then
    user=$(id -un postgres 2>/dev/null || echo nobody)
    unprivileged() {
        setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups --inh-caps=-all -- "$@"
    }
else
    user=$(id -un)
    unprivileged() { "$@"; }
fi

stop() { # folder
    if [ -f "$1/data/postmaster.pid" ]; then
        (cd "$1" && unprivileged "$(cat "$1/bindir")/pg_ctl" stop -D "$1/data" -m immediate -s) || true
    fi
    rm -rf "$1"
}

# Links every entry of folder $1 into folder $2, but not those named in $3....
link_all() {
    local from=$1 to=$2 entry
    shift 2
    mkdir -p "$to"
    for entry in "$from"/*; do
        case " $* " in *" $(basename "$entry") "*) continue ;; esac
        [ ! -e "$entry" ] || ln -sfn "$entry" "$to/"
    done
}

# Makes $stage an installation: the system's, this build's files, and those under each of $also.
make_stage() {
    local bin share lib tree
    bin=$($pg_config --bindir) share=$($pg_config --sharedir) lib=$($pg_config --pkglibdir)
    mkdir -p "$stage$bin"
    cp -L "$bin"/* "$stage$bin/"
    link_all "$share" "$stage$share" extension
    link_all "$share/extension" "$stage$share/extension"
    link_all "$lib" "$stage$lib" "$(basename "$bin")" # a flat installation has bin beside lib
    for tree in "${also[@]}"; do
        link_all "$tree$share/extension" "$stage$share/extension"
        link_all "$tree$lib" "$stage$lib"
    done
    cp --remove-destination "$root/omendb.control" "$root"/sql/omendb--*.sql "$stage$share/extension/"
    cp --remove-destination "$build/omendb.so" "$stage$lib/"
    echo "$stage$bin" >"$scratch/bindir"
}

keep= server=1 settings=() also=()
while [ $# -gt 0 ]; do
    case $1 in
    --keep) keep=1 ;;
    --no-server) server= ;;
    --set) settings+=("$2") && shift ;;
    --also) also+=("$(cd "$2" && pwd)") && shift ;;
    --stop)
        [[ ${2:-} == */omendb.?????? && -f $2/bindir ]] || usage
        stop "$2"
        exit
        ;;
    -*) usage ;;
    *) break ;;
    esac
    shift
done
[ $# -ge 2 ] || usage
build=$(cd "$1" && pwd)
shift
[ -f "$build/omendb.so" ] || { echo "private_server: no omendb.so in $build; run make" >&2; exit 1; }

# A socket's path holds 107 characters: fall back to /tmp where TMPDIR is long.
scratch=${TMPDIR:-/tmp}
[ ${#scratch} -le 60 ] || scratch=/tmp
scratch=$(mktemp -d "$scratch/omendb.XXXXXX")
stage=$scratch/stage
trap 'stop "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
chown "$user" "$scratch"
chmod 755 "$scratch"
make_stage
export PATH="$(cat "$scratch/bindir"):$PATH" OMENDB_SCRATCH="$scratch"
unset PGDATA PGSERVICE PGHOSTADDR PGPASSWORD PGOPTIONS PGSSLMODE

if [ -z "$server" ]; then
    unset PGHOST PGPORT PGUSER PGDATABASE
    # The unprivileged user may not be able to read this folder.
    mkdir "$scratch/work" "$scratch/tmp"
    cp -R "$root/test" "$root/demo" "$root/tools" "$scratch/work/"
    chown -R "$user" "$scratch/work" "$scratch/tmp"
    export HOME="$scratch/work" TMPDIR="$scratch/tmp"
    cd "$scratch/work"
    unprivileged "$@"
    exit
fi

export PGHOST="$scratch" PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
(
    cd "$scratch"
    unprivileged initdb -D "$scratch/data" -U postgres -A trust -E UTF8 --no-locale --no-sync \
        >"$scratch/initdb.log" 2>&1 || { cat "$scratch/initdb.log" >&2; exit 1; }
    {
        echo "listen_addresses = ''"
        echo "unix_socket_directories = '$scratch'"
        echo "port = $PGPORT"
        echo "fsync = off" # the files go with the server
        for setting in "${settings[@]}"; do
            echo "${setting%%=*} = '${setting#*=}'"
        done
    } >>"$scratch/data/postgresql.conf"
    touch "$scratch/server.log"
    chown "$user" "$scratch/server.log"
    unprivileged pg_ctl start -w -s -D "$scratch/data" -l "$scratch/server.log" </dev/null >/dev/null ||
        { cat "$scratch/server.log" >&2; exit 1; }
)

"$@" || {
    status=$?
    if grep -qE 'PANIC|TRAP|terminated by signal' "$scratch/server.log"; then
        echo "private_server: the end of the server's log:" >&2
        tail -40 "$scratch/server.log" >&2
    fi
    exit $status
}
if [ -n "$keep" ]; then
    trap - EXIT
    cat <<TEXT

The server is still running. Connect with
    $(cat "$scratch/bindir")/psql -h $scratch -U postgres postgres
and stop and remove it with
    tools/private_server.sh --stop $scratch
TEXT
fi
