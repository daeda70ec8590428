#!/bin/bash
# Connections to the host's network in a row, 100,000 on both hosts: no descriptor and no memory is
# left of them.
#   net.sh OUT      the runs' output in OUT/<host>.log
# NET_ROUNDS (100000) says how many.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$top/tests/lib.sh"
export FORELAND_CACHE=${FORELAND_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/foreland}
rounds=${NET_ROUNDS:-100000} bad=0

build linux fore fore_programs
build windows fore
wine_prefix >"$out/wine-prefix.log" 2>&1 || exit 1
wine_start
for host in linux wine; do
    fore=$top/build/linux/fore
    [ $host = linux ] || fore=$top/build/windows/fore.exe
    "$top/tests/fore/netfaults.sh" "$fore" $host "$top/build/linux/tests/guest/fore/faults" "$rounds" \
        3600 >"$out/$host.log" 2>&1 || bad=1
    echo "net: $host: $(tail -1 "$out/$host.log")"
done
exit $bad
