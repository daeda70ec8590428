#!/bin/bash
# Each layer includes what it may. The list below orders all folders: a file includes from its own
# room and from those above it in the list. Only runtime/host and app/host speak to the host system.
# Prints every line that does not belong where it stands. Afterwards a copy in which each room
# includes the next one must fail in every room.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# A room is a folder without those in it, or its files of one kind; "with" joins rooms of one rank.
rooms='
runtime/abi
runtime/host
runtime/host/linux with runtime/host/windows
runtime/translate
runtime/memory
runtime/task
runtime/fs/vfs
runtime/fs/pipe
runtime/fs/path
runtime/fs/tmpfs
runtime/fs/hostfs
runtime/fs/store
runtime/fs/imagefs
runtime/fs/tar
runtime/fs/calls
runtime/net
runtime/tty
runtime/proc
runtime/kernel
runtime/kernel/events
runtime/kernel/life
runtime/kernel/calls
runtime/kernel/entry
runtime/kernel/boot
term/*.h
term/unicode
term/parser
term/history
term/match
term/screen
term/search
term/view
term/input
term/vt
term/*.c
app/base
app/host
app/host/linux with app/host/windows
app/font
app/draw
app/config
app/session
app/input
app/window
app
app/fore
'

# What freestanding and plain C offers, and the CPU's own headers.
plain='assert|ctype|float|inttypes|limits|math|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio'
plain="$plain|stdlib|stdnoreturn|string|immintrin|x86intrin|cpuid"

sources()
{
    find "$@" \( -name '*.c' -o -name '*.h' -o -name '*.S' -o -name '*.inc' \) 2>/dev/null
}

# order FOLDER: the includes and places in the tree below a folder that the list does not allow.
order()
{
    (cd "$1" && {
        sources runtime term app | sed 's/$/ /'
        sources runtime term app | xargs grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"'
    }) | awk -v rooms="$rooms" '
        function room(path,    folder, kind) {
            folder = path; sub("/[^/]*$", "", folder)
            kind = path; sub(".*[.]", "", kind)
            return folder "/*." kind in rank ? folder "/*." kind : folder
        }
        BEGIN {
            n = split(rooms, line, "\n")
            for (i = 1; i <= n; i++) {
                parts = split(line[i], part, " with ")
                for (j = 1; j <= parts; j++)
                    rank[part[j]] = i
            }
        }
        / $/ {
            path = substr($0, 1, length($0) - 1)
            if (!(room(path) in rank))
                print path ": is in no room of the list"
            next
        }
        {
            split($0, field, ":"); from = field[1]
            to = $0; sub("^[^\"]*\"", "", to); sub("\".*", "", to)
            if (!(room(to) in rank))
                print from ":" field[2] ": " to " is in no room of the list"
            else if (rank[room(to)] > rank[room(from)])
                print from ":" field[2] ": includes " to ", which stands above it"
            else if (from ~ /^term\// && to !~ /^term\//)
                print from ":" field[2] ": includes " to ": the terminal stands alone"
        }'
}

outside=$(sources runtime term app | grep -v -e '^runtime/host/' -e '^app/host/')
bad=0

# report FILE TITLE: shows the file, if there is anything in it, as violations.
report()
{
    if [ -s "$1" ]; then
        echo "$2"
        sed 's/^/    /' "$1"
        bad=1
    fi
}

grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*<' $outside |
    grep -vE "<($plain)\.h>" |
    grep -vE '^runtime/translate/[^:]*:[0-9]+:.*<Zydis/' |
    grep -vE '^runtime/fs/store/[^:]*:[0-9]+:.*<sqlite3\.h>' |
    grep -vE '^term/view/grid_tsm\.c:[0-9]+:.*<libtsm\.h>' |
    grep -vE '^app/[^:]*:[0-9]+:.*<(SDL|SDL2/SDL|ft2build|hb)[^>]*>' >"$work/includes"
report "$work/includes" "headers of the host system outside runtime/host and app/host:"

grep -nE '\b(_WIN32|_WIN64|__linux__|__MINGW32__|__CYGWIN__)\b' $outside >"$work/conditions"
report "$work/conditions" "code that depends on the host outside runtime/host and app/host:"

grep -nE '\b(__thread|_Thread_local|setjmp|longjmp)\b' $outside |
    grep -vE ':[[:space:]]*(/?\*|//)' >"$work/forbidden"
report "$work/forbidden" "thread-local storage or non-local jumps:"

# What allocates for guests is counted: runtime/host/heap.h instead of stdlib.h. Not counted are the
# image's store and archives, which work for the user.
grep -nE '#[[:space:]]*include[[:space:]]*<stdlib\.h>' \
    $(grep -E '^runtime/' <<<"$outside" | grep -vE '^runtime/(abi|fs/(store|tar))/') \
    /dev/null >"$work/uncounted"
report "$work/uncounted" "memory that is not counted (include runtime/host/heap.h):"

# assert.h is there for static_assert: no guest may end the host process.
grep -nE '\b(assert|abort|exit|_Exit|quick_exit)[[:space:]]*\(' \
    $(grep -E '^(runtime|term)/' <<<"$outside") /dev/null | grep -vE ':[[:space:]]*(/?\*|//)' \
    >"$work/ends"
report "$work/ends" "the library ends the process:"

order . >"$work/up"
report "$work/up" "what the order of rooms does not allow:"

# Every room says what lives there.
for room in $(sed 's/ with /\n/g' <<<"$rooms" | sed 's,/\*\.[a-z]*$,,' | sort -u); do
    [ "$(head -c 2 "$room/README.md" 2>/dev/null)" = "# " ] || echo "$room"
done >"$work/silent"
report "$work/silent" "rooms without a README.md:"

# One name, one thing: no two folders have a file of one name. Not counted is what is named as the
# thing of the outside that it stands for, and each program's main.
sources runtime term app | grep -vE '^runtime/(abi|host)/|/host/(linux|windows)/|/main\.c$' |
    sed -E 's,^(.*)/([^/]+)\.[a-zA-Z]+$,\2 \1,' | sort -u |
    awk '{ if ($1 == name) print name ": " folder " and " $2; name = $1; folder = $2 }' >"$work/twins"
report "$work/twins" "two files of one name:"

# Include guards are named after their file.
for header in $(sources runtime term app | grep '\.h$'); do
    guard=$(tr a-z/.- A-Z___ <<<"$header")
    grep -qx "#ifndef $guard" "$header" && grep -qx "#define $guard" "$header" || echo "$header"
done >"$work/guards"
report "$work/guards" "an include guard that is not named after its file:"

# The check itself: in a copy every room includes something of the next one.
mkdir "$work/copy"
cp -r runtime term app "$work/copy"
first_of()
{
    case $1 in
    */\*.*) find "${1%/*}" -maxdepth 1 -name "${1##*/}" | sort | head -1 ;;
    *) sources "$1" -maxdepth 1 | sort | head -1 ;;
    esac
}
before=
while read -r room; do
    [ -n "$room" ] || continue
    file=$(cd "$work/copy" && first_of "${room%% with *}")
    if [ -n "$before" ]; then
        echo "#include \"$file\"" >>"$work/copy/$before"
        echo "$before"
    fi
    before=$file
done <<<"$rooms" | sort >"$work/planted"
order "$work/copy" | sed -n 's/:[0-9]*: includes .*//p' | sort -u >"$work/found"
comm -23 "$work/planted" "$work/found" >"$work/missed"
report "$work/missed" "an include of the next room that this test does not see:"
[ -s "$work/planted" ] || { echo "nothing was planted"; bad=1; }

exit $bad
