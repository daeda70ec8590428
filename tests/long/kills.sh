#!/bin/bash
# Kills during writes, many times (tests/crash): the file system alone and fore with guests, on both
# hosts. After each the image is clean and everything that was promised is there.
#   kills.sh OUT      the runs' output in OUT/<host>-<test>.log
# CRASH_ROUNDS (200) says how often each, CRASH_SEED from where.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$top/tests/lib.sh"
export FORELAND_CACHE=${FORELAND_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/foreland}
export CRASH_ROUNDS=${CRASH_ROUNDS:-200} CRASH_SEED=${CRASH_SEED:-1}
bad=0

build linux fore crash_image crash_guest
build windows fore crash_image
wine_prefix >"$out/wine-prefix.log" 2>&1 || exit 1
wine_start
export CRASH_GUEST
for host in linux windows; do
    command=() end=
    [ $host = linux ] || command=(wine) end=.exe
    fore=("${command[@]}" "$top/build/$host/fore$end")
    for test in image guest; do
        writer=("${command[@]}" "$top/build/$host/tests/crash_image$end") CRASH_GUEST=
        if [ $test = guest ]; then
            writer=("$top/tests/crash/guest.sh" "${fore[@]}" --)
            CRASH_GUEST=$top/build/linux/tests/guest/crash/guest
        fi
        if "$top/tests/crash/image.sh" "$out/$host-$test" "${fore[@]}" -- "${writer[@]}" \
            >"$out/$host-$test.log" 2>&1; then
            echo "kills: $host $test: $(tail -1 "$out/$host-$test.log")"
        else
            tail -20 "$out/$host-$test.log"
            bad=1
        fi
    done
done
exit $bad
