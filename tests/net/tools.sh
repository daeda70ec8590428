#!/bin/bash
# What tools say of the network: addresses, routes, sockets with their processes, names; ping.
set -u
# has WHAT PATTERN TEXT: a line of the text matches.
has()
{
    grep -qE -- "$2" <<<"$3" || fail "$1: no line '$2' in '${3:0:2000}'"
}

said=$(ip addr show lo 2>&1)
has 'ip addr' '^1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 ' "$said"
has 'ip addr' '^    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00$' "$said"
has 'ip addr' '^    inet 127.0.0.1/8 scope host lo$' "$said"
same 'ip addr, all' "$(awk -F '[ :]+' 'NR > 2 { print $1 $2 }' /proc/net/dev | sort)" \
    "$(ip -o link | sed 's/^[0-9]*: \([^:@]*\).*/\1/' | sort)"
same 'ip -br link' 'lo UNKNOWN 00:00:00:00:00:00 <LOOPBACK,UP,LOWER_UP>' \
    "$(echo $(ip -br link show lo 2>&1))"
has 'ip route get' '^local 127.0.0.1 dev lo .*src 127.0.0.1' "$(ip route get 127.0.0.1 2>&1)"
ip route >routes.log 2>&1 || fail 'ip route'
ip -6 route >>routes.log 2>&1 || fail 'ip -6 route'
same 'netstat -rn and ip route' "$(grep -c '^default via [0-9.]* ' routes.log)" \
    "$(netstat -rn | grep -c '^0.0.0.0 *[1-9]')"
ip neigh >>routes.log 2>&1 || fail 'ip neigh'
# As a user: root may on the real kernel.
same 'a change of a user' 'RTNETLINK answers: Operation not permitted' \
    "$(setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps=-all ip link add dummy9 type dummy 2>&1)"
said=$(ifconfig lo 2>&1)
has ifconfig '^lo: flags=73<UP,LOOPBACK,RUNNING>  mtu 65536' "$said"
has ifconfig 'inet 127.0.0.1  netmask 255.0.0.0' "$said"
same 'hostname -I' "$(ip -o addr show scope global | awk '{ sub("/.*", "", $4); print $4 }' | sort)" \
    "$(hostname -I | tr ' ' '\n' | grep . | sort)"

server tcp listening socat -d -d "TCP-LISTEN:$port,bind=$ip,fork" PIPE
server udp 'receiving on' socat -d -d "UDP-RECVFROM:$((port + 1)),bind=$ip,fork" PIPE
server unix listening socat -d -d "UNIX-LISTEN:$PWD/socket,fork" PIPE
has 'ss -tlnp' "^LISTEN +0 +[0-9]+ +$ip:$port +0.0.0.0:\* +users:\(\(\"socat\",pid=${pid[tcp]},fd=[0-9]+\)\)" \
    "$(ss -tlnp 2>&1)"
has 'ss -ulnp' "^UNCONN +0 +0 +$ip:$((port + 1)) +0.0.0.0:\* +users:\(\(\"socat\",pid=${pid[udp]}," "$(ss -ulnp 2>&1)"
has 'ss -xlp' "^u_str +LISTEN +0 +[0-9]+ +$PWD/socket [0-9]+ +\* 0 +users:\(\(\"socat\",pid=${pid[unix]}," "$(ss -xlp 2>&1)"
has 'netstat -tlnp' "^tcp +0 +0 $ip:$port +0.0.0.0:\* +LISTEN +${pid[tcp]}/socat" "$(netstat -tlnp 2>&1)"
has 'netstat -ulnp' "^udp +0 +0 $ip:$((port + 1)) +0.0.0.0:\* +${pid[udp]}/socat" "$(netstat -ulnp 2>&1)"
has 'netstat -xlp' "^unix +2 +\[ ACC \] +STREAM +LISTENING +[0-9]+ +${pid[unix]}/socat +$PWD/socket" "$(netstat -xlp 2>&1)"
exec {connection}<>"/dev/tcp/$ip/$port"
has 'ss of a connection' "^ESTAB +0 +0 +[0-9.]+:[0-9]+ +$ip:$port " "$(ss -tn 2>&1)"
has 'ss of a filter' "^ESTAB .* $ip:$port " "$(ss -tn "dport = :$port" 2>&1)"
has 'netstat of a connection' "^tcp +0 +0 [0-9.]+:[0-9]+ +$ip:$port +ESTABLISHED" "$(netstat -tn 2>&1)"
exec {connection}>&-
# The name of who ended it first stays for a while.
waits() { ss -tan state time-wait | grep -qE "^0 +0 +[0-9.]+:[0-9]+ +$ip:$port"; }
taken waits
has 'netstat of a name that stays' "^tcp +0 +0 [0-9.]+:[0-9]+ +$ip:$port +TIME_WAIT" "$(netstat -tan 2>&1)"
has 'netstat -s' '^ *[1-9][0-9]* active connection openings' "$(netstat -s 2>&1)"
has 'ss -s' '^TCP: ' "$(ss -s 2>&1)"

has 'getent hosts' '^(::1|127.0.0.1) +localhost' "$(getent hosts localhost)"
has 'getent ahosts' '^127.0.0.1 +STREAM' "$(getent ahosts localhost)"
has 'getent ahostsv4' "^$ip +STREAM" "$(getent ahostsv4 "$ip")"

said=$(ping -n -c 3 -i 0.2 -W 30 "$ip" 2>&1)
has ping "^64 bytes from $ip: icmp_seq=3 ttl=64 time=" "$said"
has ping '^3 packets transmitted, 3 received, 0% packet loss' "$said"
has 'ping of 0' '^1 packets transmitted, 1 received' "$(ping -n -c 1 -W 30 0 2>&1)"
has 'ping of 1000 bytes' "^1008 bytes from $ip: icmp_seq=1 ttl=64" "$(ping -n -c 1 -s 1000 -W 30 "$ip" 2>&1)"
