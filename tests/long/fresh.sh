#!/bin/bash
# tests/run.sh in a fresh clone on a fresh Debian that holds nothing else: a chroot made by
# mmdebstrap from this machine's own package sources. Shows what packaging/packages.txt lacks.
# Needs root.
#   fresh.sh OUT     the output of the run in OUT/log
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$here/../..
out=$1
root=$out/root

die()
{
    echo "fresh: $*" >&2
    exit 1
}

[ "$(id -u)" = 0 ] || die "run as root"
"$top/packaging/install.sh" long || exit 1
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
sources=()
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    case $file in
    *.list | *.sources) grep -qsw "$codename" "$file" && sources+=("$file") ;;
    esac
done
rm -rf --one-file-system "$root"
mmdebstrap --quiet --variant=apt --include=ca-certificates,git "$codename" "$root" \
    "${sources[@]}" >"$out/log" 2>&1 || die "mmdebstrap failed: $(tail -1 "$out/log")"
trap 'rm -rf --one-file-system "$root"' EXIT
cp /etc/resolv.conf /etc/hosts "$root/etc/"
git clone -q "$top" "$root/root/foreland" || exit 1

# The mounts go with the namespace.
unshare --mount --fork bash -c '
    mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc" && mount --rbind /sys "$1/sys" &&
        mount -t tmpfs tmpfs "$1/tmp" &&
        exec env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
            chroot "$1" bash /root/foreland/.ci/run' fresh "$root" <&- >>"$out/log" 2>&1
status=$?
tail -1 "$out/log"
exit $status
