#!/bin/bash
# packaging/sign.sh signs a program so that the signature holds against its certificate, and leaves
# it alone when there is no certificate.
#   sign.sh PROGRAM.exe
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
sign=$here/../../packaging/sign.sh
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cp "$1" "$work/program.exe"

"$sign" "$work/program.exe" && cmp -s "$1" "$work/program.exe" || {
    echo "changed without a certificate"
    exit 1
}
echo secret >"$work/password"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key" -out "$work/certificate" -days 2 \
    -subj /CN=test -addext extendedKeyUsage=codeSigning 2>/dev/null &&
    openssl pkcs12 -export -inkey "$work/key" -in "$work/certificate" -out "$work/both" \
        -passout "file:$work/password" || exit 1
export FORELAND_CERTIFICATE=$work/both FORELAND_CERTIFICATE_PASSWORD=$work/password
"$sign" "$work/program.exe" || exit 1
osslsigncode verify -CAfile "$work/certificate" -in "$work/program.exe" >"$work/verdict" 2>&1 || {
    cat "$work/verdict"
    exit 1
}
# One changed byte has to be noticed.
size=$(stat -c %s "$1")
printf 'X' | dd of="$work/program.exe" bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
if osslsigncode verify -CAfile "$work/certificate" -in "$work/program.exe" >/dev/null 2>&1; then
    echo "a changed program still verifies"
    exit 1
fi
FORELAND_CERTIFICATE=$work/none "$sign" "$work/program.exe" 2>/dev/null && {
    echo "a missing certificate goes unnoticed"
    exit 1
}
exit 0
