#!/bin/sh
# Runs a command and says by which signal it died: ninja and make tell of the failure alone, and a
# compiler that was killed has said nothing.
#   launch.sh COMMAND...     CMake's compiler launcher; the exit status is the command's
set -u
"$@"
status=$?
if [ $status -gt 128 ]; then
    case $(kill -l $((status - 128)) 2>/dev/null) in
    [A-Z]*) echo "killed by SIG$(kill -l $((status - 128))): $*" >&2 ;;
    esac
fi
exit $status
