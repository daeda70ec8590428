#!/bin/bash
# Servers and their clients over loopback, on the bare machine, inside and with qemu-user, in one run:
# redis, nginx and PostgreSQL. Prints, for each row, what the machine does in a second and how much of
# that the others do (1.00 is as much); never fails because of a figure. Needs root.
#   tests/bench/servers.sh [--wine] [--times N] [FORE]
# FORE as in run.sh. The best of N runs counts, 3 by default, in turns.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
compare_options "$@"
qemu=$(command -v qemu-x86_64) || echo "bench: no qemu-x86_64 (package qemu-user)" >&2
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
tests/net/root.sh "$work/root.tar" tests/net/packages-more || die "no root file system"
mkdir "$work/root" && tar -xf "$work/root.tar" -C "$work/root" || die "it cannot be unpacked"

# What is measured of them, under qemu-user in a root of its own, which has it with its libraries.
emulate()
{
    local root=$work/emulated file
    cp -al "$work/root" "$root" && mkdir "$root/qemu" || return
    cp "$qemu" "$root/qemu/qemu" &&
        ldd "$qemu" | awk '{ print $(NF - 1) }' | grep ^/ | xargs -I{} cp -L {} "$root/qemu/" || return
    for file in /usr/bin/{redis-server,redis-benchmark,ab} /usr/sbin/nginx \
        /usr/lib/postgresql/*/bin/{postgres,pgbench}; do
        file=$(chroot "$root" realpath "$file") && mv "$root$file" "$root$file.real" || return
        printf '#!/bin/sh\nexec /qemu/%s --library-path /qemu /qemu/qemu -0 "$0" %s.real "$@"\n' \
            "$(basename /lib64/ld-linux*)" "$file" >"$root$file"
        chmod 755 "$root$file"
    done
}
[ -z "$qemu" ] || emulate || die "no root with qemu-user"

# run KIND HOST FORE ROOT: adds "KIND<tab>row<tab>figure" lines to the results.
run()
{
    local script
    for script in redis nginx postgres; do
        FORELAND_GUEST_DEADLINE=600 tests/net/run.sh "$2" "$3" "$4" "tests/net/heavy/$script.sh" \
            >"$work/said" 2>&1 || {
            [ "$1" = qemu ] || { cat "$work/said" && die "$script fails ($1)"; }
            echo "bench: $script does not run with qemu-user: $(grep -m 1 ^qemu: "$work/said")" >&2
            continue
        }
        sed -n "s,^\(.*\) \([0-9.]*\) \(requests\|transactions\)/s\$,$1\t$script: \1\t\2,p" \
            "$work/said" >>"$work/results"
    done
}

for ((i = 0; i < times; i++)); do
    run native native - "$work/root"
    run foreland "${host/windows/wine}" "$program" "$work/root.tar"
    [ -z "$qemu" ] || run qemu native - "$work/emulated"
done
awk -F '\t' '
    !($2 in seen) { seen[$2] = 1; rows[++n] = $2 }
    $3 > best[$1, $2] { best[$1, $2] = $3 }
    function share(kind, row) {
        return best[kind, row] ? sprintf("%.2f", best[kind, row] / best["native", row]) : "-"
    }
    END {
        printf "%-50s %12s %10s %10s\n", "row", "native 1/s", "foreland", "qemu-user"
        for (i = 1; i <= n; i++)
            if (best["native", rows[i]])
                printf "%-50s %12.0f %10s %10s\n", rows[i], best["native", rows[i]],
                    share("foreland", rows[i]), share("qemu", rows[i])
    }' "$work/results"
