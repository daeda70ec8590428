#!/bin/bash
# --isolated: a server of the host and the rest of the world are not there, nor are the host's name
# servers, proxies, drives and folders; guests reach one another.
#   isolated.sh FORE HOST PROGRAM    HOST is linux or wine; PROGRAM is names.c
. "$(dirname "$0")/lib.sh" "$@"
program=$(basename "$3")
with_root "$3" || exit 2
failed=0
coproc exec python3 -c '
import socket, sys
s = socket.create_server(("0.0.0.0", 0))
print(s.getsockname()[1], flush=True)
while True:
    s.accept()[0].close()'
server=$COPROC_PID
trap 'kill "$server"; rm -rf "$work"' EXIT
read -r port <&"${COPROC[0]}"

# says EXPECTED ARGUMENTS...: what fore and the program say, line by line; * for any.
says()
{
    local expected=$1 said
    shift
    said=$(timeout 60 "${fore[@]}" --root "$work/root.tar" "$@" </dev/null 2>&1)
    said=${said//$'\r'/}
    # shellcheck disable=SC2053
    [[ $said == $expected ]] || {
        echo "FAIL fore $*: $said"
        echo "     not: $expected"
        failed=1
    }
}

export http_proxy=http://proxy.test:3128
drive=no
[ "$2" != wine ] || drive=yes
says $'reached\nmade\n'"$drive"$'\nhttp://proxy.test:3128' "$program" \
    connect 127.0.0.1 "$port" inside there /mnt/c env http_proxy
unreachable='Network is unreachable'
says $'Connection refused\nmade\nno\nnot set\n# no name server is known*' --isolated "$program" \
    connect 127.0.0.1 "$port" inside there /mnt/c env http_proxy cat /etc/resolv.conf
for address in $(hostname -I) 192.0.2.200 8.8.8.8 2001:db8::1; do
    says "$unreachable"$'\n'"$unreachable" --isolated "$program" \
        connect "$address" "$port" send "$address" "$port"
done
says '*--isolated and --mount exclude each other*' --isolated --mount "$work:/mnt/x" "$program" inside
exit $failed
