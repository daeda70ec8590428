#!/bin/bash
# The memory that guests make the kernel hold counts against --memory and is given back
# (kernelmemory.c). On Linux the memory of fore itself is looked at.
#   kernelmemory.sh FORE HOST PROGRAM    HOST is linux or wine
. "$(dirname "$0")/lib.sh" "$@"
with_root "$3" || exit 2
within_memory 250 kernelmemory
