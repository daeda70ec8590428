#!/bin/bash
# Every opcode with each prefix, and bytes by chance. What the processor answers with a signal gets
# the same one under Foreland, what it executes runs and leaves the same registers; an instruction
# set that guests do not see is SIGILL there. No guest ends because of a defect of ours.
#   opcodes.sh FORE HOST PROGRAM [SEED COUNT]    HOST is linux or wine; COUNT processes by chance
. "$(dirname "$0")/lib.sh" "$@"
seed=${4:-1} count=${5:-2000}
with_root "$3" || exit 2
bad=0

# Says what the log holds of defects.
defects()
{
    [ ! -e "$log" ] || ! grep -m5 defect "$log" || bad=1
}

# Instruction sets that are newer than the two oldest maps may be hidden, and SSE4A (0f 2b with f2
# and f3).
hidden='^(66|f2|f3|48|65)*(0f3[8a]|c[45]|62|8f|f[23]0f2b)'

# The lists of both, side by side. A kernel without UMIP may have sgdt and its kin run, one of before
# 5.10 refuses sldt and str; some of AMD's processors ignore lock before verw.
compare()
{
    paste -d' ' "$work/real" "$work/ours" | awk -v hidden="$hidden" '
        $1 != $3 { print "the lists are not of the same encodings: " $0; bad = 1; exit }
        $2 == $4 { next }
        $4 == "i" && $2 ~ /[.sb]/ && $1 ~ hidden { unseen++; next }
        $4 == "." && $2 == "s" && $1 ~ /^(66|f2|f3|48|65)*0f0[01]/ { next }
        $4 == "i" && $2 == "." && $1 ~ /^f00f00[2e]/ { next }
        { if (bad++ < 20) print $1 ": " $2 " on the processor, " $4 " under Foreland" }
        END { print NR " encodings, " unseen + 0 " hidden, " bad + 0 " wrong"; exit bad > 0 }'
}

# Two runs on the processor and one of ours: where the first two agree, ours has to. Left out: a
# branch whose 66h cuts rip to 16 bits, and prefetch of a register, which is undefined, both on AMD's
# processors; alignment checks, which do not arrive under Windows (SIGBUS).
compare_chance()
{
    awk -v hidden="$hidden" -v host="$host" '
        FNR == 1 { file++ }
        file < 3 { real[file, $1] = $0; if (file == 1) { at[$1] = $5; signo[$1] = $2 } next }
        { count++ }
        real[1, $1] != real[2, $1] || $2 == "other" || signo[$1] == "other" { skipped++; next }
        real[1, $1] == $0 || at[$1] == "low" || at[$1] ~ /^(66|67|2e|36|3e|26|64|65|f2|f3|4.)*0f0d[c-f]/ { next }
        $2 == 4 && $5 ~ hidden { unseen++; next }
        host == "wine" && signo[$1] == 7 { skipped++; next }
        { if (bad++ < 10) print "processor: " real[1, $1] "\nForeland:  " $0 }
        END { print count - 1 " by chance, " skipped + 0 " without an answer, " unseen + 0 " hidden, " bad + 0 " wrong"
              exit bad > 0 || count == 0 }' "$work/first" "$work/second" "$work/out"
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
# What Linux gives where the processor leaves the answer to it (UMIP), whatever is so here.
cat >"$work/tables" <<'END'
00000000feffffffffffffff 00000000ffffffffffffffff
33 0 40
ffffffffffff0033 ffffffff80050033 80050033
ffffffffffff0000 ffffffff00000000 0
ffffffffffff0040 ffffffff00000040 40
END
starting "$1" "$(basename "$3")" tables
timeout 60 "${start[@]}" </dev/null 2>&1 | tr -d '\r' | diff - "$work/tables" || bad=1
for run in first second; do
    timeout 300 "$work/root/bin/$(basename "$3")" random "$seed" "$count" </dev/null >"$work/$run" || {
        echo "FAIL: status $? on the real kernel: the test itself is wrong here"
        exit 1
    }
done
starting "$1" "$(basename "$3")" random "$seed" "$count"
timeout 600 "${start[@]}" </dev/null 2>&1 | tr -d '\r' >"$work/out"
[ "$(tail -1 "$work/out")" = 'done' ] || {
    echo "by chance: $(tail -5 "$work/out")"
    bad=1
}
compare_chance || bad=1
defects
exit $bad
