#!/bin/bash
# The tree's text: plain ASCII or UTF-8 without trailing blanks, no unfinished marks, no path of
# the machine it was written on, no download host.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
bad=0
files=$(find . -path ./build -prune -o -path ./dist -prune -o -path ./.git -prune -o \
    -path ./tests/tree/text.sh -prune -o -type f \
    \( -name '*.[chS]' -o -name '*.sh' -o -name '*.py' -o -name '*.md' -o -name '*.cmake' \
    -o -name 'CMakeLists.txt' \) -print)

look()
{
    if grep -nE "$2" $files; then
        echo "$1"
        bad=1
    fi
}

look "trailing blanks" '[[:blank:]]+$'
look "unfinished marks" '\b(TODO|FIXME|XXX|HACK)\b([^*]|$)'
look "a path of one machine" '(^|[^[:alnum:]])/(work|home/[a-z]+)/'
look "a download host" 'https?://[a-z.-]*(debian|npm|pypi)[a-z.-]*/'
exit $bad
