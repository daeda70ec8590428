#!/bin/bash
# What is ours in the default root: where apt gets packages from, the editor; and what the making
# leaves.
#   settle-full.sh ROOT      settle.sh has run
set -euo pipefail
root=$1

# Debian's own addresses, as its apt tells them; not those of the machine that makes the image.
rm -f "$root"/etc/apt/sources.list.d/* "$root/etc/apt/apt.conf.d/99mmdebstrap" \
    "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
sed -n 's/^\(deb .* main\) .*/\1/p' "$root/usr/share/doc/apt/examples/sources.list" \
    >"$root/etc/apt/sources.list"
grep -q '^deb ' "$root/etc/apt/sources.list"

chroot "$root" update-alternatives --quiet --set editor /usr/bin/vim.basic
rm -f "$root/etc/resolv.conf"
# Backups and records of this making.
rm -f "$root"/etc/*- "$root"/var/cache/debconf/*-old "$root"/var/lib/dpkg/*-old \
    "$root"/var/log/bootstrap.log "$root"/var/log/apt/* "$root"/var/log/*.log
