#!/bin/bash
# Scrollback by wheel and keys, selection with the mouse, copy and paste.
set -u
. "$(dirname "$0")/lib.sh"
start_shell
enter 'for i in {1..200}; do echo row-$i; done'
prompt_after 'row-200'
tell gone 'row-100'
key shift+Prior
shows 'row-160'
key shift+Next
shows 'row-200'
key shift+Home
shows 'row-1
'
key shift+End
shows 'row-200'
xdotool mousemove --window "$window_id" 100 100 click --repeat 5 4
shows 'row-165'
# A key goes back to the bottom.
key space
shows 'row-200'
key ctrl+u
enter 'clear'
tell gone 'row-'
shows 'root@'
enter 'echo MARK alpha beta gamma'
prompt_after '
MARK alpha beta gamma'
# Double click on a word, triple on a line, drag.
tell press 1 1 7 2
tell release 1 1 7
tell selection
[ "$reply" = alpha$'\n' ] || fail "double click selected '$reply'"
tell press 1 1 7 3
tell release 1 1 7
tell selection
[ "$reply" = $'MARK alpha beta gamma\n' ] || fail "triple click selected '$reply'"
tell press 1 1 5
tell move 1 1 14
tell release 1 1 14
tell selection
case $reply in
alpha\ bet*) ;;
*) fail "the drag selected '$reply'" ;;
esac
# Copied by the release (primary selection) and by the key; pasted by both.
tell press 1 1 7 2
tell release 1 1 7
key ctrl+shift+c
type_keys 'echo pasted '
key ctrl+shift+v
key Return
prompt_after '
pasted alpha'
type_keys 'echo inserted '
key shift+Insert
key Return
prompt_after '
inserted alpha'
key ctrl+d
ended
