#!/bin/bash
# The keys that users of other terminals expect do what they expect, on layouts where + = - and 0 are
# in other places.
set -u
. "$(dirname "$0")/lib.sh"
command -v setxkbmap >/dev/null || skip "no setxkbmap"

# zooms KEY SIZE: real keys, as xdotool finds them on the layout; the size of the font after it.
zooms()
{
    xdotool key "$1"
    state "font $2"$'\n'
}

# xdotool's keyboard takes part once it has been used.
layout()
{
    xdotool key Shift_L
    setxkbmap "$1"
}

# The keypad, and the wheel.
zoom_anywhere()
{
    zooms ctrl+KP_Add 12
    zooms ctrl+KP_Add 13
    zooms ctrl+KP_Subtract 12
    zooms ctrl+KP_Insert 11
    xdotool key Num_Lock
    zooms ctrl+KP_Add 12
    zooms ctrl+KP_Subtract 11
    zooms ctrl+KP_Subtract 10
    zooms ctrl+KP_Insert 11
    xdotool key Num_Lock
    xdotool mousemove --window "$window_id" 100 100 keydown ctrl click 4
    state $'font 12\n'
    xdotool click 5 keyup ctrl
    state $'font 11\n'
}

# Wine takes the layout once, at its start: that of a new X server, which is us.
start_shell
zooms ctrl+equal 12
zooms ctrl+shift+equal 13
zooms ctrl+plus 14
zooms ctrl+minus 13
zooms ctrl+shift+minus 12
zooms ctrl+0 11
zoom_anywhere
if [ "$host" = linux ]; then
    layout de
    zooms ctrl+plus 12
    zooms ctrl+equal 13
    zooms ctrl+minus 12
    zooms ctrl+minus 11
    zooms ctrl+minus 10
    zooms ctrl+0 11
    zoom_anywhere
    # 0 and + have Shift here; without it the key of 0 does as well.
    layout fr
    zooms ctrl+plus 12
    zooms ctrl+equal 13
    zooms ctrl+minus 12
    zooms ctrl+0 11
    zooms ctrl+equal 12
    zooms ctrl+agrave 11
    zoom_anywhere
    layout us
fi

# The whole screen and back, by the keys of Windows' consoles and of browsers.
for key in F11 alt+Return; do
    key $key
    state 'screen full'
    key $key
    state 'screen part'
done
key ctrl+shift+f
state 'search empty'
key Escape
state 'search closed'

# Copying by the older keys, and Ctrl+C: on Windows it copies what is selected and ends the selection,
# on Linux it interrupts.
enter 'clear; stty -echo; PS1=END; echo alpha beta; cat'
shows 'alpha beta
'
tell press 1 0 1 2
tell release 1 0 1
key ctrl+Insert
tell press 1 0 7 2
tell release 1 0 7
key ctrl+shift+v
key Return
shows 'alpha beta
alpha
'
tell press 1 0 7 2
tell release 1 0 7
key ctrl+c
if [ "$host" = wine ]; then
    key ctrl+shift+v
    key Return
    shows 'alpha
beta
'
    tell selection
    [ -z "${reply%$'\n'}" ] || fail "still selected: $reply"
    key ctrl+c
fi
shows 'END'
key ctrl+shift+w
ended
