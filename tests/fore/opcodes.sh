#!/bin/bash
# Every opcode with each prefix, and bytes by chance. What the processor answers with a signal gets
# the same one under Foreland; an instruction set that guests do not see is SIGILL there. No guest
# ends because of a defect of ours.
#   opcodes.sh FORE HOST PROGRAM [SEED COUNT]    HOST is linux or wine; COUNT processes by chance
. "$(dirname "$0")/lib.sh" "$@"
seed=${4:-1} count=${5:-150}
with_root "$3" || exit 2
bad=0

# Says what the log holds of defects.
defects()
{
    [ ! -e "$log" ] || ! grep -m5 defect "$log" || bad=1
}

# The lists of both, side by side. Only instruction sets that are newer than the two oldest maps may
# be hidden, SSE4A (0f 2b with f2 and f3), and pushf, popf, enter and leave of 16 bits and maskmov
# with a segment, which Foreland lacks.
compare()
{
    paste -d' ' "$work/real" "$work/ours" | awk '
        $1 != $3 { print "the lists are not of the same encodings: " $0; bad = 1; exit }
        $2 == $4 { next }
        $4 == "i" && $2 ~ /[.sb]/ && $1 ~ /^((66|f2|f3|48|65)*0f3[8a]|c4|f[23]0f2b)/ { hidden++; next }
        $4 == "i" && $1 ~ /^(66(9c|9d|c8|c9)|650ff7)/ { next }
        { if (bad++ < 20) print $1 ": " $2 " on the processor, " $4 " under Foreland" }
        END { print NR " encodings, " hidden + 0 " hidden, " bad + 0 " wrong"; exit bad > 0 }'
}

chmod +x "$work/root/bin/"*
timeout 200 "$work/root/bin/$(basename "$3")" </dev/null >"$work/real" || {
    echo "FAIL: status $? on the real kernel: the test itself is wrong here"
    exit 1
}
starting "$1" "$(basename "$3")"
timeout 600 "${start[@]}" </dev/null 2>"$work/error" | tr -d '\r' >"$work/ours"
compare || {
    bad=1
    tail -5 "$work/error"
}
defects
starting "$1" "$(basename "$3")" random "$seed" "$count"
timeout 600 "${start[@]}" </dev/null >"$work/out" 2>&1
[ "$(tr -d '\r' <"$work/out")" = 'done' ] || {
    echo "by chance: $(tail -5 "$work/out")"
    bad=1
}
defects
exit $bad
