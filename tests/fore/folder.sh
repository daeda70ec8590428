#!/bin/bash
# A folder of the host as programs use it: folder.c says the same there as on the real kernel, and
# with a real git (this machine's) a repository in it is made, committed to, packed, cloned, rebased,
# and whole afterwards. What not every file system has (sparse.c) is there as on the real kernel; on
# Windows some of it is not.
#   folder.sh FORE HOST PROGRAM SPARSE    HOST is linux or wine, PROGRAM is folder.c's
set -u
fore=("$1")
host=$2
program=$(realpath "$3")
sparse=$(realpath "$4")
prefix=
commits=40
depth=200
if [ "$host" = wine ]; then
    fore=(env LC_ALL=C.UTF-8 "WINEDEBUG=${WINEDEBUG:--all}" wine "$1")
    prefix=Z:
    commits=8
    depth=30
fi
work=$(mktemp -d) || exit 2
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
failed=0

fail()
{
    echo "FAIL folder: $*"
    failed=1
}

# with_libraries FILE...: the files and what they need, into the root at the same places.
with_libraries()
{
    local file library
    for file in "$@"; do
        for library in "$file" $(ldd "$file" 2>/dev/null | grep -o '/[^ )]*'); do
            mkdir -p "$work/root$(dirname "$library")"
            cp -Lf "$library" "$work/root$library"
        done
    done
}

mkdir -p "$work/root"/{tmp,dev,proc,sys,root,etc,work}
cp "$program" "$work/root/folder"
cp "$sparse" "$work/root/sparse"
git=$(command -v git)
if [ -n "$git" ]; then
    core=$("$git" --exec-path)
    with_libraries "$git" /bin/sh "$(command -v sleep)"
    mkdir -p "$work/root$core" "$work/root/usr/share/git-core/templates"
    # Its commands are git itself under other names.
    for name in git git-upload-pack git-receive-pack; do
        ln -sf "$git" "$work/root$core/$name"
    done
    printf 'root:x:0:0::/root:/bin/sh\n' >"$work/root/etc/passwd"
    printf '[user]\n\tname = A U Thor\n\temail = author@example.com\n[safe]\n\tdirectory = *\n' \
        >"$work/root/root/.gitconfig"
fi
tar -cf "$work/root.tar" -C "$work/root" --owner=0 --group=0 .

# inside FOLDER COMMAND...: there, in the folder.
inside()
{
    local folder=$1
    shift
    timeout 300 "${fore[@]}" --root "$work/root.tar" --mount "$prefix$folder:/work" --cwd /work \
        "$@" </dev/null 2>&1 | tr -d '\r'
    return "${PIPESTATUS[0]}"
}

inside_twice()
{
    timeout 300 "${fore[@]}" --root "$work/root.tar" --mount "$prefix$work/mounted:/work" \
        --cwd /work /folder twice ./program
}

mkdir "$work/native" "$work/mounted"
real=$(cd "$work/native" && "$program" $depth 2>&1) || {
    echo "$real"
    fail "the program is wrong on the real kernel"
}
ours=$(inside "$work/mounted" /folder $depth) || fail "the program's exit status is $?"
[ "$ours" = "$real" ] || fail "the program says: $ours"

real=$(cd "$work/native" && "$sparse" 2>&1) || {
    echo "$real"
    fail "sparse is wrong on the real kernel"
}
ours=$(inside "$work/mounted" /sparse) || fail "sparse: exit status $?: $ours"
[ "$host" = wine ] || [ "$ours" = "$real" ] || fail "sparse says: $ours; the real kernel: $real"
left=$(ls -A "$work/mounted")
[ -z "$left" ] || fail "left behind: $left"

# A program in the folder whose bytes the host replaces, of the same size, between two of its runs.
LC_ALL=C sed 's/\x44\x43\x42\x41/\x48\x43\x42\x41/' "$program" >"$work/changed"
cp "$program" "$work/mounted/program" && chmod +x "$work/mounted/program"
coproc inside_twice
exec {from}<&"${COPROC[0]}" {to}>&"${COPROC[1]}"
pid=$COPROC_PID
eval "exec ${COPROC[1]}>&-"
read -r one <&"$from"
cat "$work/changed" >"$work/mounted/program"
echo >&"$to"
read -r two <&"$from"
exec {to}>&-
wait "$pid" || fail "twice: status $?"
[ "${one%$'\r'} ${two%$'\r'}" = '44 48' ] || fail "a program that the host changed is $one and then $two"
rm "$work/mounted/program"

read -r -d '' session <<'END'
set -e
commits=$1
git init -q -b main .
i=0
while [ $i -lt $commits ]; do
    echo "line $i" >>file
    echo "$i" >"file$i"
    git add .
    git commit -q -m "commit $i"
    i=$((i + 1))
done
git checkout -q -b side main~5
echo side >side
git add side
git commit -q -m side
git gc -q
git rebase -q main
git checkout -q main
git merge -q --ff-only side
git stash list
git mv file0 moved
git commit -q -m moved
git clone -q . copy
git -C copy fsck --full --strict --no-dangling
git -C copy checkout -q -b other HEAD~5
git -C copy checkout -q main
git -C copy status --porcelain
git fsck --full --strict --no-dangling
git log --oneline | { n=0; while read -r line; do n=$((n + 1)); done; echo "$n commits"; }
END
if [ -n "$git" ]; then
    mkdir "$work/repository"
    said=$(inside "$work/repository" /bin/sh -c "$session" sh $commits) || fail "git's exit status is $?"
    [ "$said" = "$((commits + 2)) commits" ] || fail "git says: $said"
    # The host's own git finds it whole.
    check=$(git -c safe.directory='*' -C "$work/repository" fsck --full --strict --no-dangling 2>&1) ||
        fail "fsck on the host: $check"
    status=$(git -c safe.directory='*' -c core.fileMode=false -C "$work/repository" status --porcelain)
    [ "$status" = '?? copy/' ] || fail "status on the host: $status"
else
    echo "git is missing: that part was left out"
fi
exit $failed
