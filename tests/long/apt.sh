#!/bin/bash
# apt inside, at length (tests/apt/all.sh), on both hosts, and in a chroot of this machine.
#   apt.sh OUT      what it said in OUT/<host>.log
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$top/tests/lib.sh"
export FORELAND_CACHE=${FORELAND_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/foreland}
bad=0
build linux fore
build windows fore
wine_prefix >"$out/wine-prefix.log" 2>&1 || exit 1
wine_start
for host in native linux wine; do
    fore=$top/build/linux/fore
    [ $host != wine ] || fore=$top/build/windows/fore.exe
    "$top/tests/apt/all.sh" "$fore" $host >"$out/$host.log" 2>&1 || bad=1
    grep -E "^(FAIL|$host:|killed|.*: [0-9]+ ms)" "$out/$host.log"
done
exit $bad
