#!/bin/bash
# bash in the window with real keys: editing, history, pipes, expansions, here-documents, colours.
set -u
. "$(dirname "$0")/lib.sh"
start_shell
enter 'echo one two | tr a-z A-Z'
shows 'ONE TWO'
enter 'echo sum $((6 * 7)) $(echo in | tr i o)'
prompt_after 'sum 42 on'
# Editing: start of the line, word back, kill, yank.
type_keys 'cho edited'
key ctrl+a
type_keys e
key ctrl+e
type_keys ' line'
key Return
prompt_after '
edited line'
key Up
key BackSpace BackSpace BackSpace BackSpace
type_keys 'again'
key Return
shows '
edited again'
enter 'cat <<END'
enter 'here $((1 + 1))'
enter 'END'
shows '
here 2'
enter 'trap "echo caught" USR1; kill -USR1 $$'
shows '
caught'
enter 'sleep 0.2 & wait $!; echo waited $?'
shows 'waited 0'
enter 'stty size; tty'
shows '
24 80
/dev/pts/0'
enter "printf '\\033[31;1mred\\033[0m \\303\\244\\342\\202\\254\\n'"
prompt_after '
red ä€'
# What programs ask of a terminal, and what they tell it. Progress ends with the program that it is of.
enter 'echo "$COLORTERM $TERM_PROGRAM ${TERM_PROGRAM_VERSION:+known}"'
prompt_after '
truecolor Foreland known'
xdotool mousemove --window "$window_id" 100 100
enter "printf '\\033]7;file://host/some%%20where\\007\\033]22;wait\\007'"
state 'directory file://host/some%20where'
state 'pointer wait'
enter "printf '\\033]22;\\007'"
state 'pointer text'
enter "bash -c 'printf \"\\033]9;4;1;42\\007read\"y; read x'"
shows 'ready'
state 'progress 1 42'
key Return
state 'progress 0 0'
key ctrl+d
ended
