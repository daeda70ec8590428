#!/bin/bash
# Cross-builds the libraries that Foreland for Windows links with: Zydis, Check, SQLite, zlib, libpng,
# FreeType, HarfBuzz and SDL2 from Debian's source packages, and libtsm converted from Debian's binary
# one (libtsm-to-coff.py). Each in the version whose native package is installed.
#
#   packaging/deps-windows.sh           builds what is missing, prints the prefix on the last line
#   packaging/deps-windows.sh --path    prints the prefix, builds nothing
#
# The result is kept in ${FORELAND_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/foreland}, one folder for
# each set of versions and recipe. Nothing is installed; the packages named in packaging/packages.txt
# have to be there.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${FORELAND_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/foreland}
host=x86_64-w64-mingw32
cc=$host-gcc-win32
packages=(libzydis-dev libzycore-dev check libsqlite3-dev zlib1g-dev libpng-dev libfreetype-dev
    libharfbuzz-dev libsdl2-dev libtsm-dev)

die()
{
    echo "deps-windows: $*" >&2
    exit 1
}

say()
{
    echo "deps-windows: $*" >&2
}

command -v $cc >/dev/null || die "no $cc: install gcc-mingw-w64-x86-64 (packaging/packages.txt)"
versions=$(dpkg-query -W -f '${source:Package} ${source:Version}\n' "${packages[@]}" 2>/dev/null) ||
    die "some of these packages are not installed: ${packages[*]} (packaging/packages.txt)"
recipe=$(cat "$here/deps-windows.sh" "$here"/libtsm-{to-coff.py,libc.c})
key=$(printf '%s\n' "$versions" "$($cc -dumpfullversion)" "$recipe" | sha256sum | cut -c1-16)
prefix=$cache/windows-$key

if [ "${1:-}" = --path ]; then
    echo "$prefix"
    exit 0
fi
if [ -e "$prefix/complete" ]; then
    echo "$prefix"
    exit 0
fi

mkdir -p "$cache"
work=$(mktemp -d "$cache/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
out=$work/prefix
mkdir -p "$out/include" "$out/lib" "$out/share" "$work/src"
jobs=$(nproc)

fetch()
{
    local package version wanted=()
    while read -r package version; do
        case $package in
        # Only headers and the built library are used of these, from the installed packages.
        zycore-c | libtsm) continue ;;
        esac
        wanted+=("$package=$version")
    done < <(sort -u <<<"$versions")
    printf '%s\n' "${wanted[@]}" >"$out/share/versions"
    say "fetching source packages"
    "$here/debian-source.sh" "$work/src" "${wanted[@]}" || exit 1
}

# Runs a step with its output kept; on failure shows the end of it. Not in a condition, where bash
# would go on after a command that fails.
step()
{
    local name=$1 status
    say "building $name"
    set +e
    (
        set -e
        "build_$name"
    ) >"$work/$name.log" 2>&1
    status=$?
    set -e
    [ $status -eq 0 ] || {
        grep 'killed by SIG' "$work/$name.log" >&2 || true
        tail -20 "$work/$name.log" >&2
        die "building $name failed (status $status)"
    }
}

source_of()
{
    set -- "$work/src/$1"-*/
    [ -d "$1" ] || return 1
    echo "${1%/}"
}

compile_all()
{
    local library=$1
    shift
    local objects=$work/objects/$library
    mkdir -p "$objects"
    local sources=() flags=()
    local argument
    for argument in "$@"; do
        case $argument in
        *.c) sources+=("$argument") ;;
        *) flags+=("$argument") ;;
        esac
    done
    printf '%s\n' "${sources[@]}" |
        (cd "$objects" && xargs -P "$jobs" -n 1 $cc -O2 -g -c -ffunction-sections "${flags[@]}")
    $host-ar rcs "$out/lib/lib$library.a" "$objects"/*.o
}

cross_cmake()
{
    local name=$1
    shift
    cmake -S "$(source_of "$name")" -B "$work/$name" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
        -DCMAKE_SYSTEM_NAME=Windows -DCMAKE_SYSTEM_PROCESSOR=x86_64 -DCMAKE_C_COMPILER=$cc \
        -DCMAKE_CXX_COMPILER=$host-g++-win32 -DCMAKE_RC_COMPILER=$host-windres \
        -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY \
        -DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=ONLY -DCMAKE_INSTALL_PREFIX="$out" \
        -DCMAKE_INSTALL_LIBDIR=lib -DBUILD_SHARED_LIBS=OFF -G Ninja "$@"
    cmake --build "$work/$name" -j "$jobs"
    cmake --install "$work/$name"
}

build_zydis()
{
    local src
    src=$(source_of zydis)
    cp -r "$src/include/Zydis" /usr/include/Zycore "$out/include/"
    compile_all Zydis -DZYDIS_STATIC_BUILD -DZYCORE_STATIC_BUILD -I"$src/include" -I"$src/src" \
        -I"$out/include" "$src"/src/*.c
}

build_check()
{
    cross_cmake check -DHAVE_FORK=OFF -DCHECK_ENABLE_TESTS=OFF -DBUILD_TESTING=OFF
}

build_sqlite()
{
    local src
    src=$(source_of sqlite3)
    mkdir -p "$work/sqlite"
    (cd "$work/sqlite" && "$src/configure" && make sqlite3.c)
    cp "$work/sqlite/sqlite3.h" "$out/include/"
    compile_all sqlite3 -DSQLITE_THREADSAFE=1 -DSQLITE_OMIT_LOAD_EXTENSION -I"$work/sqlite" \
        "$work/sqlite/sqlite3.c"
}

build_zlib()
{
    local src
    src=$(source_of zlib)
    cp "$src/zlib.h" "$src/zconf.h" "$out/include/"
    compile_all z "$src"/{adler32,crc32,deflate,infback,inffast,inflate,inftrees,trees,zutil}.c
}

# The configuration that libpng ships is its default one.
build_png()
{
    local src
    src=$(source_of libpng1.6)
    cp "$src/scripts/pnglibconf.h.prebuilt" "$out/include/pnglibconf.h"
    cp "$src/png.h" "$src/pngconf.h" "$out/include/"
    compile_all png16 -DPNG_INTEL_SSE_OPT=0 -I"$out/include" \
        "$src"/png{,error,get,mem,pread,read,rio,rtran,rutil,set,trans,wio,write,wtran,wutil}.c
}

# With libpng, for the pictures in fonts with emoji.
build_freetype()
{
    cross_cmake freetype -DFT_DISABLE_BZIP2=TRUE -DFT_DISABLE_HARFBUZZ=TRUE \
        -DFT_DISABLE_BROTLI=TRUE -DFT_REQUIRE_ZLIB=TRUE -DFT_REQUIRE_PNG=TRUE \
        -DZLIB_LIBRARY="$out/lib/libz.a" -DZLIB_INCLUDE_DIR="$out/include" \
        -DPNG_LIBRARY="$out/lib/libpng16.a" -DPNG_PNG_INCLUDE_DIR="$out/include"
}

# One file that includes the others; it needs nothing of the C++ library at run time.
build_harfbuzz()
{
    local src
    src=$(source_of harfbuzz)
    mkdir -p "$out/include/harfbuzz" "$work/objects/harfbuzz"
    cp "$src"/src/hb*.h "$out/include/harfbuzz/"
    $host-g++-win32 -O2 -g -std=c++11 -c -fno-exceptions -fno-rtti -fno-threadsafe-statics \
        -ffunction-sections -Wa,-mbig-obj -DHB_NO_MT -DHAVE_FREETYPE \
        -DHAVE_FT_GET_VAR_BLEND_COORDINATES -DHAVE_FT_SET_VAR_BLEND_COORDINATES \
        -DHAVE_FT_DONE_MM_VAR -DHAVE_FT_GET_TRANSFORM -I"$out/include/freetype2" \
        "$src/src/harfbuzz.cc" -o "$work/objects/harfbuzz/harfbuzz.o"
    $host-ar rcs "$out/lib/libharfbuzz.a" "$work/objects/harfbuzz/harfbuzz.o"
}

build_sdl2()
{
    cross_cmake libsdl2 -DSDL_SHARED=OFF -DSDL_STATIC=ON -DSDL_TEST=OFF -DSDL_AUDIO=OFF \
        -DSDL_JOYSTICK=OFF -DSDL_HAPTIC=OFF -DSDL_HIDAPI=OFF -DSDL_SENSOR=OFF -DSDL_POWER=OFF \
        -DSDL_VULKAN=OFF
}

build_tsm()
{
    local objects=$work/objects/tsm
    mkdir -p "$objects"
    python3 "$here/libtsm-to-coff.py" "$(dpkg -L libtsm-dev | grep '/libtsm\.a$')" \
        "$(dpkg -L libtsm-dev | grep '/libtsm\.h$')" "$objects"
    local source
    for source in "$objects"/*.s "$here/libtsm-libc.c"; do
        $cc -O2 -c "$source" -o "$objects/$(basename "${source%.*}").o"
    done
    $host-ar rcs "$out/lib/libtsm.a" "$objects"/*.o
    cp "$objects/libtsm.h" "$out/include/"
}

fetch
step zydis
step check
step sqlite
step zlib
step png
step freetype
step harfbuzz
step sdl2
step tsm
touch "$out/complete"
# Whoever finishes first wins; the other's identical result is thrown away.
mv -T "$out" "$prefix" 2>/dev/null || [ -e "$prefix/complete" ] || die "cannot write $prefix"
echo "$prefix"
