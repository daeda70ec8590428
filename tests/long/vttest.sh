#!/bin/bash
# Compares vttest's screens with xterm's: both get the same keys (tests/term/vttest), and after each
# the text of the screen is compared, xterm's as its print command gives it. A screen that is another
# one has to stand in tests/term/vttest.md with its reason. What the terminal shows has to be what
# tests/term/vttest.sh holds it to, too.
#   vttest.sh OUT      screens in OUT/ours and OUT/xterm
# xterm cannot tell when it has shown everything, so each step waits FORELAND_VTTEST_WAIT seconds (2).
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
wait=${FORELAND_VTTEST_WAIT:-2}
bad=0

wanted vttest xterm xdotool Xvfb
cd "$top" || exit 1
build linux term_headless
headless=$top/build/linux/tests/term_headless
rm -rf "$out/ours" "$out/xterm"
mkdir -p "$out/ours" "$out/xterm"
export LC_ALL=C.UTF-8

ours()
{
    local menu=$1
    mkdir "$out/ours/$menu"
    "$headless" --keys "tests/term/vttest/$menu.keys" --quiet 1000 --steps --seconds 200 \
        vttest 24x80.80 >"$out/ours/$menu.all"
    awk -v to="$out/ours/$menu/" 'BEGIN { n = 0; file = sprintf("%s%02d", to, n) }
        /^--------$/ { file = sprintf("%s%02d", to, ++n); next }
        { sub(/ +$/, ""); print >file }' "$out/ours/$menu.all"
}

# xterm's screen as a file, by a key that prints it.
shot()
{
    local i
    rm -f "$folder/printed"
    xdotool key --window "$window" F12
    for ((i = 0; i < 100; i++)); do
        [ -e "$folder/printed" ] && break
        sleep 0.05
    done
    sed 's/[[:blank:]]*$//; s/\f//g' "$folder/printed" >"$(printf '%s/%02d' "$folder" "$step")"
    step=$((step + 1))
}

xterm_of()
{
    local menu=$1 line step=0 window display program
    folder=$out/xterm/$menu
    mkdir "$folder"
    printf '#!/bin/sh\ncat >"%s/new" && mv "%s/new" "%s/printed"\n' "$folder" "$folder" "$folder" \
        >"$folder/print"
    chmod +x "$folder/print"
    Xvfb -displayfd 5 -screen 0 1280x1024x24 -nolisten tcp 5>"$folder/display" 2>/dev/null &
    display=$!
    until [ -s "$folder/display" ]; do sleep 0.05; done
    DISPLAY=:$(cat "$folder/display")
    export DISPLAY
    xterm -u8 -geometry 80x24 -ti vt420 -xrm "*printerCommand: $folder/print" \
        -xrm '*printerAutoClose: true' -xrm '*printAttributes: 0' \
        -xrm '*VT100.translations: #override <Key>F12: print()' -e sh -c "printf '\033[?19h'; exec vttest 24x80.80" 2>/dev/null &
    program=$!
    window=$(xdotool search --sync --onlyvisible --class xterm | head -1)
    xdotool windowfocus --sync "$window"
    while IFS= read -r line; do
        sleep "$wait"
        shot
        [ -z "$line" ] || xdotool type "$line"
        xdotool key Return
    done <"tests/term/vttest/$menu.keys"
    sleep "$wait"
    shot
    kill $program $display
    wait 2>/dev/null
    rm -f "$folder"/{print,printed,display}
}

menus=$(cd tests/term/vttest && ls ./*.keys | sed 's,./,,; s/\.keys//')
for menu in $menus; do
    ours "$menu" &
    (xterm_of "$menu") &
done
wait
same=0
for menu in $menus; do
    for screen in "$out/xterm/$menu"/??; do
        step=$(basename "$screen")
        if diff -q "$screen" "$out/ours/$menu/$step" >/dev/null 2>&1; then
            same=$((same + 1))
        elif grep -q "^- \`$menu $step\`" tests/term/vttest.md; then
            echo "vttest: $menu $step is another one, as vttest.md says"
        else
            echo "vttest: $menu $step is another one: xterm's, ours"
            diff "$screen" "$out/ours/$menu/$step" | head -20
            bad=1
        fi
    done
done
echo "vttest: $same screens are xterm's"
exit $bad
