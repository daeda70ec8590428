#!/bin/bash
# Makes a root file system from Debian packages: a tar, and from it an image when `fore` is there.
#
#   packaging/image.sh [--minimal] [--fore FORE] OUT.tar|OUT.img
#   packaging/image.sh [--minimal] --path      prints where the cached tar is, after making it
#
# OUT.tar gets the tar alone. Any other name gets an image made by `FORE image create` and `import`;
# the packages and versions inside are listed beside either one as OUT.packages.
# --minimal takes the few packages that the tests' root needs (packaging/image/packages-minimal).
#
# The packages are resolved by apt against an empty system, from the Debian sources this machine
# has already, with lists and caches of its own: the machine's own state is neither read nor changed.
# The result is cached outside the tree, keyed by recipe, packages and versions. Needs root (the
# files' owners), apt, dpkg-deb and tar.
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
    sed -n '4,5s/^# *//p' "$0" >&2
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

wanted_packages()
{
    grep -v -E '^(#|$)' "$recipe/$list"
}

# `name version architecture` of the whole closure, one a line.
resolve()
{
    # shellcheck disable=SC2046
    apt-get -q --simulate install $(wanted_packages) >"$work/resolve.log" 2>&1 ||
        die "apt cannot resolve the packages: $(grep -m1 '^E' "$work/resolve.log")"
    sed -n 's/^Inst \([^ ]*\) (\([^ ]*\) .*\[\([a-z0-9]*\)\]).*/\1 \2 \3/p' "$work/resolve.log" | sort
}

# Files that no program in the image reads. Copyright files stay, as their licences ask.
excluded_paths()
{
    cat <<'EOF'
./usr/share/man/*
./usr/share/info/*
./usr/share/lintian/*
./usr/share/bug/*
./usr/share/locale/*
./usr/share/doc-base/*
./usr/share/menu/*
./usr/share/pixmaps/*
./usr/share/icons/*
./usr/share/applications/*
./usr/share/mc/help/mc.hlp.*
./usr/share/vim/vim*/lang/*
./usr/share/vim/vim*/tutor/tutor.*
./lib/systemd/*
./usr/lib/systemd/*
./etc/init.d/*
./etc/cron.daily/*
./etc/logrotate.d/*
./usr/share/doc/*/changelog*
./usr/share/doc/*/NEWS*
./usr/share/doc/*/README*
./usr/share/doc/*/TODO*
./usr/share/doc/*/AUTHORS*
./usr/share/doc/*/THANKS*
./usr/share/doc/*/examples/*
EOF
    if [ "$list" = packages-minimal ]; then
        echo './usr/lib/x86_64-linux-gnu/gconv/*'
    fi
}

# Unpacks one package and enters it in dpkg's own records.
unpack()
{
    local deb=$1 root=$2 package control info
    package=$(dpkg-deb -f "$deb" Package)
    if [ "$(dpkg-deb -f "$deb" Multi-Arch)" = same ]; then
        package=$package:amd64
    fi
    # /bin, /lib and /sbin are symbolic links that packages still see as directories.
    dpkg-deb --fsys-tarfile "$deb" |
        tar -x -C "$root" --numeric-owner --keep-directory-symlink --exclude-from="$work/exclude"
    info=$root/var/lib/dpkg/info
    mkdir -p "$info"
    control=$work/control
    rm -rf "$control"
    dpkg-deb -e "$deb" "$control"
    { echo '/.' && dpkg-deb --fsys-tarfile "$deb" | tar -t | sed 's/^\.//; s/\/$//; /^$/d'; } \
        >"$info/$package.list"
    for file in conffiles md5sums triggers shlibs; do
        if [ -e "$control/$file" ]; then
            cp "$control/$file" "$info/$package.$file"
        fi
    done
    {
        sed -e '/^Package:/a Status: install ok installed' "$control/control"
        if [ -e "$control/conffiles" ]; then
            echo Conffiles:
            conffile_sums "$root" <"$control/conffiles"
        fi
        echo
    } >>"$root/var/lib/dpkg/status"
}

conffile_sums()
{
    local root=$1 name
    while read -r name; do
        case $name in
        /*)
            if [ -f "$root$name" ]; then
                echo " $name $(md5sum <"$root$name" | cut -d' ' -f1)"
            fi
            ;;
        esac
    done
}

# alternative NAME TARGET: the link that update-alternatives would make, where the target is there.
alternative()
{
    if [ -e "$root$2" ] && [ ! -e "$root/usr/bin/$1" ]; then
        ln -sf "$2" "$root/etc/alternatives/$1"
        ln -sf "/etc/alternatives/$1" "$root/usr/bin/$1"
    fi
}

# What the packages' own scripts would have done, as far as it matters here.
configure()
{
    local root=$1 name
    cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
    cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
    sed -i 's,^root::,root:x:,; s,^\([^:]*\):\*:,\1:x:,' "$root/etc/passwd" "$root/etc/group"
    awk -F: '{ print $1 ":*:19000:0:99999:7:::" }' "$root/etc/passwd" >"$root/etc/shadow"
    awk -F: '{ print $1 ":*::" }' "$root/etc/group" >"$root/etc/gshadow"
    chown 0:42 "$root/etc/shadow" "$root/etc/gshadow"
    chmod 640 "$root/etc/shadow" "$root/etc/gshadow"
    if [ ! -e "$root/etc/nsswitch.conf" ] && [ -e "$root/usr/share/libc-bin/nsswitch.conf" ]; then
        cp "$root/usr/share/libc-bin/nsswitch.conf" "$root/etc/"
    fi
    printf '%s\n' '/bin/sh' '/bin/bash' '/usr/bin/bash' '/bin/dash' '/usr/bin/dash' >"$root/etc/shells"
    printf '127.0.0.1\tlocalhost\n::1\t\tlocalhost ip6-localhost ip6-loopback\n' >"$root/etc/hosts"
    echo foreland >"$root/etc/hostname"
    : >"$root/etc/fstab"
    ln -sf /proc/self/mounts "$root/etc/mtab"
    if [ -e "$root/usr/share/zoneinfo/Etc/UTC" ]; then
        ln -sf /usr/share/zoneinfo/Etc/UTC "$root/etc/localtime"
        echo Etc/UTC >"$root/etc/timezone"
    fi
    [ -e "$root/bin/sh" ] || ln -s dash "$root/bin/sh"

    mkdir -p "$root/etc/alternatives"
    alternative awk /usr/bin/gawk
    alternative awk /usr/bin/mawk
    for name in vi vim vimdiff rvim rview view ex; do
        alternative $name /usr/bin/vim.basic
    done
    alternative editor /usr/bin/vim.basic
    alternative editor /bin/nano
    alternative pager /usr/bin/less
    alternative pico /bin/nano
    alternative which /usr/bin/which.debianutils
    alternative write /usr/bin/write.ul

    cp -r "$recipe/root/." "$root/"
    tic -x -o "$root/usr/share/terminfo" "$here/../term/foreland.terminfo" ||
        die "the terminal's description cannot be compiled"
    if dircolors -b >"$root/etc/ls-colors.sh" 2>/dev/null; then
        chmod 644 "$root/etc/ls-colors.sh"
    else
        rm -f "$root/etc/ls-colors.sh"
    fi
    find "$recipe/root" -mindepth 1 -printf '%P\n' | while read -r name; do
        chown -h 0:0 "$root/$name"
        chmod u=rwX,go=rX "$root/$name"
    done
    chmod 700 "$root/root"
    if [ "$list" = packages-minimal ]; then
        rm -rf "$root/etc/vim"
    fi

    mkdir -p "$root"/{dev,proc,sys,run,tmp,mnt,media,srv,opt,home,var/tmp,var/log,usr/local/bin}
    chmod 1777 "$root/tmp" "$root/var/tmp"
    rm -rf "$root/var/run" "$root/var/lock"
    ln -s /run "$root/var/run"
    ln -s /run/lock "$root/var/lock"
    # Made with the image's own libraries in mind, by this machine's ldconfig.
    ldconfig -r "$root"
    rm -rf "$root/var/cache/ldconfig" "$root/var/lib/dpkg/info/format"
    echo 1 >"$root/var/lib/dpkg/info/format"
    : >"$root/var/lib/dpkg/available"
}

build()
{
    local target=$1 root=$work/root name deb stamp
    say "downloading $(wc -l <"$work/packages.txt") packages"
    # shellcheck disable=SC2046
    apt-get -qq --download-only install $(wanted_packages) >"$work/download.log" 2>&1 ||
        die "packages cannot be downloaded: $(grep -m1 '^E' "$work/download.log")"
    say "unpacking"
    excluded_paths >"$work/exclude"
    mkdir -p "$root"/usr/{bin,sbin,lib,lib64} "$root/var/lib/dpkg"
    chmod 755 "$root"
    for name in bin sbin lib lib64; do
        ln -s "usr/$name" "$root/$name"
    done
    sed 's/:/%3a/; s/ /_/g; s/$/.deb/' "$work/packages.txt" >"$work/files"
    while read -r name; do
        deb=$apt/archives/$name
        [ -e "$deb" ] || die "$name is missing after the download"
        unpack "$deb" "$root"
        dpkg-deb --ctrl-tarfile "$deb" | tar -tv --full-time --utc |
            awk '{ print $4 "T" $5 "Z" }' >>"$work/stamps"
    done <"$work/files"
    configure "$root"
    # No file is younger than the newest package, so that one recipe gives one tar.
    stamp=$(sort "$work/stamps" | tail -1)
    say "writing the tar"
    mkdir -p "$work/out"
    tar -c -C "$root" --sort=name --numeric-owner --format=posix \
        --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime \
        --mtime="$stamp" --clamp-mtime -f "$work/out/root.tar" .
    cp "$work/packages.txt" "$work/out/root.packages"
    mkdir -p "$(dirname "$target")"
    rm -rf "$target"
    mv "$work/out" "$target"
}

list=packages
fore=
path=
out=
while [ $# -gt 0 ]; do
    case $1 in
    --minimal) list=packages-minimal ;;
    --path) path=1 ;;
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
[ -n "$out$path" ] || usage
[ "$(id -u)" = 0 ] || die "needs root, to give the files their owners"
for tool in apt-get apt-config dpkg-deb tar ldconfig flock; do
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
resolve >"$work/packages.txt"
key=$(
    { cat "$0" "$recipe/$list" "$work/packages.txt" "$here/../term/foreland.terminfo" &&
        find "$recipe/root" -type f -print0 | sort -z | xargs -0 cat; } | sha256sum | cut -c1-16
)
made=$cache/image-${list#packages}$key
made=${made/image--/image-}
if [ ! -e "$made/root.tar" ]; then
    build "$made"
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
