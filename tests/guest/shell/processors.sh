#!/bin/bash
# What programs read of the processors and of their load.
set -u
cd /sys/devices/system/cpu || exit
count=$(ls -d cpu[0-9]* | wc -l)
[ "$count" -ge "$(nproc)" ] && echo "a directory for each processor"
for name in online possible present offline isolated kernel_max; do
    [ -r $name ] && echo "$name"
done
for cpu in cpu[0-9]*; do
    [[ $(<$cpu/topology/core_id) == [0-9]* ]] || echo "$cpu has no core_id"
    [[ $(<$cpu/topology/physical_package_id) == [0-9]* ]] || echo "$cpu has no package"
    [[ $(<$cpu/topology/thread_siblings) == *[1-9a-f]* ]] || echo "$cpu has no siblings"
    stat "$cpu/topology" >/dev/null || echo "$cpu cannot be looked at"
done
find . -maxdepth 1 -name 'cpu[0-9]*' | grep -c . | grep -qx "$count" && echo "find finds them"
[ -e cpu99999 ] || echo "and no other"
grep -q '^cache size.*: [1-9][0-9]* KB$' /proc/cpuinfo && echo "a cache"
read -r one five fifteen tasks last </proc/loadavg
for load in "$one" "$five" "$fifteen"; do
    [[ $load =~ ^[0-9]+\.[0-9][0-9]$ ]] && echo "a load"
done
[[ $tasks =~ ^[0-9]+/[0-9]+$ && $last -ge 1 ]] && echo "tasks"
