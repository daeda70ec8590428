# Sourced by the tests here: FORE HOST are the script's first arguments. Sets fore, the command that
# starts it, and work, a folder that goes away with the script.
set -u
host=$2
fore=("$1")
[ "$host" != wine ] || fore=(env LC_ALL=C.UTF-8 "WINEDEBUG=${WINEDEBUG:--all}" wine "$1")
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/root"/{tmp,dev,proc,sys,root,etc,bin} "$work/cache"

# with_root PROGRAM...: a root file system that holds these, in root.tar.
with_root()
{
    cp "$@" "$work/root/bin/" && tar -cf "$work/root.tar" -C "$work/root" --owner=0 --group=0 .
}

# starting FORE COMMAND...: sets start, which runs it in that root file system with a log of its
# own, and log, where that is.
starting()
{
    local fore=$1
    shift
    if [ "$host" = wine ]; then
        local windows=Z:${work//\//\\} program
        program=$(realpath "$fore")
        program=Z:${program//\//\\}
        log=$work/cache/Foreland/fore.log
        printf '@set LOCALAPPDATA=%s\\cache\r\n@"%s" --root "%s\\root.tar" %s\r\n' \
            "$windows" "$program" "$windows" "$*" >"$work/run.bat"
        start=(env LC_ALL=C.UTF-8 "WINEDEBUG=${WINEDEBUG:--all}" wine cmd /c "$windows\\run.bat")
    else
        log=$work/cache/foreland/fore.log
        start=(env "XDG_CACHE_HOME=$work/cache" "$fore" --root "$work/root.tar" "$@")
    fi
}

# within_memory SECONDS PROGRAM: runs it there with memory for little, shows what it says until it is
# "ready", and then ends its input. Fails when that fails, or when fore, which is looked at on Linux,
# took more than its memory or does not give it back.
within_memory()
{
    local limit=192 failed=0 pid from to line most now threads
    coproc timeout "$1" "${fore[@]}" --memory ${limit}M --root "$work/root.tar" "$2"
    pid=$COPROC_PID
    exec {from}<&"${COPROC[0]}" {to}>&"${COPROC[1]}" # COPROC goes with the process
    eval "exec ${COPROC[1]}>&-"
    while read -r line <&"$from"; do
        line=${line%$'\r'}
        [ "$line" != ready ] || break
        echo "$line"
    done
    if [ "$host" = linux ]; then
        # Beside what is counted there are the program itself and what a heap loses.
        read -r most now threads < <(awk '/^VmHWM/ { h = $2 } /^VmRSS/ { r = $2 } /^Threads/ { t = $2 }
            END { print int(h / 1024), int(r / 1024), t }' "/proc/$(pgrep -P "$pid")/status")
        echo "$most MiB at most, $now MiB and $threads threads at the end"
        [ "$most" -le $((limit + 64)) ] || { echo "FAIL fore took $most MiB of $limit"; failed=1; }
        [ "$now" -le 64 ] || { echo "FAIL fore keeps $now MiB"; failed=1; }
    fi
    exec {to}>&-
    wait "$pid" || { echo "FAIL status $?"; failed=1; }
    return $failed
}
