# Sourced by the benchmarks: what they need, their options and the programs they measure.
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export LC_ALL=C.UTF-8 WINEDEBUG=${WINEDEBUG:--all}

die()
{
    echo "bench: $*" >&2
    exit 1
}

# read_options "NAME..." ARGUMENTS...: sets the variable NAME with --NAME VALUE, wine to yes with
# --wine, and program to the absolute path of what is no option; both are empty otherwise. Then
# installs what is missing of the packages for benchmarks.
read_options()
{
    local names=" $1 " name
    shift
    wine=
    program=
    while [ $# -gt 0 ]; do
        name=${1#--}
        case $1 in
        --wine) wine=yes ;;
        --*)
            [ "${names/ $name /}" != "$names" ] || die "unknown option $1"
            [ $# -gt 1 ] || die "$1 wants a value"
            printf -v "$name" %s "$2"
            shift
            ;;
        -*) die "unknown option $1" ;;
        *) program=$(realpath "$1") || exit 1 ;;
        esac
        shift
    done
    "$top/packaging/install.sh" build bench ${wine:+windows test} || exit 1
}

# packaged linux|windows NAME: sets path to that program as it is packaged; builds it where it is
# not there yet.
packaged()
{
    local build=$top/build/package-$1
    path=$build/$2
    [ "$1" = linux ] || path=$path.exe
    [ -e "$path" ] && return
    { cmake -S "$top" --preset "$1" -B "$build" -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF &&
        cmake --build "$build" --target "$2"; } >/dev/null || die "cannot build $2"
}

# compare_options ARGUMENTS...: for what compares fore N times (--times, 3 by default): sets times,
# wine, host to linux or windows, program to FORE or what is packaged, and keep and against to
# folders (of --keep and --against) or nothing; goes to the top.
compare_options()
{
    times=3 keep= against=
    read_options "times keep against" "$@"
    [ -z "$keep" ] || { mkdir -p "$keep" && keep=$(realpath "$keep"); } || exit 1
    [ -z "$against" ] || against=$(realpath -e "$against") || exit 1
    [[ $times =~ ^[1-9][0-9]*$ ]] || die "--times wants a number"
    cd "$top" || exit 1
    host=linux
    [ -z "$wine" ] || host=windows
    [ -n "$program" ] || { packaged $host fore && program=$path; }
}

# moved ROW RATIO SAID: keeps the row's ratio and the counters in the file SAID, which is what fore
# --stats said, in the folder $keep; and where the ratio is a twentieth above that of the same row in
# $against, says so and names the counters that differ by more than a tenth, and by a hundred.
moved()
{
    local row=$1 ratio=$2
    { echo "ratio $ratio"; sed -n 's/\r$//; s/^fore: *\([0-9]*\) \(.*\)/\1 \2/p' "$3"; } >"$work/moved"
    [ -z "$keep" ] || cp "$work/moved" "$keep/$row"
    [ -n "$against" ] && [ -f "$against/$row" ] || return 0
    awk -v row="$row" '
        $1 == "ratio" { ratio[FILENAME == ARGV[1]] = $2; next }
        { n = $1; sub(/^[0-9]+ /, "") }
        FILENAME == ARGV[1] { before[$0] = n; next }
        ratio[0] > ratio[1] * 1.05 && (n - before[$0] > 100 || before[$0] - n > 100) &&
            (n > before[$0] * 1.1 || n < before[$0] * 0.9) {
            moved = moved sprintf("  %s: %d, was %d\n", $0, n, before[$0])
        }
        END {
            if (ratio[0] + 0 && ratio[0] > ratio[1] * 1.05)
                printf "%s: %s, was %s; %s\n%s", row, ratio[0], ratio[1],
                    moved == "" ? "no counter moved" : "counters:", moved
        }' "$against/$row" "$work/moved"
}
