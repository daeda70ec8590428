#!/bin/bash
# Code that is kept between runs: the second start uses it; what is stale, damaged, of others, in the
# way of others or cannot be written harms nothing; fore cache shows and clears it.
#   cache.sh FORE HOST PROGRAM    HOST is linux or wine; PROGRAM is kept.c
. "$(dirname "$0")/lib.sh" "$@"
(cat "$3" && echo) >"$work/other" && chmod +x "$work/other" && with_root "$3" "$work/other" || exit 2
kept=$work/cache/foreland/code
[ "$host" = linux ] || kept=$work/cache/Foreland/code
right='41424344 1 1'
bad=0

fail()
{
    echo "FAIL $*"
    bad=1
}

# run WHAT [OPTION...]: the program, which has to say what is right; its counters are in $work/error.
run()
{
    local what=$1 said
    shift
    starting "$fore" --stats "$@" $program
    said=$(timeout 100 "${start[@]}" 2>"$work/error" </dev/null) || fail "$what: status $?"
    [ "${said%$'\r'}" = "$right" ] || fail "$what: said $said, not $right"
}
fore=$1 program=kept

# is NAME CONDITION: of the counter n.
is()
{
    local n
    n=$(tr -d '\r' <"$work/error" | awk -v name="$1" '{ n = $2; sub(/^fore: +[0-9]+ /, "") } $0 == name { print n }')
    [ -n "$n" ] && (($2)) || fail "$1: n is $n, not $2"
}
used() { is 'blocks kept from earlier runs' 'n > 100' && is 'blocks translated' 'n < 50'; }
unused() { is 'blocks kept from earlier runs' 'n == 0'; }

# change OFFSET BYTE: of the kept file, flips the bits of BYTE there.
change()
{
    local old
    old=$(od -An -tu1 -j"$1" -N1 "$file")
    printf '%b' "\\x$(printf %x $((old ^ $2)))" | dd of="$file" bs=1 seek="$1" conv=notrunc status=none
}

# left: no half-written file stays.
left() { [ "$(find "$kept" -type f -name '*-*' | wc -l)" -eq 0 ] || fail "$1: $(ls "$kept")"; }

run first
unused
run second
used
file=$(find "$kept" -type f -size +8k)
[ -f "$file" ] || fail "not one file: $file"
size=$(stat -c %s "$file")
cp "$file" "$work/good"
run 'without' --no-cache
unused
cmp -s "$file" "$work/good" || fail 'written without need'

# The same place, size and first bytes, other content.
cp "$work/root.tar" "$work/old.tar"
LC_ALL=C sed -i 's/\x44\x43\x42\x41/\x48\x43\x42\x41/' "$work/root.tar"
right='41424348 1 1'
run stale
unused
run 'after stale'
used
mv "$work/old.tar" "$work/root.tar"
right='41424344 1 1'
run 'stale again'
unused

cuts=(0 1 100 400 $((size / 2)) $((size - 1))) flips=24
[ "$host" = linux ] || cuts=(400 $((size / 2))) flips=3 # a start takes longer there
for at in "${cuts[@]}"; do
    cp "$work/good" "$file"
    truncate -s "$at" "$file"
    run "cut to $at"
    unused
done
run 'after the cuts'
used
cp "$work/good" "$file"
truncate -s +1 "$file"
run 'longer'
unused

# A bit of everything: the header, all tables, the code.
for ((i = 0; i < flips; i++)); do
    cp "$work/good" "$file"
    if ((i % 4 == 0)); then at=$((i * 9)); else at=$((size / flips * i + i)); fi
    change $at $((1 << i % 8))
    run "a bit at $at"
    unused
done

# Another code space's file under this name.
program=other
run 'another program'
unused
cp "$(find "$kept" -type f -size +8k ! -path "$file")" "$work/foreign"
program=kept
cp "$work/foreign" "$file"
run foreign
unused

# What others can write, and what leads elsewhere, is not believed.
cp "$work/good" "$file"
chmod 666 "$file"
run 'writable by others'
unused
run 'after it'
used
if [ "$host" = linux ]; then
    mv "$file" "$work/elsewhere"
    ln -s "$work/elsewhere" "$file"
    run 'link'
    unused
    rm "$file"
    ln "$work/elsewhere" "$file"
    run 'second name'
    unused
    rm "$file"
    cp "$work/good" "$file"
    chmod 777 "$kept"
    run 'a folder open to others, once'
    [ "$(stat -c %a "$kept")" = 755 ] || fail "the folder stays open: $(stat -c %a "$kept")"
    mv "$kept" "$work/moved"
    ln -s "$work/moved" "$kept"
    run 'a link in place of the folder'
    unused
    rm "$kept"
    mv "$work/moved" "$kept"
    if [ "$(id -u)" = 0 ]; then
        chown 1234 "$file"
        run "another user's file"
        unused
        chown 1234 "$kept"
        run "another user's folder"
        unused
        chown 0 "$kept"
    fi
fi

# A disk without room, and one that is only read.
if mount -t tmpfs -o size=16k,mode=700 none "$kept" 2>/dev/null; then
    run 'a full disk'
    unused
    left 'a full disk'
    mount -o remount,size=8m "$kept" && cp "$work/good" "$file" && mount -o remount,ro "$kept"
    run 'only read'
    used
    umount "$kept"
else
    echo 'no disk could be mounted: a full and a read-only one are not tested'
fi
rm -rf "$kept"
touch "$kept"
run 'a file in place of the folder'
unused
rm "$kept"

# Several at once, on an empty folder and on one that is full.
for round in empty full; do
    pids=()
    starting "$fore" kept
    for i in 1 2 3 4; do
        timeout 100 "${start[@]}" >"$work/said.$i" 2>&1 </dev/null &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || fail "at once, $round: status $?"; done
    for i in 1 2 3 4; do
        [ "$(tr -d '\r' <"$work/said.$i")" = "$right" ] || fail "at once, $round: $(cat "$work/said.$i")"
    done
done
left 'at once'
run 'after all'
used

# There is room for so much; what is oldest goes.
rm -f "$kept"/*
run 'an empty folder'
old=$kept/00000000000000000000000000000000
mv "$file" "$old"
truncate -s 512M "$old"
touch -d 2001-01-01 "$old" "$kept/seed"
run 'a folder that is full'
unused
[ ! -e "$old" ] || fail 'the oldest stays'
run 'a folder that was full'
used

# Much of it is written before the end, beside what was there.
rm -f "$kept"/*
run 'a little'
starting "$fore" kept many
coproc timeout 100 "${start[@]}" 2>/dev/null
pid=$COPROC_PID
exec {from}<&"${COPROC[0]}" {to}>&"${COPROC[1]}"
eval "exec ${COPROC[1]}>&-"
read -r said <&"$from"
[ "${said%$'\r'}" = ready ] || fail "not ready: $said"
for ((until = SECONDS + 60; SECONDS < until; )); do
    [ -z "$(find "$kept" -type f -size +400k ! -name '*-*')" ] || break
    sleep 0.1
done
[ $SECONDS -lt $until ] || fail "not written before the end: $(ls -l "$kept")"
exec {to}>&-
wait "$pid" || fail "many: status $?"
run 'after many'
is 'blocks kept from earlier runs' 'n > 12000'

# cache TEXT [ARGUMENT...]: what fore cache says matches.
cache()
{
    local text=$1 said
    shift
    starting "$fore" cache "$@"
    if [ "$host" = wine ]; then
        sed -i 's/--root "[^"]*" //' "$work/run.bat"
    else
        start=("${start[@]:0:3}" "${start[@]:5}")
    fi
    said=$("${start[@]}" 2>&1 </dev/null)
    [[ $said == $text ]] || fail "fore cache $*: $said"
}
cache '*code: 2 files, [1-9]*'

# What goes with the program: a folder beside it, on Windows made where the configuration is there.
mkdir "$work/stick" && cp "$fore" "$work/stick/" || exit 2
fore=$work/stick/${fore##*/} beside=$work/stick/foreland.cache/code
if [ "$host" = linux ]; then mkdir "$work/stick/foreland.cache"; else touch "$work/stick/foreland.conf"; fi
run 'beside, first'
unused
run 'beside, second'
used
[ -n "$(find "$beside" -type f -size +8k)" ] || fail "not beside the program: $(ls "$work/stick")"
cache '*foreland.cache*code: 2 files, [1-9]*'
chmod 666 "$beside"/*
run 'beside, writable by others'
unused
if [ "$host" = linux ] && [ "$(id -u)" = 0 ]; then
    chown 1234 "$work/stick/foreland.cache"
    run "another user's folder beside"
    used # in the user's caches
    chown 0 "$work/stick/foreland.cache"
fi
fore=$1
cache '*removed 2 files*' clear
[ -z "$(ls "$kept")" ] || fail "not cleared: $(ls "$kept")"
cache '*code: 0 files, 0 KiB*'
cache '*usage*' nonsense
run 'after all was removed'
unused
exit $bad
