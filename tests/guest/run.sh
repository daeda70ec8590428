#!/bin/bash
# Runs one guest program on the real kernel and then under Foreland, and compares standard output
# and exit status.
#   run.sh native PROGRAM        only on the real kernel
#   run.sh linux FORE PROGRAM    compares with FORE
#   run.sh wine FORE PROGRAM     compares with FORE under Wine
# Prints "ok NAME" or "FAIL NAME" with the difference.
set -u
host=$1
fore=
[ "$host" = native ] || { fore=$2; shift; }
program=$2
name=$(basename "$program")
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$(dirname "$program")" || exit 2

fail()
{
    echo "FAIL $name: $1"
    exit 1
}

# The variable tells a program that it may meet what the real kernel has and Foreland has not.
GUEST_REAL_KERNEL=1 "./$name" </dev/null >"$work/real" 2>"$work/real.err"
status=$?
if [ $status -ne 0 ]; then
    cat "$work/real" "$work/real.err"
    fail "exit status $status on the real kernel: the test itself is wrong here"
fi
case $host in
native) ;;
linux) "$fore" "./$name" </dev/null >"$work/ours" 2>"$work/ours.err" ;;
wine) WINEDEBUG=${WINEDEBUG:--all} wine "$fore" "./$name" </dev/null >"$work/ours" 2>"$work/ours.err" ;;
*) fail "unknown host $host" ;;
esac
ours=$?
if [ "$host" != native ]; then
    if [ $ours -ne $status ]; then
        cat "$work/ours" "$work/ours.err"
        fail "exit status $ours, on the real kernel $status"
    fi
    if ! diff "$work/real" "$work/ours" >"$work/diff"; then
        cat "$work/diff" "$work/ours.err"
        fail "output differs (< real kernel, > Foreland)"
    fi
fi
echo "ok $name"
