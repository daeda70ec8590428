#!/bin/bash
# A guest hears what becomes of the host's network: links, addresses and routes, in a network of its
# own, and first on the kernel itself. For Windows, where tests cannot change any, there is
# tests/windows/host/network.c.
#   netchanges.sh FORE HOST PROGRAM    PROGRAM is netchanges.c
. "$(dirname "$0")/lib.sh" "$@"
with_root "$3" || exit 2
if [ "$host" = wine ] || ! unshare -n true 2>/dev/null; then
    echo "skipped: no network of its own"
    exit 77
fi

# In that network: runs the command and changes things one by one, each when the last was told.
# shellcheck disable=SC2329 # called by bash -c
changes()
{
    local line from guest
    expect()
    {
        read -t 60 -u "$from" -r line
        [ "$line" = "$1" ] && return
        echo "FAIL netchanges: '$line', not '$1' ($command)"
        kill "$guest"
        exit 1
    }
    command=$*
    coproc said { exec "$@"; }
    exec {from}<&"${said[0]}" # which goes away with the process
    guest=$said_PID
    expect joined
    ip link set lo up && expect 'link lo up'
    ip addr add 10.9.8.7/24 dev lo && expect 'address 10.9.8.7/24'
    ip addr add fd00::7/64 dev lo nodad && expect 'address fd00::7/64'
    ip route add 192.0.2.0/24 dev lo && expect 'route 192.0.2.0/24'
    ip route del 192.0.2.0/24 dev lo && expect 'no route 192.0.2.0/24'
    ip addr del fd00::7/64 dev lo && expect 'no address fd00::7/64'
    ip addr del 10.9.8.7/24 dev lo && expect 'no address 10.9.8.7/24'
    ip link set lo down && expect 'link lo down'
    wait "$guest"
}

bad=0
for command in "$3" "$1 --root $work/root.tar netchanges"; do
    # shellcheck disable=SC2086 # words
    timeout 150 unshare -n bash -c "$(declare -f changes); changes \"\$@\"" - $command || bad=1
done
exit $bad
