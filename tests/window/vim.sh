#!/bin/bash
# vim: edit, save, split, syntax colours, a shell command, suspend and resume, redraw on resize.
set -u
. "$(dirname "$0")/lib.sh"
start_shell
enter 'cd /tmp; vim hello.c'
shows '"hello.c"'
type_keys 'iint main(void) { return 42; }'
key Escape
shows 'return 42'
enter ':w'
shows 'written'
enter ':syntax on'
enter ':echo synIDattr(synID(1, 1, 1), "name") &t_Co'
shows 'cType 256'
enter ':split'
shows 'hello.c'
key ctrl+w
type_keys 'j'
enter ':!ls -l hello.c'
shows 'Press ENTER'
key Return
tell gone 'Press ENTER'
key ctrl+z
shows 'Stopped'
enter 'cat hello.c; echo shown'
shows '
shown'
enter 'fg'
tell gone Stopped
shows 'return 42'
tell size 30 100
enter ':set lines? columns?'
shows 'lines=30'
picture split
enter ':qa!'
# vim may still take what is typed until it has ended.
prompt_after '
vim hello.c
'
enter 'stty size'
shows '30 100'
enter 'grep -c 42 hello.c'
prompt_after '
1'
key ctrl+d
ended
