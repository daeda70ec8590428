# Sourced by the benchmarks: what they need, their options and the programs they measure.
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export LC_ALL=C.UTF-8 WINEDEBUG=${WINEDEBUG:--all}

die()
{
    echo "bench: $*" >&2
    exit 1
}

# read_options NAME ARGUMENTS...: sets the variable NAME with --NAME VALUE, wine to yes with --wine,
# and program to the absolute path of what is no option; both are empty otherwise. Then installs
# what is missing of the packages for benchmarks.
read_options()
{
    local name=$1
    shift
    wine=
    program=
    while [ $# -gt 0 ]; do
        case $1 in
        --wine) wine=yes ;;
        "--$name")
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
# wine, host to linux or windows, and program to FORE or what is packaged; goes to the top.
compare_options()
{
    times=3
    read_options times "$@"
    [[ $times =~ ^[1-9][0-9]*$ ]] || die "--times wants a number"
    cd "$top" || exit 1
    host=linux
    [ -z "$wine" ] || host=windows
    [ -n "$program" ] || { packaged $host fore && program=$path; }
}
