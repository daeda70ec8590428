#!/bin/bash
# Servers and their clients over loopback, on the bare machine and inside, in one run: redis, nginx
# and PostgreSQL. Prints, for each row, what the machine does in a second and how much of that
# Foreland does (1.00 is as much); never fails because of a figure. Needs root.
#   tests/bench/servers.sh [--wine] [--times N] [FORE]
# FORE as in run.sh. The best of N runs counts, 3 by default, in turns.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
times=3
read_options times "$@"
[[ $times =~ ^[1-9][0-9]*$ ]] || die "--times wants a number"
cd "$top" || exit 1
host=linux
[ -z "$wine" ] || host=wine
[ -n "$program" ] || { packaged "${host/wine/windows}" fore && program=$path; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
tests/net/root.sh "$work/root.tar" tests/net/packages-more || die "no root file system"
mkdir "$work/root" && tar -xf "$work/root.tar" -C "$work/root" || die "it cannot be unpacked"

# run KIND HOST FORE ROOT: adds "KIND<tab>row<tab>figure" lines to the results.
run()
{
    local script
    for script in redis nginx postgres; do
        FORELAND_GUEST_DEADLINE=600 tests/net/run.sh "$2" "$3" "$4" "tests/net/heavy/$script.sh" \
            >"$work/said" 2>&1 || { cat "$work/said" && die "$script fails ($1)"; }
        sed -n "s,^\(.*\) \([0-9.]*\) \(requests\|transactions\)/s\$,$1\t$script: \1\t\2,p" \
            "$work/said" >>"$work/results"
    done
}

for ((i = 0; i < times; i++)); do
    run native native - "$work/root"
    run foreland "$host" "$program" "$work/root.tar"
done
awk -F '\t' '
    !($2 in seen) { seen[$2] = 1; rows[++n] = $2 }
    $3 > best[$1, $2] { best[$1, $2] = $3 }
    END {
        printf "%-50s %12s %10s\n", "row", "native 1/s", "foreland"
        for (i = 1; i <= n; i++)
            if (best["native", rows[i]])
                printf "%-50s %12.0f %10.2f\n", rows[i], best["native", rows[i]],
                    best["foreland", rows[i]] / best["native", rows[i]]
    }' "$work/results"
