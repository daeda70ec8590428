#!/bin/bash
# Installs what is needed, builds Foreland for Linux and for Windows, and runs all tests natively
# and under Wine. The last line is "N passed, N failed"; exit status 0 only when nothing failed.
#
# Counted are the tests that ctest ran in the builds (build/test/linux, linux-asan, linux-tsan,
# windows) and each build itself. Wine's files and the Windows libraries are kept in
# ${FORELAND_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/foreland}.
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top" || exit 1
exec </dev/null
export FORELAND_CACHE=${FORELAND_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/foreland}
out=$top/build/test
jobs=$(nproc)
. tests/lib.sh
# Compilers that die say by which signal, in the builds of the libraries too.
for variable in CMAKE_{C,CXX}_{COMPILER,LINKER}_LAUNCHER; do
    export $variable="$top/packaging/launch.sh${!variable:+;${!variable}}"
done
passed=0
failed=0
skipped=0
failures=()
mkdir -p "$out"

say()
{
    printf '[%3d:%02d] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*"
}

finish()
{
    [ $skipped -eq 0 ] || echo "$skipped skipped"
    [ ${#failures[@]} -eq 0 ] || printf 'failed: %s\n' "${failures[@]}"
    echo "$passed passed, $failed failed"
    [ $failed -eq 0 ]
    exit
}

pass()
{
    passed=$((passed + 1))
}

fail()
{
    failed=$((failed + 1))
    failures+=("$1")
}

# counted NAME COMMAND...: runs a step that counts as one test; shows the end of its output if it
# fails, and the signal if it died by one.
counted()
{
    local name=$1 status signal
    shift
    say "$name"
    "$@" >"$out/step.log" 2>&1
    status=$?
    if [ $status -eq 0 ]; then
        pass
        return
    fi
    grep -E '(error|warning|undefined reference|killed by SIG)' "$out/step.log" | head -20
    tail -60 "$out/step.log"
    if [ $status -gt 128 ] && signal=$(kill -l $((status - 128)) 2>/dev/null); then
        name="$name (killed by SIG$signal)"
    fi
    fail "$name"
    return 1
}

# build PRESET OPTIONS...
build()
{
    local preset=$1
    shift
    cmake --preset "$preset" -B "$out/$preset" "$@" && cmake --build "$out/$preset" -j "$jobs" -- -k 0
}

attribute()
{
    sed -n "s/.*[[:space:]]$1=\"\([0-9]*\)\".*/\1/p" "$2" | head -1
}

# run_tests BUILD CTEST-OPTIONS...: runs ctest and adds up what it reports.
run_tests()
{
    local build=$1 report=$out/$1.xml
    shift
    rm -f "$report"
    say "tests: $build"
    ctest --test-dir "$out/$build" --output-junit "$report" --output-on-failure \
        --test-output-size-failed 4000 -j "$jobs" "$@" 2>&1 | grep -v '^ *Start '
    if [ ! -s "$report" ]; then
        fail "$build: ctest gave no report"
        return
    fi
    # The attributes of <testsuite> stand on lines of their own.
    local head=$out/$build.head all bad not
    sed -n '/<testsuite /,/>/p' "$report" | tr '\n' ' ' >"$head"
    all=$(attribute tests "$head")
    bad=$(attribute failures "$head")
    not=$(($(attribute skipped "$head") + $(attribute disabled "$head")))
    passed=$((passed + all - bad - not))
    failed=$((failed + bad))
    skipped=$((skipped + not))
    local name
    while read -r name; do
        failures+=("$build: $name")
    done < <(sed -n 's/.*<testcase name="\([^"]*\)".*status="fail".*/\1/p' "$report")
    if [ "$all" -eq 0 ]; then
        fail "$build: no tests were found"
    fi
}

packaging/install.sh build windows test || {
    fail "packages"
    finish
}

counted "build for Linux" build linux -DFORELAND_WERROR=ON && linux=yes
# gcc documents false warnings in such builds, so they are no errors there.
counted "build with sanitizers" build linux-asan -DFORELAND_WERROR=OFF && asan=yes
counted "build with ThreadSanitizer" build linux-tsan -DFORELAND_WERROR=OFF && tsan=yes
counted "libraries for Windows" packaging/deps-windows.sh &&
    counted "build for Windows" build windows -DFORELAND_WERROR=ON && windows=yes
counted "wine prefix" wine_prefix && wine=yes
for preset in ${linux:+linux} ${asan:+linux-asan} ${windows:+windows}; do
    counted "root file system for the tests ($preset)" \
        cmake --build "$out/$preset" --target guest_root
done
for preset in ${linux:+linux} ${windows:+windows}; do
    counted "root file system for programs of the network ($preset)" \
        cmake --build "$out/$preset" --target net_root
done

# The zip that users get: the tests of the window under Wine run what is in it.
if [ -n "${windows:-}" ] && counted "packaging/windows.sh" packaging/windows.sh; then
    zip=$(echo dist/foreland-*-windows-x64.zip)
    rm -rf "$out/zip"
    counted "the zip can be unpacked" unzip -q "$zip" -d "$out/zip" &&
        FORELAND_UNPACKED=$(echo "$out"/zip/foreland-*) && export FORELAND_UNPACKED
fi

[ -z "${linux:-}" ] || run_tests linux
[ -z "${asan:-}" ] || run_tests linux-asan -L 'unit|guest|checks'
[ -z "${tsan:-}" ] || run_tests linux-tsan
if [ -n "${windows:-}" ] && [ -n "${wine:-}" ]; then
    wine_start
    run_tests windows
    counted "Wine's server lives" wine_server_lives
fi

# What a user starts with.
counted "packaging/try.sh" packaging/try.sh bash -lc 'test "$HOME" = /root'
counted "packaging/try.sh with a display" tests/image/try.sh
[ -z "${zip:-}" ] || [ -z "${wine:-}" ] ||
    counted "the zip for Windows" tests/windows/package.sh "$zip"
finish
