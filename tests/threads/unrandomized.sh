#!/bin/sh
# unrandomized.sh PROGRAM ARGS...: runs a program at addresses that are not random, where the host
# allows to ask for that: with more random bits than ThreadSanitizer knows it ends at once.
set -u
setarch -R true 2>/dev/null && exec setarch -R "$@"
exec "$@"
