#!/bin/bash
# What the configuration file changes in the window: a file that is made while it runs, colours of the
# selection, the clipboard, the question before closing, the editor.
set -u
. "$(dirname "$0")/lib.sh"
option=()
file=$XDG_CONFIG_HOME/foreland/foreland.conf
mkdir "$work/shared" "$work/bin"
mount=$work/shared:/mnt/shared
if [ "$host" = wine ]; then
    # The user's folder is Wine's, which tests share.
    mount=$(winepath -w "$work/shared" 2>/dev/null):/mnt/shared
    file=$work/a/b/foreland.conf
    option=(--config "$file")
else
    # The editor of the host.
    printf '#!/bin/sh\necho "$1" >%q/opened\n' "$work" >"$work/bin/xdg-open"
    printf '#!/bin/sh\necho "$1 $2 $3|$4" >>%q/notified\n' "$work" >"$work/bin/notify-send"
    chmod +x "$work/bin/xdg-open" "$work/bin/notify-send"
    export PATH=$work/bin:$PATH
fi

# save LINE...: as an editor does that writes into the file.
save()
{
    printf '%s\n' "$@" >"$file"
}

start_shell "${option[@]}" --mount "$mount" --padding 4
[ "$host" != wine ] || tell note 'foreland.conf: no such file'
# Neither the file nor its folder is there.
mkdir -p "$(dirname "$file")"
save 'background = #102030' 'selection-background = #405060' 'copy-on-select = yes' \
    'clipboard-read = yes' 'confirm-close = always' 'word-separators = " │"'
tell pixel 1 1 '#102030'

# A selection has its colours, and is in the clipboard at once, which a program may read.
cat >"$work/shared/read" <<'END'
stty -echo
printf '\033[H\033[2JMARK alpha\n\033]52;c;?\007'
IFS= read -r -d '\' answer
answer=${answer#*;*;}
echo "got ${answer%?}."
stty echo
END
enter "clear; echo \$'MARK alpha\\u2502x'"
shows 'MARK alpha│x
root'
tell press 1 0 7 2
tell release 1 0 7
tell selection
[ "$reply" = alpha$'\n' ] || fail "selected '$reply'"
answer pixel 4 4
[ "$reply" = 'pixel #102030' ] || fail "what is not selected: $reply"
xdotool search --name '^(Foreland|root@.*)$' getwindowgeometry --shell >"$work/geometry"
width=$(sed -n 's/^WIDTH=//p' "$work/geometry")
tell pixel $((4 + 7 * (width - 8) / 80)) 4 '#405060'
enter 'bash /mnt/shared/read'
shows 'got YWxwaGE=.'

# A message of a program: not while the window has the keyboard, and never as anything but text.
if [ "$host" = linux ]; then
    enter "clear; printf '\\033]9;unseen\\007rea'\"dy\""
    shows 'ready'
    state 'notices 0'
    tell focus out
    enter "clear; printf '\\033]777;notify;-Title;a <b> & c\\007to'\"ld\""
    shows 'told'
    state 'notices 1'
    for _ in $(seq 300); do
        [ -s "$work/notified" ] && break
        sleep 0.1
    done
    notified=$(cat "$work/notified")
    [ "$notified" = '--app-name=Foreland -- -Title|a &lt;b&gt; &amp; c' ] || fail "notified: $notified"
    tell focus in
fi

# The editor: the file stays as it is when there is one.
if [ "$host" = linux ]; then
    before=$(<"$file")
    key ctrl+comma
    for _ in $(seq 300); do
        [ -s "$work/opened" ] && break
        sleep 0.1
    done
    [ "$(cat "$work/opened")" = "$file" ] || fail "opened: $(cat "$work/opened")"
    [ "$(<"$file")" = "$before" ] || fail "the file was changed"
    rm "$file" "$work/opened"
    key ctrl+comma
    for _ in $(seq 300); do
        [ -s "$work/opened" ] && break
        sleep 0.1
    done
    "$FORELAND_WINDOW" --print-config | cmp - "$file" || fail "the new file"
    # It is read: nothing is set any more.
    tell pixel 1 1 '#101318'
    save 'confirm-close = always' 'background = #102030'
    tell pixel 1 1 '#102030'
fi

# Closing asks, in the last line of the window. Escape stays, Return closes.
height=$(sed -n 's/^HEIGHT=//p' "$work/geometry")
key ctrl+shift+q
tell pixel 1 $((height - 2)) '#e05a50'
picture close
key Escape
tell pixel 1 $((height - 2)) '#102030'
enter 'clear; echo still-$((40 + 2))'
shows 'still-42'
key ctrl+shift+q
tell pixel 1 $((height - 2)) '#e05a50'
key Return
ended
