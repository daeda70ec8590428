#!/bin/bash
# redis-server, its client, messages to subscribers, and redis-benchmark.
set -u
server redis 'Ready to accept' redis-server --bind "$ip" --port "$port" --save '' --appendonly no
client=(redis-cli -h "$ip" -p "$port")
same SET OK "$("${client[@]}" set key value)"
same GET value "$("${client[@]}" get key)"
numbers 20000 >big
"${client[@]}" -x set big <big >got
"${client[@]}" get big >got
same 'large value' "$(md5sum <big)" "$(head -c -1 got | md5sum)"
same pipelined 'errors: 0, replies: 5000' \
    "$(seq -f 'SET many%.0f x' 5000 | "${client[@]}" --pipe | tail -1)"
server subscriber '^1$' stdbuf -oL "${client[@]}" subscribe news
same PUBLISH 1 "$("${client[@]}" publish news 'something new')"
taken grep -q 'something new' subscriber.log
redis-benchmark -h "$ip" -p "$port" -n 2000 -c 50 -q --csv -t ping,set,get,lpush,mset >bench.log 2>&1 ||
    fail redis-benchmark
same 'rows of redis-benchmark' 7 "$(wc -l <bench.log)"
redis-benchmark -h "$ip" -p "$port" -n 10000 -P 16 -q -t get >bench.log 2>&1 || fail 'redis-benchmark -P'
"${client[@]}" shutdown nosave
wait "${pid[redis]}"
same 'end of redis' 0 $?
unset 'pid[redis]'
