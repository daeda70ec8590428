#!/bin/bash
# Compares Foreland's window with other terminals, in one run, each in an X server of its own size
# 1280x1024: what goes through the terminal's pty, from the first byte written until the terminal
# answers a question that follows them; the time from a key to other pixels; the time from the start
# to the first picture with what a program prints; processor time of an idle window; memory with an
# empty scrollback and with 100,000 lines of 160 columns. Never fails because of a figure.
#   tests/bench/terminal.sh [--wine] [--only NAME,NAME...] [PROGRAM]
# PROGRAM is the window, by default the one in build/package-linux (with --wine the one in
# build/package-windows, measured besides), which this script builds when it is not there. foot
# needs Wayland: it runs inside weston's window, full screen, which costs it a copy.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$top/tests/wine/lib.sh"
only=
read_options only "$@"
cd "$top" || exit 1
export LIBGL_ALWAYS_SOFTWARE=1
[ -z "$wine" ] || packaged windows foreland
windows_program=${path:-}
[ -n "$program" ] || { packaged linux foreland && program=$path; }

work=$(mktemp -d) || exit 1
pids=()
clean_up()
{
    [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null
    end_wine
    [ -z "${display:-}" ] || kill "$display" 2>/dev/null
    wait 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT
export XDG_CONFIG_HOME=$work/config XDG_RUNTIME_DIR=$work/run XDG_CACHE_HOME=$work/cache
mkdir -p "$work"/{results,run,config} "$work"/root/{dev,proc,tmp,bin,mnt}
chmod 700 "$work/run"
gcc -O2 -static -D_GNU_SOURCE -o "$work/terminal" tests/bench/terminal.c &&
    gcc -O2 -D_GNU_SOURCE -o "$work/pixels" tests/bench/pixels.c -lX11 -lXext -lXtst &&
    cp "$work/terminal" "$work/root/bin" && tar -cf "$work/root.tar" -C "$work/root" . ||
    die "cannot compile the programs"

# command_of NAME [SIZE]: what a terminal is started with, PROGRAM ARGUMENTS... follow. It keeps
# 100,000 lines.
command_of()
{
    local size=${2:-80x24}
    local ours=(--root "$work/root.tar" --scrollback 100000 --size "$size")
    case $1 in
    foreland) command=("$program" "${ours[@]}" --mount "$work/results:/mnt") ;;
    foreland-wine) command=(wine "$windows_program" "${ours[@]}"
        --mount "Z:$work/results:/mnt") ;;
    xterm) command=(xterm -sl 100000 -geometry "$size" -e) ;;
    urxvt) command=(urxvt -sl 100000 -geometry "$size" -e) ;;
    st) command=(stterm -g "$size" -e) ;;
    alacritty) command=(alacritty -o scrolling.history=100000
        -o "window.dimensions.columns=${size%x*}" -o "window.dimensions.lines=${size#*x}" -e) ;;
    kitty) command=(kitty --config NONE -o scrollback_lines=100000 -o confirm_os_window_close=0
        -o update_check_interval=0 -o remember_window_size=no
        -o "initial_window_width=${size%x*}c" -o "initial_window_height=${size#*x}c") ;;
    foot) command=(foot -o scrollback.lines=100000 -W "$size") ;;
    esac
    case $1 in
    foreland*) inside=(/bin/terminal /mnt/results) ;;
    *) inside=("$work/terminal" "$work/results/results") ;;
    esac
}

start_display()
{
    rm -f "$work/display"
    Xvfb -displayfd 5 -screen 0 1280x1024x24 -nolisten tcp 5>"$work/display" 2>/dev/null &
    display=$!
    until [ -s "$work/display" ]; do
        kill -0 $display 2>/dev/null || die "Xvfb does not start"
        sleep 0.05
    done
    DISPLAY=:$(cat "$work/display")
    export DISPLAY
    if [ "$1" = foreland-wine ]; then
        start_wine "$work"
        return
    fi
    [ "$1" = foot ] || return 0
    weston --backend=x11-backend.so --shell=kiosk-shell.so --width=1280 --height=500 \
        --socket=bench >"$work/weston" 2>&1 &
    pids+=($!)
    until [ -S "$XDG_RUNTIME_DIR/bench" ]; do
        kill -0 ${pids[0]} 2>/dev/null || return 1
        sleep 0.05
    done
    export WAYLAND_DISPLAY=bench
}

stop()
{
    local pid
    for pid in "$@"; do
        kill "$pid" 2>/dev/null
        for _ in $(seq 50); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        kill -9 "$pid" 2>/dev/null
    done
}

# Waits until the program inside has said so.
said()
{
    local i
    for ((i = 0; i < 2400; i++)); do
        grep -q "^$1" "$work/results/results" 2>/dev/null && return
        sleep 0.05
    done
    return 1
}

# run MODE ARGUMENTS...: starts the terminal; its process is in child.
run()
{
    rm -f "$work/results/results"
    "${command[@]}" "${inside[@]}" "$@" >/dev/null 2>&1 &
    child=$!
}

# A figure out of /proc: kB resident, or hundredths of a second of processor time.
memory()
{
    awk '/^VmRSS/ { printf "%.0f", $2 / 1024 }' "/proc/$child/status" 2>/dev/null
}

ticks()
{
    sed 's/.*) //' "/proc/$child/stat" 2>/dev/null | awk '{ print $12 + $13 }'
}

measure()
{
    local name=$1 row from start keys idle empty full flow=()
    command_of "$name"
    pids=()
    if ! command -v "${command[0]}" >/dev/null || ! start_display "$name"; then
        printf '%-14s is not to be had here\n' "$name"
        return
    fi
    run flow ascii colour unicode lines
    said 'done' || echo "$name: did not answer" >&2
    stop $child
    for row in ascii colour unicode lines; do
        flow+=("$(sed -n "s/^$row //p" "$work/results/results" 2>/dev/null)")
    done
    rm -f "$work/results/results"
    read -r start child < <(timeout 60 "$work/pixels" start "${command[@]}" "${inside[@]}" shown \
        2>/dev/null)
    [ -z "${child:-}" ] || stop "$child"
    run keys
    said keys
    empty=$(memory)
    keys=$(timeout 100 "$work/pixels" keys 40 2>/dev/null)
    from=$(ticks)
    sleep 10
    idle=$(awk -v a="$from" -v b="$(ticks)" 'BEGIN { print (b - a) / 10 }')
    stop $child
    command_of "$name" 160x24
    run lines
    said lines
    full=$(memory)
    stop $child
    end_wine
    exec 7>&-
    stop "${pids[@]}" "$display"
    wait 2>/dev/null
    pids=()
    display=
    unset WAYLAND_DISPLAY
    printf '%-14s %7s %7s %8s %8s %9s %9s %8s %7s %7s %8s\n' "$name" "${flow[0]:--}" \
        "${flow[1]:--}" "${flow[2]:--}" "$(awk -v l="${flow[3]:-}" 'BEGIN {
            print l == "" ? "-" : sprintf("%.1f", l / 2) }')" ${keys:-- -} "${start:--}" "${idle:--}" \
        "${empty:--}" "${full:--}"
}


if [ -e "$top/build/package-linux/libterm.a" ] &&
    gcc -O2 -D_GNU_SOURCE -I"$top" -Itests/bench -o "$work/memory" tests/bench/memory.c \
        "$top/build/package-linux/libterm.a" -ltsm 2>/dev/null; then
    "$work/memory"
    echo
fi
names=foreland,xterm,foot,kitty,alacritty,st,urxvt${wine:+,foreland-wine}
echo "MB/s through the pty, million lines/s; key to pixels in ms, median and 90 %; start to picture"
echo "in ms; idle: % of a processor; memory in MB, empty and with 100,000 lines (st keeps none)"
printf '%-14s %7s %7s %8s %8s %9s %9s %8s %7s %7s %8s\n' terminal ascii colour unicode Mlines/s \
    key key90 start idle% MB MB-full
for name in $(tr , ' ' <<<"${only:-$names}"); do
    measure "$name"
done
