#!/bin/bash
# Runs diffinsn with the CPU and with Foreland and compares. On a difference it names the first case
# that differs, shows its code (disassembled, where objdump is to be had) and what is different.
#   run.sh linux|wine FORE DIFFINSN GROUPS SEED COUNT [STEPS|programs]
# Exit status 0 when nothing differs.
set -u
[ $# -ge 6 ] || { sed -n '2,5s/^# //p' "$0"; exit 2; }
host=$1 fore=$2 program=$3 groups=$4 seed=$5 count=$6
options=(-g "$groups")
[ "$host" = wine ] && options+=(-n) # alignment faults do not arrive there
case ${7:-} in
'') ;;
programs) options+=(-p) ;;
*) options+=(-s "$7") ;;
esac
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/root/guest"
cp "$program" "$work/root/guest/diffinsn" || exit 2
tar -cf "$work/root.tar" -C "$work/root" --owner=0 --group=0 .
start=("$fore" --root "$work/root.tar" --cwd /guest)
[ "$host" != wine ] || start=(env "WINEDEBUG=${WINEDEBUG:--all}" wine "${start[@]}")
name="diff $groups ${7:+$7 }seed $seed"
limit=${DIFF_TIMEOUT:-100}

real() { "$program" "${options[@]}" "$@"; }
ours() { timeout -k 5 "$limit" "${start[@]}" ./diffinsn "${options[@]}" "$@" </dev/null; }

real "$seed" 0 "$count" >"$work/real" || { echo "FAIL $name: cannot run here"; exit 2; }
ours "$seed" 0 "$count" >"$work/ours" 2>"$work/err"
status=$?
if [ $status -eq 0 ] && cmp -s "$work/real" "$work/ours"; then
    echo "ok $name ($count cases)"
    exit 0
fi

# The last thousand that agreed bounds the search from below, the first that did not from above.
good=$(join <(grep -v all "$work/real" | sort) <(grep -v all "$work/ours" | sort) |
       awk '$2 == $3 && $1 > n { n = $1 } END { print n + 0 }')
length=$((count - good))
[ $length -gt 1000 ] && length=1000
real -t "$seed" "$good" "$length" >"$work/real.each"
ours -t "$seed" "$good" "$length" >"$work/ours.each" 2>"$work/err.each"
case=$(diff "$work/real.each" "$work/ours.each" | sed -n 's/^< \([0-9]*\) .*/\1/p' | head -1)
if [ -z "$case" ]; then
    echo "FAIL $name: differs after case $good, exit status $status, but not when run from there"
    tail -3 "$work/err"
    exit 1
fi
real -v "$seed" "$case" 1 >"$work/real.case"
ours -v "$seed" "$case" 1 >"$work/ours.case" 2>"$work/err.case"
echo "FAIL $name: case $case, exit status $status"
if command -v objdump >/dev/null; then
    base=$(sed -n 's/^code at //p' "$work/real.case")
    printf "$(sed -n 's/^\(prepare\|instruction [0-9a-f]*\) \([0-9a-f]*\)$/\2/p' "$work/real.case" |
              tr -d '\n' | sed 's/../\\x&/g')" >"$work/code"
    objdump -D -b binary -m i386:x86-64 -M intel --adjust-vma="0x$base" "$work/code" |
        sed -n 's/^ *\([0-9a-f]*:.*\)/\1/p'
fi
grep '^instruction' "$work/real.case"
grep '^ended' "$work/real.case"
diff "$work/real.case" "$work/ours.case" | grep '^[<>]' | head -${DIFF_LINES:-24}
tail -3 "$work/err.case"
exit 1
