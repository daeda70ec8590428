#!/bin/bash
# nginx with ab: connections that are kept, and one for each request.
set -u
mkdir www
head -c 1000 /dev/zero >www/small
head -c 100000 /dev/zero >www/large
cat >nginx.conf <<END
error_log stderr notice; pid /tmp/$name/nginx.pid; user root; daemon off;
worker_processes 2;
events { worker_connections 2000; }
http { access_log off; keepalive_requests 1000000; server { listen $ip:$port; root /tmp/$name/www; } }
END
server nginx 'start worker process [0-9]' nginx -c "$PWD/nginx.conf" -e stderr
# requests NAME OPTIONS...
requests()
{
    local what=$1
    shift
    ab -q -c 50 -n "${requests:-5000}" "$@" >ab.log 2>&1 || fail "ab: $what"
    same "failed requests: $what" 0 "$(awk '/^Failed requests/ { print $3 }' ab.log)"
    same "requests: $what" "${requests:-5000}" "$(awk '/^Complete requests/ { print $3 }' ab.log)"
    awk -v what="$what" '/^Requests per second/ { print what, $4, "requests/s" }' ab.log
}
requests kept -k "http://$ip:$port/small"
requests single "http://$ip:$port/small"
requests large -k "http://$ip:$port/large"
