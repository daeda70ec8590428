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

# The machine's own entries for this release of Debian, as source entries.
source_list()
{
    local codename
    codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
    local suites=" $codename $codename-updates $codename-security "
    local file
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ -r "$file" ] || continue
        awk -v suites="$suites" '$1 == "deb" {
            suite = $2 ~ /^\[/ ? 0 : 3
            if (!suite) {
                for (i = 2; i <= NF && $i !~ /\]$/; i++);
                suite = i + 2
            }
            if (index(suites, " " $suite " ")) {
                sub(/^deb/, "deb-src")
                print
            }
        }' "$file" >>"$work/etc/sources.list"
    done
    for file in /etc/apt/sources.list.d/*.sources; do
        [ -r "$file" ] || continue
        awk -v RS= -v suites="$suites" '{
            keep = 0
            for (i = 1; i <= NF; i++) {
                if ($i == "Suites:")
                    keep = index(suites, " " $(i + 1) " ")
            }
            if (keep) {
                gsub(/Types:[^\n]*/, "Types: deb-src")
                print $0 "\n"
            }
        }' "$file" >>"$work/etc/parts/machine.sources"
    done
}

mkdir -p "$work/etc/parts" "$work/lists/partial" "$work/archives/partial"
: >"$work/etc/sources.list"
source_list
cat >"$work/etc/apt.conf" <<END
Dir::Etc::sourcelist "$work/etc/sources.list";
Dir::Etc::sourceparts "$work/etc/parts";
Dir::State::lists "$work/lists";
Dir::Cache "$work/archives";
APT::Sandbox::User "root";
Acquire::Retries "3";
END
export APT_CONFIG=$work/etc/apt.conf
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
