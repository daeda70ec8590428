#!/bin/bash
# Each layer includes what it may: only runtime/host and app/host speak to the host system.
# Prints every line that does not belong where it stands.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# What freestanding and plain C offers, and the CPU's own headers.
plain='assert|ctype|float|inttypes|limits|math|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio'
plain="$plain|stdlib|stdnoreturn|string|immintrin|x86intrin|cpuid"

sources()
{
    find "$@" \( -name '*.c' -o -name '*.h' -o -name '*.S' -o -name '*.inc' \) 2>/dev/null
}

outside=$(sources runtime term app | grep -v -e '^runtime/host/' -e '^app/host/')
bad=0

# report TITLE: shows standard input, if there is any, as violations.
report()
{
    if [ -s "$1" ]; then
        echo "$2"
        sed 's/^/    /' "$1"
        bad=1
    fi
}

if [ -n "$outside" ]; then
    grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*<' $outside |
        grep -vE "<($plain)\.h>" |
        grep -vE '^runtime/translate/[^:]*:[0-9]+:.*<Zydis/' |
        grep -vE '^runtime/fs/store[^:]*:[0-9]+:.*<sqlite3\.h>' |
        grep -vE '^term/view/grid_tsm\.c:[0-9]+:.*<libtsm\.h>' |
        grep -vE '^app/[^:]*:[0-9]+:.*<(SDL|SDL2/SDL|ft2build|hb)[^>]*>' >"$work/includes"
    report "$work/includes" "headers of the host system outside runtime/host and app/host:"

    grep -nE '\b(_WIN32|_WIN64|__linux__|__MINGW32__|__CYGWIN__)\b' $outside >"$work/conditions"
    report "$work/conditions" "code that depends on the host outside runtime/host and app/host:"

    grep -nE '\b(__thread|_Thread_local|setjmp|longjmp)\b' $outside |
        grep -vE ':[[:space:]]*(/?\*|//)' >"$work/forbidden"
    report "$work/forbidden" "thread-local storage or non-local jumps:"

    # What allocates for guests is counted: runtime/host/heap.h instead of stdlib.h. Not counted are
    # the image's store and archives, which work for the user.
    grep -nE '#[[:space:]]*include[[:space:]]*<stdlib\.h>' \
        $(grep -E '^runtime/(kernel|fs|net|tty|memory|translate)/' <<<"$outside" |
            grep -vE '^runtime/fs/(store|tar)') /dev/null >"$work/uncounted"
    report "$work/uncounted" "memory that is not counted (include runtime/host/heap.h):"

    # assert.h is there for static_assert: no guest may end the host process.
    grep -nE '\b(assert|abort|exit|_Exit|quick_exit)[[:space:]]*\(' \
        $(grep -E '^(runtime|term)/' <<<"$outside") /dev/null | grep -vE ':[[:space:]]*(/?\*|//)' \
        >"$work/ends"
    report "$work/ends" "the library ends the process:"
fi

# Dependencies point down only.
sources runtime | xargs -r grep -nE '#include "(app|term)/' >"$work/up"
sources term | xargs -r grep -nE '#include "(app|runtime)/' >>"$work/up"
report "$work/up" "a lower layer includes a higher one:"

exit $bad
