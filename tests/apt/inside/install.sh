#!/bin/bash
# What is killed in the middle: install and upgrade, with what apt says as it says it.
#   install.sh 'PACKAGE...'
. /srv/test/inside/lib.sh
read -ra packages <<<"$1"
serve http
step update apt-get update
apt-get -y --no-install-recommends install "${packages[@]}" && apt-get -y upgrade
