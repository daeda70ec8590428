#!/bin/bash
# A small disk that is full: what fore has accepted is there at the next start, removing makes room,
# and what is lost because others filled the disk is told. Needs the right to mount.
#   tests/image/full.sh FOLDER FULL_GUEST FORE-COMMAND... --
set -u
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
folder=$1
guest=$(realpath "$2")
shift 2
. "$here/lib.sh"
fore=(timeout -k 10 120 "${fore[@]}")
umount "$folder/disk" 2>/dev/null
rm -rf "$folder"
mkdir -p "$folder/disk" "$folder/root"
cd "$folder" || exit 1
mount -t tmpfs -o size=40m none disk 2>/dev/null || {
    echo "no right to mount: skipped"
    exit 77
}
held=
clean_up()
{
    [ -z "$held" ] || kill "$held" 2>/dev/null
    wait
    umount "$folder/disk"
    rm -rf "$folder"
}
trap clean_up EXIT
bad=0

fail()
{
    echo "FAIL: $*"
    bad=1
}

mkdir -p root/root
cp "$guest" root/guest && tar -cf root.tar -C root --owner=0 --group=0 .
"${fore[@]}" image create disk/full.img && "${fore[@]}" image import disk/full.img root.tar || exit 1

# run ARGUMENTS...: the guest; its output and what fore says in files.
run()
{
    "${fore[@]}" --image disk/full.img /guest "$@" >output 2>errors
}

run fill /large || fail "fill: $? $(cat output errors)"
size=$(head -1 output | tr -d '\r')
[ "${size:-0}" -gt 15000000 ] || fail "only $size bytes were taken"
[ "${size:-0}" -lt 40000000 ] || fail "$size bytes on a disk of 40 MB"
run verify /large "$size" || fail "after a restart: $(cat output errors)"
"${fore[@]}" image check disk/full.img >output 2>&1 || fail "check: $(cat output)"
run again /large "$size" || fail "rm and fill: $? $(cat output errors)"
size=$(head -1 output | tr -d '\r')
run verify /large "$size" || fail "after rm, fill and a restart: $(cat output errors)"

# What is stored through a mapping is accepted at the store or not at all.
run rm /large || fail "rm: $(cat output errors)"
run map /mapped || fail "map: $(cat output errors)"
count=$(head -1 output | tr -d '\r')
[ "${count:-0}" -gt 2500 ] || fail "only $count pages were taken"
run pages /mapped "$count" || fail "pages: $(cat output errors)"
"${fore[@]}" image check disk/full.img >output 2>&1 || fail "check: $(cat output)"

# Others fill the disk behind what was accepted.
umount disk && mount -t tmpfs -o size=60m none disk || exit 1
"${fore[@]}" image create disk/full.img && "${fore[@]}" image import disk/full.img root.tar || exit 1
mkfifo input says

# while_full ARGUMENTS...: the guest; once it has said something others fill the disk, then its
# input ends. Its status.
while_full()
{
    local status
    "${fore[@]}" --image disk/full.img /guest "$@" <input >says 2>errors &
    held=$!
    exec 5>input 6<says
    read -r -u 6 || fail "the guest says nothing"
    head -c 60M /dev/zero >disk/other 2>/dev/null
    exec 5>&-
    cat <&6 >output
    wait $held
    status=$?
    held=
    exec 6<&-
    rm -f disk/other
    return $status
}

if while_full hold /lost 9000000; then
    run verify /lost 9000000 || fail "lost without a word: $(cat output errors)"
else
    grep -q 'disk is full.*/lost' errors || fail "status: $(cat output errors)"
fi
"${fore[@]}" image check disk/full.img >output 2>&1 || fail "check: $(cat output)"

# What is removed meanwhile needs no room.
run hold /large 9000000 </dev/null || fail "a large file: $(cat output errors)"
while_full remove /small 1000 /large || fail "removing on a full disk: $(cat output errors)"
run verify /large 9000000 && fail "a removed file is there"
"${fore[@]}" image check disk/full.img >output 2>&1 || fail "check: $(cat output)"

# Others fill the disk to its last byte before the start.
run hold /old 12000000 </dev/null || fail "before the disk is full: $(cat output errors)"
head -c 60M /dev/zero >disk/other 2>/dev/null
run rm /old || fail "removing on a disk that was full before: $(cat output errors)"
run verify /old 12000000 && fail "the removed file is there"
run hold /again 9000000 </dev/null || fail "no room after removing: $(cat output errors)"
run verify /again 9000000 || fail "written to the room given back: $(cat output errors)"
"${fore[@]}" image check disk/full.img >output 2>&1 || fail "check: $(cat output)"

# No room for the copy that a conversion takes: the image serves as it is, and it is said what is
# missing, where, and what to do.
umount disk && mount -t tmpfs -o size=60m none disk || exit 1
gzip -d <"$here/format-2.img.gz" >disk/old.img
head -c $(($(df --output=avail -B 1 disk | tail -1) - (6 << 20))) /dev/zero >disk/other
mkdir none && tar -c -f none.tar -C none --files-from=/dev/null
"${fore[@]}" image import disk/old.img none.tar >output 2>errors || fail "import: $(cat errors)"
grep -q 'older format.*disk/old.img: this takes a copy.* MB.* left; make room' errors ||
    fail "no room to convert: $(cat errors)"
[ ! -e disk/old.img-new ] || fail "half a conversion is left over"
rm disk/other
"${fore[@]}" image import disk/old.img none.tar >output 2>errors || fail "import: $(cat errors)"
[ "$(od -A n -t d1 -j 63 -N 1 disk/old.img | tr -d ' ')" = 3 ] || fail "not converted with room"
exit $bad
