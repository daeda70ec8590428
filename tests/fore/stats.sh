#!/bin/bash
# fore --stats counts: a program that does more of something has exactly so much more of it, what was
# translated is plausible, and without --stats nothing is said.
#   stats.sh FORE HOST PROGRAM    HOST is linux or wine; PROGRAM is counted.c
. "$(dirname "$0")/lib.sh" "$@"
with_root "$3" || exit 2
bad=0

# counted ARGUMENTS...: runs fore with them, the counters are in $work/said.
counted()
{
    timeout 60 "${fore[@]}" --root "$work/root.tar" "$@" </dev/null 2>"$work/error" || {
        echo "FAIL $*: status $?"
        bad=1
    }
    tr -d '\r' <"$work/error" >"$work/said"
}

# of NAME: the counter of that name.
of()
{
    awk -v name="$1" '{ n = $2; sub(/^fore: +[0-9]+ /, "") } $0 == name { print n; found = 1 }
        END { if (!found) print "missing" }' "$work/said"
}

names=("system calls" "faults told to guests" "instructions carried out apart")
counted --no-cache --stats -- counted 10 20 30
for name in "${names[@]}"; do few+=("$(of "$name")"); done
made=$(of "blocks translated")
covered=$(of "bytes of guest code in them")
code=$(of "bytes of code made")
time=$(of "microseconds of translation")
entries=$(of "misses of the indirect table")
[ "$made" -gt 100 ] && [ "$covered" -ge "$made" ] && [ "$code" -gt "$covered" ] && [ "$time" -gt 0 ] &&
    [ "$entries" -gt 10 ] || {
    echo "FAIL implausible:"
    cat "$work/said"
    bad=1
}
counted --no-cache --stats -- counted 1010 220 10030
for i in 0 1 2; do
    more=$(($(of "${names[i]}") - few[i]))
    # Each of 200 faults returns from its handler by a system call.
    [ $more -eq "$(echo 1200 200 10000 | cut -d' ' -f$((i + 1)))" ] || {
        echo "FAIL $more more ${names[i]}"
        bad=1
    }
done
counted -- counted 1 1 1
[ ! -s "$work/said" ] || {
    echo "FAIL said without --stats:"
    cat "$work/said"
    bad=1
}
exit $bad
