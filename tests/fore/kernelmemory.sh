#!/bin/bash
# The memory that guests make the kernel hold counts against --memory and is given back
# (kernelmemory.c). On Linux the memory of fore itself is looked at.
#   kernelmemory.sh FORE HOST PROGRAM    HOST is linux or wine
. "$(dirname "$0")/lib.sh" "$@"
with_root "$3" || exit 2

limit=192
coproc timeout 250 "${fore[@]}" --memory ${limit}M --root "$work/root.tar" kernelmemory
pid=$COPROC_PID
while read -r line <&"${COPROC[0]}"; do
    line=${line%$'\r'}
    [ "$line" != ready ] || break
    echo "$line"
done
failed=0
if [ "$2" = linux ]; then
    child=$(pgrep -P "$pid")
    # Beside what is counted there are the program itself and what a heap loses.
    read -r most now < <(awk '/^VmHWM/ { h = $2 } /^VmRSS/ { r = $2 } END { print int(h / 1024), int(r / 1024) }' \
        "/proc/$child/status")
    [ "$most" -le $((limit + 64)) ] || { echo "FAIL fore took $most MiB of $limit"; failed=1; }
    [ "$now" -le 64 ] || { echo "FAIL fore keeps $now MiB"; failed=1; }
fi
eval "exec ${COPROC[1]}>&-"
wait "$pid" || { echo "FAIL status $?"; failed=1; }
exit $failed
