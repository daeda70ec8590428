#!/bin/bash
# The window on Wayland, on a display of twice the resolution: weston inside the X server. What it
# draws is read from there, and keys come from there.
set -u
. "$(dirname "$0")/lib.sh"
for tool in weston xwd; do
    command -v $tool >/dev/null || skip "no $tool"
done

end_weston()
{
    [ -z "${weston_pid:-}" ] || kill "$weston_pid" 2>/dev/null
    clean_up
}
trap end_weston EXIT

start_weston()
{
    export XDG_RUNTIME_DIR=$work/runtime
    mkdir -p -m 700 "$XDG_RUNTIME_DIR"
    mkdir -p "$XDG_CONFIG_HOME"
    cat >"$XDG_CONFIG_HOME/weston.ini" <<INI
[core]
idle-time=0
[shell]
locking=false
panel-position=none
startup-animation=none
INI
    weston --backend=x11-backend.so --use-pixman --width=600 --height=400 --scale=2 \
        --socket=foreland >"$work/weston" 2>&1 &
    weston_pid=$!
    until [ -S "$XDG_RUNTIME_DIR/foreland" ]; do
        kill -0 $weston_pid 2>/dev/null || fail "weston does not start: $(tail -3 "$work/weston")"
        sleep 0.05
    done
    weston_id=$(xdotool search --sync --onlyvisible --class weston | head -1)
    xdotool windowfocus --sync "$weston_id"
    export WAYLAND_DISPLAY=foreland SDL_VIDEODRIVER=wayland
}

# shown RED GREEN BLUE: 200 pixels of the colour, as two hexadecimal digits each, beside one another.
shown()
{
    local until=$((SECONDS + 60))
    while [ $SECONDS -lt $until ]; do
        xwd -silent -root >"$work/shot" || fail "no picture of the screen"
        LC_ALL=C grep -qaP "(\\x$3\\x$2\\x$1.){200}" "$work/shot" && return
        sleep 0.05
    done
    fail "nothing is drawn"
}

# A new window has the keyboard of weston.
take_keyboard()
{
    :
}

start_display
start_weston
start_shell --font built-in --size 40x10 --padding 2
tell deadline 60
tell type 'PS1=; clear; printf "\\e[48;2;18;52;86m\\e[2J"\n'
shown 12 34 56
# What is drawn has been given the keyboard.
enter 'echo typed'
shows 'echo typed
typed'
# Cells of 100 % twice as large, not cells drawn larger.
tell picture "$work/picture.png"
size=$(od -An -tu1 -j16 -N8 "$work/picture.png" | awk '{ print $3 * 256 + $4, $7 * 256 + $8 }')
[ "$size" = "$((40 * 18 + 8)) $((10 * 36 + 8))" ] || fail "a picture of $size pixels"
answer close
ended
