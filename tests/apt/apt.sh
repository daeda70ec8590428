#!/bin/bash
# apt inside, unmodified, with a repository on loopback: update, install of packages with scripts of
# their own, upgrade of what runs meanwhile, remove.
#   apt.sh FORE HOST     HOST is linux or wine
. "$(dirname "$0")/lib.sh"
packages='cron ed netcat-openbsd sgml-base ucf xml-core'
upgraded='bash dpkg'
make_repo "$packages" "$upgraded"
make_image
inside /srv/test/inside/flow.sh http "$packages" "$upgraded" || exit 1
"${fore[@]}" image check "$work/test.img"
