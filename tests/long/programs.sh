#!/bin/bash
# The programs of tests/term/programs.sh and those that are too large to install for every run.
#   programs.sh OUT
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$top" || exit 1
build linux term_headless
tests/term/programs.sh build/linux/tests/term_headless less vim tmux htop mc emacs nethack
