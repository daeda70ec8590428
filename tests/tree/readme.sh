#!/bin/bash
# Every command that README.md shows in a fenced block is run by some test: the commands of the
# build by hand and of fore here, in a build folder of their own; the scripts by what is named
# below.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
bad=0

# run_by SCRIPT FILE...: one of the files runs the script.
run_by()
{
    local script=$1
    shift
    grep -qE "^[^#]*(^|[[:space:]/])${script//./\\.}\b" "$@" || {
        echo "no test runs: $script"
        bad=1
    }
}

preset_exists()
{
    grep -q "\"name\": \"$1\"" CMakePresets.json && grep -qE "(build|run_tests) $1\b" tests/run.sh ||
        {
            echo "tests/run.sh does not use the preset $1"
            bad=1
        }
}

while read -r command; do
    case $command in
    '' | '#'*) ;;
    tests/run.sh) run_by tests/run.sh .ci/run ;;
    packaging/install.sh\ * | packaging/deps-windows.sh) run_by "${command%% *}" tests/run.sh ;;
    packaging/*.sh) run_by "${command%% *}" tests/run.sh tests/*/*.sh ;;
    cmake\ --preset\ * | cmake\ --build\ --preset\ * | ctest\ --preset\ *)
        preset_exists "${command##* }"
        ;;
    build/*/fore\ *)
        [ -x "$FORELAND_BUILD/fore" ] || continue
        (eval "${command/#build\/*\/fore/$FORELAND_BUILD/fore}") </dev/null >/dev/null || {
            echo "fails: $command"
            bad=1
        }
        ;;
    *)
        echo "no test knows: $command"
        bad=1
        ;;
    esac
done < <(sed -n '/^```sh$/,/^```$/p' README.md | grep -v '^```')
exit $bad
