#!/bin/bash
# nc, socat and telnet, over TCP, TLS, UDP and through a socket of AF_UNIX.
set -u
certificate cert
cat cert.key cert.pem >both.pem
numbers 20000 >big

server nc Listening nc -nv -l "$ip" $((port + 1))
same 'nc, nobody' 1 "$(nc -nz "$ip" $((port + 9)); echo $?)"
nc -N "$ip" $((port + 1)) <big || fail nc
wait "${pid[nc]}"
[ "$(tail -n +3 nc.log | md5sum)" = "$(md5sum <big)" ] || fail 'what nc got'
server ncu Bound nc -nv -u -l "$ip" $((port + 2))
echo datagram | nc -u -w 1 "$ip" $((port + 2))
taken grep -q datagram ncu.log

server tcp listening socat -d -d "TCP-LISTEN:$((port + 3)),bind=$ip,fork" EXEC:'tr a-z A-Z'
same 'socat EXEC' 'THROUGH SOCAT' "$(echo through socat | socat -t 60 - "TCP:$ip:$((port + 3))")"
server tls listening socat -d -d \
    "OPENSSL-LISTEN:$((port + 4)),bind=$ip,cert=both.pem,verify=0,fork" PIPE
socat -t 60 - "OPENSSL:$ip:$((port + 4)),cafile=cert.pem" <big >got || fail 'socat OPENSSL'
files 'socat OPENSSL' big got
server unix listening socat -d -d UNIX-LISTEN:socket,fork "TCP:$ip:$((port + 3))"
same 'socat UNIX' 'FROM UNIX' "$(echo from unix | socat -t 60 - UNIX:socket)"
server udp 'receiving on' socat -d -d "UDP-RECVFROM:$((port + 5)),bind=$ip,fork" PIPE
exec {answer}< <(exec socat -t 60 - "UDP:$ip:$((port + 5))" <<<datagram)
client=$!
read -r -t 60 line <&"$answer"
same 'socat UDP' datagram "$line"
kill $client
server line listening socat -d -d "TCP-LISTEN:$((port + 6)),bind=$ip" 'SYSTEM:read line; echo "got $line"'
mkfifo keys
telnet "$ip" $((port + 6)) <keys >telnet.log 2>&1 &
client=$!
exec 7>keys
echo typed >&7
wait $client
grep -q 'got typed' telnet.log || fail 'telnet: no answer'
grep -q 'closed by foreign host' telnet.log || fail 'telnet: no end'
