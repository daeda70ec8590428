#!/bin/bash
# The checks of locks find what planted.c does wrong, name the locks, and show where both were
# taken; what is right goes through.
#   planted.sh PROGRAM
set -u
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
bad=0

# finds WHAT LINE STACKS: the program dies by SIGABRT, having said LINE and STACKS stacks.
finds()
{
    { (ulimit -c 0 && exec "$program" "$1" >"$work/out" 2>"$work/err"); } 2>/dev/null
    local status=$?
    # The frames of planted.c itself are the second and third of each stack.
    local stacks
    stacks=$(grep -c "taken here:\$\|^now here:\$" "$work/err")
    if [ $status -ne 134 ] || ! grep -q "^lock order: $2" "$work/err" || [ "$stacks" -ne "$3" ] ||
        [ "$(grep -c "${program##*/}(*[^)]*)*.*\[0x" "$work/err")" -lt $((2 * $3)) ]; then
        echo "FAIL $1: status $status, said:"
        cat "$work/out" "$work/err"
        bad=1
    fi
}

program=$1
finds order 'taking INODE while WAITQ is held, taken here:$' 2
finds twice 'taking INODE while INODE is held, taken here:$' 2
finds rankless 'taking one without a rank' 1
finds release 'releasing INODE' 1
finds accessor 'touching guest memory.* while WAITQ is held, taken here:$' 2
"$program" right >"$work/out" 2>&1 || {
    echo "FAIL right:"
    cat "$work/out"
    bad=1
}
exit $bad
