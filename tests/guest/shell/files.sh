# The files that the core commands make, and what they say of them.
set -u
umask 022
mkdir -p tree/a/b tree/c
echo hello >tree/a/b/file
ln tree/a/b/file tree/hard
ln -s a/b/file tree/soft
chmod 640 tree/hard
touch -d '2020-01-02 03:04:05.678901234 UTC' tree/c
stat -c '%n %F %a %h %s' tree/a/b/file tree/hard tree/soft
TZ=UTC stat -c '%n %y' tree/c
readlink tree/soft
cat tree/soft
mv tree/hard tree/moved && rm tree/a/b/file && cat tree/moved
cat tree/soft 2>/dev/null || echo dangling
find tree | sort
exec 3<>open && rm open && echo still >&3 && cat /proc/self/fd/3
rmdir tree/a 2>/dev/null || echo not empty
cp -r tree copy && diff -r tree copy 2>/dev/null
truncate -s 100000 sparse && stat -c '%s' sparse
for i in $(seq 300); do : >many.$i; done
ls many.* | wc -l
rm -r tree copy many.* sparse && ls
