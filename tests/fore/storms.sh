#!/bin/bash
# Storms of calls (storms.c) leave fore alive, and what it took is bounded and given back. On Linux
# the memory of fore itself is looked at.
#   storms.sh FORE HOST PROGRAM    HOST is linux or wine
set -u
fore=("$1")
[ "$2" != wine ] || fore=(env LC_ALL=C.UTF-8 "WINEDEBUG=${WINEDEBUG:--all}" wine "$1")
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/root"/{tmp,dev,proc,bin}
cp "$3" "$work/root/bin/storms"
tar -cf "$work/root.tar" -C "$work/root" --owner=0 --group=0 .

limit=192
coproc timeout 300 "${fore[@]}" --memory ${limit}M --root "$work/root.tar" storms
pid=$COPROC_PID
exec {from}<&"${COPROC[0]}" {to}>&"${COPROC[1]}" # COPROC goes with the process
eval "exec ${COPROC[1]}>&-"
while read -r line <&"$from"; do
    line=${line%$'\r'}
    [ "$line" != ready ] || break
    echo "$line"
done
failed=0
if [ "$2" = linux ]; then
    child=$(pgrep -P "$pid")
    # Beside what is counted there are the program itself and what a heap loses.
    read -r most now threads < <(awk '/^VmHWM/ { h = $2 } /^VmRSS/ { r = $2 } /^Threads/ { t = $2 }
        END { print int(h / 1024), int(r / 1024), t }' "/proc/$child/status")
    echo "$most MiB at most, $now MiB and $threads threads at the end"
    [ "$most" -le $((limit + 64)) ] || { echo "FAIL fore took $most MiB of $limit"; failed=1; }
    [ "$now" -le 64 ] || { echo "FAIL fore keeps $now MiB"; failed=1; }
fi
exec {to}>&-
wait "$pid" || { echo "FAIL status $?"; failed=1; }
exit $failed
