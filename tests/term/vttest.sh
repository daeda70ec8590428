#!/bin/bash
# vttest's menus on the terminal: after each key the screen is what it was when it was compared
# with xterm's. tests/term/vttest/<menu>.keys is what is typed, <menu>.sums the checksum of each
# screen.
#   vttest.sh HEADLESS [--record]    --record writes the sums; look at the screens before
# Exit status 77 where vttest is not installed.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
headless=$1
command -v vttest >/dev/null || {
    echo "vttest is not installed: skipped"
    exit 77
}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

one()
{
    local keys=$1 menu
    menu=$(basename "$keys" .keys)
    mkdir "$work/$menu"
    "$headless" --keys "$keys" --quiet 1000 --steps --seconds 120 vttest 24x80.80 >"$work/$menu/all"
    awk -v to="$work/$menu/" 'BEGIN { n = 0; file = sprintf("%s%02d", to, n) }
        /^--------$/ { file = sprintf("%s%02d", to, ++n); next }
        { sub(/ +$/, ""); print >file }' "$work/$menu/all"
    (cd "$work/$menu" && sha256sum ?? | cut -c1-20,65-) >"$work/$menu.sums"
}

# Most of the time is waiting: all menus at once.
for keys in "$here"/vttest/*.keys; do
    one "$keys" &
done
wait
bad=0
for keys in "$here"/vttest/*.keys; do
    menu=$(basename "$keys" .keys)
    if [ "${2:-}" = --record ]; then
        cp "$work/$menu.sums" "$here/vttest/$menu.sums"
        continue
    fi
    while read -r sum step; do
        grep -q "^$sum  *$step$" "$here/vttest/$menu.sums" && continue
        echo "$menu: screen $step is another one:"
        cat "$work/$menu/$step"
        bad=1
    done <"$work/$menu.sums"
    cmp -s <(wc -l <"$work/$menu.sums") <(wc -l <"$here/vttest/$menu.sums") || bad=1
done
exit $bad
