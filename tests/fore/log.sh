#!/bin/bash
# The log: one line for each system call that is not there, by number and process, and nothing of
# that between the program's own output. It does not grow for ever, and no guest fills it.
#   log.sh FORE HOST PROGRAM TRACED    HOST is linux or wine; TRACED is traced.c, which has a fault
. "$(dirname "$0")/lib.sh" "$@"
with_root "$3" "$4" || exit 2

fail()
{
    echo "FAIL log: $*"
    exit 1
}

starting "$1" unimplemented
timeout 60 "${start[@]}" </dev/null >"$work/out" 2>&1 || fail "status $?: $(cat "$work/out")"
[ "$(tr -d '\r' <"$work/out")" = '20 checks, 0 failed' ] || fail "said: $(cat "$work/out")"
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

# Another file, and what is written there: nothing of what guests want, or also where they fault, by
# the function's name.
said() { timeout 60 "${fore[@]}" --root "$work/root.tar" --log "$work/other" "$@" </dev/null >"$work/out" 2>&1; }
rm -f "$log"
said --log-level error unimplemented || fail "status $? with --log"
[ ! -s "$work/other" ] && [ ! -e "$log" ] || fail "--log-level error: $(cat "$work/other")"
said unimplemented || fail "status $? with --log"
grep -q 'is not implemented' "$work/other" || fail "--log writes nothing"
said --log-level debug traced
grep -Eq '^traced\[[0-9]+\]: SIGSEGV, code 1, address 0x10: rip 0x[0-9a-f]+ in /bin/traced\+0x[0-9a-f]+ \((processes|main)\+0x[0-9a-f]+\); host 0x[0-9a-f]+, at 0x[0-9a-f]+ of the block of 0x[0-9a-f]+-0x[0-9a-f]+ at 0x[0-9a-f]+' "$work/other" ||
    fail "--log-level debug: $(cat "$work/other")"
said --log-level loud traced
[ $? -eq 2 ] || fail "--log-level loud is taken"
