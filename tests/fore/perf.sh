#!/bin/bash
# fore --perf names the functions in which guests spend their time, in order, for files and for code
# that is made while running, and on Linux the blocks for perf(1); fore --show-code has each
# instruction of a function beside its translation.
#   perf.sh FORE HOST PROGRAM    HOST is linux or wine; PROGRAM is perf.c
. "$(dirname "$0")/lib.sh" "$@"
with_root "$3" || exit 2
bad=0

fail()
{
    echo "FAIL $*"
    bad=1
}

# run ARGUMENTS...: fore with them; what it says is in $work/out and $work/said, its status in status.
run()
{
    timeout 90 "${fore[@]}" --root "$work/root.tar" "$@" </dev/null >"$work/out.raw" 2>"$work/said.raw"
    status=$?
    tr -d '\r' <"$work/out.raw" >"$work/out"
    tr -d '\r' <"$work/said.raw" >"$work/said"
}

# row PATTERN: the line of the table that matches, with its number before it.
row()
{
    grep -E '^fore: +[0-9]+ +[0-9.]+%' "$work/said" | grep -nE "$1"
}

# On a machine that is busy with other things there are fewer samples of the same work.
for work_units in 30000000 90000000 270000000; do
    run --perf -- perf $work_units
    samples=$(sed -n 's/^fore: \([0-9]*\) samples of guest code.*/\1/p' "$work/said")
    [ "${samples:-0}" -lt 100 ] || break
done
map=$(sed -n 's/^fore: names of blocks for perf are in //p' "$work/said")
[ $status -eq 0 ] || fail "status $status"
row '  hot in /bin/perf$' | grep -q '^1:' || fail "hot is not the first row"
row '  warm in /bin/perf$' >/dev/null || fail "warm has no row"
row '  0x[0-9a-f]+ in memory of process [0-9]+$' >/dev/null || fail "made code has no row"
! row '  shown in' >/dev/null || fail "what takes no time has a row"
if [ "$host" = linux ]; then
    [[ $map =~ ^/tmp/perf-[0-9]+\.map$ ]] && [ "$(stat -c %a "$map")" = 600 ] ||
        fail "the map is \"$map\""
    ! grep -qvE '^[0-9a-f]+ [0-9a-f]+ [^ ].*$' "$map" || fail "a line of the map is wrong"
    for name in hot warm; do
        grep -q " $name+0x[0-9a-f]* (/bin/perf)\$" "$map" || fail "$name is not in the map"
    done
    grep -q ' 0x[0-9a-f]* (memory of process [0-9]*)$' "$map" || fail "made code is not in the map"
    rm -f "$map"
else
    [ -z "$map" ] || fail "a map is told: $map"
fi
[ $bad -eq 0 ] || cat "$work/said"
run -- perf 1
[ ! -s "$work/said" ] || fail "said without --perf"

run --show-code shown /bin/perf
[ $status -eq 0 ] || fail "--show-code: status $status"
sed -n 's/ *|.*//; s/^[0-9a-f]\{1,\}  //p' "$work/out" | sed 's/^jnz .*/jnz .../' >"$work/guest"
diff - "$work/guest" <<'END' || fail "--show-code shows another function"
mov rax, [rdi]
push rbx
mov rbx, rcx
add rax, rbx
cmp rax, rsi
pop rbx
jnz ...
xor eax, eax
ret
END
grep -q '^[0-9a-f]*  mov rbx, rcx *| [0-9a-f]*  mov rbx, r10$' "$work/out" ||
    fail "rcx is not in r10"
grep -q '^[0-9a-f]*  mov rax, \[rdi\] *| [0-9a-f]*  mov rax, \[\(rdi+r11\|r11+rdi\)\*1\]$' "$work/out" ||
    fail "the window is not in r11"
[ $bad -eq 0 ] || cat "$work/out"
cp "$work/out" "$work/named"
address=$(sed -n 's/^\([0-9a-f]\{1,\}\)  .*/\1/p' "$work/out" | head -1)
run --show-code "0x$address" /bin/perf
cmp -s "$work/out" "$work/named" || fail "not the same by address"
run --show-code "+0x$(printf %x $((16#$address - 16#400000)))" /bin/perf
cmp -s "$work/out" "$work/named" || fail "not the same by offset"
for missing in "nothing /bin/perf" "shown /bin/nothing" "shown /root.tar" "0xzz /bin/perf"; do
    run --show-code $missing
    [ $status -eq 1 ] && [ -s "$work/said" ] || fail "--show-code $missing: status $status"
done
exit $bad
