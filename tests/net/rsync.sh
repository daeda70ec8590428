#!/bin/bash
# rsync's own server.
set -u
mkdir served
cp -r /usr/share/common-licenses served/
head -c 4000000 /dev/urandom >served/large
cat >rsyncd.conf <<END
address = $ip
use chroot = no
uid = root
gid = root
log file = /dev/stdout
[files]
    path = $PWD/served
    read only = no
END
server rsync 'starting, listening' rsync --daemon --no-detach --config=rsyncd.conf --port=$port
at=rsync://$ip:$port
taken rsync "$at/"
same modules files "$(rsync "$at/" | awk '{ print $1 }')"
rsync -a "$at/files/" got/ && diff -r served got || fail 'a copy'
# Only what changed in a large file goes over.
printf 'changed' | dd of=got/large bs=1 seek=2000000 conv=notrunc status=none
touch -d '2001-01-01' got/large
echo new >got/new
rm -r got/common-licenses
sent=$(rsync -a --no-whole-file --delete --stats got/ "$at/files/" |
    awk '/Literal data/ { gsub(",", ""); print $3 }')
diff -r served got || fail 'a copy back'
[ "$sent" -lt 100000 ] || fail "$sent bytes were sent for a small change"
same 'no such module' 5 "$(rsync "$at/none/" 2>/dev/null >&2; echo $?)"
