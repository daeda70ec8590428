#!/bin/bash
# fore selftest passes on the machine of the tests, and says so when something is not as it has to be.
#   selftest.sh FORE HOST    HOST is linux or wine
. "$(dirname "$0")/lib.sh" "$@"
failed=0

fail()
{
    echo "FAIL selftest: $*"
    failed=1
}

said=$("${fore[@]}" selftest 2>&1 </dev/null | tr -d '\r'; exit "${PIPESTATUS[0]}")
status=$?
[ $status -eq 0 ] || fail "status $status"
grep '^FAIL' <<<"$said" && failed=1
lines=$(grep -c '^pass  [^:]*: ..*' <<<"$said")
[ "$lines" -ge 40 ] || fail "$lines lines: $said"
[ "$(head -n 1 <<<"$said")" = "fore $("${fore[@]}" --version 2>/dev/null | tr -d '\r' | cut -d' ' -f2) selftest" ] ||
    fail "the first line: $said"
[ "$(tail -n 1 <<<"$said")" = "$lines lines, 0 failed" ] || fail "the last line: $said"

# No folder for files of ours. Wine takes that from its registry.
if [ "$2" = linux ]; then
    said=$(XDG_CACHE_HOME=/dev/null/none "${fore[@]}" selftest 2>&1 </dev/null)
    status=$?
    [ $status -eq 1 ] || fail "status $status without a folder"
    grep -q '^FAIL  a folder can be made: ' <<<"$said" || fail "says nothing of the folder: $said"
fi
exit $failed
