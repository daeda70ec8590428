#!/bin/bash
# fore called from cmd.exe: pipes on both sides, files, and the status in %ERRORLEVEL%.
#   cmd.sh FORE ROOT.tar
set -u
[ -e "$2" ] || {
    echo "skipped: there is no $2 (build the target guest_root)"
    exit 77
}
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
backslashes()
{
    local path
    path=$(realpath "$1")
    echo "Z:${path//\//\\}"
}
# Without quotes: Wine's cmd loses a redirection, or the command of a for, behind them.
fore="$(backslashes "$1") --root $(backslashes "$2")"
cd "$work" || exit 2
printf 'pear\r\napple\r\n' >fruit.txt
cat >test.bat <<END
@echo off
$fore bash -c "echo one; echo two; echo three" | find "t"
echo find %ERRORLEVEL%
type fruit.txt | $fore sort
$fore sort < fruit.txt
$fore bash -c "exit 7"
echo status %ERRORLEVEL%
$fore bash -c "kill -TERM \$\$"
echo status %ERRORLEVEL%
$fore bash -c "echo kept; echo lost >&2" > out.txt 2> err.txt
echo status %ERRORLEVEL%
type out.txt
type err.txt
$fore printf "%%s|" "two words" "" "a^b" "c\"d"
echo.
$fore nowhere 2>nul
echo status %ERRORLEVEL%
$fore seq 20000 | $fore head -n 2
for /f %%i in ('$fore uname -s') do echo system %%i
$fore cat < nul
echo status %ERRORLEVEL%
exit /b 5
END
sed -i 's/$/\r/' test.bat
cat >wanted <<'END'
two
three
find 0
apple
pear
apple
pear
status 7
status 143
status 0
kept
lost
two words||a^b|c"d|
status 127
1
2
system Linux
status 0
END
LC_ALL=C.UTF-8 WINEDEBUG=${WINEDEBUG:--all} timeout -k 5 100 wine cmd /c test.bat </dev/null 2>error |
    tr -d '\r' >said
status=${PIPESTATUS[0]}
diff wanted said || {
    echo "FAIL cmd: (< wanted, > said)"
    exit 1
}
[ "$status" -eq 5 ] || {
    echo "FAIL cmd: status $status"
    exit 1
}
