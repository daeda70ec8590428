#!/bin/bash
# The window says what is wrong, in itself.
set -u
. "$(dirname "$0")/lib.sh"
start --root "$work/nothing"
shows 'cannot start'
shows 'nothing'
answer close
ended

start --image "$work/missing.img"
shows 'cannot start'
shows 'missing.img'
answer close
ended

head -c 100000 /dev/urandom >"$work/broken.img"
start --image "$work/broken.img"
shows 'cannot start'
shows 'broken.img'
answer close
ended

head -c 100000 /dev/urandom >"$work/broken.tar"
start --root "$work/broken.tar"
shows 'cannot start'
shows 'broken.tar'
answer close
ended

start --root "$FORELAND_ROOT" /no/such/program
shows '/no/such/program: not found'
answer close
ended

# A wrong option: no window, and the status of a wrong call.
if [ "$host" = linux ]; then
    "$FORELAND_WINDOW" --no-such-option 2>"$work/message"
    [ $? -eq 2 ] || fail "wrong option: exit status"
    grep -q -e --no-such-option "$work/message" || fail "the wrong option is not named"
fi
