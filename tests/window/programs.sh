#!/bin/bash
# Programs that take the whole screen: less, top, htop, nano, mc.
set -u
. "$(dirname "$0")/lib.sh"
picture()
{
    [ -z "${FORELAND_PICTURES:-}" ] || tell picture "$FORELAND_PICTURES/$1-$host.png"
}
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
shows '#'
enter 'top'
shows 'load average'
shows 'bash'
picture top
type_keys 'q'
enter 'htop'
shows 'Load average'
shows 'F10'
picture htop
type_keys 'q'
enter 'nano /tmp/note'
shows 'GNU nano'
type_keys 'a note'
key ctrl+x
shows 'Save modified'
type_keys 'y'
key Return
enter 'cat /tmp/note'
shows '
a note'
enter 'mc'
shows '10Quit'
picture mc
key F10
tell gone '10Quit'
enter 'echo still here'
shows '
still here'
key ctrl+d
ended
