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
    text=$(grep -a -E '^(fore:|usage:|test)' <<<"$text" | tr -d '\r')
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
expect 2 'fore: none.tar: no such file' import test.img none.tar
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
