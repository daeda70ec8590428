#!/bin/bash
# What goes wrong on a network: resets at each moment, servers that are killed, no descriptors, a
# guest that stands still, connections in a row. First on the kernel itself, where there is one.
#   netfaults.sh FORE HOST PROGRAM [ROUNDS [SECONDS]]    HOST is linux or wine; PROGRAM is faults.c
. "$(dirname "$0")/lib.sh" "$@"
with_root "$3" || exit 2
here=$(dirname "$0") rounds=${4:-600} limit=${5:-150} bad=0
[ "$host" = wine ] || timeout "$limit" python3 "$here/netfaults.py" native "$rounds" "$3" </dev/null || bad=1
timeout "$limit" python3 "$here/netfaults.py" "$host" "$rounds" "${fore[@]}" --root "$work/root.tar" faults </dev/null || bad=1
# A network of its own can be taken down; only root has one, and no Wine.
if [ "$host" != wine ] && unshare -n ip link set lo up 2>/dev/null; then
    for command in "native 0 $3" "linux 0 $1 --root $work/root.tar faults"; do
        # shellcheck disable=SC2086 # words
        unshare -n bash -c 'ip link set lo up && exec timeout 100 "$@"' - python3 "$here/netfaults.py" $command </dev/null || bad=1
    done
fi
exit $bad
