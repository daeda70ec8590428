#!/bin/bash
# A flood of lines keeps the window from nothing: what it shows goes on changing, as the X server sees
# it, and the real Ctrl-C is answered. How soon is what stuck.sh measures, in the program.
set -u
. "$(dirname "$0")/lib.sh"

# find_picture: which bytes of the screen are the rows of the window's upper half, away from the
# cursor.
find_picture()
{
    local head X Y HEIGHT
    read -ra head < <(od -An --endian=big -t u4 -w100 -N 100 "$work/Xvfb_screen0")
    eval "$(xdotool getwindowgeometry --shell "$window_id" | grep -E '^(X|Y|HEIGHT)=[0-9]+$')"
    from=$((head[0] + head[19] * 12 + Y * head[12]))
    size=$((HEIGHT / 2 * head[12]))
}

seen()
{
    tail -c "+$((from + 1))" "$work/Xvfb_screen0" | head -c $size | cksum
}

# stays_drawn: the window shows something new, again and again, though nothing but the flood comes.
stays_drawn()
{
    local was until
    find_picture
    for _ in {1..20}; do
        was=$(seen)
        until=$((SECONDS + 60))
        while [ "$(seen)" = "$was" ]; do
            [ $SECONDS -lt $until ] || fail "the window does not change while output pours in"
            sleep 0.01
        done
        # The flood goes on.
        tell flow 100000
    done
}

start_shell
# Each line is another one.
enter 'seq inf'
tell gone '#'
stays_drawn
key ctrl+c
shows '#'
enter 'yes flooding'
shows 'flooding
flooding'
for _ in 1 2 3; do
    sleep 0.5
    tell picture "$work/flood.png"
    key ctrl+c
    shows '#'
    enter 'yes flooding'
    tell gone '#'
done
key ctrl+c
shows '#'
enter 'cat /dev/urandom | head -c 3000000 | tr -d "\000-\010\016-\037\200-\377"; echo; reset; echo over'
shows 'over
root'
enter 'echo MARK'
prompt_after '
MARK'
key ctrl+d
ended
