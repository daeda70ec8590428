#!/bin/bash
# The tests of Python's own library that use sockets, processes and selectors, from Debian's package:
# each on the real kernel (in a root of its own, as root), under $FORE and under Wine. What passes on
# the real kernel passes.
#   python.sh OUT [NAME...]   results in OUT/results: name, how many tests pass on the real kernel and
#                             under Foreland, and those that do not; what was said beside it
# PYTHON_HOSTS ("foreland wine_too") says where.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh" "$1"
shift
wanted unshare python3
[ "$(id -u)" = 0 ] || {
    echo "python: not root: skipped"
    exit 0
}
names=("$@")
[ $# -gt 0 ] || names=(test_socket test_select test_epoll test_selectors test_socketserver test_httplib
    test_urllib2_localnet test_smtplib test_ftplib test_ssl test_asyncio test_multiprocessing_fork
    test_multiprocessing_spawn)
hosts=${PYTHON_HOSTS:-foreland wine_too}
# What differs for a cause that long/python.md tells.
exceptions=" "

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
printf '%s\n' python3 libpython3.11-testsuite procps openssl >"$work/packages"
root=$("$top/packaging/image.sh" --minimal --with "$work/packages" --path) || exit 1
mkdir "$work/root" && tar -xf "$root" -C "$work/root" || exit 1

# What runs inside. VSOCK is what the real kernel of a virtual machine has, without a peer.
inside()
{
    echo "export PYTHONDONTWRITEBYTECODE=1 HOME=/root LANG=C.UTF-8; cd /tmp
        python3 -m test -v -u network --timeout 1500 -i '*VSOCK*' --junit-xml /tmp/result.xml $1 2>&1
        echo; echo '== RESULT'; cat /tmp/result.xml"
}

native()
{
    # shellcheck disable=SC2016
    unshare --mount --pid --fork --kill-child bash -c 'mount -t proc proc "$0/proc" &&
        mount --rbind /dev "$0/dev" && mount -t tmpfs tmpfs "$0/tmp" &&
        exec chroot "$0" env -i PATH=/usr/bin:/bin sh -c "$1"' "$work/root" "$(inside "$1")"
}

foreland()
{
    "$FORE" --root "$root" --cwd /tmp sh -c "$(inside "$1")"
}

wine_too()
{
    LC_ALL=C.UTF-8 WINEDEBUG=-all wine "$top/build/windows/fore.exe" --root "Z:$root" --cwd /tmp sh -c "$(inside "$1")"
}

# compare NAME HOW: what passes natively and does not in that run.
compare()
{
    python3 - "$out/$1.native" "$out/$1.$2" <<'EOF'
import sys, xml.etree.ElementTree as tree

def results(path):
    text = open(path, errors="replace").read().replace("\r", "").partition("== RESULT\n")[2]
    found = {}
    try:
        for case in tree.fromstring(text).iter("testcase"):
            good = not any(case.find(bad) is not None for bad in ("failure", "error", "skipped"))
            found[case.get("name")] = good
    except tree.ParseError:
        pass
    return found

real, ours = results(sys.argv[1]), results(sys.argv[2])
passing = [name for name in real if real[name]]
lost = [name for name in passing if not ours.get(name)]
print(len(passing), len([name for name in ours if ours[name]]), *lost)
EOF
}

run()
{
    local name=$1 how=$2 lost real got
    timeout -k 5 1800 bash -c "$how $name" >"$out/$name.$how" 2>&1 </dev/null
    [ "$how" != native ] || return 0
    read -r real got lost <<<"$(compare "$name" "$how")"
    printf '%-28s %-9s %5s %5s %s\n' "$name" "$how" "$real" "$got" "$lost" | tee -a "$out/results"
    [ "$real" -gt 0 ] || bad=1
    for one in $lost; do
        [[ $exceptions == *" $one "* ]] || bad=1
    done
}
export -f native foreland wine_too inside
export work root top FORE

: >"$out/results"
bad=0
if [[ " $hosts " == *" wine_too "* ]]; then
    if command -v wine >/dev/null; then
        . "$top/tests/lib.sh"
        build windows fore
        wine_prefix && wine_start
    else
        hosts=${hosts/wine_too/}
    fi
fi
for name in "${names[@]}"; do
    run "$name" native
    for host in $hosts; do
        run "$name" "$host"
    done
done
exit $bad
