#!/bin/bash
# fore image create, import, export and check, and what they say when something is wrong.
#   tests/image/fore.sh FOLDER FORE-COMMAND... -- CRASH_IMAGE-COMMAND...
# The commands may begin with wine; the second one holds an image open.
set -u
folder=$1
shift
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
rm -rf "$folder"
mkdir -p "$folder/tree/sub"
cd "$folder" || exit 1
bad=0

# expect STATUS PATTERN ARGUMENTS...: runs fore image; the pattern is for all it prints.
expect()
{
    local status=$1 pattern=$2 text got
    shift 2
    text=$("${fore[@]}" image "$@" 2>&1)
    got=$?
    # Wine prints remarks of its own.
    text=$(grep -a -E '^(fore:|usage:|test|mended|first)' <<<"$text" | tr -d '\r')
    if [ $got -ne "$status" ] || ! [[ $text =~ ^$pattern$ ]]; then
        echo "fore image $*: status $got, \"$text\"; wanted $status, \"$pattern\""
        bad=1
    fi
}

echo data >tree/file
ln tree/file tree/sub/hard
ln -s ../file tree/sub/soft
: >tree/empty
touch -d '2001-02-03 04:05:06.123456789' tree/file
head -c 300000 /dev/urandom >tree/sub/large
tar -c --format=posix --sort=name -C tree -f test.tar .
tar -t -v --numeric-owner --full-time -f test.tar | sed 's, \./, ,; s,to \./,to ,' | sort >before

expect 2 'usage: .*'
expect 2 'usage: .*' create
expect 2 'fore: image: unknown option --nothing.*' --nothing test.img
expect 2 'fore: test.img: no such file' check test.img
expect 0 '' create test.img
expect 1 'fore: test.img: exists already' create test.img
expect 2 'fore: none.tar: No such file or directory' import test.img none.tar
expect 0 '' import test.img test.tar
expect 0 'test.img: clean' check test.img
if [ -e test.img-wal ] || [ -e test.img-owner ]; then
    echo "files were left beside the image"
    bad=1
fi
expect 0 '' export test.img test2.tar
tar -t -v --numeric-owner --full-time -f test2.tar | sed 's, \./, ,' | sort >after
diff before after || bad=1
mkdir back && tar -x -C back -f test2.tar && diff -r --no-dereference tree back || bad=1
expect 0 '' export test.img test2.img
expect 0 'test2.img: clean' check test2.img
expect 1 'fore: test2.img: exists already' export test.img test2.img

head -c 5000 /dev/urandom >test3.img
expect 2 'fore: test3.img: not a Foreland image' check test3.img
head -c 100000 test.tar >test4.tar
expect 2 'fore: test4.tar: .*' import test2.img test4.tar
expect 0 'test2.img: clean' check test2.img

# Each message names the cause and what to do.
mkdir alone
if [ "${fore[0]}" = wine ]; then
    cp "${fore[-1]}" alone/fore.exe
    lonely=(wine alone/fore.exe)
else
    cp "${fore[-1]}" alone/fore
    lonely=(alone/fore)
fi
text=$("${lonely[@]}" true 2>&1 </dev/null | tr -d '\r')
[[ $text =~ foreland.img:\ there\ is\ no\ image\ beside\ the\ program.*zip.*--image ]] ||
    { echo "no image beside the program: $text"; bad=1; }
expect 0 '' create open.img
expect 0 '' import open.img test.tar
before=$(cksum <open.img)
if [ "$(id -u)" = 0 ] && [ "${fore[0]}" != wine ] && setpriv --reuid=65534 --clear-groups true 2>/dev/null; then
    # A folder of somebody else's; then a file that is only to be read in a folder that is not.
    mkdir other && cp open.img other/a.img && cp "${fore[0]}" other/fore && chmod 755 other .
    as_other=(setpriv --reuid=65534 --clear-groups)
    said()
    {
        local text
        text=$("${as_other[@]}" "$PWD/other/fore" --image "$PWD/other/$1" "${@:3}" nothing 2>&1 </dev/null)
        [[ $text =~ $2 ]] || { echo "$1: $text; wanted $2"; bad=1; }
    }
    if "${as_other[@]}" test -x "$PWD/other/fore"; then
        chmod 666 other/a.img
        said a.img 'beside the image \(the folder belongs to somebody else\).*--read-only'
        chmod 777 other && chmod 444 other/a.img
        said a.img 'the image can only be read.*--read-only'
        said a.img 'nothing: not found' --read-only
    fi
fi
if mkdir fixed && mount -t tmpfs none fixed 2>/dev/null; then
    cp open.img fixed/a.img && mount -o remount,ro fixed
    text=$("${fore[@]}" --image fixed/a.img nothing 2>&1 </dev/null | tr -d '\r')
    [[ $text =~ --read-only ]] || { echo "a read-only disk: $text"; bad=1; }
    text=$("${fore[@]}" --read-only --image fixed/a.img nothing 2>&1 </dev/null | tr -d '\r')
    [[ $text =~ nothing:\ not\ found ]] || { echo "read-only on a read-only disk: $text"; bad=1; }
    umount fixed
fi
# Two at a time, and nothing is written.
"${fore[@]}" --read-only --image open.img nothing >read1 2>&1 </dev/null &
text=$("${fore[@]}" --read-only --image open.img nothing 2>&1 </dev/null | tr -d '\r')
wait
[[ $text =~ nothing:\ not\ found ]] || { echo "--read-only: $text"; bad=1; }
grep -q 'nothing: not found' read1 || { echo "--read-only: $(cat read1)"; bad=1; }
[ "$(cksum <open.img)" = "$before" ] || { echo "--read-only wrote to the image"; bad=1; }

# On a terminal a check shows how far it is, in one line that is gone at the end; nowhere else.
if [ "${fore[0]}" != wine ]; then
    python3 - "${fore[@]}" image check test.img <<'END' || bad=1
import os, pty, re, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
text = b''
while True:
    try:
        part = os.read(fd, 4096)
    except OSError:
        break
    if not part:
        break
    text += part
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
shown = [int(n) for n in re.findall(rb'\rtest\.img: (\d+) %', text)]
if status or len(shown) < 3 or shown != sorted(set(shown)) or shown[-1] != 100 or \
        not text.endswith(b'\r\x1b[Ktest.img: clean\r\n'):
    print('check on a terminal:', status, text)
    sys.exit(1)
END
fi
text=$("${fore[@]}" image check test.img 2>&1)
[[ $text != *%* ]] || { echo "check into a pipe: $text"; bad=1; }

# Of a damaged image what can be read is exported, and the rest is named.
cp test.img broken.img
python3 - broken.img tree/sub/large <<'END'
import sys
data = bytearray(open(sys.argv[1], 'rb').read())
at = data.find(open(sys.argv[2], 'rb').read()[100000:100064])
assert at > 0
data[at] ^= 1
open(sys.argv[1], 'wb').write(data)
END
loss='fore: not exported: /sub/large: is damaged.fore: broken.img: the image is damaged: .*'
expect 1 "$loss" export broken.img broken.tar
expect 1 "$loss" export broken.img test5.img
expect 0 'test5.img: clean' check test5.img
expect 0 '' export test5.img test5.tar
for name in broken test5; do
    mkdir $name && tar -x -C $name -f $name.tar
    text=$(diff -r --no-dereference tree $name)
    [ "$text" = 'Only in tree/sub: large' ] || { echo "$name.tar: $text"; bad=1; }
done

# It is repaired in place; the damaged one is kept.
cp broken.img mended.img
expect 1 "mended.img: lost: /sub/large: is damaged.*kept as mended.img-damaged" repair mended.img
cmp broken.img mended.img-damaged || bad=1
expect 0 'mended.img: clean' check mended.img
expect 0 'mended.img: clean' repair mended.img
expect 0 '' export mended.img mended.tar
cmp test5.tar mended.tar || bad=1
# Killed between the steps: once the damaged one has its new name, a repair completes the rest.
mv mended.img mended.img-new
expect 1 'mended.img: .*interrupted; fore image repair completes it' check mended.img
expect 0 'mended.img: repaired.*' repair mended.img
expect 0 'mended.img: clean' check mended.img
# Before that it is made anew, and what an earlier repair kept is not overwritten.
cp broken.img mended.img
expect 1 'fore: mended.img-damaged: is there already.*' repair mended.img
rm mended.img-damaged
head -c 100000 test5.img >mended.img-new
expect 1 'mended.img: lost.*' repair mended.img
expect 0 'mended.img: clean' check mended.img
rm mended.img-damaged
# A first page that says nothing any more costs nothing.
cp test.img first.img
head -c 8192 /dev/urandom | dd of=first.img conv=notrunc status=none
text=$("${fore[@]}" --image first.img nothing 2>&1 </dev/null | tr -d '\r')
[[ $text =~ first.img:\ the\ image\ is\ damaged.*repair ]] || { echo "no first page: $text"; bad=1; }
expect 1 'first.img: page 1 is damaged' check first.img
expect 0 'first.img: repaired, nothing is lost.*' repair first.img
expect 0 '' export test.img whole.tar
expect 0 '' export first.img first.tar
cmp whole.tar first.tar || bad=1
left=$(ls *-new* *-journal *-wal *-owner 2>/dev/null)
[ -z "$left" ] || { echo "left over: $left"; bad=1; }

"$@" write test.img log 1 &
writer=$!
deadline=$((SECONDS + 60))
until [ -s log ] || [ $SECONDS -gt $deadline ]; do
    sleep 0.05
done
expect 1 'fore: test.img: in use by process [0-9]+' check test.img
kill -9 $writer
wait $writer 2>/dev/null
expect 0 'test.img: clean' check test.img
exit $bad
