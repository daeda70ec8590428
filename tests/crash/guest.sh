#!/bin/bash
# What image.sh calls to write and verify, done by a guest under fore: fore is what is killed.
#   guest.sh FORE-COMMAND... -- write IMAGE LOG SEED
#   guest.sh FORE-COMMAND... -- verify IMAGE LOG
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../image/lib.sh"
case $1 in
write) exec "${fore[@]}" --image "$2" /guest write "$4" </dev/null >"$3" ;;
verify) exec "${fore[@]}" --image "$2" /guest verify <"$3" ;;
esac
exit 2
