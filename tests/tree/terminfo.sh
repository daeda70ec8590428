#!/bin/bash
# The terminfo entry compiles without a word and says what the terminal can do beyond xterm.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
said=$(tic -x -o "$work" term/foreland.terminfo 2>&1) && [ -z "$said" ] || {
    echo "tic: $said"
    exit 1
}
listed=$(TERMINFO=$work infocmp -1 -x foreland) || exit 1
for name in Smulx Setulc Sync RGB Tc smxx Smol BE colors kcuu1 smcup; do
    grep -q "^[[:blank:]]*$name[=#,]" <<<"$listed" || {
        echo "$name is missing"
        exit 1
    }
done
# Synchronized output: 1 begins, 2 ends.
begin=$(TERMINFO=$work tput -T foreland Sync 1) || exit 1
end=$(TERMINFO=$work tput -T foreland Sync 2) || exit 1
[ "$begin" = $'\e[?2026h' ] && [ "$end" = $'\e[?2026l' ] || {
    printf 'Sync gives %q and %q\n' "$begin" "$end"
    exit 1
}
