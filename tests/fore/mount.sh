#!/bin/bash
# A folder of the host inside: the Windows drive at /mnt/c, and --mount HOST:GUEST. vim edits a file
# there and the host sees it; what the host writes is there at once; a script there runs.
#   mount.sh FORE HOST    HOST is linux or wine
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$(dirname "$0")/lib.sh" "$@"
root=$("$here/../../packaging/image.sh" --path 2>/dev/null)
[ -e "${root:-}" ] || {
    echo "skipped: no root file system: packaging/image.sh makes one"
    exit 77
}
trap 'rm -rf "$work" "${folder:-$work}"' EXIT
shared=$work/shared
mkdir "$shared"
failed=0

fail()
{
    echo "FAIL mount: $*"
    failed=1
}

# inside COMMAND: bash inside, with the options for the folder.
inside()
{
    timeout 120 "${fore[@]}" --root "$root" "${options[@]}" bash -c "$1" </dev/null 2>&1 | tr -d '\r'
}

# check FOLDER GUEST: the host's folder is the guest's.
check()
{
    local folder=$1 guest=$2 said
    printf 'first\nsecond\n' >"$folder/edited.txt"
    inside "TERM=dumb vim -es -u NONE '+2s/second/changed/' +wq $guest/edited.txt" >/dev/null
    [ "$(cat "$folder/edited.txt")" = $'first\nchanged' ] || fail "vim's change is not in $folder"
    printf '#!/bin/bash\necho "script: $1"\n' >"$folder/script.sh"
    chmod +x "$folder/script.sh"
    said=$(inside "$guest/script.sh word")
    [ "$said" = 'script: word' ] || fail "the script in $guest said: $said"
    said=$(inside "mkdir $guest/new && echo text >$guest/new/file && mv $guest/new/file $guest/moved && rmdir $guest/new && ls $guest")
    [ "$said" = $'edited.txt\nmoved\nscript.sh' ] || fail "$guest holds: $said"
    [ "$(cat "$folder/moved")" = text ] || fail "the host does not see $guest/moved"
}

# starts GUEST ARGUMENTS...: with the arguments fore starts in that directory of the guest's.
starts()
{
    local guest=$1 said
    shift
    said=$(timeout 120 "${fore[@]}" --root "$root" "${options[@]}" "$@" pwd </dev/null 2>&1 |
        tr -d '\r')
    [ "$said" = "$guest" ] || fail "in $PWD fore $* starts in $said, not $guest"
}

options=(--mount "$shared:/mnt/shared")
host=$shared
[ "$2" != wine ] || {
    options=(--mount "Z:$shared:/mnt/shared")
    host=Z:${shared//\//\\}
    root=Z:$root
}
check "$shared" /mnt/shared
mkdir -p "$shared/below/deeper"
cd "$shared/below"
starts /mnt/shared/below
starts /mnt/shared/below/deeper --cwd deeper
starts /mnt/shared --cwd "$host"
starts /mnt/shared/below/deeper --cwd "$host/below/deeper/"
starts /usr --cwd /usr
cd /
starts /root
[[ $(inside 'cat /proc/loadavg') == 0.??' '0.??' '0.??' '* ]] || fail 'there is load before anything runs'
if [ "$2" = wine ]; then
    options=()
    folder=$(mktemp -d "${WINEPREFIX:-$HOME/.wine}/drive_c/mount-XXXXXX")
    name=$(basename "$folder")
    check "$folder" "/mnt/c/$name"
    cd "$folder"
    starts "/mnt/c/$name"
    cd /
    starts "/mnt/c/$name" --cwd "C:\\$name"
    starts "/mnt/c/$name" --cwd "c:/$name"
    starts "/mnt/c/$name" --cwd "/mnt/c/$name"
fi
exit $failed
