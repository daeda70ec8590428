#!/bin/bash
# The question before lines or control characters are pasted, the pointer that typing hides, and the
# notes about links that are not opened.
set -u
. "$(dirname "$0")/lib.sh"
file=$work/paste.conf

asked()
{
    state "question $1"$'\n'
}

# save LINE COLOUR: the background shows that the file has been read.
save()
{
    printf '%s\n' "$1" "background = $2" >"$file.new"
    mv "$file.new" "$file"
    tell pixel 1 1 "$2"
}

# copied BASE64 [SEQUENCE]: in both clipboards, and a program that shows what it gets, below $ready,
# which is another word each time.
copies=0
copied()
{
    ready=READY$((++copies))
    tell type "clear; printf '\\\\033]52;c;$1\\\\007\\\\033]52;p;$1\\\\007${2:-}'; echo READ\"Y\"$copies; cat -v\\n"
    shows "$ready
"
}

# Ends that program: the prompt has come, and what is typed now is not overtaken by the key.
stopped()
{
    key ctrl+c
    shows 'root@'
}

if [ "$host" = linux ]; then
    # The system's way to open links: this one cannot.
    mkdir "$work/bin"
    printf '#!/bin/sh\necho "$1" >>%q/links\nexit 3\n' "$work" >"$work/bin/xdg-open"
    chmod +x "$work/bin/xdg-open"
    export PATH=$work/bin:$PATH
fi
: >"$file"
start_display
# What Windows has from the start and Wine has not: "hide pointer while typing".
[ "$host" != wine ] || wine reg add 'HKCU\Control Panel\Desktop' /v UserPreferencesMask /t REG_BINARY \
    /d 9e3e078012000000 /f >/dev/null 2>&1 || fail "Wine's registry"
start_shell --config "$file"

# A link that programs may not choose, and one that cannot be opened. A note passes.
link='\\033]8;;%s\\007%s\\033]8;;\\007'
tell type "clear; stty -echo; printf '$link $link\\\\n' 'javascript:alert(1)' evil http://example.com/x here; echo READ\"Y\"\\n"
shows 'READY
'
tell cell 0 1
# shellcheck disable=SC2086
xdotool mousemove --window "$window_id" ${reply#cell } keydown ctrl click 1 keyup ctrl
tell note 'javascript:alert(1)'
picture note
if [ "$host" = linux ]; then
    tell cell 0 6
    # shellcheck disable=SC2086
    xdotool mousemove --window "$window_id" ${reply#cell } keydown ctrl click 1 keyup ctrl
    tell note 'could not be opened:
http://example.com/x'
    [ "$(cat "$work/links")" = http://example.com/x ] || fail "opened: $(cat "$work/links")"
fi
tell note

# Typing hides the pointer, moving the mouse shows it.
xdotool mousemove --window "$window_id" 100 100
type_keys 'true '
state 'pointer text hidden'
xdotool mousemove_relative 7 7
state $'pointer text\n'
save 'hide-mouse = no' '#102030'
enter 'and; echo typed-$((40 + 2))'
shows 'typed-42'
state $'pointer text\n'

# Two lines: nothing arrives before the answer, and nothing at all after Escape or another key.
copied b25lCnR3bwo=
key ctrl+shift+v
asked 'Paste 2 lines?'
picture question
key Escape
asked -
enter 'first'
shows "$ready
first
"
key ctrl+shift+v
asked 'Paste 2 lines?'
key x
asked -
enter 'second'
shows 'first
second
'
key ctrl+shift+v
asked 'Paste 2 lines?'
key Return
shows 'second
one
two
'
# The buttons of the mouse ask too, and answer.
xdotool mousemove --window "$window_id" 100 150 click 2
asked 'Paste 2 lines?'
at=(${reply##*answers })
xdotool mousemove --window "$window_id" "${at[2]}" "${at[3]}" click 1
asked -
xdotool mousemove --window "$window_id" 100 150 click 3
asked 'Paste 2 lines?'
xdotool mousemove --window "$window_id" "${at[0]}" "${at[1]}" click 1
shows 'two
one
two
'
stopped
# A program that has asked for bracketed paste is trusted with lines.
copied b25lCnR3bwo= '\\033[?2004h'
key ctrl+shift+v
shows '^[[200~one
two
'
asked -
stopped
# Control characters alone; they are left out.
copied YQNi '\\033[?2004l'
key shift+Insert
asked 'Paste text without 1 control character?'
key Return
asked -
key Return
shows "$ready
ab
"
stopped
# As the option says.
save 'paste-warning = never' '#203010'
copied b25lCnR3bwo=
key ctrl+shift+v
shows "$ready
one
two
"
stopped
save 'paste-warning = always' '#301020'
copied b25lCnR3bwo= '\\033[?2004h'
key ctrl+shift+v
asked 'Paste 2 lines?'
key Escape
asked -
# One line without its end is never asked about.
stopped
copied b25l
key ctrl+shift+v
key Return
shows "$ready
one
"
asked -
stopped
tell type 'exit\n'
ended
