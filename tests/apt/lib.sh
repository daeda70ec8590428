# Sourced by the scripts here with FORE HOST as first arguments: fore, the command, and test, a
# folder that goes away with the script, with what is mounted at /srv/test inside.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
host=$2
fore=("$1")
[ "$host" != wine ] || fore=(env LC_ALL=C.UTF-8 "WINEDEBUG=${WINEDEBUG:--all}" wine "$1")
for tool in dpkg-deb dpkg-scanpackages gpg openssl; do
    command -v $tool >/dev/null || {
        echo "skipped: no $tool"
        exit 77
    }
done
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
test=$work/test

# make_repo 'PACKAGE...' 'UPGRADED...': and root, the tar of the default image.
make_repo()
{
    root=$("$here/repo.sh" "$test" "$@" 2>"$work/repo.log") || {
        tail -20 "$work/repo.log"
        exit 1
    }
    cp -r "$here/inside" "$test/"
}

make_image()
{
    "${fore[@]}" image create "$work/test.img" && "${fore[@]}" image import "$work/test.img" "$root" ||
        exit 1
}

# inside ARGUMENTS...: bash, with the folder mounted.
inside()
{
    "${fore[@]}" --image "$work/test.img" --mount "$test:/srv/test" bash "$@" </dev/null 2>&1
}
