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
