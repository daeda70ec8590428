# Sourced by the scripts here, which run inside: apt with the repository that is mounted at /srv/test.
set -u
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
said=/tmp/said

fail()
{
    echo "FAIL: $*"
    tail -30 $said
    exit 1
}

# serve http|https: the repository at a port of loopback, as apt's only source.
serve()
{
    local certificate=() port
    if [ "$1" = https ]; then
        certificate=(/srv/test/server.pem)
        cp /srv/test/ca.crt /usr/local/share/ca-certificates/test.crt
        update-ca-certificates >$said 2>&1 || fail "update-ca-certificates"
    fi
    exec 4< <(exec python3 /srv/test/inside/server.py /srv/test/repo "${certificate[@]}" \
        2>>/tmp/server.log)
    read -r port <&4 || fail "no server: $(cat /tmp/server.log)"
    cp /srv/test/key.gpg /usr/share/keyrings/test.gpg
    rm -f /etc/apt/sources.list
    echo "deb [signed-by=/usr/share/keyrings/test.gpg] $1://localhost:$port/ ./" \
        >/etc/apt/sources.list.d/test.list
}

# step NAME COMMAND...: it succeeds without a warning, and dpkg has nothing to complain of.
step()
{
    local name=$1 start=$EPOCHREALTIME
    shift
    "$@" >$said 2>&1 || fail "$name: status $?"
    ! grep -E '^(W|E|Err)[: ]' $said || fail "$name: warned"
    [ -z "$(dpkg --audit 2>&1)" ] || fail "$name: dpkg --audit: $(dpkg --audit 2>&1)"
    echo "$name: $(((${EPOCHREALTIME/./} - ${start/./}) / 1000)) ms"
}

# installed PACKAGE...: they are, and configured.
installed()
{
    local package
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)" = 'install ok installed' ] ||
            fail "$package is not installed"
    done
}

# upgraded PACKAGE...: the repository's version is installed.
upgraded()
{
    local package version
    installed "$@"
    for package in "$@"; do
        version=$(dpkg-query -W -f '${Version}' "$package")
        [[ $version == *+test1 ]] || fail "$package is still $version"
    done
}

gone()
{
    local package
    for package in "$@"; do
        ! dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q ' installed$' ||
            fail "$package is still installed"
    done
}
