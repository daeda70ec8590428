#!/bin/bash
# npm install from a registry of our own: twenty packages, each of which needs the next.
set -u
cat >registry.js <<'END'
const crypto = require('crypto'), fs = require('fs'), http = require('http');
const server = http.createServer((request, response) => {
    const name = decodeURIComponent(request.url.slice(1)), tar = name.replace('.tgz', '') + '.tgz';
    if (!fs.existsSync('tars/' + tar)) {
        response.statusCode = 404;
        return response.end('{}');
    }
    const data = fs.readFileSync('tars/' + tar);
    if (name === tar)
        return response.end(data);
    const version = JSON.parse(fs.readFileSync('packages/' + name + '/package.json'));
    version.dist = {
        tarball: 'http://' + request.headers.host + '/' + tar,
        integrity: 'sha512-' + crypto.createHash('sha512').update(data).digest('base64'),
    };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ name, 'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': version } }));
});
server.listen(+process.argv[3], process.argv[2], () => console.log('listening'));
END
cat >pack.py <<'END'
import json, os, tarfile
os.mkdir("tars")
for i in range(20):
    folder = f"packages/p{i}"
    os.makedirs(folder)
    needs = {f"p{i + 1}": "^1.0.0"} if i < 19 else {}
    with open(folder + "/package.json", "w") as file:
        json.dump({"name": f"p{i}", "version": "1.0.0", "main": "i.js", "dependencies": needs}, file)
    with open(folder + "/i.js", "w") as file:
        file.write(f"module.exports = {i}" + (f" + require('p{i + 1}')" if needs else "") + ";\n")
    with tarfile.open(f"tars/p{i}.tgz", "w:gz") as tar:
        tar.add(folder, "package")
END
python3 pack.py
server registry listening node registry.js "$ip" "$port"
mkdir project
cd project || finish
echo '{"name": "project", "version": "1.0.0"}' >package.json
npm install --registry "http://$ip:$port/" --no-audit --no-fund --no-update-notifier p0 >../npm.log 2>&1 ||
    fail 'npm install'
same 'sum of what was installed' 190 "$(node -p 'require("p0")' 2>&1)"
cd ..
