# Sourced without arguments by scripts that are called with FORE-COMMAND... -- OTHERS...: takes the
# first command into the array fore and leaves the others as the script's arguments.
set -u
fore=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    fore+=("$1")
    shift
done
shift
