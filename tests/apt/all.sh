#!/bin/bash
# apt inside at length: some 30 packages with scripts of their own by http and https, upgrades of
# what everything uses, kills of fore in the middle, the machine's own sources.
#   all.sh FORE HOST     HOST is linux, wine, or native: then FORE is any folder, where the same
#                        happens in a chroot, for its times
# APT_KILLS (6) says how often it is killed.
. "$(dirname "$0")/lib.sh"
packages='anacron apache2 at cron debconf-utils dbus dictionaries-common emacsen-common
    exim4-daemon-light fish fontconfig install-info locales logrotate man-db nginx-light
    openssh-server python3-yaml redis-server rsyslog sgml-base shared-mime-info ssl-cert systemd tcpdump
    ucf uuid-runtime vsftpd wamerican xml-core zsh'
packages=$(echo $packages)
upgraded='apt bash coreutils dpkg libc-bin libc6'
failed=0

# run WHAT COMMAND...: says how long it took, and when it failed.
run()
{
    local what=$1 TIMEFORMAT="$host: $1: %R s, of a processor %U + %S s"
    shift
    time "$@" || {
        echo "FAIL $host: $what"
        failed=1
        return 1
    }
}

native()
{
    mkdir "$work/root" && tar -xf "$root" -C "$work/root" && cp -r "$test" "$work/root/srv/" ||
        return 1
    mkdir -p "$work/root/dev"
    unshare --mount --pid --fork --kill-child bash -c '
        cd "$1" && mount -t proc proc proc && mount --rbind /dev dev && shift &&
            exec chroot . "$@"' bash "$work/root" \
        /srv/test/inside/flow.sh http "$packages" "$upgraded" </dev/null
}

fresh()
{
    rm -f "$work"/test.img*
    cp "$work/base.img" "$work/test.img"
}

# The number of lines after which fore is killed goes from the first package to the last.
killed()
{
    local at=$1 line n=0 pid from
    fresh || return 1
    exec {from}< <(exec "${fore[@]}" --image "$work/test.img" --mount "$test:/srv/test" \
        bash /srv/test/inside/install.sh "$packages" </dev/null 2>&1)
    pid=$!
    while read -r line <&"$from"; do
        case $line in
        Unpacking* | Setting\ up* | Preparing* | Processing*) n=$((n + 1)) ;;
        FAIL*) echo "$line" ;;
        esac
        [ $n -lt "$at" ] || break
    done
    kill -9 "$pid" 2>/dev/null
    cat <&"$from" >/dev/null # until it is gone
    exec {from}<&-
    echo "killed after $n: $line"
    "${fore[@]}" image check "$work/test.img" && inside /srv/test/inside/mend.sh "$packages" "$upgraded" &&
        "${fore[@]}" image check "$work/test.img"
}

machine()
{
    mkdir -p "$test/machine" "$work/lists/partial"
    "$here/../../packaging/debian-entries.sh" "$test/machine" deb || return 1
    find "$test/machine" -size 0 -delete
    apt-config dump | grep -i '^Acquire::[a-z]*::Proxy' >"$test/proxies"
    apt-get -q update -o Dir::State::lists="$work/lists" -o Dir::Etc::sourcelist=/dev/null \
        -o Dir::Etc::sourceparts="$test/machine" >"$work/update.log" 2>&1 &&
        ! grep -q '^Err' "$work/update.log" || {
        echo "$host: the machine's sources: skipped: they cannot be reached"
        return 0
    }
    chmod -R a+rX "$test"
    fresh && inside /srv/test/inside/machine.sh
}

make_repo "$packages" "$upgraded"
if [ "$host" = native ]; then
    run "http" native
    exit $failed
fi
run "the image" make_image
mv "$work/test.img" "$work/base.img"
fresh && run "http" inside /srv/test/inside/flow.sh http "$packages" "$upgraded"
run "check" "${fore[@]}" image check "$work/test.img"
fresh && run "https" inside /srv/test/inside/flow.sh https "$packages" "$upgraded"
run "the machine's sources" machine
kills=${APT_KILLS:-6}
for ((i = 1; i <= kills; i++)); do
    run "kill $i of $kills" killed $((i * 350 / (kills + 1)))
done
exit $failed
