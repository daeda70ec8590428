#!/bin/bash
# The host ends fore: what guests have written is in the image, though nothing asked for it, and the
# process ends as if by the signal.
#   ending.sh FORE HOST ROOT.tar FORELAND    HOST is linux
set -u
[ -e "$3" ] || {
    echo "skipped: there is no $3 (build the target guest_root)"
    exit 77
}
fore=$1
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
image=$work/test.img
failed=0
"$fore" image create "$image" && "$fore" image import "$image" "$3" || exit 1

fail()
{
    echo "FAIL ending: $*"
    failed=1
}

# Whoever runs the tests may ignore signals, as nohup does.
listening=(env --default-signal=HUP,INT,TERM)

# ends SIGNAL STATUS: of a fore whose guest has just written a file.
ends()
{
    local line status
    coproc "${listening[@]}" "$fore" --image "$image" \
        sh -c "echo kept >/root/$1; echo started; exec sleep 1000" </dev/null
    local pid=$COPROC_PID
    read -r -t 60 line <&"${COPROC[0]}" && [ "$line" = started ] || fail "$1: does not start"
    kill -"$1" "$pid"
    wait "$pid" 2>/dev/null
    status=$?
    [ $status -eq "$2" ] || fail "$1: status $status, not $2"
    line=$("$fore" --image "$image" cat "/root/$1")
    [ "$line" = kept ] || fail "$1: the file holds '$line'"
}

ends TERM 143
ends INT 130
ends HUP 129
# The window, which SDL closes for the other two.
coproc "${listening[@]}" SDL_VIDEODRIVER=dummy XDG_CONFIG_HOME="$work" "$4" --control --image "$image" \
    sh -c 'echo kept >/root/window; echo started; exec sleep 1000' 2>/dev/null
pid=$COPROC_PID
echo 'wait started' >&"${COPROC[1]}"
read -r -t 60 line <&"${COPROC[0]}" && [ "$line" = ok ] || fail "the window does not start: $line"
kill -HUP "$pid"
wait "$pid" 2>/dev/null
status=$?
[ $status -eq 129 ] || fail "the window: status $status, not 129"
line=$("$fore" --image "$image" cat /root/window)
[ "$line" = kept ] || fail "the window: the file holds '$line'"
[ "$("$fore" image check "$image")" = "$image: clean" ] || fail "the image is not clean"
# What the caller has ignored stays so.
coproc (
    trap '' HUP
    exec "$fore" --image "$image" sh -c 'echo started; read -r line; exit 9'
)
pid=$COPROC_PID
read -r -t 60 line <&"${COPROC[0]}" && [ "$line" = started ] || fail "ignored: does not start"
kill -HUP "$pid"
echo line >&"${COPROC[1]}"
wait "$pid"
status=$?
[ $status -eq 9 ] || fail "an ignored SIGHUP: status $status, not 9"
exit $failed
