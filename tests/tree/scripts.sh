#!/bin/bash
# Every shell script parses, can be executed and says how bash is to treat unset variables; one that
# others read in (lib.sh) need not be executable and speaks for them.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
bad=0
while read -r script; do
    bash -n "$script" || bad=1
    [ -x "$script" ] || [ "${script##*/}" = lib.sh ] || {
        echo "$script: not executable"
        bad=1
    }
    grep -qE '^set -[a-z]*u|^\. .*/lib\.sh' "$script" || {
        echo "$script: no set -u"
        bad=1
    }
done < <(find packaging tests assets -path packaging/image/root -prune -o -name '*.sh' -print)
exit $bad
