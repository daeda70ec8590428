#!/bin/bash
# Code in more places than there is memory for its translations: everybody goes on, and what fore
# takes stays within --memory, of which code has a quarter.
#   codememory.sh FORE HOST PROGRAM    HOST is linux or wine; PROGRAM is codememory.c
. "$(dirname "$0")/lib.sh" "$@"
with_root "$3" || exit 2
limit=48
said=$(timeout 100 "${fore[@]}" --no-cache --memory ${limit}M --root "$work/root.tar" codememory \
    </dev/null 2>"$work/error") || {
    echo "FAIL status $?"
    tail -3 "$work/error"
    exit 1
}
said=${said//$'\r'/}
echo "$said"
[[ $said == *" 0 failed" ]] || exit 1
