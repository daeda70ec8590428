# Pipes, command substitution, here-documents and exit statuses as bash makes them.
set -u
printf '%s\n' pear apple fig | sort | tr a-z A-Z
count=$(seq 1 1000 | wc -l)
echo "count $count"
cat <<END
here $((6 * 7)) $(echo inner)
END
true | false | true
echo "status ${PIPESTATUS[*]}"
(exit 42)
echo "subshell $?"
yes | head -n 3
echo one two three | { read -r a b; echo "$b $a"; }
for i in 1 2 3; do echo "$i" & wait; done
diff <(echo a; echo b) <(echo a; echo c)
[ "$(dd if=/dev/zero bs=1000 count=200 2>/dev/null | wc -c)" -eq 200000 ] && echo big
