#!/bin/bash
# Every system call that takes an address is called with bad ones by tests/guest/memory/pointers.c, or
# stands in its list of those that are not, with the reason.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
table=runtime/kernel/entry/table.c test=tests/guest/memory/pointers.c
bad=0
count=0
while read -r name; do
    count=$((count + 1))
    grep -q "{N($name)," $test || sed -n '/left_out\[\]/,/^};/p' $test | grep -qw "$name" || {
        echo "$table: $name takes an address, and $test knows nothing of it"
        bad=1
    }
done < <(sed -n 's/^ *YES(\([a-z0-9_]*\), "\([^"]*\)").*/\1 \2/p' $table |
    sed 's/[|=].//g' | grep -E ' .*[pPsCIOY&*]' | cut -d' ' -f1)
[ $count -gt 100 ] || {
    echo "$table: only $count system calls found"
    bad=1
}
exit $bad
