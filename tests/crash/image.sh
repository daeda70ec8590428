#!/bin/bash
# Kills a program that writes to an image, again and again, and looks each time whether the image is
# clean and everything promised is there.
#   tests/crash/image.sh FOLDER FORE-COMMAND... -- CRASH_IMAGE-COMMAND...
# The commands may begin with wine. CRASH_ROUNDS (10) says how often, CRASH_SEED from where,
# CRASH_GUEST what program is in the image as /guest.
set -u
folder=$1
shift
. "$(dirname "${BASH_SOURCE[0]}")/../image/lib.sh"
rounds=${CRASH_ROUNDS:-10}
RANDOM=${CRASH_SEED:-$$}
echo "seed ${CRASH_SEED:-$$}"
mkdir -p "$folder"
cd "$folder" || exit 1
rm -f crash.img crash.img-* crash.log
"${fore[@]}" image create crash.img || exit 1
if [ -n "${CRASH_GUEST:-}" ]; then
    mkdir -p root
    cp "$CRASH_GUEST" root/guest && tar -cf root.tar -C root --owner=0 --group=0 . &&
        "${fore[@]}" image import crash.img root.tar || exit 1
fi

lines()
{
    wc -l <crash.log 2>/dev/null || echo 0
}

for round in $(seq "$rounds"); do
    : >crash.log
    wanted=$((RANDOM % 120 + 1))
    "$@" write crash.img crash.log "$round" &
    writer=$!
    deadline=$((SECONDS + 60))
    # The moment of the kill is a number of promises, not a time.
    while [ "$(lines)" -lt $wanted ]; do
        if [ $SECONDS -gt $deadline ] || ! kill -0 $writer 2>/dev/null; then
            echo "round $round: the writer stopped after $(lines) lines"
            kill -9 $writer 2>/dev/null
            exit 1
        fi
        sleep 0.01
    done
    kill -9 $writer
    wait $writer 2>/dev/null
    "${fore[@]}" image check crash.img || exit 1
    "$@" verify crash.img crash.log || exit 1
done
rm -rf crash.img crash.log root root.tar
echo "killed $rounds times"
