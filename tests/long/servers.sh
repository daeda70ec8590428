#!/bin/bash
# Servers that are too large or take too long for every run, with clients that drive them hard, in
# one root file system inside: tests/net/heavy.
#   servers.sh OUT      what each said is in OUT/<name>.<host>
# Demands that all of them pass, under Wine too where there is one.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$top" || exit 1
"$top/tests/net/root.sh" "$out/root.tar" "$top/tests/net/packages-more" || exit 1
trap 'rm -f "$out/root.tar"' EXIT
build linux fore
hosts=(linux)
if command -v wine >/dev/null; then
    packaging/deps-windows.sh >"$out/deps.log" 2>&1 && build windows fore
    . tests/lib.sh
    wine_prefix && wine_start
    hosts+=(wine)
fi
bad=0
for script in tests/net/heavy/*.sh; do
    name=$(basename "$script" .sh)
    for host in "${hosts[@]}"; do
        fore=build/linux/fore
        [ "$host" = linux ] || fore=build/windows/fore.exe
        started=$SECONDS
        FORELAND_GUEST_DEADLINE=600 tests/net/run.sh "$host" "$fore" "$out/root.tar" "$script" \
            >"$out/$name.$host" 2>&1 || bad=1
        echo "$name, $host, $((SECONDS - started)) s: $(tail -1 "$out/$name.$host")"
    done
done
exit $bad
