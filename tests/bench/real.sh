#!/bin/bash
# Compares programs of this machine in steady state with themselves under Foreland, in one run: the
# native processor time of each row, Foreland's relative to it (1.00 is native speed), and how often
# a second an indirect jump left guest code (fore --stats). What a start takes is not counted: each
# program also runs with next to nothing to do. Rows whose program is not there are left out.
#   tests/bench/real.sh [--times N] [--keep DIR] [--against DIR] [FORE]
# --keep and --against as in run.sh.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
compare_options "$@"
[ -z "$wine" ] || die "these programs are Linux's own"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# Each takes how much it has to do, and one is next to nothing.
cat >python3 <<'END'
exec python3 -c '
import re, sys
def fibonacci(n): return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)
class Adder:
    def __init__(self, value): self.value = value
    def add(self, x): return self.value + x
pattern = re.compile(r"(\w+)-(\d+)")
for _ in range(int(sys.argv[1])):
    known = {}
    for i in range(600):
        known[str(i % 500)] = Adder(i).add(3) + len("%d-%s" % (i, i))
    fibonacci(11)
    sum(int(pattern.match("abc%d-%d" % (i, i)).group(2)) for i in range(100))
    sorted(str(i * 7919 % 100003) for i in range(300))
' "$1"
END
cat >perl <<'END'
exec perl -e '
sub fibonacci { my $n = shift; $n < 2 ? $n : fibonacci($n - 1) + fibonacci($n - 2) }
for (1 .. $ARGV[0]) {
    my (%known, $sum);
    for my $i (1 .. 400) {
        my $s = "k" . ($i * 7919 % 1007);
        $known{$s} .= "x" if $s =~ /^k(\d+)[13579]$/;
        $sum += length($known{$s} // "");
    }
    my @sorted = sort { $a cmp $b } map { $_ * 7919 % 100003 } 1 .. 200;
    fibonacci(9);
}' "$1"
END
cat >mawk <<'END'
exec mawk -v n="$1" 'BEGIN {
    for (j = 0; j < n; j++)
        for (i = 0; i < 1000; i++) {
            line = i " " i * 7919 % 1000 " " j
            sum += split(line, field)
            seen[field[2]] = substr(line, 3, 5)
            if (line ~ /9 1[0-9]* 3/)
                found++
            gsub(/1/, "one", line)
        }
}'
END
cat >bash <<'END'
f() { local a=$1; r=$((a * 3 + 1)); }
for ((j = 0; j < $1; j++)); do
    for ((i = 0; i < 100; i++)); do
        f $i
        s="k${i%5}"
        a[i % 100]=$s$r
        case $s in k*3) n=$((n + 1)) ;; esac
        [[ $r != *7 ]] || t=${s/k/q}
    done
done
END
cat >sqlite3 <<'END'
exec sqlite3 :memory: "
create table t(a integer, b text, c real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 500 * $1)
    insert into t select i, 'x' || (i * 7919 % 10007), i * 0.5 from n;
create index by_b on t(b);
select count(*), sum(c) from t where b like 'x9%';
select b, count(*) from t group by b order by 2 desc, 1 limit 5;
select sum(x.c) from t x join t y on x.a = y.a where y.c > 10;"
END
echo 'for ((i = 0; i < $1; i++)); do gzip -c text; done' >gzip
echo 'for ((i = 0; i < $1; i++)); do xz -T1 -2 -c text; done' >xz
echo 'for ((i = 0; i < $1; i++)); do zstd -T1 -9 -c text; done' >zstd
seq 60000 | mawk '{ print $1, $1 * 7919 % 100003, "line", $1 % 17 }' >text

# spent COMMAND...: processor time in milliseconds; nothing if it fails.
spent()
{
    local TIMEFORMAT='%U %S' took
    took=$({ time timeout 120 "$@" >/dev/null 2>"$work/said" </dev/null; } 2>&1) || return
    awk '{ printf "%.0f", ($1 + $2) * 1000 }' <<<"$took"
}

least()
{
    [ -n "$1" ] && { [ -z "$2" ] || [ "$1" -lt "$2" ]; } && echo "$1" || echo "$2"
}

# What stands in the path may be a script that looks for the interpreter.
python=$(python3 -c 'import sys; print(sys.executable)') && PATH=$(dirname "$python"):$PATH
ours=("$program" --stats --root / --cwd "$work" --env PATH="$PATH")
printf '%-10s %10s %10s %10s\n' row 'native ms' foreland 'misses/s'
while read -r row much; do
    command -v "$row" >/dev/null || continue
    native= native_start= foreland= foreland_start=
    for ((i = 0; i < times; i++)); do
        native=$(least "$(spent bash ./$row "$much")" "$native")
        native_start=$(least "$(spent bash ./$row 1)" "$native_start")
        foreland_start=$(least "$(spent "${ours[@]}" /bin/bash ./$row 1)" "$foreland_start")
        before=$(awk '/misses of the indirect table/ { print $2 }' said)
        foreland=$(least "$(spent "${ours[@]}" /bin/bash ./$row "$much")" "$foreland")
        after=$(awk '/misses of the indirect table/ { print $2 }' said)
    done
    [ -n "$native$native_start" ] || die "$row does not run natively"
    awk -v row="$row" -v n=$((native - native_start)) -v f="$foreland" -v s="$foreland_start" \
        -v misses=$((${after:-0} - ${before:-0})) 'BEGIN {
        t = f - s
        printf "%-10s %10d %10s %10s\n", row, n, f == "" ? "-" : sprintf("%.2f", t / n),
            f == "" ? "-" : sprintf("%d", misses * 1000 / t)
    }' | tee -a rows
    moved "$row" "$(tail -1 rows | awk '{ print $3 }')" said
done <<'END'
python3 500
perl 1200
mawk 400
bash 600
sqlite3 400
gzip 20
xz 8
zstd 12
END
awk '$3 != "-" { sum += log($3); n++; if ($3 > most) most = $3 }
    END { if (n) printf "%-10s %10s %10.2f  worst %.2f\n", "geomean", "", exp(sum / n), most }' rows
