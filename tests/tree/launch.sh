#!/bin/bash
# A step of a build that a signal ends says by which one, and every step's exit status is its own.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
bad=0

# expect STATUS WORDS SCRIPT: what sh says with this script, run by packaging/launch.sh.
expect()
{
    local said status
    said=$(packaging/launch.sh sh -c "$3" 2>&1 >/dev/null)
    status=$?
    said=$(grep -o 'killed by SIG[A-Z]*' <<<"$said")
    [ $status = "$1" ] && [ "$said" = "$2" ] || {
        echo "$3: status $status, said '$said'"
        bad=1
    }
}

expect 0 '' 'exit 0'
expect 1 '' 'exit 1'
expect 255 '' 'exit 255'
expect 137 'killed by SIGKILL' 'kill -9 $$'
expect 139 'killed by SIGSEGV' 'kill -SEGV $$'
exit $bad
