#!/bin/bash
# The long runs, which tests/run.sh leaves out: test suites of real programs and the like. Each
# tests/long/<name>.sh is one; its results are kept in build/long/<name>/.
#   tests/long.sh [NAME...]      by default all of them
# Exit status 0 only when every run met what it demands of itself.
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top" || exit 1
export FORELAND_CACHE=${FORELAND_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/foreland}
export FORE=${FORE:-$top/build/package-linux/fore}
bad=0

if [ $# -eq 0 ]; then
    for script in tests/long/*.sh; do
        [ ! -x "$script" ] || set -- "$@" "$(basename "$script" .sh)"
    done
fi
packaging/install.sh build windows long || exit 1
mkdir -p build/package-linux
{ cmake --preset linux -B build/package-linux -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF &&
    cmake --build build/package-linux; } >build/package-linux/build.log 2>&1 || {
    tail -20 build/package-linux/build.log
    exit 1
}
for name in "$@"; do
    [ -x "tests/long/$name.sh" ] || {
        echo "long: there is no tests/long/$name.sh" >&2
        exit 2
    }
    mkdir -p "build/long/$name"
    echo "== $name"
    "tests/long/$name.sh" "$top/build/long/$name" </dev/null || {
        echo "== $name: failed"
        bad=1
    }
done
exit $bad
