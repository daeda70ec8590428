#!/bin/bash
# Bytes by chance, executed in many processes (FORELAND_RANDOM_COUNT, 20000), from another seed each
# time: the host lives, no guest ends because of a defect of ours. opcodes.md keeps results.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh" "$@"
count=${FORELAND_RANDOM_COUNT:-20000} seed=${FORELAND_RANDOM_SEED:-$RANDOM$RANDOM} each=1000
wanted gcc
gcc -std=gnu11 -O1 -D_GNU_SOURCE -static -o "$out/opcodes" "$top/tests/fore/opcodes.c" || exit 1
start=$SECONDS
for ((done = 0; done < count; done += each)); do
    "$top/tests/fore/opcodes.sh" "$FORE" linux "$out/opcodes" $((seed + done)) $each >"$out/said" 2>&1 || {
        echo "seed $((seed + done)):"
        tail -20 "$out/said"
        exit 1
    }
done
tail -1 "$out/said"
echo "$count processes from seed $seed on: $((SECONDS - start)) s"
