#!/bin/bash
# A pipe as the standard input: what poll says of it while there is something and when it has ended,
# as on the real kernel.
#   input.sh FORE HOST PROGRAM    HOST is linux or wine; PROGRAM a static program
. "$(dirname "$0")/lib.sh" "$@"
with_root "$3" || exit 2
failed=0

# compare TEXT PROGRAM: what is typed, once to the program and once to it inside.
compare()
{
    local real inside program=$2
    real=$(printf "$1" | "$program") || {
        echo "FAIL the real kernel says: $real"
        exit 1
    }
    inside=$(printf "$1" | timeout 60 "${fore[@]}" --root "$work/root.tar" input 2>&1 | tr -d '\r')
    [ "$inside" = "$real" ] || {
        echo "FAIL after \"$1\": $inside; the real kernel says: $real"
        failed=1
    }
}

compare '' "$3"
compare 'some words' "$3"
exit $failed
