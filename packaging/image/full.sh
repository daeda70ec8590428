#!/bin/bash
# Makes the tar of the default root, with all that Debian's packages do when they are installed:
# mmdebstrap unpacks them, and their own scripts run in a chroot. Essential packages and apt are
# there beside those that are named.
#   full.sh OUT.tar APT FILES PACKAGE...
# APT is the private apt of packaging/image.sh, FILES lists the archives there: the network is not
# asked. $SOURCE_DATE_EPOCH is the time of the youngest file.
set -euo pipefail
recipe=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$1 apt=$2 files=$3
shift 3
log=$(mktemp)
trap 'rm -f "$log"' EXIT
include=$(IFS=, && echo "$*")
mapfile -t sources < <(find "$apt/sources" -type f -size +0)

# In the hooks $1 is the root.
# shellcheck disable=SC2016
env -u APT_CONFIG apt="$apt" files="$files" policy="$recipe/policy-rc.d" mmdebstrap \
    --mode=root --variant=apt --include="$include" --architectures=amd64 \
    --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt="$recipe/root/etc/dpkg/dpkg.cfg.d/foreland" \
    --skip=update,check/signed-by,download/empty,output/dev,chroot/policy-rc.d \
    --setup-hook='install -D -m 755 "$policy" "$1/usr/sbin/policy-rc.d"' \
    --setup-hook='mkdir -p "$1/var/lib/apt" "$1/var/cache/apt/archives"' \
    --setup-hook='cp -a "$apt/lists" "$1/var/lib/apt/"' \
    --setup-hook='cd "$apt/archives" && xargs cp -t "$1/var/cache/apt/archives" <"$files"' \
    --customize-hook="$recipe/settle.sh" \
    --customize-hook="$recipe/settle-full.sh" \
    '' "$out" "${sources[@]}" >"$log" 2>&1 || {
    tail -30 "$log" >&2
    exit 1
}
