#!/bin/sh
# Programs that make and change code while they run, inside a root with Debian's packages: each
# prints what does not depend on the machine. code.sh compares that with the same on the real kernel.
#   run.sh NAME     one of: node java luajit pypy pcre ffi
set -u
here=$(cd "$(dirname "$0")" && pwd)
cd /tmp || exit 1

case $1 in
node) exec node "$here/change.js" ;;
java)
    rm -rf classes
    PATH=$PATH:$(echo /usr/lib/jvm/java-17-*/bin)
    javac -d classes "$here/Change.java" || exit 1
    # Compiled by each of its compilers, and thrown away again.
    java -cp classes Change && java -XX:TieredStopAtLevel=1 -cp classes Change &&
        java -XX:-TieredCompilation -XX:CompileThreshold=500 -cp classes Change
    ;;
luajit) exec luajit "$here/change.lua" ;;
pypy) exec pypy3 "$here/change.py" ;;
pcre)
    seq 40000 | awk '{ print $1, "k" $1 * 7919 % 100003, "line" }' >text
    for pattern in '^(\d)\d*\1 ' 'k(?=\d*9)(?!\d*8)\d+' '(?i)LINE$' '(a|k[0-9]{2})(?1)?5' '\b(\d+) k\1\d'; do
        grep -cP "$pattern" text
    done
    printf '%s\n' '/^(?<n>\w+)\s(?:a+b)*+c$/jit' '    word aabc' '    word aab' \
        '/(\((?:[^()]++|(?1))*\))/jit' '    ((a)(b(c)))' '    ((a' | pcre2test -jitverify -q
    ;;
ffi) exec python3 "$here/closures.py" ;;
esac
