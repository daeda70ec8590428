#!/bin/bash
# Guests that use up what --memory allows: memory.c says what has to happen to them, and fore lives
# on. What the host itself refuses ends the guest as well.
#   memory.sh FORE HOST PROGRAM    HOST is linux or wine
. "$(dirname "$0")/lib.sh" "$@"
with_root "$3" || exit 2
failed=0

# run STATUS ARGUMENTS...
run()
{
    local status=$1 got
    shift
    timeout 150 "${fore[@]}" --root "$work/root.tar" "$@" </dev/null
    got=$?
    [ $got -eq "$status" ] || {
        echo "FAIL fore $*: status $got, not $status"
        failed=1
    }
}

run 0 --memory 128M memory 128
run 137 --memory 64M memory 64 hog
run 139 memory 64 recurse
run 139 memory 64 crash
if [ "$2" = linux ]; then
    ulimit -d 300000
    run 137 --memory 4G memory 1000 hog
fi
exit $failed
