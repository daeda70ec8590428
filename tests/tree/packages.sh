#!/bin/bash
# Each script that a user starts installs what it needs, before it needs it: on a machine where
# nothing is installed and apt-get fails, it ends with the packages that it wants.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export WANTED=$work/wanted
mkdir "$work/bin"
printf '#!/bin/sh\nexit 1\n' >"$work/bin/dpkg-query"
printf '#!/bin/sh\necho 0\n' >"$work/bin/id"
printf '#!/bin/sh\necho "$*" >>"$WANTED"\nexit 1\n' >"$work/bin/apt-get"
chmod +x "$work"/bin/*
bad=0

# wants PURPOSES COMMAND...
wants()
{
    local purposes=$1 purpose package
    shift
    : >"$WANTED"
    PATH=$work/bin:$PATH FORELAND_CACHE=$work/cache timeout 60 "$@" </dev/null >"$work/said" 2>&1 && {
        echo "$1 goes on without its packages"
        bad=1
    }
    for purpose in $purposes; do
        while read -r _ package; do
            grep -qw -- "$package" "$WANTED" || {
                echo "$1 does not install $package"
                bad=1
            }
        done < <(grep "^$purpose " packaging/packages.txt)
    done
}

wants "build bench" tests/bench/run.sh
wants "build bench" tests/bench/terminal.sh
wants "build windows test bench" tests/bench/terminal.sh --wine
wants "build windows long" tests/long.sh
wants "build windows test" tests/run.sh
wants build packaging/try.sh
wants "build windows" packaging/windows.sh
exit $bad
