#!/bin/bash
# Makes the tar of the tests' root. Its packages are unpacked, nothing of theirs runs, and what their
# scripts would do is done here as far as it matters. It has no dpkg.
#   minimal.sh OUT.tar APT FILES PACKAGE...      as for full.sh
set -euo pipefail
recipe=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$1 apt=$2 files=$3
work=$(mktemp -d "$apt/minimal.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root

# Files that no test reads. Copyright files stay, as their licences ask.
excluded()
{
    sed -n 's/^path-exclude=/./p' "$recipe/root/etc/dpkg/dpkg.cfg.d/foreland"
    printf '%s\n' './usr/lib/x86_64-linux-gnu/gconv/*' './lib/x86_64-linux-gnu/gconv/*' \
        './lib/systemd/*' './etc/init.d/*' './etc/cron.daily/*' './etc/logrotate.d/*'
}

unpack()
{
    local name
    excluded >"$work/exclude"
    mkdir -p "$root"/usr/{bin,sbin,lib,lib64}
    chmod 755 "$root"
    for name in bin sbin lib lib64; do
        ln -s "usr/$name" "$root/$name"
    done
    while read -r name; do
        # /bin, /lib and /sbin are symbolic links that packages still see as directories.
        dpkg-deb --fsys-tarfile "$apt/archives/$name" |
            tar -x -C "$root" --numeric-owner --keep-directory-symlink --exclude-from="$work/exclude"
    done <"$files"
}

configure()
{
    cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
    cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
    sed -i 's,^root::,root:x:,; s,^\([^:]*\):\*:,\1:x:,' "$root/etc/passwd" "$root/etc/group"
    awk -F: '{ print $1 ":*:19000:0:99999:7:::" }' "$root/etc/passwd" >"$root/etc/shadow"
    awk -F: '{ print $1 ":*::" }' "$root/etc/group" >"$root/etc/gshadow"
    chown 0:42 "$root/etc/shadow" "$root/etc/gshadow"
    chmod 640 "$root/etc/shadow" "$root/etc/gshadow"
    if [ -e "$root/usr/share/libc-bin/nsswitch.conf" ]; then
        cp "$root/usr/share/libc-bin/nsswitch.conf" "$root/etc/"
    fi
    printf '%s\n' '/bin/sh' '/bin/bash' '/usr/bin/bash' '/bin/dash' '/usr/bin/dash' >"$root/etc/shells"
    [ -e "$root/bin/sh" ] || ln -s dash "$root/bin/sh"
    mkdir -p "$root/etc/alternatives"
    ln -sf /usr/bin/mawk "$root/etc/alternatives/awk"
    ln -sf /etc/alternatives/awk "$root/usr/bin/awk"
    "$recipe/settle.sh" "$root"
    rm -rf "$root/etc/vim" "$root/etc/dpkg"

    mkdir -p "$root"/{dev,proc,sys,run,tmp,mnt,media,srv,opt,home,var/tmp,var/log,usr/local/bin}
    chmod 1777 "$root/tmp" "$root/var/tmp"
    rm -rf "$root/var/run" "$root/var/lock"
    ln -s /run "$root/var/run"
    ln -s /run/lock "$root/var/lock"
    # Made with the image's own libraries in mind, by this machine's ldconfig.
    ldconfig -r "$root"
    rm -rf "$root/var/cache/ldconfig"
}

unpack
configure
tar -c -C "$root" --sort=name --numeric-owner --format=posix \
    --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime \
    --mtime="@$SOURCE_DATE_EPOCH" --clamp-mtime -f "$out" .
