#!/bin/bash
# ssh, scp, sftp, git and rsync through sshd: terminals, forwarding of ports, the agent.
set -u
mkdir -p /run/sshd ~/.ssh /var/log
touch /var/log/lastlog /var/log/wtmp
chmod 700 ~/.ssh
ssh-keygen -q -t ed25519 -N '' -f hostkey && ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519
cp ~/.ssh/id_ed25519.pub ~/.ssh/authorized_keys
echo "[$ip]:$port $(cut -d' ' -f1,2 hostkey.pub)" >~/.ssh/known_hosts
cat >sshd_config <<END
ListenAddress $ip:$port
HostKey $PWD/hostkey
PidFile none
Subsystem sftp /usr/lib/openssh/sftp-server
UsePAM no
END
cat >~/.ssh/config <<END
Host box
    HostName $ip
    Port $port
    BatchMode yes
END
server sshd 'Server listening' /usr/sbin/sshd -D -e -f sshd_config
numbers 50000 >big

same command root "$(ssh box id -un)"
same 'through pipes' "$(md5sum <big)" "$(ssh box md5sum <big)"
ssh box 'exit 7'
same status 7 $?
same 'no terminal' 'not a tty' "$(ssh box tty)"
[[ $(ssh -tt box tty </dev/null 2>ssh.log) == /dev/pts/* ]] || fail 'no terminal with -tt'
# Ctrl-C there, and the size of a terminal.
mkfifo keys
ssh -tt box 'trap "echo interrupted; exit 3" INT; echo ready; read -r line' <keys >typed.log 2>&1 &
typing=$!
exec 7>keys
taken grep -q ready typed.log
printf '\003' >&7
wait $typing
same 'status after Ctrl-C' 3 $?
grep -q interrupted typed.log || fail 'Ctrl-C'
same size '40 120' "$(script -qec "stty rows 40 cols 120; ssh -t box stty size" /dev/null \
    </dev/null 2>>ssh.log | grep -o '40 120')"

scp -q big "box:$PWD/scp" && files scp big scp
scp -q -O "box:$PWD/big" scp-old && files 'scp -O' big scp-old
printf 'cd %s\nput big sftp\nget sftp back\nmkdir made\nls -1\n' "$PWD" | sftp -q -b - box >sftp.out
files sftp big back
grep -q made sftp.out || fail "sftp: $(cat sftp.out)"

git config --global init.defaultBranch main
git init -q --bare project.git
git init -q first
git -C first -c user.name=S -c user.email=s@box commit -q --allow-empty -m one
git -C first push -q "box:$PWD/project.git" main || fail 'git push'
git clone -q "box:$PWD/project.git" cloned
same git one "$(git -C cloned log --format=%s)"
mkdir tree
cp -r /usr/share/common-licenses tree/
rsync -a tree/ "box:$PWD/copied/" && diff -r tree copied || fail 'rsync over ssh'

# Ports forwarded by the client, by the server, and as a proxy, to a server of the web.
server web Serving python3 -u -m http.server --bind "$ip" $((port + 1))
server forward 'Entering interactive session' ssh -v -N -o ExitOnForwardFailure=yes \
    -L "$ip:$((port + 2)):$ip:$((port + 1))" -D "$ip:$((port + 3))" box
server reverse 'remote forward success' ssh -v -N -R "$((port + 4)):$ip:$((port + 1))" box
fetch=(curl -sS --max-time 60 -o got)
"${fetch[@]}" "http://$ip:$((port + 2))/big" && files 'port of the client' got big
"${fetch[@]}" --socks5 "$ip:$((port + 3))" "http://$ip:$((port + 1))/big" && files proxy got big
"${fetch[@]}" "http://localhost:$((port + 4))/big" && files 'port of the server' got big
end forward
end reverse

eval "$(ssh-agent)" >agent.log
ssh-add -q && mv ~/.ssh/id_ed25519 hidden || fail ssh-add
same agent reached "$(ssh -A box "ssh -p $port $ip echo reached" 2>>agent.log)"
ssh-agent -k >>agent.log || fail 'ssh-agent -k'
ssh box true 2>>agent.log && fail 'ssh without a key'
