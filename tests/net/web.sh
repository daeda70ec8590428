#!/bin/bash
# nginx with HTTP, HTTPS and HTTP/2, and as a proxy; curl and wget.
set -u
certificate cert
certificate other
mkdir www
numbers 20000 >www/big
echo hello >www/index.html
cat >nginx.conf <<END
error_log stderr notice; pid /tmp/$name/nginx.pid; user root; daemon off;
events { worker_connections 500; }
http {
    access_log off;
    ssl_certificate /tmp/$name/cert.pem;
    ssl_certificate_key /tmp/$name/cert.key;
    server { listen $ip:$port; root /tmp/$name/www; }
    server { listen $ip:$((port + 1)) ssl http2; root /tmp/$name/www; }
    server { listen $ip:$((port + 2)); location / { proxy_pass http://$ip:$port; } }
}
END
server nginx 'start worker process [0-9]' nginx -c "$PWD/nginx.conf" -e stderr
plain=http://$ip:$port tls=https://$ip:$((port + 1))
export CURL_CA_BUNDLE=$PWD/cert.pem
fetch=(curl -sS --max-time 60)

same http hello "$("${fetch[@]}" $plain/)"
"${fetch[@]}" -o got $plain/big
files http got www/big
same 'http/1.1 over tls' $'hello\n1.1' "$("${fetch[@]}" --http1.1 -w '%{http_version}' $tls/)"
same http/2 $'hello\n2' "$("${fetch[@]}" -w '%{http_version}' $tls/)"
"${fetch[@]}" --no-progress-meter -Z -o 1 $tls/big -o 2 $tls/big -o 3 $tls/big -o 4 $tls/big
for i in 1 2 3 4; do files 'parallel http/2' $i www/big; done
CURL_CA_BUNDLE=$PWD/other.pem "${fetch[@]}" $tls/ >got 2>&1
same 'certificate of a stranger' 60 $?
head -c 100000 www/big >part
"${fetch[@]}" -C - -o part $plain/big
files resume part www/big
same range 'line ' "$("${fetch[@]}" -r 0-4 $plain/big)"
same proxy hello "$("${fetch[@]}" -x "http://$ip:$((port + 2))" http://elsewhere/)"
same missing 404 "$("${fetch[@]}" -o got -w '%{http_code}' $plain/none)"
"${fetch[@]}" "http://$ip:$((port + 9))/" 2>got
same 'closed port' 7 $?

same wget hello "$(wget -q -O - $plain/)"
wget -q --ca-certificate=cert.pem -O got $tls/big
files 'wget over tls' got www/big
head -c 100000 www/big >big
wget -q -c $plain/big
files 'wget -c' big www/big
nginx -c "$PWD/nginx.conf" -e stderr -s quit 2>quit.log || fail 'nginx -s quit'
wait "${pid[nginx]}"
same 'end of nginx' 0 $?
unset 'pid[nginx]'
