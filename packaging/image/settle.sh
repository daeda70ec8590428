#!/bin/bash
# What is ours in a root file system made of Debian's packages: settings, the terminal's description.
#   settle.sh ROOT      the packages are installed there
set -euo pipefail
root=$1
recipe=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

printf '127.0.0.1\tlocalhost\n::1\t\tlocalhost ip6-localhost ip6-loopback\n' >"$root/etc/hosts"
: >"$root/etc/fstab"
ln -sf /proc/self/mounts "$root/etc/mtab"

cp -r "$recipe/root/." "$root/"
tic -x -o "$root/usr/share/terminfo" "$recipe/../../term/foreland.terminfo"
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
