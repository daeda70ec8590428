#!/bin/bash
# Guests that come to harm in the window: one that uses up the memory, one that crashes, one that
# recurses for ever, many processes at once, one that dies while it holds its picture back. The
# shell's prompt comes back and the others live on.
set -u
. "$(dirname "$0")/lib.sh"
programs=$FORELAND_GUESTS/fore
[ "$host" != wine ] || programs=Z:$programs
start_shell --memory 384M --mount "$programs:/mnt/programs"
enter '(while :; do date +%s >/tmp/beat; sleep 0.1; done) &'
shows '
[1] '
enter '/mnt/programs/memory 384 hog; echo MARK $?'
shows '
MARK 137'
shows 'Killed'
clear_screen
enter '/mnt/programs/memory 384 crash; echo MARK $?'
shows '
MARK 139'
clear_screen
enter '/mnt/programs/memory 384 recurse; echo MARK $?'
shows '
MARK 139'
clear_screen
# bash itself asks for more than there is; it says so and ends, or is killed.
enter 'bash -c "x=\$(yes | head -c 300M)"; echo MARK $?'
shows '
MARK '
clear_screen
enter 'bash -c "for i in {1..100}; do sleep 1000 & done; kill \$(jobs -p); wait; echo MARK" 2>/dev/null'
shows '
MARK'
clear_screen
enter 'rm /tmp/beat; until [ -s /tmp/beat ]; do sleep 0.1; done; echo MARK $(jobs -rp | wc -l)'
prompt_after '
MARK 1'
clear_screen
enter 'bash -c "printf \"\e[?2026h\e[48;2;1;2;3m\e[H\e[2J\"; kill -9 \$\$"; echo MARK $?'
shows '
MARK 137'
tell cell 9 40
read -r _ x y <<<"$reply"
tell pixel "$x" "$y" '#010203'
enter 'printf "\e[m\e[H\e[2J\e[?2026\$p"; IFS= read -rs -d y answer; echo MARK ${answer:1}'
prompt_after 'MARK [?2026;2$'
key ctrl+d
ended
