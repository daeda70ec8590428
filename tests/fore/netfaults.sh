#!/bin/bash
# What goes wrong on a network: resets at each moment, servers that are killed, no descriptors, a
# guest that stands still, connections in a row. First on the kernel itself, where there is one.
#   netfaults.sh FORE HOST PROGRAM [ROUNDS [SECONDS]]    HOST is linux or wine; PROGRAM is faults.c
. "$(dirname "$0")/lib.sh" "$@"
with_root "$3" || exit 2
here=$(dirname "$0") rounds=${4:-600} limit=${5:-150} bad=0
[ "$host" = wine ] || timeout "$limit" python3 "$here/netfaults.py" native "$rounds" "$3" </dev/null || bad=1
timeout "$limit" python3 "$here/netfaults.py" "$host" "$rounds" "${fore[@]}" --root "$work/root.tar" faults </dev/null || bad=1
exit $bad
