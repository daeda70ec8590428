#!/bin/bash
# A name server, and dig and host as its clients, by UDP and TCP.
set -u
mkdir zones
cat >zones/box.test <<'END'
$ORIGIN box.test.
$TTL 60
@ IN SOA ns admin 1 3600 600 86400 60
@ IN NS ns
@ IN MX 5 mail
@ IN A 10.1.2.3
ns IN A 10.1.2.4
mail IN A 10.1.2.5
www IN CNAME @
six IN AAAA fd00::1
END
for i in $(seq 60); do echo "many IN TXT \"text number $i of many, so that TCP is needed\""; done >>zones/box.test
cat >nsd.conf <<END
server:
    ip-address: $ip@$port
    zonesdir: $PWD/zones
    database: ""
    pidfile: ""
    zonelistfile: $PWD/zones.list
    xfrdfile: ""
    xfrdir: $PWD
    username: ""
    server-count: 1
remote-control:
    control-enable: no
zone:
    name: box.test
    zonefile: box.test
END
server nsd 'nsd started' nsd -d -c nsd.conf
ask=(dig "@$ip" -p "$port" +time=20 +tries=2 +short)
same A 10.1.2.3 "$("${ask[@]}" box.test A)"
same 'A by TCP' 10.1.2.5 "$("${ask[@]}" +tcp mail.box.test A)"
same AAAA fd00::1 "$("${ask[@]}" six.box.test AAAA)"
same MX '5 mail.box.test.' "$("${ask[@]}" box.test MX)"
same CNAME $'box.test.\n10.1.2.3' "$("${ask[@]}" www.box.test)"
same 'what was cut' 60 "$("${ask[@]}" many.box.test TXT | wc -l)"
dig "@$ip" -p "$port" none.box.test | grep -q NXDOMAIN || fail NXDOMAIN
same host 'box.test has address 10.1.2.3' \
    "$(host -W 20 -p "$port" -t A box.test "$ip" | tail -1)"
