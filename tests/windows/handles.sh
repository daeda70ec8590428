#!/bin/bash
# fore without standard handles, started by handles.c.
#   handles.sh FORE HANDLES ROOT.tar
set -u
[ -e "$3" ] || {
    echo "skipped: there is no $3 (build the target guest_root)"
    exit 77
}
said=$(WINEDEBUG=${WINEDEBUG:--all} timeout -k 5 280 wine "$2" "Z:$(realpath "$1")" "Z:$(realpath "$3")" </dev/null 2>&1 | tr -d '\r')
[ "$said" = ok ] || {
    echo "$said"
    exit 1
}
