#!/bin/bash
# `yes` floods the window, which stays drawn; the real Ctrl-C is answered. How soon is what stuck.sh
# measures, in the program.
set -u
. "$(dirname "$0")/lib.sh"
start_shell
enter 'yes flooding'
shows 'flooding
flooding'
for _ in 1 2 3; do
    sleep 0.5
    tell picture "$work/flood.png"
    key ctrl+c
    shows '#'
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
