#!/bin/bash
# Makes a root file system from Debian packages: a tar, and from it an image when `fore` is there.
#
#   packaging/image.sh [--minimal [--with LIST]] [--fore FORE] OUT.tar|OUT.img
#   packaging/image.sh [--minimal [--with LIST]] --path
#                                 prints where the cached tar is, after making it
#   packaging/image.sh [--path] --archives FOLDER PACKAGE...
#
# OUT.tar gets the tar alone. Any other name gets an image made by `FORE image create` and `import`;
# the packages and versions inside are listed beside either one as OUT.packages.
# --minimal takes the few packages that the tests' root needs (packaging/image/packages-minimal), and
# those that the file LIST names.
# --archives puts into FOLDER the archives of these packages, and of all that they need which the
# default image has not.
#
# The packages are resolved by apt against an empty system, from the Debian sources this machine
# has already, with lists and caches of its own: the machine's own state is neither read nor changed.
# The result is cached outside the tree, keyed by recipe, packages and versions. Needs root (the
# files' owners, and a chroot for the packages' scripts), apt, mmdebstrap and tic.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
recipe=$here/image
cache=${FORELAND_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/foreland}

die()
{
    echo "image.sh: $*" >&2
    exit 1
}

say()
{
    echo "image.sh: $*" >&2
}

usage()
{
    sed -n '4,7s/^# *//p' "$0" >&2
    exit 2
}

# A private apt: the machine's settings (proxies among them) without its hooks and places.
private_apt()
{
    local apt=$1
    rm -rf "$apt/sources" "$apt/conf"
    mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/empty"
    : >"$apt/status"
    "$here/debian-entries.sh" "$apt/sources" deb || exit 1
    apt-config dump | grep -v -i -E '^(Dir|RootDir|APT::Update|DPkg)\b' >"$apt/conf.new"
    cat >>"$apt/conf.new" <<EOF
Dir::Etc::parts "$apt/empty";
Dir::Etc::main "/dev/null";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$apt/sources";
Dir::State "$apt";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
Dir::Cache::archives "$apt/archives";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Sandbox::User "root";
APT::Install-Recommends "false";
APT::Get::Assume-Yes "true";
EOF
    mv "$apt/conf.new" "$apt/conf"
    export APT_CONFIG=$apt/conf
}

# Brings the package lists up to date, at most once a day. Old lists serve when there is no network.
update_lists()
{
    local apt=$1
    if [ -n "$(find "$apt/updated" -mmin -1440 2>/dev/null)" ]; then
        return
    fi
    say "reading the package lists"
    if apt-get -q update >"$apt/update.log" 2>&1 && ! grep -q '^Err' "$apt/update.log"; then
        touch "$apt/updated"
    elif [ -e "$apt/updated" ]; then
        say "package lists cannot be had now, using the old ones"
    else
        die "package lists cannot be had: $(grep -m1 -E '^(E|W|Err)' "$apt/update.log")"
    fi
}

# resolve WANT...: `name version architecture` of all that apt would install, one a line.
resolve()
{
    apt-get -q --simulate install "$@" >"$work/resolve.log" 2>&1 ||
        die "apt cannot resolve the packages: $(grep -m1 '^E' "$work/resolve.log")"
    sed -n 's/^Inst \([^ ]*\) \(\[[^]]*\] \)\?(\([^ ]*\) .*\[\([a-z0-9]*\)\]).*/\1 \3 \4/p' \
        "$work/resolve.log" | sort
}

# resolve_known WANT...: the same, kept for as long as neither the wish nor the lists change.
resolve_known()
{
    local known
    known=$apt/resolved/$(
        { printf '%s\n' "$@" && find "$apt/lists" -type f -printf '%f %s %T@\n' | sort &&
            cat "$apt/sources"/*; } | sha256sum | cut -c1-16
    )
    mkdir -p "$apt/resolved"
    find "$apt/resolved" -type f -mtime +7 -delete
    [ -e "$known" ] || {
        resolve "$@" >"$work/resolved"
        mv "$work/resolved" "$known"
    }
    cat "$known"
}

# download WANT...: what $work/packages.txt lists; into $work/files go the names of the archives.
download()
{
    local name
    say "downloading $(wc -l <"$work/packages.txt") packages"
    apt-get -qq --download-only install "$@" >"$work/download.log" 2>&1 ||
        die "packages cannot be downloaded: $(grep -m1 '^E' "$work/download.log")"
    sed 's/:/%3a/; s/ /_/g; s/$/.deb/' "$work/packages.txt" >"$work/files"
    while read -r name; do
        [ -e "$apt/archives/$name" ] || die "$name is missing after the download"
    done <"$work/files"
}

# The time of the newest package, in seconds. No file is younger, so that one recipe gives one tar.
newest()
{
    local name
    while read -r name; do
        dpkg-deb --ctrl-tarfile "$apt/archives/$name" | tar -tv --full-time --utc |
            awk '{ print $4 "T" $5 "Z" }'
    done <"$work/files" | sort | tail -1 | xargs -I{} date -d {} +%s
}

build()
{
    local target=$1
    download "${wanted[@]}"
    SOURCE_DATE_EPOCH=$(newest)
    export SOURCE_DATE_EPOCH
    say "installing"
    mkdir -p "$work/out"
    "$recipe/$how.sh" "$work/out/root.tar" "$apt" "$work/files" "${listed[@]}" ||
        die "the root cannot be made"
    cp "$work/packages.txt" "$work/out/root.packages"
    mkdir -p "$(dirname "$target")"
    rm -rf "$target"
    mv "$work/out" "$target"
}

# fetch_archives FOLDER PACKAGE...
fetch_archives()
{
    local folder=$1
    shift
    tar -xOf "$made/root.tar" ./var/lib/dpkg/status >"$work/status"
    cat >>"$apt/conf" <<EOF
Dir::State::status "$work/status";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
EOF
    resolve --reinstall "$@" >"$work/packages.txt"
    download --reinstall "$@"
    mkdir -p "$folder"
    (cd "$apt/archives" && xargs cp -t "$folder" <"$work/files")
}

list=packages
with=
how=full
tools="mmdebstrap chroot"
fore=
path=
out=
archives=
packages=()
while [ $# -gt 0 ]; do
    case $1 in
    --minimal)
        list=packages-minimal
        how=minimal
        tools=ldconfig
        ;;
    --with)
        [ $# -gt 1 ] && [ -r "$2" ] || usage
        with=$2
        shift
        ;;
    --path) path=1 ;;
    --archives)
        [ $# -gt 2 ] || usage
        archives=$(realpath -m "$2")
        packages=("${@:3}")
        break
        ;;
    --fore)
        [ $# -gt 1 ] || usage
        fore=$2
        shift
        ;;
    -*) usage ;;
    *)
        [ -z "$out" ] || usage
        out=$1
        ;;
    esac
    shift
done
[ -n "$out$path$archives" ] || usage
[ "$(id -u)" = 0 ] || die "needs root, to give the files their owners"
for tool in apt-get apt-config dpkg-deb tar tic flock $tools; do
    command -v $tool >/dev/null || die "$tool is missing"
done

apt=$cache/image-apt
mkdir -p "$apt"
exec 8>"$cache/image.lock"
flock 8
work=$(mktemp -d "$cache/image-work.XXXXXX")
trap 'rm -rf "$work"' EXIT
private_apt "$apt"
update_lists "$apt"
mapfile -t listed < <(cat "$recipe/$list" ${with:+"$with"} | grep -v -E '^(#|$)')
wanted=("${listed[@]}")
[ $how = minimal ] || wanted+=('?essential' apt)
resolve_known "${wanted[@]}" >"$work/packages.txt"
key=$(
    { cat "$0" "$recipe/$list" ${with:+"$with"} "$recipe"/{*.sh,policy-rc.d} "$work/packages.txt" \
        "$here/../term/foreland.terminfo" &&
        find "$recipe/root" -type f -print0 | sort -z | xargs -0 cat; } | sha256sum | cut -c1-16
)
made=$cache/image-${list#packages}$key
made=${made/image--/image-}
if [ ! -e "$made/root.tar" ]; then
    build "$made"
fi
if [ -n "$archives" ]; then
    fetch_archives "$archives" "${packages[@]}"
fi
flock -u 8
if [ -n "$path" ]; then
    echo "$made/root.tar"
fi
if [ -n "$out" ]; then
    cp "$made/root.packages" "${out%.*}.packages"
    case $out in
    *.tar) cp "$made/root.tar" "$out" ;;
    *)
        fore=${fore:-$(command -v fore || true)}
        [ -x "$fore" ] || die "no fore to make the image with: give --fore"
        rm -f "$out" "$out-wal"
        "$fore" image create "$out"
        "$fore" image import "$out" "$made/root.tar"
        ;;
    esac
    say "$out: $(du -h "$out" | cut -f1), $(wc -l <"$made/root.packages") packages"
fi
