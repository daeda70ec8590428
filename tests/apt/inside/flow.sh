#!/bin/bash
# Update, install, upgrade of what is running, remove.
#   short.sh 'PACKAGE...' 'UPGRADED...'
. /srv/test/inside/lib.sh
read -ra packages <<<"$1"
read -ra new <<<"$2"

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

serve
step update apt-get update
step install apt-get -y --no-install-recommends install "${packages[@]}"
installed "${packages[@]}"
getent group crontab >/dev/null || fail "cron's script made no group"
[ -e /etc/systemd/system/multi-user.target.wants/cron.service ] || fail "cron is not enabled"
! pgrep -x cron >/dev/null || fail "cron was started"
step upgrade apt-get -y upgrade
upgraded "${new[@]}"
step remove apt-get -y remove "${packages[@]}"
step purge apt-get -y purge --autoremove "${packages[@]}"
gone "${packages[@]}"
exit 0
