#!/bin/bash
# Every C file is as clang-format leaves it.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
format=$(command -v clang-format-14) || {
    echo "no clang-format-14"
    exit 1
}
find app runtime term tests packaging \( -name '*.c' -o -name '*.h' \) -print0 2>/dev/null |
    xargs -0 -r "$format" --dry-run -Werror
