#!/bin/bash
# Compares the terminal with xterm by random sessions (xterm.py), on screens of several sizes.
# tests/term/xterm.md names what is left out, and why.
#   xterm.sh OUT      differences in OUT/<size>
# FORELAND_XTERM_SESSIONS says how many (40000), FORELAND_XTERM_SEED with which number they begin (1).
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
sessions=${FORELAND_XTERM_SESSIONS:-40000}
seed=${FORELAND_XTERM_SEED:-1}
bad=0

wanted xterm Xvfb python3
cd "$top" || exit 1
build linux term_headless
# Size, and its share of the sessions: most differences show on a small screen, and soonest.
while read -r size share; do
    tests/long/xterm.py build/linux/tests/term_headless --size "$size" --seed "$seed" \
        --sessions $((sessions * share / 100)) >"$out/$size" 2>&1 || bad=1
    cat "$out/$size"
    seed=$((seed + sessions))
done <<'EOF'
7x16 80
4x9 10
12x40 9
24x80 1
EOF
exit $bad
