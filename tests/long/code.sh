#!/bin/bash
# Code that changes while it runs, natively and under Wine: tests/guest/cpu/changing.c for long, and
# programs of Debian that make code (tests/long/code), whose output has to be that of the real kernel.
#   code.sh OUT [NAME...]   what each said is in OUT/<name>.<host>; NAMEs are changing and those of
#                           code/run.sh, by default all of them
# CODE_SECONDS (600) for the first. A debugger's breakpoints in a shared library want ptrace, which
# is not there.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh" "$1"
shift
wanted unshare
[ "$(id -u)" = 0 ] || {
    echo "code: not root: skipped"
    exit 0
}
names=("$@")
[ $# -gt 0 ] || names=(changing node java luajit pypy pcre ffi)
seconds=${CODE_SECONDS:-600}
. "$top/tests/lib.sh"
export FORELAND_CACHE=${FORELAND_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/foreland}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
printf '%s\n' python3 luajit pypy3 pcre2-utils grep nodejs openjdk-17-jdk-headless >"$work/packages"
tar=$("$top/packaging/image.sh" --minimal --with "$work/packages" --path) || exit 1
mkdir "$work/root" && tar -xf "$tar" -C "$work/root" || exit 1
cp -r "$top/tests/long/code" "$work/root/code"
gcc -O1 -D_GNU_SOURCE -pthread -static -I"$top/tests/guest" -o "$work/root/code/changing" \
    "$top/tests/guest/cpu/changing.c" || exit 1
tar -cf "$work/root.tar" -C "$work/root" .
"$FORE" image create "$work/root.img" >"$out/import.log" 2>&1 || exit 1
"$FORE" image import "$work/root.img" "$work/root.tar" >>"$out/import.log" 2>&1 || exit 1
build windows fore
wine_prefix >"$out/wine-prefix.log" 2>&1 || exit 1
wine_start

# command NAME: what runs inside.
command()
{
    [ "$1" = changing ] && echo "/code/changing $seconds" || echo "sh /code/run.sh $1"
}

native()
{
    # shellcheck disable=SC2016
    unshare --mount --pid --fork --kill-child bash -c 'mount -t proc proc "$0/proc" &&
        mount --rbind /dev "$0/dev" && mount -t tmpfs tmpfs "$0/tmp" &&
        exec chroot "$0" env -i PATH=/usr/bin:/bin HOME=/root sh -c "$1"' "$work/root" "$(command "$1")"
}

linux()
{
    "$FORE" --image "$work/root.img" sh -c "$(command "$1")"
}

wine_too()
{
    LC_ALL=C.UTF-8 WINEDEBUG=-all wine "$top/build/windows/fore.exe" --image "Z:$work/root.img" \
        sh -c "$(command "$1")" | tr -d '\r'
}

bad=0
for name in "${names[@]}"; do
    # What changing finds does not depend on the machine, how much of it does.
    [ "$name" = changing ] || native "$name" >"$out/$name.native" 2>"$out/$name.native.err" </dev/null ||
        bad=1
    for host in linux wine_too; do
        started=$SECONDS
        $host "$name" >"$out/$name.$host" 2>"$out/$name.$host.err" </dev/null
        status=$?
        verdict=ok
        if [ $name = changing ]; then
            grep -q ' 0 failed$' "$out/$name.$host" || verdict=different
        else
            cmp -s "$out/$name.native" "$out/$name.$host" || verdict=different
        fi
        [ $status -eq 0 ] || verdict="status $status"
        [ "$verdict" = ok ] || bad=1
        echo "$name, $host: $verdict, $((SECONDS - started)) s; $(tail -2 "$out/$name.$host" | head -1)"
    done
done
exit $bad
