#!/bin/bash
# fore --strace shows calls, their arguments and results, signals and ends as strace does: strace.txt
# is what strace 6.1 says of the same program, and where that is installed it is asked again.
#   strace.sh FORE HOST PROGRAM    HOST is linux or wine; PROGRAM is traced.c
. "$(dirname "$0")/lib.sh" "$@"
with_root "$3" || exit 2
expected=$(dirname "$0")/strace.txt
program=$(realpath "$3") bad=0

# What the calls are about: from the mark on, one process after the other, without addresses and
# numbers of processes. strace pads before '=' and explains times; it sees signals that nobody waits
# for, and that one comes which ends a process at once.
plain()
{
    sed -n '/^close(-5)/,$p' |
        sed -E 's/\) +=/) =/; s/0x[0-9a-f]{6,}/ADDRESS/g; s, /\* [0-9]{4}-[^*]*\*/,,
            s/^(fork|getpid)\(\) = [1-9][0-9]*$/\1() = PROCESS/; s/^kill\([1-9][0-9]*/kill(PROCESS/
            s/^(wait4.*\) =) [1-9][0-9]*$/\1 PROCESS/; s/si_pid=[0-9]+/si_pid=PROCESS/
            /^--- SIG(CHLD|TERM) /d'
}

# compare WHO: standard input with what is expected.
compare()
{
    diff "$expected" - >"$work/difference" && return
    echo "FAIL $1:"
    cat "$work/difference"
    bad=1
}

if [ "$host" = linux ] && strace --version 2>/dev/null | grep -q "version 6\.1$"; then
    (
        for fd in {3..30}; do eval "exec $fd>&-"; done
        cd "$work" && strace -ff -o real "$program" >"$work/said" 2>&1
    )
    for file in $(ls -v "$work"/real.*); do
        [ "$file" = "$(ls -v "$work"/real.* | head -1)" ] || echo 'close(-5)'
        cat "$file"
    done >"$work/all"
    compare 'strace itself says otherwise' < <(plain <"$work/all")
else
    echo "not compared with strace 6.1, which is not here"
fi

timeout 60 "${fore[@]}" --root "$work/root.tar" --strace traced </dev/null >"$work/out" 2>"$work/error"
status=$?
[ $status -eq 7 ] || {
    echo "FAIL status $status"
    bad=1
}
# [PID] LINE: first the lines of the first process, then those of its children.
tr -d '\r' <"$work/error" | awk '
    !/^\[[0-9]+\] / { next }
    { pid = $1; sub(/^\[[0-9]+\] /, "") ; if (!(pid in lines)) order[++n] = pid; lines[pid] = lines[pid] $0 "\n" }
    END { for (i = 1; i <= n; i++) printf "%s%s", (i > 1 ? "close(-5)\n" : ""), lines[order[i]] }' >"$work/all"
compare "fore's trace" < <(plain <"$work/all")
exit $bad
