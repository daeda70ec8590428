#!/bin/bash
# The options of fore: what is wrong is named and gives 2, what cannot be found or run gives 127 or
# 126, and what the program prints and returns comes through.
#   options.sh FORE HOST PROGRAM    HOST is linux or wine; PROGRAM a static program
. "$(dirname "$0")/lib.sh" "$@"
mkdir "$work/host"
with_root "$3" || exit 2
echo text >"$work/host/file"
root=(--root "$work/root.tar")
failed=0

# expect STATUS TEXT ARGUMENTS...: TEXT is a pattern that the output has to match.
expect()
{
    local status=$1 text=$2 output
    shift 2
    output=$(timeout 60 "${fore[@]}" "$@" 2>&1 </dev/null)
    local got=$?
    output=${output//$'\r'/}
    if [ $got -ne "$status" ] || [[ $output != $text ]]; then
        echo "FAIL fore $*: status $got, not $status; said: $output"
        failed=1
    fi
}

expect 2 '*--nonsense*' --nonsense hello
expect 2 '*--root*' --root
expect 2 '*/no/such/root*' --root /no/such/root hello
expect 2 '*/no/such/image*' --image /no/such/image hello
expect 2 '*--root*--image*' --root a --image b hello
expect 2 '*--read-only*--root*' --root a --read-only hello
expect 2 '*--log*/no/such/log*: No such file or directory' "${root[@]}" --log /no/such/log hello
expect 2 '*--memory*12Q*' --memory 12Q hello
expect 2 '*--mount*nothing*' --mount nothing hello
expect 2 '*--env*nothing*' --env nothing hello
expect 2 '*--cwd /no/such*' "${root[@]}" --cwd /no/such hello
expect 2 '*command*' "${root[@]}"
expect 0 '*usage: fore*' --help
expect 0 'fore [0-9]*' --version
expect 127 '*nowhere*' "${root[@]}" nowhere
expect 127 '*/bin/nowhere*' "${root[@]}" /bin/nowhere
expect 126 '*/etc*' "${root[@]}" /etc
expect 0 'hello from*' "${root[@]}" hello
expect 0 'hello from*' "${root[@]}" --env PATH=/bin --cwd /tmp --memory 512M -- hello
expect 1 'hello from*' "${root[@]}" hello with an argument
expect 0 '*write(1, "hello*' "${root[@]}" --strace hello
expect 0 'hello from*' "${root[@]}" --mount "$work/root/bin:/mnt" /mnt/hello
exit $failed
