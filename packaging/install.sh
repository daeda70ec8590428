#!/bin/bash
# Installs the Debian packages of the given purposes (packages.txt) that are not there yet.
#   packaging/install.sh build windows test
# Needs root only when something is missing.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

die()
{
    echo "install: $*" >&2
    exit 1
}

missing=()
for purpose in "$@"; do
    grep -q "^$purpose " "$here/packages.txt" || die "no packages are listed for '$purpose'"
    while read -r _ package; do
        state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$state" = installed ] || missing+=("$package")
    done < <(grep "^$purpose " "$here/packages.txt")
done
[ ${#missing[@]} -gt 0 ] || exit 0

command -v apt-get >/dev/null || die "this is not Debian; install by hand: ${missing[*]}"
[ "$(id -u)" = 0 ] || die "run as root, or first: apt-get install ${missing[*]}"
echo "installing: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
{
    apt-get -qq update || true
    apt-get -qq -y --no-install-recommends install "${missing[@]}"
} >"$log" 2>&1 </dev/null || die "apt-get failed: $(grep -m1 '^E:' "$log" || tail -1 "$log")"
