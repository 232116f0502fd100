#!/bin/bash
# What `make demo` runs: demo/demo.sh BUILD. With KEEP=1 the server stays. See demo/README.md.
set -euo pipefail
if [ "${1:-}" != inside ]; then
    root=$(cd "$(dirname "$0")/.." && pwd)
    exec "$root/tools/private_server.sh" ${KEEP:+--keep} --set shared_buffers=256MB \
        --set maintenance_work_mem=256MB --set max_wal_size=4GB "$1" "$root/demo/demo.sh" inside "$root/demo"
fi
cd "$2"
exec 2>&1

gzip -dc words.tsv.gz | psql -X -q -v ON_ERROR_STOP=1 -f demo.sql

# The same query by another word each time, prepared, one client, through SQL and the socket.
query='SELECT word FROM words ORDER BY embedding <=> (SELECT embedding FROM words WHERE rank = :rank) LIMIT 10;'
printf '\\set rank random(1, 10000)\n%s\n' "$query" >"$PGHOST/nearest.sql"
speed() { # seconds [setting]
    PGOPTIONS=${2:-} pgbench -n -M prepared -c 1 -T "$1" -f "$PGHOST/nearest.sql" 2>&1 |
        awk '/^latency average/ { ms = $4 } /^tps/ { tps = $3 }
             END { if (!tps) exit 1; printf "%.0f queries/s, %.3f ms each\n", tps, ms }'
}
printf '\n-- The ten nearest words, again and again (pgbench, one client, prepared)\n'
printf 'with the index:      %s\n' "$(speed 4)"
printf 'without it (exact):  %s\n' "$(speed 2 '-c enable_indexscan=off -c max_parallel_workers_per_gather=0')"
rm "$PGHOST/nearest.sql"
