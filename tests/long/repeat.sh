#!/bin/bash
# Runs the tests of both hosts again and again under conditions that bring out what depends on when
# a process gets its turn, and names those that ever failed.
#   repeat.sh OUT     builds in OUT; each failure's output in OUT/failures
# REPEAT_ROUNDS (3) says how often, REPEAT_TESTS which tests (a pattern of ctest -R, by default all
# but those of the tree itself). Exit status 1 when one failed.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$here/../..
out=$1
failures=$out/failures
log=$out/ctest.log
processors=$(nproc)
failed=()
. "$here/../lib.sh"
export FORELAND_CACHE=${FORELAND_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/foreland}
rm -rf "$failures"
mkdir -p "$failures"

build()
{
    cmake -S "$top" --preset "$1" -B "$out/$1" && cmake --build "$out/$1" -j "$processors" &&
        cmake --build "$out/$1" --target guest_root
}

# run PRESET CONDITION ROUND COMMAND... -- CTEST-OPTIONS...
run()
{
    local preset=$1 condition=$2 round=$3 name before=()
    shift 3
    while [ "$1" != -- ]; do
        before+=("$1")
        shift
    done
    shift
    rm -f "$out/$preset/Testing/Temporary/LastTestsFailed.log"
    "${before[@]}" ctest --test-dir "$out/$preset" --output-on-failure \
        -R "${REPEAT_TESTS:-^(unit|guest|diff|crash|image|fore|window|terminal|term|windows)\.}" "$@" \
        </dev/null >"$log" 2>&1
    grep -q 'tests passed' "$log" || {
        tail -20 "$log"
        exit 1
    }
    [ -e "$out/$preset/Testing/Temporary/LastTestsFailed.log" ] || return 0
    cp "$log" "$failures/$preset-$condition-$round.log"
    while IFS=: read -r _ name; do
        echo "round $round, $condition: $preset $name failed"
        failed+=("$preset $name")
    done <"$out/$preset/Testing/Temporary/LastTestsFailed.log"
}

# Takes all processors while it runs. Its children end with it.
start_load()
{
    load=()
    for ((i = 0; i < 2 * processors; i++)); do
        while :; do :; done &
        load+=($!)
    done
}

end_load()
{
    kill "${load[@]}"
    wait "${load[@]}" 2>/dev/null
}

for preset in linux windows; do
    build $preset >"$log" 2>&1 || {
        tail -20 "$log"
        exit 1
    }
done
wine_prefix >"$log" 2>&1 || exit 1
wine_start
load=()
trap '[ ${#load[@]} -eq 0 ] || end_load' EXIT
for ((round = 1; round <= ${REPEAT_ROUNDS:-3}; round++)); do
    for preset in linux windows; do
        run $preset usual $round -- -j "$processors"
        run $preset crowded $round -- -j $((4 * processors))
        run $preset single $round taskset -c 0 -- -j 3
        start_load
        # What promises a time does so for a machine that is not busy.
        run $preset busy $round -- -j "$processors" -E '\.endless$|window\.flood'
        end_load
        load=()
    done
done
if [ ${#failed[@]} -gt 0 ]; then
    printf '%s\n' "${failed[@]}" | sort | uniq -c | sort -rn
    exit 1
fi
echo "nothing failed in ${REPEAT_ROUNDS:-3} rounds"
