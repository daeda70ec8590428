#!/bin/bash
# What `cmake --install` puts into a folder of its own is there, and fore says its version from
# there: install.sh FORE linux|wine BUILD.
set -u
fore=$1 host=$2 build=$3
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work" >"$work/log" 2>&1 || {
    cat "$work/log"
    exit 1
}
name=$(basename "$fore")
for file in "bin/$name" "bin/foreland${name#fore}" share/doc/foreland/LICENSE; do
    [ -s "$work/$file" ] || {
        echo "$file is missing"
        exit 1
    }
done
run=()
[ "$host" = wine ] && run=(wine)
"${run[@]}" "$work/bin/$name" --version | tr -d '\r' | grep -q '^fore [0-9]' || {
    echo "fore does not say its version"
    exit 1
}
[ "$host" = wine ] || [ -s "$work/share/man/man1/foreland.1" ] || {
    echo "no manual"
    exit 1
}
