#!/bin/bash
# Makes the root file system of the tests here: the packages of packaging/image.sh --minimal and
# those in `packages`, with what their scripts would have set up.
#   root.sh OUT.tar [LIST]      LIST names further packages
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
trap 'rm -rf "$1.new" "$1.stage" "$1.list"' EXIT
cat "$here/packages" ${2:+"$2"} >"$1.list"
base=$("$here/../../packaging/image.sh" --minimal --with "$1.list" --path)
cp "$base" "$1.new"
rm -rf "$1.stage"
mkdir -p "$1.stage/etc"
tar -xOf "$base" ./etc/passwd >"$1.stage/etc/passwd"
echo 'sshd:x:105:65534::/run/sshd:/usr/sbin/nologin' >>"$1.stage/etc/passwd"
mkdir -p "$1.stage/usr/bin"
ln -s nc.openbsd "$1.stage/usr/bin/nc"
ln -s inetutils-telnet "$1.stage/usr/bin/telnet"
tar -rf "$1.new" -C "$1.stage" --owner=0 --group=0 ./etc/passwd ./usr/bin
mv "$1.new" "$1"
