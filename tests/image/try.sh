#!/bin/bash
# packaging/try.sh where there is a display: the window opens with a login bash in it, which real
# keys can end.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
work=$(mktemp -d) || exit 1
export XDG_CONFIG_HOME=$work

clean_up()
{
    kill "${server:-}" "${try:-}" 2>/dev/null
    wait
    rm -rf "$work"
}
trap clean_up EXIT

die()
{
    echo "FAIL: $*"
    cat "$work/output" 2>/dev/null
    exit 1
}

# until_true WHAT COMMAND...: waits for it, with a deadline.
until_true()
{
    local what=$1
    shift
    for _ in $(seq 600); do
        "$@" >/dev/null 2>&1 && return
        kill -0 "$server" 2>/dev/null || die "Xvfb ended"
        sleep 0.1
    done
    die "$what"
}

Xvfb -displayfd 5 -screen 0 1024x768x24 -nolisten tcp 5>"$work/display" 2>/dev/null &
server=$!
until_true "no X server" test -s "$work/display"
DISPLAY=:$(cat "$work/display")
export DISPLAY
packaging/try.sh </dev/null >"$work/output" 2>&1 &
try=$!
# bash gives the window this title when it shows its prompt.
until_true "no prompt" xdotool search --onlyvisible --name '^root@'
window=$(xdotool search --onlyvisible --name '^root@' | head -1)
xdotool windowfocus --sync "$window"
xdotool type --clearmodifiers -- 'shopt -q login_shell && printf "\e]0;login shell\a"; read'
xdotool key Return
until_true "no login bash" xdotool search --onlyvisible --name '^login shell$'
xdotool key Return
xdotool type --clearmodifiers -- 'exit'
xdotool key Return
wait "$try"
status=$?
try=
[ "$status" -eq 0 ] || die "exit status $status"
