#!/bin/bash
# Nothing a program prints keeps the window from its user: whatever pours in, Ctrl-C is answered by
# a new prompt within 100 ms, or, where the machine has no time for us, not much later than it is
# without a flood; and the memory taken stays bounded. Times are taken in the program, from the key's
# event to the prompt on the screen; the median of five counts, and that of one round in six has to
# be short, for the machine may be doing something else.
# ctest: alone
set -u
. "$(dirname "$0")/lib.sh"
limit=${FORELAND_CTRL_C_MS:-100}
memory_limit=$((400 * 1024)) # kB

# One process makes each flood: of a shell's loop, Ctrl-C may meet the moment between two programs.
# Each prompt has a number of its own and a clean screen, and a row of its own: answers of the
# terminal may be echoed before it. Single quotes stay out of the
# text: it travels through a command line of Windows.
guest='
export PS1="\\nready-\$((++n))>" PROMPT_COMMAND="printf \"\\e\\134\\ec\""
run() { printf "\\ec"; "$@"; }
lines() { awk "BEGIN { for (s = \"x\"; length(s) < 10000000;) s = s s; while (1) print s }"; }
endless() { printf "\\e$1"; tr "\\0" x </dev/zero; }
titles() { yes "$(printf "\\e]0;one\\a\\e]2;two\\e\\134\\e[22t")"; }
bells() { yes "$(printf "\\a")"; }
export -f run lines endless titles bells
exec bash --norc --noediting -i'

# How much memory the window's process has ever had, in kB.
peak()
{
    sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$window_pid/status"
}

# The text of the prompt that is shown.
prompt()
{
    echo "ready-$number>"
}

# Ctrl-C, and the next prompt.
next()
{
    number=$((number + 1))
    tell time ctrl+c "$(prompt)"
}

# once COMMAND: starts it, lets some of its output in and interrupts it; the milliseconds are in
# took.
once()
{
    # The terminal's answers to what it was asked lie in the shell's line: it begins a new one.
    next
    tell type "run $1"$'\n'
    tell gone "$(prompt)"
    tell flow 1000000
    [ -z "${2:-}" ] || $2
    next
    took=${reply#ok }
}

# flood COMMAND [FUNCTION]: the function is called while it runs.
flood()
{
    local round times middle
    for round in 1 2 3 4 5 6; do
        times=()
        for _ in 1 2 3 4 5; do
            once "$@"
            times+=("$took")
        done
        middle=$(median "${times[@]}")
        echo "$1: ${times[*]} ms, $(($(peak) / 1024)) MB"
        in_time "$middle" "$limit" && break
        [ $round -lt 6 ] || fail "$1: Ctrl-C is answered after $middle ms"
    done
    [ "$(peak)" -lt $memory_limit ] || fail "$1: $(peak) kB of memory"
}

resize_storm()
{
    local i
    for ((i = 0; i < 20; i++)); do
        tell size $((10 + i * 7 % 40)) $((20 + i * 31 % 120))
    done
}

# Sizes change while something else than the shell is in front: bash may forget Ctrl-C that comes
# while it looks at a new size.
tiny()
{
    tell size 2 14
}

session()
{
    own_image
    start "${root[@]}" "$@" /bin/bash -c "$guest"
    number=1
    tell wait "$(prompt)"
}

leave()
{
    next
    # The window may close before it can answer.
    answer type $'exit\n'
    ended
}

session
echo "at the start: $(($(peak) / 1024)) MB"
flood 'yes flooding'
flood 'cat /dev/urandom'
flood lines
flood 'endless ]0\\;'
flood 'endless P'
flood 'endless _'
flood titles
flood bells
flood 'yes resized' resize_storm
flood yes tiny
leave

# Small characters: it is the cells that count.
session --font-size 4 --size 1000x500
flood 'yes flooding'
flood 'cat /dev/urandom'
leave
