#!/bin/bash
# Signs Windows programs in place, when a certificate is given; else does nothing.
#   packaging/sign.sh PROGRAM.exe...
# FORELAND_CERTIFICATE           the certificate with its key, a PKCS#12 file
# FORELAND_CERTIFICATE_PASSWORD  a file that holds its password
# FORELAND_TIMESTAMP             address of a time-stamping server; without it the signature ends
#                                with the certificate
set -euo pipefail

die()
{
    echo "sign: $*" >&2
    exit 1
}

[ -n "${FORELAND_CERTIFICATE:-}" ] || exit 0
[ -r "$FORELAND_CERTIFICATE" ] || die "cannot read $FORELAND_CERTIFICATE"
[ -r "${FORELAND_CERTIFICATE_PASSWORD:-}" ] ||
    die "FORELAND_CERTIFICATE_PASSWORD has to name a file with the password"
command -v osslsigncode >/dev/null || die "no osslsigncode: apt-get install osslsigncode"
options=(-pkcs12 "$FORELAND_CERTIFICATE" -readpass "$FORELAND_CERTIFICATE_PASSWORD" -h sha256
    -n Foreland)
[ -z "${FORELAND_TIMESTAMP:-}" ] || options+=(-ts "$FORELAND_TIMESTAMP")
for program in "$@"; do
    osslsigncode sign "${options[@]}" -in "$program" -out "$program.signed" >/dev/null ||
        die "signing $program failed"
    mv "$program.signed" "$program"
done
