#!/bin/sh
# Installs what a Debian system lacks to build omendb (deps.sh build) or to build and test it (deps.sh).
# Says nothing and touches nothing where all is there, so that it also works offline.
set -eu
pg_config=${PG_CONFIG:-pg_config}
packages=
need() { packages="$packages $*"; }
has() { command -v "$1" >/dev/null 2>&1; }
header() { printf '#include <%s>\n' "$1" | g++ -std=c++17 -fsyntax-only -x c++ - >/dev/null 2>&1; }

has make || need make
has gcc && has g++ || need gcc g++
header xsimd/xsimd.hpp || need libxsimd-dev
# Debian puts PGXS beside the server and the headers into a package of their own: ask for each.
pgxs=$($pg_config --pgxs 2>/dev/null || true)
headers=$($pg_config --includedir-server 2>/dev/null || true)
if [ ! -f "${pgxs:-/nonexistent}" ] || [ ! -f "${headers:-/nonexistent}/postgres.h" ] ||
    [ ! -x "$($pg_config --bindir)/postgres" ]; then
    need POSTGRESQL
fi
if [ "${1:-}" != build ]; then
    header gtest/gtest.h || need libgtest-dev
    header benchmark/benchmark.h || need libbenchmark-dev
    header libpq-fe.h || header postgresql/libpq-fe.h || need libpq-dev
    has prove || need perl
    perl -MIPC::Run -e 1 2>/dev/null || need libipc-run-perl
    has clang-format || need clang-format
    has objdump || need binutils
fi
[ -n "$packages" ] || exit 0

if ! has apt-get; then
    echo "Install the equivalents of these Debian packages, please:$packages" >&2
    exit 1
fi
sudo=
if [ "$(id -u)" != 0 ]; then
    has sudo || { echo "As root: apt-get install$packages" >&2; exit 1; }
    sudo=sudo
fi
$sudo apt-get update -q
case $packages in
*POSTGRESQL*)
    # The version of the server that is there; where there is none, the newest that apt knows.
    version=$($pg_config --version 2>/dev/null | sed -n 's/^PostgreSQL \([0-9]*\).*/\1/p')
    apt-cache show "postgresql-server-dev-$version" >/dev/null 2>&1 ||
        version=$(apt-cache pkgnames postgresql-server-dev- | sed -n 's/.*-dev-\([0-9]*\)$/\1/p' | sort -n | tail -1)
    packages=$(echo "$packages" | sed "s/POSTGRESQL/postgresql-$version postgresql-server-dev-$version/")
    ;;
esac
# shellcheck disable=SC2086 # a list
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $packages
