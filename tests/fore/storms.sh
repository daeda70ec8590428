#!/bin/bash
# Storms of calls (storms.c) leave fore alive, and what it took is bounded and given back. On Linux
# the memory of fore itself is looked at.
#   storms.sh FORE HOST PROGRAM    HOST is linux or wine
. "$(dirname "$0")/lib.sh" "$@"
with_root "$3" || exit 2
within_memory 300 storms
