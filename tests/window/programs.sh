#!/bin/bash
# Programs that take the whole screen: less, top, htop, nano, mc.
set -u
. "$(dirname "$0")/lib.sh"
start_shell
enter 'seq 1 500 >/tmp/numbers; less /tmp/numbers'
shows '
23'
type_keys 'G'
shows '
500'
type_keys '?^250'
key Return
shows '250
251'
type_keys 'q'
# What is typed before a program has ended may be lost: many flush it.
prompt_after 'less /tmp/numbers'
enter 'top'
shows 'load average'
shows 'bash'
picture top
type_keys 'q'
shows 'root@'
enter 'htop'
shows 'Load average'
shows 'F10'
picture htop
type_keys 'q'
prompt_after '# htop'
enter 'nano /tmp/note'
shows 'GNU nano'
type_keys 'a note'
key ctrl+x
shows 'Save modified'
type_keys 'y'
key Return
prompt_after '# nano /tmp/note'
enter 'cat /tmp/note'
shows '
a note'
enter 'mc'
shows '10Quit'
picture mc
key F10
prompt_after '# mc
'
enter 'echo still here'
prompt_after '
still here'
key ctrl+d
ended
