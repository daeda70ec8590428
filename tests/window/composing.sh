#!/bin/bash
# An input method of Linux (composing.c) and real keys: what is composed stands at the cursor, what
# is committed goes to the program, and keys that are not the input method's work as ever.
set -u
. "$(dirname "$0")/lib.sh"
for tool in dbus-daemon dbus-uuidgen; do
    command -v $tool >/dev/null || skip "no $tool"
done

machine=$(dbus-uuidgen --get 2>/dev/null) || skip "no identity of the machine: dbus-uuidgen --ensure"

end_bus()
{
    [ -z "${method_pid:-}" ] || kill "$method_pid" 2>/dev/null
    [ -z "${bus_pid:-}" ] || kill "$bus_pid" 2>/dev/null
    clean_up
}
trap end_bus EXIT

# A bus of our own, with nothing on it but the input method.
start_method()
{
    local bus=$XDG_CONFIG_HOME/ibus/bus
    mkdir -p "$bus"
    cat >"$work/bus.conf" <<CONF
<busconfig>
  <type>session</type>
  <listen>unix:path=$work/bus</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
CONF
    dbus-daemon --config-file="$work/bus.conf" --nofork --print-address=6 6>"$work/address" 2>/dev/null &
    bus_pid=$!
    until [ -s "$work/address" ]; do
        kill -0 $bus_pid 2>/dev/null || fail "the bus does not start"
        sleep 0.05
    done
    DBUS_SESSION_BUS_ADDRESS=$(cat "$work/address")
    export DBUS_SESSION_BUS_ADDRESS
    unset XDG_SESSION_TYPE SDL_IM_MODULE XMODIFIERS
    # SDL asks for IBus where this file is.
    echo "IBUS_ADDRESS=$DBUS_SESSION_BUS_ADDRESS" >"$bus/$machine-unix-${DISPLAY#:}"
    "$FORELAND_METHOD" >"$work/places" &
    method_pid=$!
    until grep -q ready "$work/places"; do
        kill -0 $method_pid 2>/dev/null || fail "the input method does not start"
        sleep 0.05
    done
}

# composes TEXT: what the window shows as being composed.
composes()
{
    local until=$((SECONDS + 30))
    while [ $SECONDS -lt $until ]; do
        tell state
        [ "$(sed -n 's/^composing //p' <<<"$reply")" = "$1" ] && return
        sleep 0.02
    done
    fail "'$1' is not composed: $reply"
}

# The input method is told the place of a cell.
told()
{
    local row=$1 column=$2 until=$((SECONDS + 30)) at
    xdotool getwindowgeometry --shell "$window_id" >"$work/geometry" || fail "no geometry"
    . "$work/geometry"
    # The built-in font's cells at 11 points, and the padding.
    at="$((X + 8 + 9 * column)) $((Y + 8 + 18 * row)) 9 18"
    while [ $SECONDS -lt $until ]; do
        [ "$(tail -1 "$work/places")" = "$at" ] && return
        sleep 0.02
    done
    fail "the place is $(tail -1 "$work/places"), not $at"
}

start_display
start_method
start_shell --font built-in --size 60x12
tell type 'PS1=; clear; stty raw -echo opost onlcr; echo READ"Y"; cat -v\n'
shows 'READY
'
key a b c
composes ａｂｃ
told 1 0
picture composing
key Escape
composes ''
# More than fits into one event of SDL.
key a b c d e f g h i j k l m n
composes ａｂｃｄｅｆｇｈｉｊｋｌｍｎ
key space
composes ''
shows 'READY
M-oM-=M-^AM-oM-=M-^B'
# Keys that the input method leaves alone, and between them nothing of what was composed.
key 1 ctrl+c Up 2
shows '^N1^C^[[A2'
# A modifier pressed and released while something is composed is not held after it.
key a
composes ａ
key ctrl+c shift+Up
composes ａ
key Escape
composes ''
key 3 Up
shows '23^[[A'
# The right Ctrl key is one for the input method, too.
xdotool keydown Control_R key c keyup Control_R key 4
shows '^C4'
key b
composes ｂ
key Escape
composes ''
key 5
shows '^C45'
answer close
ended
