#!/bin/bash
# Python: http.server, asyncio, managers of multiprocessing, and pip from an index of our own.
set -u
cat >aio.py <<'END'
import asyncio

async def serve(reader, writer):
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()

async def client(number, port, ip):
    reader, writer = await asyncio.open_connection(ip, port)
    for i in range(10):
        writer.write(f"hello {number} {i}\n".encode())
        await writer.drain()
        assert await reader.readline() == f"HELLO {number} {i}\n".encode()
    writer.close()
    await writer.wait_closed()

class Mirror(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        self.transport.sendto(data[::-1], address)

async def datagrams(ip):
    loop = asyncio.get_running_loop()
    server, _ = await loop.create_datagram_endpoint(Mirror, (ip, 0))
    got = loop.create_future()

    class Client(asyncio.DatagramProtocol):
        def datagram_received(self, data, address):
            got.set_result(data)

    client, _ = await loop.create_datagram_endpoint(
        Client, remote_addr=server.get_extra_info("sockname"))
    client.sendto(b"abc")
    assert await asyncio.wait_for(got, 60) == b"cba"

async def main(ip):
    server = await asyncio.start_server(serve, ip, 0, backlog=200)
    port = server.sockets[0].getsockname()[1]
    await asyncio.gather(*(client(i, port, ip) for i in range(100)))
    await datagrams(ip)
    process = await asyncio.create_subprocess_exec("cat", stdin=-1, stdout=-1)
    out, _ = await process.communicate(b"x" * 1000000)
    assert len(out) == 1000000
    print("done")

import sys
asyncio.run(asyncio.wait_for(main(sys.argv[1]), 60))
END
same asyncio done "$(python3 aio.py "$ip" 2>&1)"

cat >managers.py <<'END'
import multiprocessing, queue, sys, threading
from multiprocessing.managers import BaseManager

def square(n, results):
    results.put(n * n)

class Manager(BaseManager):
    pass

served = queue.Queue()

def get():
    return served

def client(address):
    Manager.register("get")
    manager = Manager(address=address, authkey=b"key")
    manager.connect()
    manager.get().put("from the child")

def main():
    for method in "fork", "spawn", "forkserver":
        context = multiprocessing.get_context(method)
        with context.Manager() as manager:
            results = manager.Queue()
            numbers = manager.list(range(5))
            children = [context.Process(target=square, args=(i, results)) for i in range(3)]
            for child in children:
                child.start()
            for child in children:
                child.join()
            assert sorted(results.get() for _ in range(3)) == [0, 1, 4]
            assert numbers[2] == 2
    with multiprocessing.Pool(3) as pool:
        assert pool.map(abs, range(-50, 0)) == list(range(50, 0, -1))
    Manager.register("get", callable=get)
    server = Manager(address=(sys.argv[1], 0), authkey=b"key").get_server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    child = multiprocessing.get_context("fork").Process(target=client, args=(server.address,))
    child.start()
    child.join()
    assert served.get(timeout=60) == "from the child"
    try:
        Manager(address=server.address, authkey=b"wrong").connect()
    except multiprocessing.AuthenticationError:
        print("done")

if __name__ == "__main__":
    main()
END
same multiprocessing done "$(python3 managers.py "$ip" 2>&1)"

cat >wheel.py <<'END'
import os, zipfile
os.makedirs("index/simple/sample")
info = "sample-1.2.dist-info/"
with zipfile.ZipFile("index/simple/sample/sample-1.2-py3-none-any.whl", "w") as wheel:
    wheel.writestr("sample.py", "print('sample 1.2')\n")
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: sample\nVersion: 1.2\n")
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr(info + "RECORD", "sample.py,,\n" + "".join(
        info + file + ",,\n" for file in ("METADATA", "WHEEL", "RECORD")))
END
python3 wheel.py
server web Serving python3 -u -m http.server --bind "$ip" --directory index "$port"
pip install -q --break-system-packages --root-user-action=ignore --disable-pip-version-check \
    --index-url "http://$ip:$port/simple/" sample >pip.log 2>&1 || fail pip
same 'what pip installed' 'sample 1.2' "$(python3 -c 'import sample' 2>&1)"
