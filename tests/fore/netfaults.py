"""The host's side of faults.c: netfaults.py HOST ROUNDS COMMAND..., which runs a program of the
guest's when its arguments are appended; HOST native runs it on the kernel itself. Prints what is
wrong and exits with 1."""
import array
import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time

PATIENCE = 60
FLOOD = 20 << 20
host, rounds, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
failed = []


def check(holds, text):
    if not holds:
        failed.append(text)
        print("FAIL netfaults:", text)


def start(*arguments, before=()):
    return subprocess.Popen([*before, *command, *map(str, arguments)], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def finish(name, running):
    try:
        rest = running.communicate(timeout=PATIENCE)[0].decode(errors="replace")
        check(running.returncode == 0, f"{name}: {running.returncode}: {rest}")
    except subprocess.TimeoutExpired:
        check(False, f"{name} does not end")
        running.kill()


def number(running, word):
    words = running.stdout.readline().split()
    check(len(words) == 2 and words[0] == word.encode(), f"{word}: the guest said {words}")
    return int(words[1]) if len(words) == 2 else 0


def go(running):
    running.stdin.write(b"\n")
    running.stdin.flush()


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def until_full(connection):
    """Waits until nothing more comes, because the guest waits for room."""
    before = -1
    connection.recv(1, socket.MSG_PEEK)
    while True:
        have = array.array("i", [0])
        fcntl.ioctl(connection, termios.FIONREAD, have)
        if have[0] == before and have[0] > 100000:
            return
        before = have[0]
        time.sleep(0.05)


def serve(connection):
    connection.settimeout(PATIENCE)
    what = connection.recv(1)
    if what in (b"a", b"d"):
        if what == b"d":
            connection.recv(1)
        reset(connection)
    elif what == b"b":
        connection.sendall(bytes(100000))
        reset(connection)
    elif what == b"c":
        until_full(connection)
        reset(connection)
    elif what == b"e":
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)
        reset(connection)
    elif what == b"p":
        while data := connection.recv(100):
            connection.sendall(data)
    elif what == b"f":
        connection.settimeout(None)
        connection.sendall(bytes(FLOOD))
        connection.close()
    elif what == b"x":
        connection.sendall(what)
        connection.recv(1)
        connection.close()


def accept(server):
    while True:
        connection, _ = server.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


def killed():
    """A server in a process of its own, which is killed when a guest has asked it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        child = os.fork()
        if not child:
            connection, _ = server.accept()
            connection.recv(1)
            os.kill(os.getpid(), signal.SIGKILL)
    running = start("gone", port)
    os.waitpid(child, 0)
    go(running)
    finish("gone", running)


def vanished():
    """The network between the two is gone; the process is in one of its own (netfaults.sh)."""
    server = socket.create_server(("127.0.0.1", 0))
    running = start("vanished", server.getsockname()[1])
    connection, _ = server.accept()
    connection.recv(1)
    connection.sendall(b"v")
    number(running, "connected")
    subprocess.run(["ip", "link", "set", "lo", "down"], check=True)
    finish("vanished", running)


def queued():
    running = start("queued", 0, host)
    port = number(running, "port")
    reset(socket.create_connection(("127.0.0.1", port), PATIENCE))
    socket.create_connection(("127.0.0.1", port), PATIENCE).close()
    go(running)
    finish("queued", running)


def scarce():
    if host == "wine":
        return # tests/windows/host/socket.c
    running = start("scarce", before=("prlimit", "--nofile=40"))
    port = number(running, "port")
    clients = []
    for _ in range(100):
        clients.append(socket.create_connection(("127.0.0.1", port), PATIENCE))
    go(running)
    number(running, "scarce")
    go(running)
    finish("scarce", running)
    for client in clients:
        client.close()


def held(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        memory = [int(line.split()[1]) for line in status if line.startswith("VmRSS")]
    return len(os.listdir(f"/proc/{pid}/fd")), memory[0]


def churn(port):
    running = start("churn", port, rounds)
    number(running, "churned")
    files, memory = held(running.pid)
    go(running)
    number(running, "churned")
    files_after, memory_after = held(running.pid)
    go(running)
    finish("churn", running)
    print(f"{rounds} connections: {files} descriptors and {memory} KiB after a tenth, "
          f"{files_after} and {memory_after} at the end")
    # The host's thread lets go of the last ones a moment later.
    check(files_after <= files + 8, f"{files_after - files} descriptors more")
    check(memory_after <= memory + 16384, f"{memory_after - memory} KiB more")


def poured(server):
    """The other side resets what a guest that has ended left behind."""
    running = start("pour", server.getsockname()[1])
    connection, _ = server.accept()
    number(running, "poured")
    reset(connection)
    finish("pour", running)


def main():
    if rounds == 0:
        vanished()
        sys.exit(1 if failed else 0)
    with socket.create_server(("127.0.0.1", 0), backlog=5) as server:
        poured(server)
    server = socket.create_server(("127.0.0.1", 0), backlog=100)
    port = server.getsockname()[1]
    threading.Thread(target=accept, args=(server,), daemon=True).start()
    for name in ("resets", "stopped"):
        finish(name, start(name, port, host))
    killed()
    queued()
    scarce()
    churn(port)
    sys.exit(1 if failed else 0)


main()
