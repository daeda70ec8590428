#!/bin/bash
# The sources of the machine that the test runs on, in /srv/test/machine.
. /srv/test/inside/lib.sh
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
cp /srv/test/machine/* /etc/apt/sources.list.d/
cp /srv/test/proxies /etc/apt/apt.conf.d/99test
step update apt-get update
step install apt-get -y install hello
hello >/dev/null || fail "hello does not run"
step remove apt-get -y remove hello
gone hello
exit 0
