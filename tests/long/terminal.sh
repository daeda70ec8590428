#!/bin/bash
# The terminal's long runs:
#   - 1,000,000 random sessions under AddressSanitizer (tests/unit/term/fuzz.c)
#   - esctest2 (tests/term/esctest.sh) with the sanitizers, where it can be had
#   terminal.sh OUT      logs in OUT
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
bad=0

cd "$top" || exit 1
build linux-asan unit_term_fuzz term_headless

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

tests/term/esctest.sh build/linux-asan/tests/term_headless "$out/esctest"
case $? in
0 | 77) ;;
*) bad=1 ;;
esac
exit $bad
