#!/bin/bash
# After a kill in the middle of install.sh: what a user is told to do, and the rest.
#   mend.sh 'PACKAGE...' 'UPGRADED...'
. /srv/test/inside/lib.sh
read -ra packages <<<"$1"
read -ra new <<<"$2"
dpkg --audit >/tmp/before 2>&1
echo "dpkg --audit names $(grep -c '^ ' /tmp/before) packages"
dpkg --configure -a >$said 2>&1 || fail "dpkg --configure -a: status $?"
serve http
apt-get update >$said 2>&1 || fail "update"
# A package that was only half unpacked is fetched once more.
step mend apt-get -y -f install
step install apt-get -y --no-install-recommends install "${packages[@]}"
installed "${packages[@]}"
step upgrade apt-get -y upgrade
upgraded "${new[@]}"
exit 0
