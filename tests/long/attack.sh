#!/bin/bash
# Hostile system calls for long (tests/attack): with the release build and with AddressSanitizer on
# Linux, and with the release build under Wine; at the same time, as the three keep to themselves.
#   attack.sh OUT     what they say in OUT/linux.log, OUT/asan.log, OUT/wine.log
# ATTACK_SECONDS (3600) is for each on Linux, a third of it under Wine; ATTACK_SEED (10000) the
# first seed: half of the time the file system is an image, half of it an archive.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$top/tests/lib.sh"
export FORELAND_CACHE=${FORELAND_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/foreland}
seconds=${ATTACK_SECONDS:-3600}
seed=${ATTACK_SEED:-10000}
bad=0

# attack NAME FORE HOST SECONDS OPTIONS...
attack()
{
    local name=$1 fore=$2 host=$3 time=$4
    shift 4
    "$top/tests/attack/attack.py" "$fore" "$host" "$guest" --seeds "$seed" \
        --seconds $((time / 2)) "$@" >"$out/$name.log" 2>&1
}

build linux fore attack_guest
build linux-asan fore
build windows fore windows_counted
guest=$top/build/linux/tests/guest/attack/attack
wine_prefix >"$out/wine-prefix.log" 2>&1 || exit 1
wine_start
attack linux "$top/build/linux/fore" linux "$seconds" &
linux=$!
# What is freed is kept for a while, to see uses of it.
ASAN_OPTIONS=detect_leaks=0:handle_segv=0:quarantine_size_mb=64 attack asan \
    "$top/build/linux-asan/fore" linux "$seconds" --milliseconds 6000 --patience 120 \
    --growth 1000 &
asan=$!
attack wine "$top/build/windows/fore.exe" wine $((seconds / 3)) --milliseconds 10000 \
    --patience 120 --counter "$top/build/windows/tests/windows_counted.exe" &
wine=$!
for run in linux asan wine; do
    wait ${!run} || bad=1
    sed "s/^/$run: /" "$out/$run.log"
done
exit $bad
