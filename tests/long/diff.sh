#!/bin/bash
# Random instructions of every class, and random programs of many blocks, beside the processor for
# long (tests/diff), natively and under Wine; at the same time.
#   diff.sh OUT     what they say in OUT/linux.log and OUT/wine.log
# DIFF_CASES (5000000) of one to three instructions in each class, a tenth of it programs, a tenth
# of both under Wine; DIFF_SEED (1) the first seed. diff.md keeps results.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$top/tests/lib.sh"
export FORELAND_CACHE=${FORELAND_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/foreland}
export DIFF_TIMEOUT=600
cases=${DIFF_CASES:-5000000} first=${DIFF_SEED:-1} each=200000
classes=(basic integer string control x87 mmx sse avx bmi integer,fault all)

# compare HOST FORE CASES CLASS [programs]: parts of them, with a seed each.
compare()
{
    local host=$1 fore=$2 left=$3 seed=$first part
    for (( ; left > 0; left -= part, seed++)); do
        part=$((left < each ? left : each))
        "$top/tests/diff/run.sh" "$host" "$fore" "$program" "$4" "$seed" "$part" "${5:-}" || return
    done
}

# everything HOST FORE CASES
everything()
{
    local class
    for class in "${classes[@]}"; do
        compare "$1" "$2" "$3" "$class" && compare "$1" "$2" $(($3 / 10)) "$class" programs ||
            return
        echo "$class: $3 cases and $(($3 / 10)) programs: $SECONDS s"
    done
}

build linux fore diff_program
build windows fore
program=$top/build/linux/tests/diff/diffinsn
wine_prefix >"$out/wine-prefix.log" 2>&1 || exit 1
wine_start
everything linux "$top/build/linux/fore" "$cases" >"$out/linux.log" 2>&1 &
linux=$!
everything wine "$top/build/windows/fore.exe" $((cases / 10)) >"$out/wine.log" 2>&1 &
wine=$!
bad=0
for run in linux wine; do
    wait "${!run}" || bad=1
    echo "$run:"
    grep -v '^ok' "$out/$run.log"
done
exit $bad
