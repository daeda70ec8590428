#!/bin/bash
# The search bar: opening, typing, results up and down, switches, clicks, paste, closing.
set -u
. "$(dirname "$0")/lib.sh"
start_shell
enter 'for i in {1..300}; do echo "row $i Alpha $((i % 7))"; done'
shows 'row 300'
state 'search closed'
key ctrl+shift+f
state 'search empty'
# Incremental: the newest result is shown, and programs get nothing of it.
type_keys 'row 12'
state 'search found row 12'
shows 'row 129 Alpha'
state 'results 11 of 11'
picture found
key Return
state 'search found row 12'
state 'results 10 of 11'
key BackSpace BackSpace
type_keys '42'
shows 'row 42 Alpha'
state 'results 1 of 1'
key Return
state 'search again row 42'
state 'results 1 of 1'
# Small letters find capitals until the switch says otherwise.
key ctrl+a
key ctrl+k
type_keys 'alpha 3'
state 'search found alpha 3'
key alt+c
state 'search none case alpha 3'
picture none
key alt+c
key alt+r
key ctrl+u
type_keys '^ROW (7|9)1 '
shows 'row 91 Alpha'
key Up
shows 'row 71 Alpha'
key shift+Return
shows 'row 91 Alpha'
state 'search found expression ^ROW (7|9)1 '
key Escape
state 'search closed'
# The text is kept for the next time; the results' marks are gone with the bar.
key ctrl+shift+f
state 'expression ^ROW'
# It is selected: what is typed takes its place, a key that moves does not.
type_keys 'row 5 A'
state 'search found expression row 5 A'
key Escape
key ctrl+shift+f
key End
type_keys '|row 6 A'
state 'search found expression row 5 A|row 6 A'
key Escape
key space
shows 'row 300'
key BackSpace
enter 'echo still $((40 + 2))'
prompt_after '
still 42'
key ctrl+d
ended
