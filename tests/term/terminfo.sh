#!/bin/bash
# What the terminal sends for each key is what the terminfo entry says: exactly for foreland, and
# for the system's xterm-256color but for the keys listed below.
#   terminfo.sh PROGRAM      PROGRAM: terminfo.c
# Exit status 77 without ncurses' tools.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=$(realpath "$1")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
bad=0

for tool in tic infocmp; do
    command -v $tool >/dev/null || {
        echo "skipped: no $tool"
        exit 77
    }
done
said=$(tic -c -x "$here/../../term/foreland.terminfo" 2>&1) && [ -z "$said" ] || {
    echo "tic -c: $said"
    bad=1
}
tic -x -o "$work" "$here/../../term/foreland.terminfo" || exit 1
infocmp -1 -x -A "$work" foreland >"$work/foreland" || exit 1
# What must be there for the program to have tried it.
for name in smkx fe kxIN kxOUT BE PS PE XM kmous kf63 kDC7 kcuu1 kent; do
    grep -q "^[[:blank:]]$name=" "$work/foreland" || {
        echo "$name is missing"
        bad=1
    }
done
differences=$("$program" <"$work/foreland") || exit 1
[ -z "$differences" ] || {
    echo "foreland:"
    echo "$differences"
    bad=1
}

# The keypad of that entry is a VT100's, whose digits send sequences of their own. A PC's digits
# type with Num Lock and move without; so xterm does it too.
sort >"$work/known" <<'END'
ka1 \EOw sent \EOH
ka2 \EOx sent \EOA
ka3 \EOy sent \E[5~
kb1 \EOt sent \EOD
kb2 \EOu sent \EOE
kb3 \EOv sent \EOC
kc1 \EOq sent \EOF
kc2 \EOr sent \EOB
kc3 \EOs sent \E[6~
kpDOT \EOn sent \E[3~
kpZRO \EOp sent \E[2~
END
infocmp -1 -x xterm-256color >"$work/xterm" || exit 1
"$program" <"$work/xterm" | sort >"$work/got"
unknown=$(comm -13 "$work/known" "$work/got")
[ -z "$unknown" ] || {
    echo "xterm-256color:"
    echo "$unknown"
    bad=1
}
exit $bad
