#!/bin/bash
# All of redis-benchmark, and a file that is written behind.
set -u
server redis 'Ready to accept' redis-server --bind "$ip" --port "$port" --save '' --appendonly yes
redis-benchmark -h "$ip" -p "$port" -n "${requests:-10000}" -c 50 --csv >bench.log 2>&1 ||
    fail redis-benchmark
same 'rows of redis-benchmark' 21 "$(wc -l <bench.log)"
awk -F '"' 'NR > 1 { print $2, $4, "requests/s" }' bench.log
redis-benchmark -h "$ip" -p "$port" -n "${requests:-10000}" -c 50 -P 16 -t set,get --csv >piped.log 2>&1 ||
    fail 'redis-benchmark -P'
awk -F '"' 'NR > 1 { print $2 " by 16", $4, "requests/s" }' piped.log
redis-cli -h "$ip" -p "$port" set last word >got
redis-cli -h "$ip" -p "$port" bgrewriteaof >got
redis-cli -h "$ip" -p "$port" shutdown
wait "${pid[redis]}"
server redis 'Ready to accept' redis-server --bind "$ip" --port "$port" --save '' --appendonly yes
same 'what was kept' word "$(redis-cli -h "$ip" -p "$port" get last)"
