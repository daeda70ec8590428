#!/bin/bash
# A pipe as the standard output: what poll and epoll say when its reader goes, as on the real kernel.
# On Windows that is known only when a write fails. And what they say when it is full, and what
# ends a write to it, neither of which can be told there.
#   output.sh FORE HOST PROGRAM    HOST is linux or wine; PROGRAM a static program
. "$(dirname "$0")/lib.sh" "$@"
with_root "$3" || exit 2
failed=0

# try NAME COMMAND...: the reader goes, or with "full" as the last word begins to read, when the
# program says that it is waiting.
try()
{
    local name=$1 status
    shift
    rm -f "$work/said" "$work/line"
    mkfifo "$work/said"
    { "$@" 2>"$work/said"; echo $? >"$work/status"; } |
        { read -r line <"$work/said"; echo "$line" >"$work/line"; [ "${!#}" != full ] || cat >/dev/null; }
    status=$(cat "$work/status")
    [ "$status" = 0 ] || {
        echo "FAIL $name: status $status, said $(cat "$work/line")"
        failed=1
    }
}

try 'the real kernel' "$3"
try 'the real kernel, writing' "$3" write
[ "$2" = wine ] || try poll timeout 60 "${fore[@]}" --root "$work/root.tar" output
try 'poll while writing' timeout 60 "${fore[@]}" --root "$work/root.tar" output write
try 'the real kernel, full' "$3" full
[ "$2" = wine ] || try full timeout 60 "${fore[@]}" --root "$work/root.tar" output full
try 'the real kernel, stuck' "$3" stuck
[ "$2" = wine ] || try stuck timeout 60 "${fore[@]}" --root "$work/root.tar" output stuck
exit $failed
