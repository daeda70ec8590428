#!/bin/bash
# A scrollback of 100,000 lines of 160 columns: the window's process stays below 200 MB, also while it
# is reflowed, and the text is the same there and back again; a search through all of it, for what is
# not there, keeps neither the window from its user nor programs from running. Each key in the search
# bar is shown, and Ctrl-C afterwards answered, within 100 ms, or, where the machine has no time for us,
# not much later than Ctrl-C is with nothing else going on: the median counts, and that of one round in
# six has to be short, for the machine may be doing something else.
# ctest: alone
set -u
. "$(dirname "$0")/lib.sh"
lines=100000
limit=${FORELAND_SEARCH_MS:-100}
memory_limit=$((200 * 1024)) # kB

# Single quotes stay out of the text: it travels through a command line of Windows. The flood's lines
# hold none of the digits that the first ones do.
guest='
export PS1="\\nready-\$((++n))>"
rows() { mawk -v n="$1" "BEGIN { for (i = 1; i <= n; i++) printf(\"%08d etaoin shrdlu cmfwyp vbgkjqxz %115s%06d\\n\", i, \"ETAOIN SHRDLU\", i * 7 % 1000000) }"; }
flood() { mawk "BEGIN { s = \"the flood goes on \"; while (length(s) < 160) s = s s; s = substr(s, 1, 160); while (1) print s }"; }
export -f rows flood
exec bash --norc --noediting -i'

# memory VmRSS|VmHWM: what the window's process has in memory, or the most it has had, in kB.
memory()
{
    sed -n "s/^$1:[^0-9]*\([0-9]*\).*/\1/p" "/proc/$window_pid/status"
}

small()
{
    local now
    now=$(memory "$1")
    echo "$2: $((now / 1024)) MB"
    [ "$now" -lt $memory_limit ] || fail "$2: $now kB of memory"
}

# The text of the prompt that is shown.
prompt()
{
    echo "ready-$number>"
}

# screens NAME: what is to be seen at the bottom, at the top and a page below it.
screens()
{
    tell text "$work/$1-bottom"
    tell key shift+Home
    tell text "$work/$1-top"
    tell key shift+PageDown
    tell text "$work/$1-page"
    tell key shift+End
}

# all NAME: everything, as selected: the rows, and after them the prompt.
all()
{
    tell key ctrl+shift+a
    tell selection "$work/$1"
    grep '^0' "$work/$1" >"$work/$1-rows"
    cmp "$work/rows" "$work/$1-rows" || fail "the text is another one at $2"
}

# Ctrl-C, and the next prompt.
next()
{
    number=$((number + 1))
    tell time ctrl+c "$(prompt)"
}

# search KEYS...: while output pours in, each key of a pattern; then the bar goes and Ctrl-C comes.
search()
{
    local key times=()
    tell type $'flood\n'
    tell gone "$(prompt)"
    tell flow 1000000
    tell key ctrl+shift+f
    tell key ctrl+u
    for key in "$@"; do
        tell time "$key"
        times+=("${reply#ok }")
    done
    tell flow 1000000
    tell key Escape
    next
    stopped=${reply#ok }
    slow=$(median "${times[@]}")
    echo "keys: ${times[*]} ms; Ctrl-C: $stopped ms"
}

searches()
{
    local round
    for round in 1 2 3 4 5 6; do
        search "$@"
        in_time "$slow" "$limit" && in_time "$stopped" "$limit" && return
    done
    fail "a key in the search bar takes $slow ms, Ctrl-C $stopped ms"
}

seq $lines | awk '{ printf("%08d etaoin shrdlu cmfwyp vbgkjqxz %115s%06d\n", $1, "ETAOIN SHRDLU",
    $1 * 7 % 1000000) }' >"$work/rows"
[ "$(awk '{ print length; exit }' "$work/rows")" = 160 ] || fail "the rows are not 160 columns"
# A root file system from a tar is kept in memory: only what is needed of it.
small_root()
{
    local libraries=./usr/lib/x86_64-linux-gnu
    mkdir "$work/root" "$work/root"/{dev,proc,tmp,root} || return 1
    tar -xf "$FORELAND_ROOT" -C "$work/root" ./bin ./lib ./lib64 ./usr/bin/bash ./usr/bin/mawk \
        ./usr/lib64 $libraries/{ld-linux-x86-64.so.2,libc.so.6,libm.so.6} \
        --wildcards "$libraries/libtinfo.so.6*" || return 1
    tar -cf "$work/root.tar" -C "$work/root" --owner=0 --group=0 .
}

small_root || fail "cannot take bash and mawk out of $FORELAND_ROOT"
number=1
start --root "$work/root.tar" --font-size 6 --size 160x24 --scrollback $((lines + 1000)) \
    /bin/bash -c "$guest"
tell wait "$(prompt)"
small VmRSS "at the start"
number=2
tell type "rows $lines"$'\n'
# A busy machine may take longer than one wait.
for _ in 1 2 3 4; do
    answer wait "$(prompt)" && break
done
tell wait "$(prompt)"
small VmRSS "$lines lines"
screens wide
for columns in 159 120 80 20 80; do
    tell size 24 $columns
done
screens narrow
tell size 24 160
screens again
small VmHWM "reflowed"
for part in bottom top page; do
    cmp "$work/wide-$part" "$work/again-$part" || fail "the $part is not what it was"
done
cmp -s "$work/wide-top" "$work/narrow-top" && fail "80 columns show what 160 did"
all wide "160 columns"
tell size 24 80
all narrow "80 columns"
tell size 24 160

# What there is once, in the oldest lines, is found; what there is not, is not.
tell key ctrl+shift+f
tell type '00000017 eta'
tell state
[[ $reply == *'search found 00000017'* ]] || fail "not found: $reply"
shows '00000017 etaoin'
tell type 'x'
tell state
[[ $reply == *'search none 00000017 etax'* ]] || fail "found: $reply"
tell key Escape

searches z q z q z q x
# As an expression that anything may begin; every key looks for another one.
tell key ctrl+shift+f
tell key alt+r
tell key Escape
searches t . '*' z . '*' q
# The window may close before it can answer.
answer type $'exit\n'
ended
