#!/bin/bash
# git over its own protocol, and over http and https with git-http-backend behind nginx.
set -u
certificate cert
git config --global user.name Somebody
git config --global user.email somebody@box
git config --global init.defaultBranch main
git config --global http.sslCAInfo "$PWD/cert.pem"
mkdir served
git init -q --bare served/project.git
git -C served/project.git config http.receivepack true
git init -q first
for i in $(seq 200); do echo "content $i" >"first/file$i"; done
head -c 3000000 /dev/urandom >first/large
git -C first add . && git -C first commit -q -m one && git -C first push -q ../served/project.git main

cat >listen.py <<'END'
import os, socket
s = socket.socket(socket.AF_UNIX)
s.bind("cgi.socket")
s.listen(20)
os.dup2(s.fileno(), 0)
print("listening", flush=True)
os.execvp("fcgiwrap", ["fcgiwrap"])
END
server cgi listening python3 listen.py
cat >nginx.conf <<END
error_log stderr notice; pid /tmp/$name/nginx.pid; user root; daemon off;
events { worker_connections 100; }
http {
    access_log off;
    client_max_body_size 0;
    server {
        listen $ip:$port;
        listen $ip:$((port + 1)) ssl;
        ssl_certificate /tmp/$name/cert.pem;
        ssl_certificate_key /tmp/$name/cert.key;
        location / {
            fastcgi_pass unix:/tmp/$name/cgi.socket;
            fastcgi_param SCRIPT_FILENAME /usr/lib/git-core/git-http-backend;
            fastcgi_param GIT_PROJECT_ROOT /tmp/$name/served;
            fastcgi_param GIT_HTTP_EXPORT_ALL 1;
            fastcgi_param PATH_INFO \$uri;
            fastcgi_param QUERY_STRING \$query_string;
            fastcgi_param REQUEST_METHOD \$request_method;
            fastcgi_param CONTENT_TYPE \$content_type;
            fastcgi_param CONTENT_LENGTH \$content_length;
            fastcgi_param HTTP_CONTENT_ENCODING \$http_content_encoding;
        }
    }
}
END
server nginx 'start worker process [0-9]' nginx -c "$PWD/nginx.conf" -e stderr
server git 'Ready to rumble' git daemon --base-path="$PWD/served" --export-all --verbose \
    --enable=receive-pack --listen="$ip" --port=$((port + 2))

last=one
for address in "http://$ip:$port" "https://$ip:$((port + 1))" "git://$ip:$((port + 2))"; do
    kind=${address%%:*}
    git clone -q "$address/project.git" "by-$kind" || fail "clone by $kind"
    files "clone by $kind" "by-$kind/large" first/large
    same "head by $kind" "$last" "$(git -C "by-$kind" log -1 --format=%s)"
    head -c 1500000 /dev/urandom >"by-$kind/of-$kind"
    git -C "by-$kind" add . && git -C "by-$kind" commit -q -m "by $kind"
    git -C "by-$kind" push -q origin main || fail "push by $kind"
    last="by $kind"
    same "pushed by $kind" "$last" "$(git -C served/project.git log -1 --format=%s main)"
done
git -C by-http fetch -q && git -C by-http merge -q --ff-only origin/main || fail fetch
files fetch by-http/of-git by-git/of-git
git -C by-http fsck --no-progress 2>&1 | grep . && fail fsck
git ls-remote "http://$ip:$port/none.git" 2>got && fail 'a repository that is not there'
