#!/bin/bash
# Runs one guest program or shell script on the real kernel and then under Foreland, and compares
# standard output and exit status. What the real kernel says is right; a program that does not exit
# with 0 there is itself wrong.
#   run.sh native PROGRAM               only on the real kernel
#   run.sh linux FORE PROGRAM [ROOT]    compares with FORE
#   run.sh wine FORE PROGRAM [ROOT]     compares with FORE under Wine
# A program runs as ./NAME, under Foreland in /guest of a root file system that holds little else,
# or in that of the tar ROOT, where it has to be already. A script (NAME.sh) is given to bash -c in
# an empty folder. Both runs get the same environment, but for GUEST_REAL_KERNEL, set on the real
# one. Prints "ok NAME", or "FAIL NAME" with the difference; exits with 77 when ROOT is wanted and
# not there.
set -u
host=$1
fore=
[ "$host" = native ] || {
    fore=$(realpath "$2")
    shift
}
program=$(realpath "$2")
root=${3:-}
name=$(basename "$program")
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
environment=(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
    TERM=xterm-256color LANG=C.UTF-8)
deadline=${FORELAND_GUEST_DEADLINE:-60}

# Guests leave their files where they are when they fail.
fail()
{
    echo "FAIL $name: $1"
    [ "$(df -Pk "$work" | awk 'END { print $4 }')" -ge 1024 ] || echo "the disk of $work is full"
    exit 1
}

if [ -n "$root" ] && [ ! -e "$root" ]; then
    echo "skipped: there is no $root (build the target guest_root)"
    exit 77
fi
mkdir "$work/run"
case $name in
*.sh)
    command=(bash -c "$(cat "$program")")
    folder=/tmp
    ;;
*)
    command=("./$name")
    folder=/guest
    cp "$program" "$work/run/"
    ;;
esac

# Whoever runs the tests may ignore signals, as nohup does, and have another limit for the stack.
(cd "$work/run" && ulimit -Ss 8192 && exec env -i --default-signal "${environment[@]}" \
    GUEST_REAL_KERNEL=1 timeout "$deadline" "${command[@]}") \
    </dev/null >"$work/real" 2>"$work/real.err"
status=$?
if [ $status -ne 0 ]; then
    cat "$work/real" "$work/real.err"
    fail "exit status $status on the real kernel: the test itself is wrong here"
fi
if [ "$host" = native ]; then
    echo "ok $name"
    exit 0
fi

if [ -z "$root" ]; then
    root=$work/root.tar
    mkdir -p "$work/root"/{tmp,dev,proc,sys,root,etc,guest}
    chmod 1777 "$work/root/tmp"
    cp "$program" "$work/root/guest/"
    tar -cf "$root" -C "$work/root" --owner=0 --group=0 .
fi
start=("$fore")
[ "$host" != wine ] || start=(env LC_ALL=C.UTF-8 "WINEDEBUG=${WINEDEBUG:--all}" wine "$fore")
timeout -k 5 "$deadline" "${start[@]}" --root "$root" --cwd $folder "${command[@]}" </dev/null \
    >"$work/ours" 2>"$work/ours.err"
ours=$?
if [ $ours -ne $status ]; then
    tail -c 2000 "$work/ours"
    tail -c 2000 "$work/ours.err"
    [ $ours -ne 124 ] || fail "not done after $deadline s"
    fail "exit status $ours, on the real kernel $status"
fi
if ! diff "$work/real" "$work/ours" >"$work/diff"; then
    head -c 4000 "$work/diff"
    tail -c 2000 "$work/ours.err"
    fail "output differs (< real kernel, > Foreland)"
fi
echo "ok $name"
