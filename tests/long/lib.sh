# Sourced without arguments by runs that use the programs of the tests: top and out, the folder
# that is the script's argument.
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
out=$(realpath "$1")

# wanted TOOL...: ends the run, as one that is skipped, where one is not to be had.
wanted()
{
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null || {
            echo "$(basename "$0" .sh): no $tool: skipped"
            exit 0
        }
    done
}

# build PRESET TARGET...: builds these in build/PRESET, or ends the run with the reason.
build()
{
    local preset=$1
    shift
    { cmake -S "$top" --preset "$preset" && cmake --build "$top/build/$preset" --target "$@"; } \
        >"$out/build.log" 2>&1 && return
    tail -20 "$out/build.log"
    exit 1
}
