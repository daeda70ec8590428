#!/bin/bash
# Compares guests' connections to a server outside with those of a program of the host, in one run:
# the native time of each row, and Foreland's relative to it (1.00 is native speed).
#   tests/bench/outside.sh [--wine] [--times N] [FORE]
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
compare_options "$@"
work=$(mktemp -d) || exit 1
trap 'kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
gcc -O2 -static -D_GNU_SOURCE -o "$work/outside" tests/bench/outside.c || die "cannot compile outside.c"
cd "$work" || exit 1
mkdir -p root/{dev,proc,tmp} && cp outside root/ && tar -cf root.tar -C root . || exit 1
mkfifo said && { ./outside serve >said & }
server=$!
read -r port <said || die "no server"

best()
{
    local i result least=
    for ((i = 0; i < times; i++)); do
        result=$(timeout 120 "$@" 2>/dev/null </dev/null) || return
        result=${result//$'\r'/}
        [ -n "$least" ] && [ "$result" -ge "$least" ] || least=$result
    done
    echo "$least"
}

printf '%-12s %10s %10s %14s\n' row 'native ms' foreland 'us per item'
for row in send receive polled ping connect; do
    native=$(best ./outside "$row" "$port")
    [ -n "$native" ] || die "$row does not run natively"
    foreland=$(best ${wine:+wine} "$program" --root root.tar /outside "$row" "$port")
    awk -v row="$row" -v n="$native" -v f="${foreland:-0}" 'BEGIN {
        count = row == "ping" ? 20000 : row == "connect" ? 2000 : 0
        printf "%-12s %10.1f %10s %14s\n", row, n / 1e6, f ? sprintf("%.2f", f / n) : "-",
            count ? sprintf("%+.1f", (f - n) / 1e3 / count) : ""
    }'
done
