#!/bin/bash
# Attacks on images for longer than tests/run.sh has time: damage at random places, conversions that
# are killed. Results are kept in tests/long/image.md.
set -u
. "$(dirname "$0")/lib.sh"
build linux fore image_attack
tests=$top/build/linux/tests
cd "$out" || exit 1
bad=0
for seed in 11 12 13 14; do
    "$tests/image_attack" flips "${IMAGE_FLIPS:-2500}" $seed || bad=1
    "$tests/image_attack" around "${IMAGE_AROUND:-1000}" $seed || bad=1
    "$tests/image_attack" rescue "${IMAGE_AROUND:-1000}" $seed || bad=1
    "$tests/image_attack" repair "${IMAGE_AROUND:-1000}" $seed || bad=1
done
"$tests/image_attack" rows || bad=1
FORMATS_KILLS=${IMAGE_KILLS:-60} "$top/tests/image/formats.sh" "$out/formats" \
    "$top/build/linux/fore" -- "$tests/image_attack" || bad=1
exit $bad
