# Traps, signals between processes and the statuses they leave.
set -u
trap 'echo got usr1' USR1
kill -USR1 $$
bash -c 'kill -TERM $$'
echo "term $?"
bash -c 'kill -KILL $$'
echo "kill $?"
sleep 1000 &
echo $! >pid
kill "$(cat pid)" && wait %1; echo "killed $?"
(trap '' TERM; kill -TERM $BASHPID; echo survived)
trap 'echo leaving' EXIT
mkfifo gate
bash -c 'trap "echo child term; exit 5" TERM; echo ready >gate; while :; do read -r -t 10 <>/dev/null; done' 2>/dev/null &
read -r line <gate
echo "$line"
kill -TERM $!
wait $!
echo "status $?"
