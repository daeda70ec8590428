# Comes before each script here, inside: name, ip and port (the first of a hundred) are set.
set -u
export HOME=/root LANG=C.UTF-8 TMPDIR=/tmp
unset http_proxy https_proxy no_proxy SSH_AUTH_SOCK
mkdir -p "/tmp/$name" && cd "/tmp/$name" || exit 2
failed=0
declare -A pid

fail()
{
    echo "FAIL $name: $*"
    failed=1
}

# finish: the last call of all.
finish()
{
    if [ $failed -ne 0 ]; then
        tail -n 20 -v ./*.log 2>/dev/null
    fi
    kill "${pid[@]}" 2>/dev/null
    [ $failed -eq 0 ] || exit 1
    echo "ok $name"
    exit 0
}

# same WHAT WANTED GOT
same()
{
    [ "$2" = "$3" ] || fail "$1: '${3:0:2000}', not '${2:0:2000}'"
}

# files WHAT A B: hold the same.
files()
{
    cmp "$2" "$3" || fail "$1: $2 and $3 differ"
}

# server NAME PATTERN COMMAND...: starts one, keeps what it says in NAME.log, and returns when a line
# of that matches. Its process is ${pid[NAME]}.
server()
{
    local name=$1 pattern=$2 line said
    shift 2
    exec {said}< <(exec "$@" 2>&1)
    pid[$name]=$!
    : >"$name.log"
    while read -r -t 60 line <&"$said"; do
        echo "$line" >>"$name.log"
        if [[ $line =~ $pattern ]]; then
            cat <&"$said" >>"$name.log" &
            exec {said}<&-
            return
        fi
    done
    fail "$name does not say that it is ready"
    finish
}

# end NAME: ends one.
end()
{
    kill "${pid[$1]}" || fail "$1 is gone"
    unset "pid[$1]"
}

# taken COMMAND...: returns when it succeeds: of a server that does not say when it listens.
taken()
{
    local left
    for ((left = 600; left > 0; left--)); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.05
    done
    fail "nobody listens: $*"
    finish
}

# certificate NAME: NAME.pem for this address, and NAME.key.
certificate()
{
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$1.key" \
        -out "$1.pem" -days 2 -subj /CN=box -addext "subjectAltName=IP:$ip" 2>openssl.log ||
        fail "no certificate"
}

# numbers COUNT: a file's content.
numbers()
{
    seq -f 'line %.0f of a file' "$1"
}
