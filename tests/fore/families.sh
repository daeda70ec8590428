#!/bin/bash
# A machine without a way to addresses of IPv6, and one without IPv6: names with addresses of both
# families still give those of IPv4, and whoever goes to one of IPv6 is told as by the kernel.
#   families.sh FORE HOST PROGRAM ROOT [alone]   HOST is linux or wine; PROGRAM is names.c
. "$(dirname "$0")/lib.sh" "$@"
program=$(realpath "$3") root=$4
[ -e "$root" ] || {
    echo "skipped: there is no $root (build the target guest_root)"
    exit 77
}
failed=0
printf '127.0.0.1 localhost\n::1 localhost\n192.0.2.7 both\n2001:db8::7 both\n' >"$work/root/etc/hosts"
cp "$program" "$work/root/bin/names"
cp "$root" "$work/root.tar"
tar -rf "$work/root.tar" -C "$work/root" --owner=0 --group=0 ./etc/hosts ./bin/names
far=(connect 2001:db8::1 80 send 2001:db8::1 80)

# inside ARGUMENTS...: what fore says.
inside()
{
    timeout 60 "${fore[@]}" --root "$work/root.tar" "$@" </dev/null 2>&1 | tr -d '\r'
}

# same WHAT WANTED GOT
same()
{
    [ "$2" = "$3" ] || {
        echo "FAIL $1: $3"
        echo "     not: $2"
        failed=1
    }
}

# compare WHAT: the program on the kernel itself and in fore, and names.
compare()
{
    same "$1" "$("$program" "${far[@]}")" "$(inside names "${far[@]}")"
    same "$1: addresses" 192.0.2.7 "$(inside getent ahosts both | awk '{ print $1 }' | sort -u)"
}

if [ "${5:-}" = alone ]; then
    ip link set lo up && ip addr add 192.0.2.9/24 dev lo || exit 1
    compare 'no way to IPv6'
    if { echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; } 2>/dev/null; then
        compare 'no IPv6'
    fi
    exit $failed
fi
same 'nothing but the loopback' $'Network is unreachable\nNetwork is unreachable' \
    "$(inside --isolated names "${far[@]}")"
[[ $(inside --isolated getent ahosts both) == *192.0.2.7* ]] || {
    echo "FAIL nothing but the loopback: no address of IPv4"
    failed=1
}
# In a network of its own, which only root has, and no Wine.
if [ "$host" = linux ] && unshare -n ip link set lo up 2>/dev/null; then
    unshare -n "$0" "$1" "$2" "$3" "$4" alone || failed=1
fi
exit $failed
