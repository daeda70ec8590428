#!/bin/bash
# Node's server of HTTP with a thousand clients that keep their connections.
set -u
cat >server.js <<'END'
const http = require('http');
const server = http.createServer((request, response) => response.end('answer to ' + request.url));
server.keepAliveTimeout = 120000;
server.listen(+process.argv[3], process.argv[2], 2000, () => console.log('listening'));
END
cat >client.js <<'END'
const http = require('http');
const [host, port, clients, rounds] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const agent = new http.Agent({ keepAlive: true, maxSockets: clients, maxFreeSockets: clients });
const connections = new Set();
let answers = 0;
const get = i => new Promise((resolve, reject) => {
    http.get({ host, port, agent, path: '/' + i }, response => {
        let text = '';
        connections.add(response.socket.localPort);
        response.on('data', data => { text += data; });
        response.on('end', () => {
            answers += text === 'answer to /' + i;
            resolve();
        });
    }).on('error', reject);
});
(async () => {
    for (let round = 0; round < rounds; round++)
        await Promise.all(Array.from({ length: clients }, (_, i) => get(i)));
    console.log(answers + ' answers by ' + connections.size + ' connections');
    agent.destroy();
})();
END
server node listening node server.js "$ip" "$port"
same node '5000 answers by 1000 connections' "$(node client.js "$ip" "$port" 1000 5 2>&1)"
