#!/bin/bash
# Job control with real keys: Ctrl-C, Ctrl-Z, jobs, bg, fg, background output, Ctrl-\.
set -u
. "$(dirname "$0")/lib.sh"
start_shell
enter 'sleep 1000; echo "status $?"'
sleep 0.3
key ctrl+c
shows '^C'
enter 'sleep 1001'
sleep 0.3
key ctrl+z
shows 'Stopped'
enter 'jobs -l'
shows 'sleep 1001'
enter 'bg'
shows 'sleep 1001 &'
enter 'jobs'
shows 'Running'
enter 'fg'
sleep 0.3
key ctrl+c
enter 'echo ended $?'
shows 'ended 130'
enter 'for(( ; ; )); do :; done'
sleep 0.3
key ctrl+c
enter 'echo loop $?'
shows 'loop 130'
enter 'cat'
enter 'typed to cat'
shows '
typed to cat
typed to cat'
key ctrl+d
enter 'echo cat $?'
shows 'cat 0'
enter '(sleep 0.1; echo from behind) & '
shows 'from behind'
enter 'stty tostop; (echo held; sleep 0.2) & sleep 0.5; jobs; stty -tostop; fg'
shows 'Stopped'
shows '
held'
enter 'echo back'
shows '
back'
key ctrl+d
ended
