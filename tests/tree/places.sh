#!/bin/bash
# What ARCHITECTURE.md says of where things live is so: each function of its table is defined in the
# file named before it. And each file that a room's README.md names is there.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
bad=0

# defines FILE FUNCTION: a definition begins at the start of a line and has a body.
defines()
{
    [ -f "$1" ] && awk -v name="$2" '
        BEGIN { at = "(^|[^[:alnum:]_])" name "[(]" }
        open && /^[{]/ { found = 1; exit }
        /^[^[:space:]#\/*{}]/ { open = $0 ~ at }
        /;$/ { open = 0 }
        END { exit !found }' "$1"
}

rows=$(sed -n '/^## Where it lives$/,/^## /p' ARCHITECTURE.md | sed -n 's/^| *\([^|]*[^| ]\) *| *\([^|]*[^| ]\) *|$/\1|\2/p' |
    sed '1,2d')
[ "$(wc -l <<<"$rows")" -ge 15 ] || {
    echo "ARCHITECTURE.md has no table of where things live"
    bad=1
}
while IFS='|' read -r what where; do
    file=
    seen=
    for word in $(grep -o '`[^`]*`' <<<"$where" | tr -d '`'); do
        case $word in
        */*)
            file=$word
            [ -f "$file" ] || {
                echo "$what: there is no $file"
                bad=1
            }
            ;;
        *)
            seen=1
            defines "$file" "$word" || {
                echo "$what: $file does not define $word"
                bad=1
            }
            ;;
        esac
    done
    [ -n "$seen" ] || {
        echo "$what: names no function"
        bad=1
    }
done <<<"$rows"

for readme in $(find runtime term app -name README.md | sort); do
    room=${readme%/*}
    [ "$(head -1 "$readme")" = "# $room" ] || {
        echo "$readme: its first line is not \"# $room\""
        bad=1
    }
    for file in $(grep -oE '`[a-z0-9_/]+\.(c|h|S|def|py|md)`' "$readme" | tr -d '`'); do
        [ -f "$room/$file" ] || [ -f "$file" ] || {
            echo "$readme: there is no $file"
            bad=1
        }
    done
done

# The check itself.
defines runtime/task/futex.c futex_requeue || { echo "a definition is not seen"; bad=1; }
for wrong in task_get sys_futex futex_nothing; do
    ! defines runtime/task/futex.c "$wrong" || { echo "$wrong is not defined there"; bad=1; }
done
exit $bad
