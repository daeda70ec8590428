#!/bin/bash
# Fetches and unpacks Debian source packages, patches applied.
#   packaging/debian-source.sh FOLDER PACKAGE[=VERSION]...
# Each lands in FOLDER/<package>-<upstream version>. A version that the archive no longer has is
# replaced by the one it has, with a line that says so.
#
# apt works with lists and caches of its own here: the machine's Debian entries, read as source
# entries. Nothing of the system's configuration is touched, and no other suite becomes visible to
# it. No root is needed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

die()
{
    echo "debian-source: $*" >&2
    exit 1
}

[ $# -ge 2 ] || die "usage: debian-source.sh FOLDER PACKAGE[=VERSION]..."
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
for tool in apt-get dpkg-source; do
    command -v $tool >/dev/null || die "no $tool: this needs Debian with dpkg-dev"
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/lists/partial" "$work/archives/partial"
"$here/debian-entries.sh" "$work/entries" deb-src
cat >"$work/apt.conf" <<END
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$work/entries";
Dir::State::lists "$work/lists";
Dir::Cache "$work/archives";
APT::Sandbox::User "root";
Acquire::Retries "3";
END
export APT_CONFIG=$work/apt.conf
apt-get -qq update >"$work/log" 2>&1 || die "apt-get update failed: $(tail -1 "$work/log")"
cd "$folder"
for package in "$@"; do
    if apt-get -qq source "$package" >>"$work/log" 2>&1; then
        continue
    fi
    [ "$package" != "${package%%=*}" ] &&
        echo "debian-source: no $package, taking the present version" >&2
    apt-get -qq source "${package%%=*}" >>"$work/log" 2>&1 ||
        die "no source of $package: $(grep '^E:' "$work/log" | tail -1)"
done
