#!/bin/bash
# Sockets between guests at length: 1 GiB through edges of epoll with partial reads, on the real kernel
# and under $FORE.
#   sockets.sh OUT
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh" "$1"
mebibytes=1024

mkdir -p "$out/root"
gcc -std=gnu11 -O1 -static -pthread -D_GNU_SOURCE -I"$top/tests/guest" -o "$out/root/inetpoll" \
    "$top/tests/guest/inetpoll.c" || exit 1
real=$("$out/root/inetpoll" $mebibytes) || {
    echo "sockets: on the real kernel: $real"
    exit 1
}
SECONDS=0
ours=$(timeout -k 5 600 "$FORE" --root "$out/root" /inetpoll $mebibytes)
[ "$real" = "$ours" ] || {
    echo "sockets: $ours"
    exit 1
}
echo "sockets: $mebibytes MiB through edges of epoll, and thousands of connections: $SECONDS s; $ours"
