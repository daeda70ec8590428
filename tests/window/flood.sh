#!/bin/bash
# `yes` floods the window, which stays drawn; Ctrl-C answers at once.
set -u
. "$(dirname "$0")/lib.sh"
start_shell
enter 'yes flooding'
shows 'flooding
flooding'
for _ in 1 2 3; do
    sleep 0.5
    tell picture "$work/flood.png"
    before=$(date +%s%N)
    key ctrl+c
    shows '#'
    took=$((($(date +%s%N) - before) / 1000000))
    echo "Ctrl-C answered after $took ms"
    [ $took -lt "${FORELAND_FLOOD_MS:-1000}" ] || fail "Ctrl-C took $took ms"
    enter 'yes flooding'
    tell gone '#'
done
key ctrl+c
shows '#'
enter 'cat /dev/urandom | head -c 3000000 | tr -d "\000-\010\016-\037\200-\377"; echo; reset; echo over'
shows 'over
root'
enter 'echo MARK'
prompt_after '
MARK'
key ctrl+d
ended
