#!/bin/bash
# bash's own test suite, from Debian's source package: each of its scripts on the real kernel and
# under $FORE. A script passes when its output is what bash's authors recorded.
#   bash.sh OUT      results in OUT/results: name, native result, result under Foreland; the
#                    differences from what was recorded beside it in OUT/<name>.{native,foreland}
# Demands that at least 70 scripts pass.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
packaging=$here/../../packaging
out=$1
wanted=70
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

die()
{
    echo "bash: $*" >&2
    exit 1
}

charmap()
{
    case $1 in
    ISO8859-1) echo ISO-8859-1 ;;
    SJIS) echo SHIFT_JIS ;;
    big5hkscs) echo BIG5-HKSCS ;;
    *) echo "$1" ;;
    esac
}

"$packaging/install.sh" long || exit 1
version=$(dpkg-query -W -f '${source:Version}' bash)
suite=$FORELAND_CACHE/bash-suite-$version-1
if [ ! -e "$suite" ]; then
    "$packaging/debian-source.sh" "$work/src" "bash=$version" || exit 1
    source=$(echo "$work"/src/bash-*/)
    for helper in recho zecho xcase printenv; do
        gcc -O1 -w -DHAVE_STDLIB_H -DHAVE_UNISTD_H -DHAVE_STRING_H -I"$source" -I"$source/include" \
            -o "$source/tests/$helper" "$source/support/$helper.c" || die "cannot compile $helper"
    done
    # Some scripts read these from the folder above theirs.
    mkdir -p "$work/suite"
    mv "$source/tests" "$work/suite/tests"
    cp "$source/y.tab.c" "$work/suite/"
    cp "$source/config-top.h" "$work/suite/config.h"
    cp "$source/version.c" "$work/suite/version.h"
    mkdir "$work/suite/locale"
    for locale in en_US.UTF-8 de_DE.UTF-8 fr_FR.ISO8859-1 ja_JP.SJIS zh_HK.big5hkscs; do
        # It warns about what it finds in its own sources, with an exit status of its own.
        localedef -c -i "${locale%.*}" -f "$(charmap "${locale#*.}")" \
            "$work/suite/locale/$locale" >/dev/null 2>&1
        [ -e "$work/suite/locale/$locale/LC_CTYPE" ] || die "cannot make the locale $locale"
    done
    mkdir -p "$FORELAND_CACHE"
    mv "$work/suite" "$suite"
fi

base=$("$packaging/image.sh" --minimal --path) || exit 1
cp "$base" "$work/root.tar"
tar -rf "$work/root.tar" -C "$FORELAND_CACHE" --owner=0 --group=0 \
    --transform "s,^[^/]*,bash-tests," "$(basename "$suite")"

# What the suite's own run-all sets.
settings=(BASH_TSTOUT=/tmp/bash-suite-output THIS_SH=/bin/bash HOME=/root TERM=dumb LANG=C
    LOCPATH=/bash-tests/locale PATH=/bash-tests/tests:/usr/local/bin:/usr/bin:/bin)

native()
{
    cp -r "$suite" "$work/native"
    (
        cd "$work/native/tests" &&
            exec env -i "${settings[@]}" "PATH=$PWD:/usr/bin:/bin" \
                "LOCPATH=$work/native/locale" "BASH_TSTOUT=$work/native-output" timeout -k 5 120 sh "./$1"
    ) >"$out/$2.native" 2>&1 </dev/null
    local status=$?
    rm -rf "$work/native"
    return $status
}

foreland()
{
    local options=() setting
    for setting in "${settings[@]}"; do
        options+=(--env "$setting")
    done
    timeout -k 5 180 "$FORE" --root "$work/root.tar" --cwd /bash-tests/tests "${options[@]}" \
        sh "./$1" >"$out/$2.foreland" 2>&1 </dev/null
}

word()
{
    case $1 in
    0) echo pass ;;
    124 | 137) echo timeout ;;
    *) echo fail ;;
    esac
}

: >"$out/results"
for script in "$suite"/tests/run-*; do
    script=$(basename "$script")
    name=${script#run-}
    case $name in
    all | minimal | gprof) continue ;;
    esac
    native "$script" "$name"
    real=$(word $?)
    foreland "$script" "$name"
    ours=$(word $?)
    printf '%-20s %-8s %s\n' "$name" "$real" "$ours" | tee -a "$out/results"
done
passing=$(awk '$3 == "pass"' "$out/results" | wc -l)
echo "bash: $passing of $(wc -l <"$out/results") scripts pass, on the real kernel" \
    "$(awk '$2 == "pass"' "$out/results" | wc -l)"
[ "$passing" -ge $wanted ] || die "at least $wanted have to pass"
