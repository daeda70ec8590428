#!/bin/bash
# The terminal's long runs:
#   - 1,000,000 random sessions under AddressSanitizer (tests/unit/term/fuzz.c)
#   - esctest2, where ESCTEST names a directory that holds its esctest.py: at VT level 4, one class
#     of tests per process, as xterm is run. At least 450 tests must pass, and none may fail that
#     tests/term/esctest.md does not name. It is not part of any Debian package: without ESCTEST it
#     is skipped.
#   terminal.sh OUT      logs in OUT
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$here/../..
out=$1
bad=0

cd "$top" || exit 1
top=$PWD
cmake --preset linux-asan >"$out/build.log" 2>&1 &&
    cmake --build --preset linux-asan --target unit_term_fuzz term_headless >>"$out/build.log" 2>&1 || {
    tail -20 "$out/build.log"
    exit 1
}

# Two halves at once, on other seeds than tests/run.sh uses.
sessions=${FORELAND_FUZZ_SESSIONS:-1000000}
for half in 1 2; do
    CK_FORK=no FORELAND_FUZZ_SEED=$((half * 1000000000)) FORELAND_FUZZ_SESSIONS=$((sessions / 2)) \
        build/linux-asan/tests/unit_term_fuzz >"$out/fuzz.$half" 2>&1 &
    pids[$half]=$!
done
for half in 1 2; do
    wait "${pids[$half]}" || {
        tail -40 "$out/fuzz.$half"
        bad=1
    }
done
echo "terminal: $sessions random sessions, $bad failed"

if [ ! -e "${ESCTEST:-}/esctest.py" ]; then
    echo "terminal: esctest2 skipped: ESCTEST does not name its directory"
    exit $bad
fi
export headless=$PWD/build/linux-asan/tests/term_headless logs=$out/esctest
rm -rf "$logs"
mkdir -p "$logs"
cd "$ESCTEST" || exit 1
sed -nE 's/^class ([A-Za-z0-9_]+).*/\1/p' tests/*.py | sort -u |
    ASAN_OPTIONS=detect_leaks=0 xargs -P2 -I{} sh -c '"$headless" --reports --size 25x80 \
        --seconds 120 python3 esctest.py --expected-terminal xterm --max-vt-level 4 \
        --xterm-checksum 334 --include "^{}\\." --logfile "$logs/{}.log" --no-print-logs \
        >/dev/null 2>&1'
passed=$(cat "$logs"/*.log | grep -c '^Passed')
sed -nE 's/.*TEST ([A-Za-z0-9_.]+) FAILED.*/\1/p' "$logs"/*.log | sort >"$out/esctest.failed"
echo "terminal: esctest2: $passed passed, $(wc -l <"$out/esctest.failed") failed"
[ "$passed" -ge 450 ] || bad=1
while read -r name; do
    grep -qF "\`$name\`" "$top/tests/term/esctest.md" || {
        echo "terminal: $name fails and is not in tests/term/esctest.md"
        bad=1
    }
done <"$out/esctest.failed"
exit $bad
