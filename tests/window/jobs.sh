#!/bin/bash
# Job control with real keys: Ctrl-C, Ctrl-Z, jobs, bg, fg, background output, Ctrl-\.
set -u
. "$(dirname "$0")/lib.sh"
start_shell
enter "$foreground_teller"
enter '(front)'
shows '1 front 1'
key ctrl+c
prompt_after '^C'
enter 'echo status $?'
prompt_after 'status 130'
key ctrl+l
tell gone '1 front 1'
enter '(front)'
shows '1 front 1'
key ctrl+z
shows 'Stopped'
enter 'jobs -l'
shows '( front )'
enter 'bg'
shows '2 front 0'
enter 'jobs'
shows 'Running'
enter 'fg'
shows '3 front 1'
key ctrl+c
enter 'echo ended $?'
shows 'ended 130'
enter 'echo g""o; for(( ; ; )); do :; done'
shows '
go'
key ctrl+c
enter 'echo loop $?'
shows 'loop 130'
enter 'echo c""at; cat'
shows '
cat'
enter 'typed to cat'
shows '
typed to cat
typed to cat'
key ctrl+d
enter 'echo cat $?'
shows 'cat 0'
enter '(sleep 0.1; echo from behind) & '
shows 'from behind'
enter 'stty tostop; (echo held) & until [ "$(jobs -s)" ]; do :; done; jobs; stty -tostop; fg'
shows 'Stopped'
shows '
held'
enter 'echo back'
prompt_after '
back'
key ctrl+d
ended
