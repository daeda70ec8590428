#!/bin/bash
# fore in a Windows console, played by console.c.
#   console.sh FORE CONSOLE ROOT.tar
set -u
FORELAND_HOST=wine
FORELAND_ROOT=$3
. "$(dirname "$0")/../window/lib.sh"
start_display
timeout -k 5 150 wine "$2" "Z:$(realpath "$1")" "Z:$(realpath "$3")" </dev/null >"$work/out" 2>"$work/error"
status=$?
[ $status -eq 0 ] && [ "$(tr -d '\r' <"$work/out")" = ok ] ||
    fail "status $status: $(tr -d '\r' <"$work/out")"
