#!/bin/bash
# esctest2 at VT level 4, run as xterm is run, one class of tests per process: at least 450 must pass,
# and none may fail that esctest.md does not name with its reason. It is GPL and in no Debian package:
# ESCTEST names a directory that holds its esctest.py. Without one the recorded result stands.
#   esctest.sh HEADLESS [LOGS]
# Exit status 77 without esctest2.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [ ! -e "${ESCTEST:-}/esctest.py" ]; then
    echo "skipped: ESCTEST does not name the directory of esctest2; the last recorded run:"
    sed -n '3,5p' "$here/esctest.md"
    exit 77
fi
headless=$(realpath "$1")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
logs=${2:-$work/logs}
rm -rf "$logs"
mkdir -p "$logs"
logs=$(realpath "$logs")
export headless logs
bad=0
cd "$ESCTEST" || exit 1
sed -nE 's/^class ([A-Za-z0-9_]+).*/\1/p' tests/*.py | sort -u |
    ASAN_OPTIONS=detect_leaks=0 xargs -P2 -I{} sh -c '"$headless" --reports --size 25x80 \
        --seconds 120 python3 esctest.py --expected-terminal xterm --max-vt-level 4 \
        --xterm-checksum 334 --include "^{}\\." --logfile "$logs/{}.log" --no-print-logs \
        >/dev/null 2>&1'
passed=$(cat "$logs"/*.log | grep -c '^Passed')
sed -nE 's/.*TEST ([A-Za-z0-9_.]+) FAILED.*/\1/p' "$logs"/*.log | sort >"$work/failed"
echo "esctest2: $passed passed, $(wc -l <"$work/failed") failed"
[ "$passed" -ge 450 ] || bad=1
while read -r name; do
    grep -qF "\`$name\`" "$here/esctest.md" || {
        echo "$name fails and is not in tests/term/esctest.md"
        bad=1
    }
done <"$work/failed"
exit $bad
