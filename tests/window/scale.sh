#!/bin/bash
# The scale: of the display, of the option, and a new one while the window is open. Everything that
# is drawn gets larger, the rows and columns stay.
set -u
. "$(dirname "$0")/lib.sh"

# size_is COLUMNS ROWS: what the program inside sees.
size_is()
{
    clear_screen
    enter 'echo MARK $(stty size)'
    prompt_after "
MARK $2 $1"
}

# pixels: width and height of the window.
pixels()
{
    xdotool getwindowgeometry --shell "$window_id" >"$work/geometry" || fail "no geometry"
    . "$work/geometry"
}

# The width of 40 columns at a scale is that of whole cells and the padding.
check_width()
{
    local cell=$1 padding=$2
    pixels
    [ "$WIDTH" -eq $((40 * cell + 2 * padding)) ] ||
        fail "$WIDTH pixels wide, not 40 cells of $cell and $padding at each side"
}

# At 11 points the built-in font's cells are 0.602 times as wide as 11 * 96 / 72 pixels and the scale.
start_shell --font built-in --size 40x10
size_is 40 10
check_width 9 8
tell scale 200
size_is 40 10
check_width 18 16
tell scale 125
size_is 40 10
check_width 11 10
tell scale 300
size_is 40 10
check_width 26 24
# The mouse finds its cells: the second word of the second line.
clear_screen
enter 'echo MARK alpha beta'
shows '
MARK alpha beta'
y=$((24 + 51 + 25))
xdotool mousemove --window "$window_id" $((24 + 26 * 5 + 4)) $y mousedown 1
xdotool mousemove --window "$window_id" $((24 + 26 * 7 + 4)) $y
xdotool mousemove --window "$window_id" $((24 + 26 * 9 + 22)) $y mouseup 1
tell sync
tell selection
[ "$reply" = alpha$'\n' ] || fail "the drag selected '$reply'"
tell scale 0
size_is 40 10
check_width 9 8
# What desktops set on Linux. The window looks again when it changes its size or display.
if [ "$host" = linux ]; then
    xprop -root -format RESOURCE_MANAGER 8s -set RESOURCE_MANAGER $'Xcursor.size: 24\nXft.dpi: 144\n'
    tell scale 0
    size_is 40 10
    check_width 13 12
fi
key ctrl+d
ended
