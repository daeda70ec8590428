#!/bin/bash
# Update, install, upgrade of what is running, remove.
#   flow.sh http|https 'PACKAGE...' 'UPGRADED...'
# cron is among the PACKAGEs, bash among what is UPGRADED.
. /srv/test/inside/lib.sh
read -ra packages <<<"$2"
read -ra new <<<"$3"

# apt lets go of root for its downloads, and nothing gives it back.
python3 - <<'END' || fail "_apt"
import os, pwd
user = pwd.getpwnam("_apt")
os.setgroups([user.pw_gid])
os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
for call in (os.setuid, os.setgid):
    try:
        call(0)
    except PermissionError:
        continue
    raise SystemExit("back to 0 by " + call.__name__)
END

serve "$1"
step update apt-get update
step install apt-get -y --no-install-recommends install "${packages[@]}"
installed "${packages[@]}"
getent group crontab >/dev/null || fail "cron's script made no group"
[ -e /etc/systemd/system/multi-user.target.wants/cron.service ] || fail "cron is not enabled"
! pgrep -x cron >/dev/null || fail "cron was started"

# A bash that runs through it all, and whose file goes.
coproc bash -c 'while read -r line; do echo "$line ${BASH_VERSION}"; done'
step upgrade apt-get -y upgrade
upgraded "${new[@]}"
echo still >&"${COPROC[1]}"
read -r line <&"${COPROC[0]}" && [ "$line" = "still $BASH_VERSION" ] || fail "bash said: $line"
[ "$(readlink "/proc/$COPROC_PID/exe")" = '/usr/bin/bash (deleted)' ] ||
    fail "bash runs $(readlink "/proc/$COPROC_PID/exe")"

step remove apt-get -y remove "${packages[@]}"
step purge apt-get -y purge --autoremove "${packages[@]}"
gone "${packages[@]}"
exit 0
