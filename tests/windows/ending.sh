#!/bin/bash
# Windows ends fore and foreland, played by ending.c.
#   ending.sh FORE FORELAND ENDING ROOT.tar
set -u
FORELAND_HOST=wine
FORELAND_ROOT=$4
FORELAND_WINDOW=$2
. "$(dirname "$0")/../window/lib.sh"
start_display
image=$work/test.img
wine "$1" image create "$image" && wine "$1" image import "$image" "$4" || fail "no image"
timeout -k 5 250 wine "$3" "Z:$(realpath "$1")" "Z:$(realpath "$2")" "Z:$image" </dev/null >"$work/out" 2>"$work/error"
status=$?
[ $status -eq 0 ] && [ "$(tr -d '\r' <"$work/out")" = ok ] ||
    fail "status $status: $(tr -d '\r' <"$work/out")"
