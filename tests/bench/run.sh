#!/bin/bash
# Compares Foreland with the bare machine and with qemu-user, in one run. Prints, for each row, the
# native time and the others' time relative to it (1.00 is native speed); never fails because of a
# figure.
#   tests/bench/run.sh [--wine] [--times N] [--keep DIR] [--against DIR] [FORE]
# --keep stores each row with the counters of fore --stats in a folder; --against says of rows that
# are slower than those in such a folder which counters moved.
# FORE is the program to measure, by default the one in build/package-linux (or, with --wine,
# build/package-windows), which this script builds when it is not there.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
compare_options "$@"
ours=(${wine:+wine} "$program")
qemu=$(command -v qemu-x86_64) || echo "bench: no qemu-x86_64 (package qemu-user)" >&2

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
for program in cpu kernel net; do
    gcc -O2 -static -D_GNU_SOURCE -o "$work/$program" "tests/bench/$program.c" -lm ||
        die "cannot compile $program.c"
done
cd "$work" || exit 1
mkdir -p root/{dev,proc,tmp} && chmod 1777 root/tmp && cp cpu kernel net root/ &&
    tar -cf root.tar -C root . || exit 1

# best COMMAND...: the shortest of the runs in nanoseconds; nothing if it fails.
best()
{
    local i result least=
    for ((i = 0; i < times; i++)); do
        result=$(timeout 120 "$@" 2>"$work/said" </dev/null) || return
        result=${result//$'\r'/}
        [[ $result =~ ^[0-9]+$ ]] || return
        if [ -z "$least" ] || [ "$result" -lt "$least" ]; then
            least=$result
        fi
    done
    echo "$least"
}

ratio()
{
    awk -v a="${1:-}" -v b="$2" 'BEGIN { printf a == "" ? "-" : sprintf("%.2f", a / b) }'
}

printf '%-12s %10s %10s %10s\n' row 'native ms' foreland qemu-user
for program in cpu kernel net; do
    for row in $("./$program"); do
        native=$(best "./$program" "$row")
        [ -n "$native" ] || die "$row does not run natively"
        foreland=$(ratio "$(best "${ours[@]}" --stats --root root.tar "/$program" "$row")" "$native")
        cp "$work/said" "$work/counters"
        emulated=-
        # What qemu-user execs runs natively, so that row would say nothing about it.
        [ -z "$qemu" ] || [ $row = fork-exec ] || emulated=$(ratio "$(best "$qemu" "./$program" "$row")" "$native")
        printf '%-12s %10.1f %10s %10s\n' "$row" "$(awk -v n="$native" 'BEGIN { print n / 1e6 }')" \
            "$foreland" "$emulated"
        moved "$row" "$foreland" "$work/counters"
        [ $program = cpu ] && echo "$foreland $emulated" >>"$work/ratios"
    done
done
awk '{ for (i = 1; i <= 2; i++) if ($i == "-") bad[i] = 1; else sum[i] += log($i) }
    END { for (i = 1; i <= 2; i++) out[i] = bad[i] ? "-" : sprintf("%.2f", exp(sum[i] / NR))
          printf "%-12s %10s %10s %10s\n", "cpu geomean", "", out[1], out[2] }' "$work/ratios"
