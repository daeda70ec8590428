#!/bin/bash
# Makes a repository for apt from Debian's packages, signed with a key of its own, and what a server
# of it on loopback needs for https.
#   repo.sh FOLDER 'PACKAGE...' 'UPGRADED...'
# PACKAGEs with all that they need are as Debian has them; UPGRADED, which the default image has, get
# a higher version. FOLDER/repo is the repository, key.gpg its key, ca.crt what signed server.pem.
# Prints where the tar of the default image is.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$1
read -ra packages <<<"$2"
read -ra upgraded <<<"$3"
repo=$folder/repo
work=$(mktemp -d)
trap 'GNUPGHOME=$work/gnupg gpgconf --kill gpg-agent 2>/dev/null; rm -rf "$work"' EXIT

# repack ARCHIVE: the same package, one version later.
repack()
{
    local tree=$work/tree
    rm -rf "$tree"
    dpkg-deb -R "$1" "$tree"
    sed -i 's/^Version: .*/&+test1/' "$tree/DEBIAN/control"
    dpkg-deb --root-owner-group -Zgzip -z1 -b "$tree" "$repo/" >/dev/null
}

mkdir -p "$repo"
"$here/../../packaging/image.sh" --path --archives "$repo" "${packages[@]}" "${upgraded[@]}"
for package in "${upgraded[@]}"; do
    repack "$repo/$package"_*.deb
done

# sums NAME PROGRAM: a paragraph of the release file.
sums()
{
    local file
    echo "$1:"
    for file in Packages Packages.gz; do
        echo " $($2 <$file | cut -d' ' -f1) $(stat -c %s $file) $file"
    done
}

cd "$repo"
dpkg-scanpackages --multiversion . >Packages 2>/dev/null
gzip -kn Packages
{
    printf '%s\n' 'Origin: test' 'Label: test' 'Suite: stable' 'Codename: test' \
        'Architectures: amd64 all' "Date: $(LC_ALL=C date -Ru)"
    sums SHA256 sha256sum
} >Release
mkdir -m 700 "$work/gnupg"
export GNUPGHOME=$work/gnupg
gpg --batch --quiet --pinentry-mode loopback --passphrase '' \
    --quick-gen-key 'test <test@localhost>' rsa2048 sign never 2>/dev/null
gpg --batch --quiet --clearsign -o InRelease Release
gpg --batch --quiet --export >"$folder/key.gpg"

cd "$work"
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj '/CN=test authority' -keyout ca.key \
    -out ca.crt 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj '/CN=localhost' -keyout server.key -out server.csr \
    2>/dev/null
printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >names
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 \
    -extfile names -out server.crt 2>/dev/null
cat server.key server.crt >"$folder/server.pem"
cp ca.crt "$folder/ca.crt"
chmod -R a+rX "$folder"
