#!/bin/bash
# An image of the format before checksums is converted when it is opened to be written, read as it
# is otherwise, and whole whatever happens meanwhile. format-2.img.gz was made by the program of
# that time from what is listed below; an attribute user.note was added.
#   tests/image/formats.sh FOLDER FORE-COMMAND... -- IMAGE_ATTACK-COMMAND...
# The commands may begin with wine. FORMATS_KILLS (0): how often a conversion of a large image is
# killed.
set -u
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
folder=$1
shift
. "$here/lib.sh"
attack=("$@")
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder" || exit 1
bad=0

fail()
{
    echo "FAIL: $*"
    bad=1
}

cat >wanted <<'LIST'
drwxr-xr-x 7/9               0 2001-02-03 04:05:06.123456789 ./
-rw-r--r-- 7/9               0 2001-02-03 04:05:06.123456789 empty
drwxr-xr-x 7/9               0 2001-02-03 04:05:06.123456789 etc/
lrwxrwxrwx 7/9               0 2001-02-03 04:05:06.123456789 etc/link -> ../sub/lines
-rw-r--r-- 7/9              26 2001-02-03 04:05:06.123456789 etc/passwd
drwxr-xr-x 7/9               0 2001-02-03 04:05:06.123456789 sub/
drwxr-xr-x 7/9               0 2001-02-03 04:05:06.123456789 sub/deep/
-rws--x--x 7/9          150000 2001-02-03 04:05:06.123456789 sub/deep/again
prw-r--r-- 7/9               0 2001-02-03 04:05:06.123456789 sub/fifo
hrws--x--x 7/9               0 2001-02-03 04:05:06.123456789 sub/lines link to sub/deep/again
-rw-r--r-- 7/9          300003 2001-02-03 04:05:06.123456789 sub/sparse
LIST

# holds IMAGE: it has everything that was stored.
holds()
{
    rm -rf out.tar out
    "${fore[@]}" image check "$1" >check.txt 2>&1 || { fail "$1: $(cat check.txt)"; return; }
    "${fore[@]}" image export "$1" out.tar 2>/dev/null || { fail "$1 cannot be exported"; return; }
    TZ=UTC tar -tv --full-time --numeric-owner -f out.tar >listed
    diff wanted listed || fail "$1: other files"
    mkdir out && tar -x -C out -f out.tar
    yes "a line of text" 2>/dev/null | head -c 150000 | cmp - out/sub/lines || fail "$1: other data"
    { head -c 300000 /dev/zero && printf end; } | cmp - out/sub/sparse || fail "$1: other data"
}

format_of()
{
    od -A n -t d1 -j 63 -N 1 "$1" | tr -d ' '
}

fresh()
{
    rm -f old.img*
    gzip -d <"$here/format-2.img.gz" >old.img
}

# opened: something that opens the image to write.
opened()
{
    mkdir -p nothing
    tar -c -f nothing.tar -C nothing --files-from=/dev/null
    "${fore[@]}" image import old.img nothing.tar 2>log.txt || fail "$*: $(cat log.txt)"
    [ "$(format_of old.img)" = 3 ] || fail "$*: not converted: $(cat log.txt)"
    [ ! -e old.img-new ] || fail "$*: old.img-new is left over"
    holds old.img
    "$@"
}

fresh
holds old.img
[ "$(format_of old.img)" = 2 ] || fail "reading it converted it"
"${fore[@]}" image export old.img copied.img || fail "it cannot be copied"
[ "$(format_of copied.img)" = 3 ] || fail "the copy is of the old format"
holds copied.img
"${attack[@]}" same old.img copied.img || fail "the copy differs"
fresh
opened true
gzip -d <"$here/format-2.img.gz" >before.img
"${attack[@]}" same before.img old.img || fail "the converted image differs"

# What a kill leaves, at each step: a piece of the new file, all of it, the mark, the mark alone.
fresh
head -c 100000 copied.img >old.img-new
opened true
fresh
head -c 5000 /dev/urandom >old.img-new
opened true
fresh
cp copied.img old.img-new
opened true
fresh
cp copied.img old.img-new
"${attack[@]}" sql old.img 'PRAGMA user_version=65538' || fail "marking"
holds old.img
opened true
fresh
"${attack[@]}" sql old.img 'PRAGMA user_version=65538' || fail "marking"
opened true

# A terminal is told how far it is.
if [ "${fore[0]}" != wine ]; then
    fresh
    python3 -c 'import pty, sys; pty.spawn(sys.argv[1:])' \
        "${fore[@]}" image import old.img nothing.tar </dev/null >said.txt
    grep -q 'old.img: [0-9]* %' said.txt || fail "no progress on a terminal: $(cat said.txt)"
    [ "$(format_of old.img)" = 3 ] || fail "not converted on a terminal"
fi

# Where the new file cannot be made the old image serves.
fresh
mkdir old.img-new
"${fore[@]}" image import old.img nothing.tar 2>said.txt || fail "no room for a new file"
grep -q 'stays in its older format' said.txt || fail "no word of that: $(cat said.txt)"
[ "$(format_of old.img)" = 2 ] || fail "converted into a folder"
rmdir old.img-new
holds old.img

if [ "${FORMATS_KILLS:-0}" -gt 0 ]; then
    "${attack[@]}" old large.img 60 || fail "a large image"
    went_on=0
    for round in $(seq "$FORMATS_KILLS"); do
        cp large.img work.img
        rm -f work.img-*
        "${fore[@]}" image import work.img nothing.tar 2>/dev/null &
        pid=$!
        sleep "0.$((RANDOM % 9))$((RANDOM % 9))"
        kill -9 $pid 2>/dev/null
        wait $pid 2>/dev/null
        [ "$(format_of work.img)" = 3 ] || went_on=$((went_on + 1))
        "${attack[@]}" same large.img work.img || fail "round $round: killed, read as it is"
        "${fore[@]}" image import work.img nothing.tar 2>/dev/null || fail "round $round: opened"
        [ "$(format_of work.img)" = 3 ] || fail "round $round: not converted"
        "${attack[@]}" same large.img work.img || fail "round $round: converted"
    done
    echo "killed $FORMATS_KILLS times, $went_on of them before the new file was in place"
fi
cd .. && rm -rf "$folder"
exit $bad
