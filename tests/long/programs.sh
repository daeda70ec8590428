#!/bin/bash
# The programs of tests/term/programs.sh and those that are too large to install for every run.
#   programs.sh OUT
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
out=$(realpath "$1")
cd "$top" || exit 1
cmake --preset linux >"$out/build.log" 2>&1 &&
    cmake --build --preset linux --target term_headless >>"$out/build.log" 2>&1 || {
    tail -20 "$out/build.log"
    exit 1
}
tests/term/programs.sh build/linux/tests/term_headless less vim tmux htop mc emacs nethack
