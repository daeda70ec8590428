#!/bin/bash
# The terminal without a window leaves nothing running: neither a program that takes no notice of
# the hang-up nor one that has left its session.
#   headless.sh HEADLESS
set -u
headless=$(realpath "$1")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
mkfifo held gate keys

# Both hold the pipe `held`: it ends when the last of them is gone.
cat >stubborn <<'END'
trap '' HUP TERM
exec >held 3<>gate
setsid sh -c 'echo away; read -r _ <&3' &
echo here
read -r _ <&3
END
# The keys end when both run.
cat >watch <<'END'
exec 4>keys 5<held
read -r first <&5 && read -r second <&5
exec 4>&-
printf '%s\n' "$first" "$second" | sort
cat <&5
END
timeout 60 bash watch >said &
watch=$!
timeout 60 "$headless" --keys keys sh stubborn >/dev/null
status=$?
wait $watch || {
    echo "FAIL: something still runs"
    exit 1
}
[ "$(cat said)" = $'away\nhere' ] && [ $status -eq 137 ] || {
    echo "FAIL: status $status, said: $(cat said)"
    exit 1
}
