#!/bin/bash
# Makes dist/foreland-<version>-windows-x64.zip: the two programs, the default image with the list
# of its packages, licences and a short note. Installs what is needed first.
#   packaging/windows.sh [--without-image]
# With a certificate (sign.sh) the programs are signed.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top"
image=yes
case ${1:-} in
'') ;;
--without-image) image= ;;
*)
    echo "usage: packaging/windows.sh [--without-image]" >&2
    exit 2
    ;;
esac

die()
{
    echo "windows: $*" >&2
    exit 1
}

say()
{
    echo "windows: $*"
}

# quiet LOG COMMAND...: shows the end of the output only on failure.
quiet()
{
    local log=$1
    shift
    "$@" >"$log" 2>&1 </dev/null || {
        tail -30 "$log" >&2
        die "failed: $*"
    }
}

build=$top/build/package-windows
mkdir -p "$build"
packaging/install.sh build windows
say "libraries"
packaging/deps-windows.sh >/dev/null
say "programs"
quiet "$build/build.log" cmake --preset windows -B "$build" -DCMAKE_BUILD_TYPE=Release \
    -DBUILD_TESTING=OFF
quiet "$build/build.log" cmake --build "$build"
version=$(sed -n 's/^CMAKE_PROJECT_VERSION:STATIC=//p' "$build/CMakeCache.txt")
name=foreland-$version-windows-x64

rm -rf "$build/zip"
folder=$build/zip/foreland-$version
mkdir -p "$folder"
for program in foreland fore; do
    [ -e "$build/$program.exe" ] || die "the build made no $program.exe"
    x86_64-w64-mingw32-strip -o "$folder/$program.exe" "$build/$program.exe"
done
packaging/sign.sh "$folder/foreland.exe" "$folder/fore.exe"
# Windows' editors before 1809 want CRLF; all later ones accept it.
sed 's/$/\r/' LICENSE >"$folder/LICENSE.txt"
sed 's/$/\r/' packaging/windows/README.txt >"$folder/README.txt"
# The licences of what is linked in, as Debian records them; those of the image's packages are in
# the image.
for package in libzydis-dev libzycore-dev libsqlite3-dev zlib1g-dev libpng-dev \
    libfreetype-dev libharfbuzz-dev libsdl2-dev libtsm-dev \
    fonts-dejavu-core mingw-w64-common gcc-mingw-w64-base; do
    [ -r "/usr/share/doc/$package/copyright" ] || die "no copyright file of $package"
    printf '==== %s\n\n' "$package"
    cat "/usr/share/doc/$package/copyright"
    printf '\n'
done | sed 's/$/\r/' >"$folder/THIRD-PARTY.txt"

if [ -n "$image" ]; then
    native=$top/build/package-linux
    say "fore for Linux, which makes the image"
    mkdir -p "$native"
    quiet "$native/build.log" cmake --preset linux -B "$native" -DCMAKE_BUILD_TYPE=Release \
        -DBUILD_TESTING=OFF
    quiet "$native/build.log" cmake --build "$native" --target fore
    say "image"
    packaging/image.sh --fore "$native/fore" "$folder/foreland.img"
    sed 's/$/\r/' "$folder/foreland.packages" >"$folder/PACKAGES.txt"
    rm "$folder/foreland.packages"
fi

mkdir -p dist
rm -f "dist/$name.zip"
(cd "$build/zip" && zip -qr "$top/dist/$name.zip" "foreland-$version")
say "dist/$name.zip"
