#!/bin/bash
# Foreland on a fresh Debian machine: installs what is needed, builds it, makes the default root
# image from Debian packages and opens the window with a login bash in it. Where there is no
# display, the same bash runs in the present terminal.
#   packaging/try.sh [COMMAND...]     runs COMMAND in the present terminal instead
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top"
build=$top/build/package-linux

die()
{
    echo "try: $*" >&2
    exit 1
}

say()
{
    echo "try: $*" >&2
}

packaging/install.sh build
mkdir -p "$build"
say "building"
{
    cmake --preset linux -B "$build" -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF &&
        cmake --build "$build"
} >"$build/build.log" 2>&1 </dev/null || {
    tail -30 "$build/build.log" >&2
    die "the build failed ($build/build.log)"
}
if [ ! -e "$build/foreland.img" ]; then
    say "making the root image"
    packaging/image.sh --fore "$build/fore" "$build/foreland.img"
fi

if [ $# -gt 0 ]; then
    exec "$build/fore" --image "$build/foreland.img" "$@"
fi
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && [ -x "$build/foreland" ]; then
    say "opening the window"
    exec "$build/foreland" --image "$build/foreland.img"
fi
say "there is no display: bash runs in this terminal"
exec "$build/fore" --image "$build/foreland.img" bash -l
