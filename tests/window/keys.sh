#!/bin/bash
# What the window sends for keys pressed for real, beside what xterm sends for them. keys.txt has a
# line for each, "LAYOUT MODE KEY BYTES", BYTES as cat -v shows them; a fifth word is what we send
# where we mean to differ from xterm.
#
#   keys.sh --record     asks xterm, which has to be there, and prints the table anew
#   keys.sh --layout L   that layout only, from before Wine starts: it does not see a new one
set -u
. "$(dirname "$0")/lib.sh"
table=$(dirname "$0")/keys.txt
command -v setxkbmap >/dev/null || skip "no setxkbmap"

# The program that shows what arrives: a comma ends a line, a percent sign the program. Modes are
# set before it and reset behind it. The words waited for are not in the command as it is echoed.
modes='declare -A m=([plain]= [cursor]="\e[?1h" [keypad]="\e=" [other1]="\e[>4;1m" [other2]="\e[>4;2m")'
setting='stty raw -echo opost onlcr isig intr undef susp undef quit %'
reset='stty sane; printf "\e[?1l\e>\e[>4m\e[2J\e[HDO%s\n" NE'

# xdotool's keyboard takes part once it has been used. There has to be a client, or the server
# begins anew.
layout()
{
    xdotool key Shift_L </dev/null
    case $1 in
    intl) setxkbmap us -variant intl ;;
    *) setxkbmap "$1" ;;
    esac
}

# KEY as the table has it: "a", "ctrl+shift+2", "Num_Lock:KP_Home" (the lock is on meanwhile),
# "dead_grave:a" (one after the other), "ISO_Level3_Shift=q" (held). Puts xdotool's words for it
# into `words`.
words=()
spell()
{
    case $1 in
    *_Lock:*) words+=(key "${1%%:*}" key "${1#*:}" key "${1%%:*}") ;;
    *:*) words+=(key "${1%%:*}" key "${1#*:}") ;;
    *=*) words+=(keydown "${1%%=*}" key "${1#*=}" keyup "${1%%=*}") ;;
    *) words+=(key "$1") ;;
    esac
    words+=(key comma)
}

press()
{
    words=()
    spell "$1"
    xdotool "${words[@]}"
}

# The keys of a layout and mode, in the order of the table.
keys_of()
{
    awk -v l="$1" -v m="$2" '$1 == l && $2 == m { print $3 }' "$table"
}

# arrived N: N commas have reached xterm.
arrived()
{
    local i
    for ((i = 0; i < 100; i++)); do
        [ "$(tr -cd , <"$work/keys" | wc -c)" -ge "$1" ] && return
        sleep 0.02
    done
    return 1
}

record()
{
    local layout=$1 mode=$2 key n=0
    : >"$work/keys"
    xterm -xrm 'XTerm*metaSendsEscape: true' -T "keys $layout $mode" -u8 -e bash -c \
        "stty raw -echo; $modes; printf \"\${m[$mode]}\"; cat >>$work/keys" &
    window_pid=$!
    xdotool windowfocus --sync "$(xdotool search --sync --onlyvisible --name "keys $layout $mode" | tail -1)"
    layout "$layout"
    until arrived 1; do
        xdotool key comma </dev/null
    done
    : >"$work/keys"
    for key in $(keys_of "$layout" "$mode"); do
        press "$key" </dev/null
        n=$((n + 1))
        arrived $n || fail "$key is lost"
    done
    cat -vT "$work/keys" | tr , '\n' | paste -d' ' <(keys_of "$layout" "$mode") - |
        while read -r key bytes; do
            echo "$layout $mode $key ${bytes:--}" \
                "$(awk -v l="$layout" -v m="$mode" -v k="$key" \
                    '$1 == l && $2 == m && $3 == k { print $5 }' "$table")"
        done
    kill $window_pid
    wait $window_pid 2>/dev/null
    window_pid=
}

groups()
{
    awk '!/^#/ && NF { print $1, $2 }' "$table" | uniq
}

if [ "${1:-}" = --record ]; then
    start_display
    grep '^#' "$table"
    groups | while read -r l m; do
        record "$l" "$m" </dev/null
    done | sed -u 's/ *$//'
    exit
fi

# Where the layout is Wine's own idea: keys that its table of a layout lacks have no scan code, and
# its AltGr may be some other key. Windows knows the layouts by themselves.
known_to_wine()
{
    case $1 in
    us | intl) return 0 ;;
    de)
        case $2 in
        alt+udiaeresis | ISO_Level3_Shift=* | dead_circumflex:e) return 1 ;;
        esac
        ;;
    *) return 1 ;;
    esac
}

# A line for the shell, as it is.
run()
{
    tell type "${1//\\/\\\\}\\n"
}

only=
[ "$host" = wine ] && only=us
if [ "${1:-}" = --layout ]; then
    only=$2
    prepare_display()
    {
        layout "$only"
    }
fi
start_shell
tell size 50 80
run "$modes; PS1="
failures=0

# compare LAYOUT MODE KEYS...: presses them all and compares what is shown with the table.
compare()
{
    local l=$1 m=$2 key bytes want
    shift 2
    words=()
    for key; do
        spell "$key"
    done
    run "clear; printf \"\${m[$m]}\"; $setting; echo READ''Y; cat -vT | tr , '\n'; $reset"
    shows $'READY\n'
    xdotool "${words[@]}" key 1 key 2 key 3 key comma </dev/null
    shows $'\n123\n'
    tell text
    while read -r key bytes; do
        want=$(awk -v l="$l" -v m="$m" -v k="$key" \
            '$1 == l && $2 == m && $3 == k { print (NF > 4 ? $5 : $4) }' "$table")
        [ "${bytes:--}" = "$want" ] && continue
        echo "$l $m $key: $bytes, not $want"
        failures=$((failures + 1))
    done < <(paste -d' ' <(printf '%s\n' "$@") <(sed '0,/^READY$/d' <<<"$reply" | head -$#))
    xdotool key percent </dev/null
    shows $'DONE\n'
}

while read -r l m <&7; do
    [ "${only:-$l}" = "$l" ] || continue
    layout "$l"
    mapfile -t keys < <(keys_of "$l" "$m" | while read -r key; do
        [ "$host" = wine ] && ! known_to_wine "$l" "$key" || echo "$key"
    done)
    for ((at = 0; at < ${#keys[@]}; at += 40)); do
        compare "$l" "$m" "${keys[@]:at:40}"
    done
done 7< <(groups)
[ $failures -eq 0 ] || fail "$failures keys"
tell type 'exit\n'
ended
if [ "$only" = us ]; then
    for l in de intl; do
        "$0" --layout $l || exit 1
    done
fi
