#!/bin/bash
# The configuration file: a mistake is told and the rest applies, saving applies at once, keys do what
# they are bound to.
set -u
. "$(dirname "$0")/lib.sh"
file=$work/settings.conf

# save LINE...: as an editor does that writes a new file and renames it.
save()
{
    printf '%s\n' "$@" >"$file.new"
    mv "$file.new" "$file"
}

# A program that shows the size of the terminal, and nothing else. bash forgets a signal that comes
# while its trap runs, so the trap does next to nothing, and a Ctrl-C while a program that it runs
# ends, so it runs few.
mkdir "$work/shared"
cat >"$work/shared/size" <<'END'
trap w=1 WINCH
w=1
while :; do
    [ $w ] && { w=; printf '\033[H\033[2J%s columns' $(stty size | cut -d' ' -f2); }
    read -t 0.1
done
END
mount=$work/shared:/mnt/shared
[ "$host" = wine ] && mount=Z:$work/shared:/mnt/shared
show_size()
{
    enter 'bash /mnt/shared/size'
    shows '60 columns'
    columns=60
}

# resized -lt|-gt: waits for another number of columns, which has to be less or more than before.
resized()
{
    local before=$columns
    tell gone "$before columns"
    answer text
    columns=${reply%% columns*}
    [ "$columns" "$1" "$before" ] || fail "$before columns, then $columns"
}

save 'background = #102030' 'font-size = huge' 'padding = 8' 'size = 60x20'
start_shell --config "$file" --mount "$mount" --foreground '#f0f0f0'
tell note 'configuration has mistakes'
tell note 'settings.conf:2: not a number: huge'
tell pixel 1 1 '#102030'

# Programs have the keyboard meanwhile, but for Escape.
enter 'echo typed-$((40 + 2))'
shows 'typed-42'
tell note 'settings.conf:2: not a number: huge'
key Escape
tell note

# Saved: colours, then the size of the cells, of which fewer fit. Also with an editor that writes
# into the file, and through a scheme of the user's.
save 'background = #302010' 'padding = 8'
tell pixel 1 1 '#302010'
show_size
save 'font-size = 22' 'background = #302010' 'padding = 8'
resized -lt
save 'background = #302010' 'padding = 8'
resized -gt
[ "$columns" -eq 60 ] || fail "the first size again: $columns columns"
key ctrl+c
printf 'background = #204020\nnonsense\n' >"$file"
tell pixel 1 1 '#204020'
tell note 'settings.conf:2: no such option: nonsense'
# Of a scheme too the lines without a mistake apply.
mkdir "$work/schemes"
printf 'background = #402020\nforeground = red\n' >"$work/schemes/mine.conf"
save 'scheme = mine' 'padding = 8' 'font = No Such Family'
tell pixel 1 1 '#402020'
tell note 'settings.conf:1: '
tell note 'mine.conf:2: not a colour (#rgb or #rrggbb): red'
tell note 'settings.conf:3: no such font: No Such Family'
echo 'background = #402040' >"$work/schemes/mine.conf"
save 'scheme = mine' 'padding = 8'
tell note
tell pixel 1 1 '#402040'
echo 'background = #204040' >"$work/schemes/mine.conf"
tell pixel 1 1 '#204040'
save 'scheme = solarized-light'
tell pixel 1 1 '#fdf6e3'
# Gone: nothing changes until it is back.
rm "$file"
save 'scheme = dracula' 'padding = 8' 'bind = ctrl+shift+j send echo key-\x2b-sent\r' 'bind = f7 zoom-in' \
    'unbind = ctrl+shift+c'
tell pixel 1 1 '#282a36'

# Real keys.
key ctrl+shift+j
shows '
key-+-sent'
show_size
key F7
resized -lt
key ctrl+minus
resized -gt
key ctrl+plus
resized -lt
key ctrl+0
resized -gt
key ctrl+equal
resized -lt
key ctrl+minus
resized -gt
[ "$columns" -eq 60 ] || fail "the configured size: $columns columns"
xdotool mousemove --window "$window_id" 100 100 keydown ctrl click 4
resized -lt
xdotool click 5 keyup ctrl
resized -gt
key ctrl+shift+q
ended
