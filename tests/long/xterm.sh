#!/bin/bash
# Compares the terminal with xterm by random sessions (xterm.py), on screens of several sizes.
# tests/term/xterm.md names what is left out, and why.
#   xterm.sh OUT      differences in OUT/<size>
# FORELAND_XTERM_SESSIONS says how many (40000), FORELAND_XTERM_SEED with which number they begin (1).
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
out=$(realpath "$1")
sessions=${FORELAND_XTERM_SESSIONS:-40000}
seed=${FORELAND_XTERM_SEED:-1}
bad=0

for tool in xterm Xvfb python3; do
    command -v $tool >/dev/null || {
        echo "xterm: no $tool: skipped"
        exit 0
    }
done
cd "$top" || exit 1
cmake --preset linux >"$out/build.log" 2>&1 &&
    cmake --build --preset linux --target term_headless >>"$out/build.log" 2>&1 || {
    tail -20 "$out/build.log"
    exit 1
}
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
