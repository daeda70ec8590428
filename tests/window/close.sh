#!/bin/bash
# Closing the window hangs the session up; exit closes the window; size changes arrive.
set -u
. "$(dirname "$0")/lib.sh"
mkdir "$work/shared"
mount=$work/shared:/mnt/shared
[ "$host" = wine ] && mount=Z:$work/shared:/mnt/shared
start_shell --mount "$mount"
enter "bash -c 'trap \"echo hup >/mnt/shared/leader; exit\" HUP; echo ready; while :; do sleep 0.1; done'"
shows '
ready'
answer close
ended
[ "$(cat "$work/shared/leader" 2>/dev/null)" = hup ] || fail "no SIGHUP arrived"

start_shell
# bash forgets a signal that comes while its trap runs, so the trap does next to nothing. It also
# forgets a Ctrl-C that comes while a program that it runs ends, so there is none.
enter "bash -c 'trap w=1 WINCH; echo ready; while :; do read -t 0.1; [ \$w ] && { w=; stty size; }; done'"
shows '
ready'
tell size 31 91
shows '
31 91'
tell size 5 20
shows '
5 20'
tell size 24 80
shows '
24 80'
key ctrl+c
tell wait '^C
root@'
enter 'exit 3'
ended
