#!/bin/bash
# Compares Foreland with the bare machine and with qemu-user, in one run. Prints, for each row, the
# native time and the others' time relative to it (1.00 is native speed); never fails because of a
# figure.
#   tests/bench/run.sh [--wine] [--times N] [FORE]
# FORE is the program to measure, by default the one in build/package-linux (or, with --wine,
# build/package-windows), which this script builds when it is not there.
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
times=3
wine=
fore=

die()
{
    echo "bench: $*" >&2
    exit 1
}

while [ $# -gt 0 ]; do
    case $1 in
    --wine) wine=yes ;;
    --times)
        times=${2:-}
        [[ $times =~ ^[1-9][0-9]*$ ]] || die "--times wants a number"
        shift
        ;;
    -*) die "unknown option $1" ;;
    *) fore=$(realpath "$1") || exit 1 ;;
    esac
    shift
done

cd "$top" || exit 1
if [ -z "$fore" ]; then
    kind=${wine:+windows}
    kind=${kind:-linux}
    build=$top/build/package-$kind
    fore=$build/fore${wine:+.exe}
    if [ ! -e "$fore" ]; then
        { cmake --preset $kind -B "$build" -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF &&
            cmake --build "$build" --target fore; } >/dev/null || die "cannot build fore"
    fi
fi
ours=("$fore")
[ -z "$wine" ] || ours=(wine "$fore")
export WINEDEBUG=${WINEDEBUG:--all}
qemu=$(command -v qemu-x86_64) || echo "bench: no qemu-x86_64 (package qemu-user)" >&2

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
for program in cpu kernel; do
    gcc -O2 -static -D_GNU_SOURCE -o "$work/$program" "tests/bench/$program.c" -lm ||
        die "cannot compile $program.c"
done
cd "$work" || exit 1
mkdir -p root/{dev,proc,tmp} && chmod 1777 root/tmp && cp cpu kernel root/ &&
    tar -cf root.tar -C root . || exit 1

# best COMMAND...: the shortest of the runs in nanoseconds; nothing if it fails.
best()
{
    local i result least=
    for ((i = 0; i < times; i++)); do
        result=$(timeout 120 "$@" 2>/dev/null </dev/null) || return
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
for program in cpu kernel; do
    for row in $("./$program"); do
        native=$(best "./$program" "$row")
        [ -n "$native" ] || die "$row does not run natively"
        foreland=$(ratio "$(best "${ours[@]}" --root root.tar "/$program" "$row")" "$native")
        emulated=-
        # What qemu-user execs runs natively, so that row would say nothing about it.
        [ -z "$qemu" ] || [ $row = fork-exec ] || emulated=$(ratio "$(best "$qemu" "./$program" "$row")" "$native")
        printf '%-12s %10.1f %10s %10s\n' "$row" "$(awk -v n="$native" 'BEGIN { print n / 1e6 }')" \
            "$foreland" "$emulated"
        [ $program = cpu ] && echo "$foreland $emulated" >>"$work/ratios"
    done
done
awk '{ for (i = 1; i <= 2; i++) if ($i == "-") bad[i] = 1; else sum[i] += log($i) }
    END { for (i = 1; i <= 2; i++) out[i] = bad[i] ? "-" : sprintf("%.2f", exp(sum[i] / NR))
          printf "%-12s %10s %10s %10s\n", "cpu geomean", "", out[1], out[2] }' "$work/ratios"
