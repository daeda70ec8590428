#!/bin/bash
# The window says what is wrong, in itself.
set -u
. "$(dirname "$0")/lib.sh"
start --root "$work/nothing"
shows 'cannot start'
shows 'nothing'
answer close
ended

start --image "$work/missing.img"
shows 'cannot start'
shows 'missing.img'
answer close
ended

head -c 100000 /dev/urandom >"$work/broken.img"
start --image "$work/broken.img"
shows 'cannot start'
shows 'broken.img'
answer close
ended

head -c 100000 /dev/urandom >"$work/broken.tar"
start --root "$work/broken.tar"
shows 'cannot start'
shows 'broken.tar'
answer close
ended

# The image belongs to one Foreland; the second one says to which.
fore=$(dirname "$FORELAND_WINDOW")/fore
program=("$FORELAND_WINDOW")
maker=("$fore")
if [ "$host" = wine ]; then
    program=(wine "$FORELAND_WINDOW")
    maker=(wine "$fore.exe")
fi
"${maker[@]}" image create "$work/empty.img" || fail "fore image create"
# hold IMAGE: a second window, where nobody looks at it. ask LINE: tells it something.
hold()
{
    rm -f "$work/holder-in" "$work/holder-out"
    mkfifo "$work/holder-in" "$work/holder-out"
    SDL_VIDEODRIVER=dummy "${program[@]}" --control --image "$1" \
        <"$work/holder-in" >"$work/holder-out" 2>/dev/null &
    holder=$!
    exec 5>"$work/holder-in" 6<"$work/holder-out"
}
ask()
{
    echo "$1" >&5
    read -r -t 60 said <&6
    [ "${said%$'\r'}" = ok ] || fail "$1: $said"
}
let_go()
{
    echo close >&5
    exec 5>&- 6<&-
    wait $holder
}

hold "$work/empty.img"
ask 'wait /bin/bash: not found'
start --image "$work/empty.img"
shows 'cannot start'
shows 'in use by process'
answer close
ended
let_go

# An image of the older format is converted, and the window says how far that is; where it cannot be
# it serves as it is, and the window says why. It has no program.
old=$here/../image/format-2.img.gz
gzip -d <"$old" >"$work/old.img"
hold "$work/old.img"
ask 'note present format'
ask 'wait /bin/bash: not found'
let_go
gzip -d <"$old" >"$work/stays.img"
mkdir "$work/stays.img-new"
hold "$work/stays.img"
ask 'note stays in its older format'
ask 'wait /bin/bash: not found'
let_go

start --root "$FORELAND_ROOT" /no/such/program
shows '/no/such/program: not found'
answer close
ended

# A wrong option: no window, and the status of a wrong call.
if [ "$host" = linux ]; then
    "$FORELAND_WINDOW" --no-such-option 2>"$work/message"
    [ $? -eq 2 ] || fail "wrong option: exit status"
    grep -q -e --no-such-option "$work/message" || fail "the wrong option is not named"
fi
