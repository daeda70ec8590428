#!/bin/bash
# Makes the root file system of the tests that need one: the minimal image of packaging/image.sh
# with the dynamically linked guest programs in /guest.
#   root.sh OUT.tar FOLDER      FOLDER holds the programs
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
base=$("$here/../../packaging/image.sh" --minimal --path)
trap 'rm -rf "$1.new" "$1.stage"' EXIT
cp "$base" "$1.new"
rm -rf "$1.stage"
mkdir -p "$1.stage/guest"
find "$2" -maxdepth 1 -type f -exec cp {} "$1.stage/guest/" \;
tar -rf "$1.new" -C "$1.stage" --owner=0 --group=0 ./guest
mv "$1.new" "$1"
