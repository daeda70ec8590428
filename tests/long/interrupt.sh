#!/bin/bash
# How long a signal takes to interrupt a loop (tests/bench/interrupt.c), by the processor and by
# Foreland natively and under Wine. Wants an idle machine; interrupt.md keeps results.
#   interrupt.sh OUT     the rows in OUT/native, OUT/linux and OUT/wine
# INTERRUPT_COUNT (10000) signals for each shape of loop. Half of them have to arrive within 1 ms
# and all within 100 ms.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$top/tests/lib.sh"
export FORELAND_CACHE=${FORELAND_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/foreland}
count=${INTERRUPT_COUNT:-10000}
wanted gcc
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/root/dev" "$work/root/proc"
gcc -O2 -static -pthread -D_GNU_SOURCE -o "$work/root/interrupt" "$top/tests/bench/interrupt.c" &&
    tar -cf "$work/root.tar" -C "$work/root" . || exit 1
build windows fore
wine_prefix >"$out/wine-prefix.log" 2>&1 || exit 1
wine_start
bad=0
"$work/root/interrupt" "$count" >"$out/native" || exit 1
"$FORE" --root "$work/root.tar" /interrupt "$count" >"$out/linux" || bad=1
wine "$top/build/windows/fore.exe" --root "$(winepath -w "$work/root.tar" 2>/dev/null)" \
    /interrupt "$count" 2>/dev/null | tr -d '\r' >"$out/wine" || bad=1
for host in native linux wine; do
    echo "$host: shape, median, 99 of 100, longest in ns"
    cat "$out/$host"
done
for host in linux wine; do
    [ "$(wc -l <"$out/$host")" -eq "$(wc -l <"$out/native")" ] || bad=1
    awk '$2 > 1e6 || $4 > 1e8 { print "too late: " $0; late = 1 } END { exit late }' \
        "$out/$host" || bad=1
done
exit $bad
