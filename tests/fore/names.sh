#!/bin/bash
# Names inside: the host name in /etc/hosts, the host's name servers in /etc/resolv.conf unless that
# is the user's own, also when they change; the host's proxies in the environment.
#   names.sh FORE HOST PROGRAM    HOST is linux or wine; PROGRAM is names.c
. "$(dirname "$0")/lib.sh" "$@"
program=$(basename "$3")
cp "$3" "$work/root/bin/" || exit 2
failed=0

# says WHAT EXPECTED ARGUMENTS...: what the program says, compared with a pattern.
says()
{
    local what=$1 expected=$2 said
    shift 2
    tar -cf "$work/root.tar" -C "$work/root" --owner=0 --group=0 .
    said=$(timeout 60 "${fore[@]}" --root "$work/root.tar" "${options[@]}" "$program" "$@" </dev/null 2>&1)
    said=${said//$'\r'/}
    # shellcheck disable=SC2053
    [[ $said == $expected ]] || {
        echo "FAIL $what: $said"
        echo "     not: $expected"
        failed=1
    }
}

options=()
machine=$(hostname)
[ "$2" = wine ] || says 'the host name' "$machine" host
says 'hosts of an empty root' $'127.0.0.1\tlocalhost\n*\n127.0.1.1\t*\t# kept by Foreland*' cat /etc/hosts
printf '# a comment\n\nbox\n' >"$work/root/etc/hostname"
printf '127.0.0.1\tlocalhost\n127.0.1.1\told\t# kept by Foreland\n192.0.2.7 other # box' >"$work/root/etc/hosts"
says 'the name in /etc/hostname' $'box\n127.0.0.1\tlocalhost\n192.0.2.7 other # box\n127.0.1.1\tbox\t# kept by Foreland*' \
    host cat /etc/hosts
printf '192.0.2.8 full.name box\n' >"$work/root/etc/hosts"
says 'hosts that name the host' '192.0.2.8 full.name box' cat /etc/hosts

# What the host's resolver says; Wine gives the servers alone.
servers=$(grep '^nameserver' /etc/resolv.conf | head -3)
[ "$2" = wine ] || servers=$(cat /etc/resolv.conf)
says 'a resolv.conf that is missing' $'../run/foreland/resolv.conf\n'"$servers*" link /etc/resolv.conf cat /etc/resolv.conf
: >"$work/root/etc/resolv.conf"
says 'a resolv.conf that is empty' $'../run/foreland/resolv.conf\n'"$servers*" link /etc/resolv.conf cat /etc/resolv.conf
ln -sf ../run/systemd/resolve/stub-resolv.conf "$work/root/etc/resolv.conf"
says 'a link into /run' $'../run/systemd/resolve/stub-resolv.conf\n'"$servers*" link /etc/resolv.conf cat /etc/resolv.conf
says 'what is written there' $'written\nnameserver 192.0.2.77*' put /etc/resolv.conf 'nameserver 192.0.2.77' cat /etc/resolv.conf
rm "$work/root/etc/resolv.conf"
echo 'nameserver 192.0.2.53' >"$work/root/etc/resolv.conf"
says "the user's own" 'nameserver 192.0.2.53*' cat /etc/resolv.conf
rm "$work/root/etc/resolv.conf"

for name in http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY; do
    unset $name
done
says 'no proxy' $'not set\nnot set' env http_proxy env HTTPS_PROXY
export https_proxy=http://proxy.test:3128 no_proxy=localhost,.test
says 'the proxy of the host' $'http://proxy.test:3128\nhttp://proxy.test:3128\nlocalhost,.test\nnot set' \
    env https_proxy env HTTPS_PROXY env NO_PROXY env http_proxy
options=(--env http_proxy=http://own.test:1)
says 'a session with its own' $'http://own.test:1\nnot set' env http_proxy env https_proxy
options=()
unset https_proxy no_proxy

# A folder of the host as the root: its files are the user's, but a link into /run is served.
folder()
{
    local said before after
    rm -f "$work/root/etc/"{hosts,hostname,resolv.conf}
    before=$(ls -A "$work/root/etc")
    timeout 60 "${fore[@]}" --root "$work/root" "$program" host </dev/null >/dev/null 2>&1
    after=$(ls -A "$work/root/etc")
    [ "$before" = "$after" ] || {
        echo "FAIL a folder as the root has got: $after"
        failed=1
    }
    ln -s ../run/systemd/resolve/stub-resolv.conf "$work/root/etc/resolv.conf"
    said=$(timeout 60 "${fore[@]}" --root "$work/root" "$program" cat /etc/resolv.conf </dev/null 2>&1)
    [ "$said" = "$servers" ] || {
        echo "FAIL a link in a folder as the root: $said"
        failed=1
    }
    rm "$work/root/etc/resolv.conf"
}
[ "$2" = wine ] || folder

# Name servers that change: in a copy of the host's /etc, where that may be mounted.
change()
{
    local say=$work/say status
    mkfifo "$say"
    cp -a /etc "$work/etc"
    rm -f "$work/etc/resolv.conf"
    echo 'nameserver 192.0.2.1' >"$work/etc/resolv.conf"
    tar -cf "$work/root.tar" -C "$work/root" --owner=0 --group=0 .
    unshare -m bash -c 'mount --bind "$0/etc" /etc && shift 0 && exec "$@"' "$work" \
        timeout 60 "${fore[@]}" --root "$work/root.tar" "$program" cat /etc/resolv.conf \
        wait /run/foreland/resolv.conf 'nameserver 192.0.2.2' >"$say" 2>&1 </dev/null &
    exec 5<"$say"
    read -r status <&5
    [ "$status" = 'nameserver 192.0.2.1' ] || echo "FAIL before the change: $status"
    echo 'nameserver 192.0.2.2' >"$work/etc/resolv.conf.new"
    mv "$work/etc/resolv.conf.new" "$work/etc/resolv.conf"
    status=$(cat <&5)
    [[ $status == *seen ]] && [[ $status != *not* ]] || {
        echo "FAIL after the change: $status"
        failed=1
    }
}
if [ "$2" = linux ] && unshare -m true 2>/dev/null; then
    change
fi
exit $failed
