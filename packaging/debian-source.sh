#!/bin/bash
# Fetches and unpacks Debian source packages, patches applied.
#   packaging/debian-source.sh FOLDER PACKAGE[=VERSION]...
# Each lands in FOLDER/<package>-<upstream version>. A version that the archive no longer has is
# replaced by another that it has, with a line that says so.
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

# Versions of a source package that the archive lists, newest first; an archive may have lost the
# files of one of them.
versions()
{
    apt-cache showsrc "$1" 2>/dev/null | awk -v package="$1" '
        $1 == "Package:" { name = $2 }
        $1 == "Version:" && name == package { print package "=" $2 }' | sort -rVu
}

for package in "$@"; do
    name=${package%%=*}
    mapfile -t others < <(versions "$name")
    found=
    for candidate in "$package" "${others[@]}"; do
        apt-get -qq source "$candidate" >>"$work/log" 2>&1 || continue
        found=$candidate
        break
    done
    [ -n "$found" ] || die "no source of $package: $(grep '^E:' "$work/log" | tail -1)"
    [ "$found" = "$package" ] || echo "debian-source: no $package, taking $found" >&2
done
