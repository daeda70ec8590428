#!/bin/bash
# Runs a script with programs of Debian over the network: their servers and their clients, inside.
#   run.sh linux FORE ROOT.tar SCRIPT    under FORE
#   run.sh wine FORE ROOT.tar SCRIPT     under FORE under Wine
#   run.sh native - FOLDER SCRIPT        on the real kernel, in the unpacked ROOT.tar; as root
# The script is run by bash after lib.sh, which says what it has. It gets an address of the
# loopback that no other run has, and a hundred ports there that nobody on this machine uses, as
# guests and programs of the host share them. Prints what the script says and "ok NAME", or what
# failed and what the servers said; exits with 77 when there is no ROOT.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
host=$1 fore=$2 root=$3 script=$4
name=$(basename "$script" .sh)
[ -e "$root" ] || {
    echo "skipped: there is no $root (build the target net_root)"
    exit 77
}
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

# The process's number in an address: two that run at the same time have different ones.
ip=127.$((1 + ($$ >> 16 & 63))).$(($$ >> 8 & 255)).$(($$ & 255))
used=" $(awk 'FNR > 1 { n = split($2, part, ":"); print part[n] }' \
    /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 2>/dev/null | tr '\n' ' ')"
port=
for ((first = 20000; first < 32000; first += 100)); do
    for ((i = first; i < first + 100; i++)); do
        [[ $used != *" $(printf %04X $i) "* ]] || continue 2
    done
    port=$first
    break
done
[ -n "$port" ] || {
    echo "FAIL $name: no hundred ports are free"
    exit 1
}

text="name=$name ip=$ip port=$port
$(cat "$here/lib.sh" "$script")
finish"
case $host in
native)
    # shellcheck disable=SC2016
    start=(unshare --mount --pid --fork --kill-child bash -c 'mount -t tmpfs tmpfs "$0" &&
        mkdir "$0"/{upper,work,root} && mount -t overlay overlay "$0/root" \
            -o "lowerdir=$1,upperdir=$0/upper,workdir=$0/work" && mount -t proc proc "$0/root/proc" &&
        mount --rbind /dev "$0/root/dev" && exec chroot "$0/root" env -i \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin bash -c "$2"' \
        "$work/mnt" "$(realpath "$root")" "$text")
    mkdir "$work/mnt"
    ;;
wine)
    start=(env LC_ALL=C.UTF-8 "WINEDEBUG=${WINEDEBUG:--all}" wine "$fore" --root "Z:$root" --cwd /tmp
        bash -c "$text")
    ;;
*) start=("$fore" --root "$root" --cwd /tmp bash -c "$text") ;;
esac
timeout -k 5 "${FORELAND_GUEST_DEADLINE:-150}" "${start[@]}" </dev/null >"$work/out" 2>&1
status=$?
if [ $status -ne 0 ] || [ "$(tail -1 "$work/out" | tr -d '\r')" != "ok $name" ]; then
    tail -c 6000 "$work/out"
    echo "FAIL $name: status $status"
    exit 1
fi
tr -d '\r' <"$work/out"
