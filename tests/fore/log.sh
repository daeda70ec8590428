#!/bin/bash
# The log: one line for each system call that is not there, by number and process, and nothing of
# that between the program's own output. It does not grow for ever, and no guest fills it.
#   log.sh FORE HOST PROGRAM    HOST is linux or wine
. "$(dirname "$0")/lib.sh" "$@"
with_root "$3" || exit 2

fail()
{
    echo "FAIL log: $*"
    exit 1
}

starting "$1" unimplemented
timeout 60 "${start[@]}" </dev/null >"$work/out" 2>&1 || fail "status $?: $(cat "$work/out")"
[ "$(tr -d '\r' <"$work/out")" = '19 checks, 0 failed' ] || fail "said: $(cat "$work/out")"
[ "$(grep -c 'is not implemented' "$log")" -eq 6 ] || fail "$(cat "$log")"
for line in '\[2\].*101 (ptrace)' '\[3\].*101 (ptrace)' '\[2\].*425 (io_uring_setup)' \
    '\[3\].*425 (io_uring_setup)' '\[2\].*511 (unknown)' '\[3\].*511 (unknown)'; do
    [ "$(grep -c "$line" "$log")" -eq 1 ] || fail "no line, or several: $line
$(cat "$log")"
done

# Whatever a guest does in numbers, its lines are rationed.
rm -f "$log"
starting "$1" unimplemented flood
timeout 150 "${start[@]}" </dev/null >"$work/out" 2>&1 || fail "status $? in a flood: $(cat "$work/out")"
[ "$(wc -c <"$log")" -lt 200000 ] || fail "a guest has written $(wc -c <"$log") bytes of log"
starting "$1" unimplemented

# A log that has become long begins anew, and keeps the end of the old one beside it.
yes 'an old line' | head -c 5000000 >"$log"
timeout 60 "${start[@]}" </dev/null >"$work/out" 2>&1 || fail "status $? with a long log"
[ "$(wc -l <"$log")" -lt 100 ] || fail "the log is still long"
grep -q 'an old line' "$log.old" || fail "the old log is gone"
