#!/bin/bash
# The keyboard protocol with all its flags from real keys, composed text, and shell prompts.
set -u
. "$(dirname "$0")/lib.sh"
key_repeat_delay=3000
# A line for the shell, as it is.
run()
{
    tell type "${1//\\/\\\\}\\n"
}
# protocol FLAGS: a program that has set them shows what arrives.
protocol()
{
    run "clear; stty raw -echo opost onlcr; printf '\\033[=${1}u'; echo READ''Y; cat -v"
    shows $'READY\n'
}
# arrives TEXT: as shows, but the text may be wrapped.
arrives()
{
    local until=$((SECONDS + 30))
    while [ $SECONDS -lt $until ]; do
        tell text
        case ${reply//$'\n'/} in
        *"$1"*) return ;;
        esac
        sleep 0.05
    done
    fail "$1 does not arrive"
}
# The program ends with its terminal's window: the shell goes on in a new one.
start_shell
protocol 1
xdotool key a key shift+a key ctrl+a key Escape key alt+x key Return key F3 key ctrl+alt+Up
shows 'aA^[[97;5u^[[27u^[[120;3u^M^[[13~^[[1;7A'
answer close
ended

start_shell
protocol 31
xdotool keydown shift key a keyup shift
arrives '^[[57441;2u^[[97:65;2;65u^[[97:65;2:3u^[[57441;1:3u'
xdotool keydown b
arrives '^[[98;;98u'
# Held down it repeats.
arrives '^[[98;1:2;98u'
xdotool keyup b
arrives '^[[98;1:3u'
xdotool keydown ctrl key c keyup ctrl
arrives '^[[57442;5u^[[99;5u^[[99;5:3u^[[57442;1:3u'
xdotool key Num_Lock key KP_Home key Num_Lock
arrives '^[[57406;129;55u^[[57406;129:3u'
# Keys of the window stay its own, and end no selection.
tell press 1 1 2 2
tell release 1 1 2
xdotool key ctrl+shift+c
tell sync
tell selection
[ -n "$reply" ] || fail "Shift and Ctrl ended the selection"
answer close
ended

# Composed text stands at the cursor until it is typed.
start_shell
# Not by real keys: one that comes late would end the composing.
tell type 'echo '
tell compose 'にほ'
picture compose
tell state
case $reply in
*'composing にほ'*) ;;
*) fail "not composing: $reply" ;;
esac
tell compose
tell type '日本\n'
shows '
日本'
# Prompts: from one to the next.
run "PS1='\\[\\033]133;A\\007\\]\$ '; clear"
tell gone 日本
for i in 1 2 3; do
    run "seq -f '$i row %g' 1 40"
    shows "$i row 40"
done
run 'echo end'
shows '
end'
key ctrl+shift+z
shows "3 row 1
"
key ctrl+shift+z
shows "2 row 1
"
key ctrl+shift+x
tell gone "2 row 1
"
key ctrl+shift+x
shows '
end'
key ctrl+d
ended
