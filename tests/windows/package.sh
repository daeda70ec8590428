#!/bin/bash
# What a user gets from the zip: unpacks it into a folder with a blank in its name and runs its
# programs under Wine.
#   package.sh ZIP
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
bad=0
export WINEDEBUG=${WINEDEBUG:--all} LC_ALL=C.UTF-8

fail()
{
    echo "FAIL: $*"
    bad=1
}

# same WANTED COMMAND...: standard output, without carriage returns, is WANTED and the status 0.
same()
{
    local wanted=$1 got status
    shift
    got=$("$@" 2>"$work/error" </dev/null)
    status=$?
    if [ "${got//$'\r'/}" != "$wanted" ] || [ $status -ne 0 ]; then
        fail "$*: status $status, output '$got'"
        tail -5 "$work/error"
    fi
}

mkdir "$work/a folder"
unzip -q "$1" -d "$work/a folder" || exit 1
cd "$work/a folder"/foreland-* || exit 1
version=${PWD##*/foreland-}

for file in foreland.exe fore.exe foreland.img LICENSE.txt THIRD-PARTY.txt README.txt PACKAGES.txt; do
    [ -s "$file" ] || fail "the zip has no $file"
done
"$here/imports.sh" foreland.exe fore.exe || bad=1
grep -q 'fore selftest' README.txt || fail "README.txt does not name fore selftest"
for package in apt bash ca-certificates curl git openssh-client python3; do
    grep -q "^$package " PACKAGES.txt || fail "PACKAGES.txt does not list $package"
done

same "fore $version" wine fore.exe --version
wine fore.exe selftest </dev/null >"$work/selftest" 2>&1 || {
    fail "fore selftest"
    grep FAIL "$work/selftest"
}
same "hello from Linux" wine fore.exe bash -c 'echo hello from $(uname -s)'
same "3" wine fore.exe bash -c 'printf "%s\n" c a b | sort | wc -l'
wine fore.exe bash -c 'exit 7' </dev/null >/dev/null 2>&1
[ $? -eq 7 ] || fail "the exit status did not pass through"
same "kept" wine fore.exe bash -c 'echo kept >/root/zip-test && cat /root/zip-test'
same "kept" wine fore.exe cat /root/zip-test
same "" wine fore.exe dpkg --audit
same "101" wine fore.exe bash -c 'policy-rc.d ssh start; echo $?'
for program in 'apt-get --version' 'curl --version' 'git --version' 'ssh -V' 'python3 --version'; do
    # shellcheck disable=SC2086
    wine fore.exe $program </dev/null >/dev/null 2>&1 || fail "$program"
done

# The window, as a double click starts it: its own image, a login bash, which ends it.
SDL_VIDEODRIVER=dummy timeout -k 5 120 wine foreland.exe --control >"$work/window" 2>&1 <<'END'
wait #
type echo $((6 * 7)) from $(uname)\n
wait 42 from Linux
type exit\n
END
status=$?
if [ $status -ne 0 ] || [ "$(tr -d '\r' <"$work/window" | grep -cx ok)" -lt 3 ]; then
    fail "foreland.exe: status $status"
    cat "$work/window"
fi
exit $bad
