#!/bin/bash
# What a program's start takes on the files of this machine: natively, the first time with Foreland
# (nothing is translated yet) and the next (code is kept). Prints milliseconds from the start to the
# end, the median of N runs taken in turns, and what the next start is beside the native one.
#   tests/bench/starts.sh [--wine] [--times N] [FORE]
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
compare_options "$@"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/cache" "$work/tree" && cd "$work/tree" && git init -q . || exit 1
for i in 1 2 3 4 5 6 7 8 9; do echo $i >file$i; done
echo 'int main(void) { return 0; }' >small.c
git add . && git -c user.name=bench -c user.email=bench commit -qm files || exit 1

# fore COMMAND...
fore()
{
    if [ -n "$wine" ]; then
        printf '@set LOCALAPPDATA=Z:%s\\cache\r\n@"Z:%s" --root Z:\\ --cwd %s %s\r\n' "${work//\//\\}" \
            "${program//\//\\}" "$work/tree" "$*" >"$work/run.bat"
        wine cmd /c "Z:${work//\//\\}\\run.bat"
    else
        XDG_CACHE_HOME=$work/cache "$program" --root / --cwd "$work/tree" "$@"
    fi
}

# took FILE COMMAND...: adds the microseconds.
took()
{
    local file=$1 from=${EPOCHREALTIME/./}
    shift
    "$@" >/dev/null 2>&1 </dev/null || die "$* fails"
    echo $((${EPOCHREALTIME/./} - from)) >>"$file"
}

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { printf "%.1f", v[int((NR + 1) / 2)] / 1000 }'; }

printf '%-16s %10s %10s %10s   %s\n' row native first next 'next : native, less 10 ms'
while read -r name command; do
    rm -f "$work"/{native,first,next}
    took "$work/next" fore $command # whatever the host has to read first
    rm -f "$work/next"
    for ((i = 0; i < times; i++)); do
        took "$work/native" $command
        rm -rf "$work"/cache/*
        took "$work/first" fore $command
        took "$work/next" fore $command
    done
    a=$(median "$work/native") b=$(median "$work/first") c=$(median "$work/next")
    printf '%-16s %10s %10s %10s   %s\n' "$name" "$a" "$b" "$c" \
        "$(awk -v a="$a" -v c="$c" 'BEGIN { printf "%.2f  %.2f", c / a, (c - 10) / a }')"
done <<'END'
true /bin/true
python3 /usr/bin/python3 -c pass
perl perl -e 1
bash bash -c :
git-status git status
gcc-c gcc -c small.c
END
