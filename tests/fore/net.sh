#!/bin/bash
# Guests and the network of the host, over its loopback: as clients of streams and datagrams, where
# nobody is, where a connection is reset, and as a server.
#   net.sh FORE HOST PROGRAM    HOST is linux or wine; PROGRAM is outside.c
. "$(dirname "$0")/lib.sh" "$@"
with_root "$3" || exit 2
timeout 150 python3 "$(dirname "$0")/net.py" "${fore[@]}" --root "$work/root.tar" </dev/null
