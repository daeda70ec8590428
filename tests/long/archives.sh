#!/bin/bash
# Hostile archives, many of them: unit.fs.archives with sanitizers, and the one for Windows under
# Wine, each with random changes of a seed of its own (tests/long/archives.md has results).
#   archives.sh OUT
# ARCHIVES_ROUNDS (100000; under Wine a tenth) says how many, ARCHIVES_SEED (the time) from where on.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$here/../..
out=$1
. "$here/../lib.sh"
export FORELAND_CACHE=${FORELAND_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/foreland}
export CK_FORK=no WINEDEBUG=-all LC_ALL=C.UTF-8
rounds=${ARCHIVES_ROUNDS:-100000}
export ARCHIVES_SEED=${ARCHIVES_SEED:-$(date +%s)}
bad=0

# build PRESET: prints nothing when it is good.
build()
{
    { cmake -S "$top" --preset "$1" -B "$out/$1" &&
        cmake --build "$out/$1" --target unit_fs_archives; } >"$out/$1.log" 2>&1 || {
        tail -20 "$out/$1.log"
        return 1
    }
}

# run PRESET ROUNDS COMMAND...
run()
{
    local preset=$1 start=$SECONDS said
    said=$(cd "$out/$preset/tests" && ARCHIVES_ROUNDS=$2 "${@:3}" 2>&1) || {
        echo "$preset, seed $ARCHIVES_SEED: $said"
        bad=1
        return
    }
    echo "$preset, seed $ARCHIVES_SEED: $(grep 'of them unpacked' <<<"$said"), $((SECONDS - start)) s"
}

build linux-asan && build windows || exit 1
run linux-asan "$rounds" ./unit_fs_archives
wine_prefix >"$out/wine.log" 2>&1 || exit 1
wine_start
run windows $((rounds / 10)) wine ./unit_fs_archives.exe
exit $bad
