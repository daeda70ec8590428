#!/bin/bash
# Writes this machine's own apt entries for its release of Debian, its updates and its security
# updates into FOLDER, as binary or source entries; other repositories stay out. apt can then work
# with these alone (Dir::Etc::sourceparts), and no host name has to stand anywhere.
#   packaging/debian-entries.sh FOLDER deb|deb-src
set -euo pipefail

die()
{
    echo "debian-entries: $*" >&2
    exit 1
}

[ $# -eq 2 ] || die "usage: debian-entries.sh FOLDER deb|deb-src"
folder=$1
kind=$2
# shellcheck disable=SC1091
codename=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
[ -n "$codename" ] || die "/etc/os-release names no Debian release"
suites=" $codename $codename-updates $codename-security "
mkdir -p "$folder"

# One line each: deb [options] address suite components.
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -r "$file" ] || continue
    awk -v suites="$suites" -v kind="$kind" '$1 == "deb" {
        at = 3
        if ($2 ~ /^\[/) {
            for (i = 2; i < NF && $i !~ /\]$/; i++);
            at = i + 2
        }
        if (at < NF && index(suites, " " $at " ")) {
            sub(/^[[:space:]]*deb/, kind)
            print
        }
    }' "$file"
done >"$folder/machine.list"

# Paragraphs of fields.
for file in /etc/apt/sources.list.d/*.sources; do
    [ -r "$file" ] || continue
    awk -v RS= -v suites="$suites" -v kind="$kind" '{
        keep = 0
        for (i = 1; i < NF; i++)
            if ($i == "Suites:")
                keep = index(suites, " " $(i + 1) " ")
        if (keep) {
            gsub(/Types:[^\n]*/, "Types: " kind)
            print $0 "\n"
        }
    }' "$file"
done >"$folder/machine.sources"
[ -s "$folder/machine.list" ] || [ -s "$folder/machine.sources" ] ||
    die "no apt entry for $codename in /etc/apt"
