#!/bin/bash
# The mouse: selecting in all ways and beyond the edge, links, scroll bar, wheel, reports to programs.
set -u
. "$(dirname "$0")/lib.sh"
# Clicks at one place belong together however long a busy machine takes.
export SDL_MOUSE_DOUBLE_CLICK_TIME=60000
selected()
{
    tell sync
    tell selection
    [ "$reply" = "$1"$'\n' ] || [ "$reply" = "$1" ] || fail "selected '$reply', not '$1'"
}
# at ROW COLUMN: moves the mouse to the middle of a cell.
at()
{
    tell cell "$1" "$2"
    # shellcheck disable=SC2086
    xdotool mousemove --window "$window_id" ${reply#cell }
}
mkdir "$work/shared"
mount=$work/shared:/mnt/shared
[ "$host" = wine ] && mount=Z:$work/shared:/mnt/shared
start_shell --mount "$mount"
tell opened
enter 'clear; stty -echo; PS1=; echo alpha beta gamma; echo second line here; echo third line'
shows 'third line'
tell gone 'stty'

# A click alone selects nothing; dragging does, and ends with what is between.
at 0 2
xdotool click 1
selected ''
at 0 0
xdotool mousedown 1
at 0 4
xdotool mouseup 1
selected alpha
# Shift and a click take more.
at 1 5
xdotool keydown shift click 1 keyup shift
selected $'alpha beta gamma\nsecond'
# A click ends it. Two select a word, three a line; dragging then goes by words.
at 2 0
xdotool click 1
selected ''
at 0 7
xdotool click --repeat 2 --delay 20 1
selected beta
at 1 7
xdotool click --repeat 3 --delay 20 1
selected 'second line here'
# A block with Alt.
at 0 1
xdotool keydown alt mousedown 1
at 2 3
xdotool mouseup 1 keyup alt
selected $'lph\neco\nhir'
# The right button copies what is selected and ends the selection; without one it pastes. The
# middle one pastes what was selected last.
at 0 7
xdotool click --repeat 2 --delay 20 1
xdotool click 3
selected ''
type_keys 'echo right-'
xdotool click 3
key Return
shows 'right-beta'
at 0 12
xdotool click --repeat 2 --delay 20 1
type_keys 'echo middle-'
xdotool click 2
key Return
shows 'middle-gamma'
# A file that is dropped becomes its path as programs inside see it, for a shell.
touch "$work/shared/a file"
dropped=$work/shared/a\ file
[ "$host" = wine ] && dropped="Z:${dropped//\//\\\\}"
tell type 'clear; printf "%s." '
tell drop "$dropped"
key Return
shows '/mnt/shared/a file.'
tell type 'clear; seq -f "line %g" 1 100\n'
shows 'line 100'
# The selection stays with its text while output scrolls it away.
tell type 'until [ -e /mnt/shared/go ]; do sleep 0.05; done; seq -f "more %g" 1 30\n'
at 10 0
xdotool click --repeat 3 --delay 20 1
tell sync
tell selection
kept=${reply%$'\n'}
touch "$work/shared/go"
shows 'more 30'
selected "$kept"
# Dragging beyond the upper edge scrolls on.
state 'scrollbar hidden'
at 5 3
xdotool mousedown 1
xdotool mousemove --window "$window_id" 30 -40
shows 'line 1
'
xdotool mouseup 1
state 'scrollbar shown'
picture scrolled
tell selection
case $reply in
*'line 50'*'more 10'*) ;;
*) fail "dragging beyond the edge selected '$reply'" ;;
esac
# The scroll bar: grab the thumb and pull it down, then up.
tell key shift+End
tell sync
xdotool mousemove --window "$window_id" 100 100 click --repeat 3 4
state 'scrollbar shown'
tell cell 23 79
size=(${reply#cell })
x=$((size[0] + 6)) y=$((size[1] - 15))
xdotool mousemove --window "$window_id" $x $y mousedown 1
xdotool mousemove --window "$window_id" $x 1
shows 'line 1
'
state 'pointer arrow'
picture dragged
xdotool mousemove --window "$window_id" $x $((y + 200)) mouseup 1
shows 'more 30'

# Links: those of programs always, addresses in the text with Ctrl.
link()
{
    printf '\\\\033]8;;%s\\\\007%s\\\\033]8;;\\\\007' "$1" "$2"
}
marked="$(link http://example.com/marked here) bad $(link 'javascript:alert(1)' evil)"
tell type "clear; printf 'see https://example.org/page now\\\\n$marked file://elsewhere/etc/passwd\\\\n'\\n"
shows 'evil file'
at 0 10
state 'pointer text'
xdotool click 1
xdotool keydown ctrl
state 'pointer hand
link https://example.org/page'
picture link
xdotool click 1 keyup ctrl
tell sync
tell opened
[ "$reply" = $'https://example.org/page\n' ] || fail "opened '$reply'"
at 1 2
state 'pointer hand
link http://example.com/marked'
xdotool keydown ctrl click 1 keyup ctrl
tell sync
tell opened
[ "$reply" = $'http://example.com/marked\n' ] || fail "opened '$reply'"
at 1 11
xdotool keydown ctrl click 1 keyup ctrl
at 1 20
xdotool keydown ctrl click 1 keyup ctrl
tell sync
tell opened
[ -z "$reply" ] || fail "opened '$reply'"

# Reports: the program has the mouse, except with Shift; the wheel too.
tell type 'clear; printf "\\033[?1002;1006h"; stty -icanon; PS1=E"ND"; echo READ"Y"; cat -v\n'
shows 'READY
'
state 'pointer arrow'
at 4 4
xdotool click 1 click 4
shows '^[[<0;5;5M^[[<0;5;5m^[[<64;5;5M'
at 4 6
xdotool mousedown 3
at 4 8
xdotool mouseup 3
shows '^[[<2;7;5M^[[<34;9;5M^[[<2;9;5m'
at 1 0
xdotool keydown shift mousedown 1
at 1 3
xdotool mouseup 1 keyup shift
selected '^[[<'
# On Windows the first one copies what is selected.
[ "$host" != wine ] || tell key ctrl+c
tell key ctrl+c
shows END
# The alternate screen's wheel is arrow keys (mode 1007).
tell type 'printf "\\033[?1002;1006l\\033[?1049h\\033[?1007h"; echo READ"Y"; cat -v\n'
tell gone '0;5;5M'
shows 'READY
'
at 4 4
xdotool click 4 click 5
shows '^[[A^[[A^[[A^[[B^[[B^[[B'
tell key ctrl+c
shows END
# What programs inside do not see is told.
tell drop "$work/no-such-folder/x"
tell note 'do not see what was dropped'
tell type 'printf "\\033[?1049l"; exit\n'
ended
