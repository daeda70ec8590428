#!/bin/bash
# PostgreSQL: a cluster, pgbench by TCP, and a server that is killed and recovers.
set -u
grep -q ^postgres: /etc/passwd || {
    echo 'postgres:x:106:110::/var/lib/postgresql:/bin/bash' >>/etc/passwd
    echo 'postgres:x:110:' >>/etc/group
}
chown postgres:postgres .
export PATH=/usr/lib/postgresql/15/bin:$PATH PGHOST=$ip PGPORT=$port PGUSER=postgres
as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
"${as[@]}" initdb -D data -A trust -U postgres >initdb.log 2>&1 || fail initdb
start=("${as[@]}" postgres -D data -h "$ip" -p "$port" -k "$PWD")
server postgres 'ready to accept connections' "${start[@]}"
same query 500500 "$(psql -qAt -c 'create table t (a int)' -c 'insert into t select generate_series(1, 1000)' \
    -c 'select sum(a) from t' 2>&1)"
createdb bench && pgbench -q -i -s "${scale:-2}" bench 2>pgbench.log || fail 'pgbench -i'
pgbench -c 8 -j 2 -t "${transactions:-200}" bench >mixed.log 2>&1 || fail pgbench
pgbench -n -S -c 8 -j 2 -t "${transactions:-200}" bench >select.log 2>&1 || fail 'pgbench -S'
awk '/^tps/ { print FILENAME, $3, "transactions/s" }' mixed.log select.log
sums="select (select sum(abalance) from pgbench_accounts) = (select sum(delta) from pgbench_history)"
same 'sums of pgbench' t "$(psql -qAt bench -c "$sums" 2>&1)"
# What was committed is there after a crash.
kill -QUIT "${pid[postgres]}"
wait "${pid[postgres]}" 2>/dev/null
server postgres 'ready to accept connections' "${start[@]}"
same 'sums after a crash' t "$(psql -qAt bench -c "$sums" 2>&1)"
kill -INT "${pid[postgres]}"
wait "${pid[postgres]}" 2>/dev/null
unset 'pid[postgres]'
