#!/bin/bash
# The manual page is one that groff and mandoc read without a word. (That it says what the options are
# is held by unit.app.config.)
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# Its date would be that of the day it was made.
said=$(groff -man -ww -z -Tutf8 app/foreland.1 2>&1
mandoc -T lint -W warning app/foreland.1 2>&1 | grep -v 'WARNING: missing date')
[ -z "$said" ] || {
    echo "$said"
    exit 1
}
