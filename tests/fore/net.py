"""Servers and clients of the host for a guest (outside.c): net.py COMMAND..., which runs a program
of the guest's when its arguments are appended. Prints what is wrong and exits with 1."""
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading

PATIENCE = 60
failed = []


def check(holds, text):
    if not holds:
        failed.append(text)
        print("FAIL net:", text)


def guest(*arguments):
    # Not a pipe, whose end may come later than the program's: Wine's explorer may have it too.
    with tempfile.TemporaryFile() as output:
        try:
            ended = subprocess.run(sys.argv[1:] + ["outside", *map(str, arguments)],
                                   stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                   timeout=PATIENCE).returncode
        except subprocess.TimeoutExpired:
            ended = "it did not end"
        output.seek(0)
        said = output.read().decode(errors="replace")
    check(ended == 0, f"{arguments}: {ended}: {said}")


def listener():
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen(5)
    s.settimeout(PATIENCE)
    return s


def echo(connection):
    connection.settimeout(PATIENCE)
    while data := connection.recv(65536):
        connection.sendall(data)
    connection.close()


def serve(server, handle):
    def run():
        connection, _ = server.accept()
        handle(connection)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def reset(connection):
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def feed(server):
    """Two connections: each byte asks for so many hundreds, 254 for a reset, 255 for the end."""
    for _ in range(2):
        connection, _ = server.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while wanted := connection.recv(1):
            if wanted[0] == 255:
                connection.shutdown(socket.SHUT_WR)
            elif wanted[0] == 254:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                break
            else:
                connection.sendall(bytes(range(100)) * wanted[0])
        connection.close()


def origins(server):
    """Three connections that say from which port they come; the last has an address of its own."""
    for number in range(3):
        connection, address = server.accept()
        connection.settimeout(PATIENCE)
        with connection, connection.makefile("rb") as lines:
            said = lines.readline()
            check(said == b"%d\n" % address[1], f"from port {address[1]}, not {said}")
            check(address[0] == ("127.0.0.2" if number == 2 else "127.0.0.1"), f"from {address}")


def hops(server, count):
    """Datagrams that say which time to live they have."""
    server.setsockopt(socket.IPPROTO_IP, 12, 1) # IP_RECVTTL
    for _ in range(count):
        data, notes, _, address = server.recvmsg(10, 100)
        found = [int.from_bytes(value, sys.byteorder) for level, kind, value in notes
                 if (level, kind) == (socket.IPPROTO_IP, socket.IP_TTL)]
        check(found == [data[0]], f"a time to live of {found}, not {data[0]}")
        server.sendto(data, address)


def answer(server):
    while True:
        data, address = server.recvfrom(65536)
        server.sendto(data, address)


def main():
    server = listener()
    for size in (1, 3000000):
        thread = serve(server, echo)
        guest("tcp", server.getsockname()[1], size)
        thread.join(PATIENCE)
    thread = serve(server, reset)
    guest("reset", server.getsockname()[1])
    thread.join(PATIENCE)
    thread = threading.Thread(target=feed, args=(server,), daemon=True)
    thread.start()
    guest("ways", server.getsockname()[1], "wine" if "wine" in sys.argv else "linux")
    thread.join(PATIENCE)
    thread = threading.Thread(target=origins, args=(server,), daemon=True)
    thread.start()
    guest("from", server.getsockname()[1])
    thread.join(PATIENCE)
    packets = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    packets.bind(("127.0.0.1", 0))
    thread = threading.Thread(target=hops, args=(packets, 8), daemon=True)
    thread.start()
    guest("marked", packets.getsockname()[1])
    thread.join(PATIENCE)
    threading.Thread(target=answer, args=(packets,), daemon=True).start()
    guest("udp", packets.getsockname()[1])
    # A port that is bound and does not listen stays free of others, and takes nothing; one for packets
    # takes what one other sends.
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))
    gone = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    gone.bind(("127.0.0.1", 0))
    gone.connect(("127.0.0.1", 1))
    number = gone.getsockname()[1]
    six = socket.socket(socket.AF_INET6)
    six.bind(("::1", 0))
    gone6 = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    gone6.bind(("::1", 0))
    gone6.connect(("::1", 1))
    guest("dead", closed.getsockname()[1], number, six.getsockname()[1], gone6.getsockname()[1],
          "wine" if "wine" in sys.argv else "linux")
    guest("own")
    guest("taken", server.getsockname()[1], packets.getsockname()[1])
    poured(server)
    lingered()
    bound()
    inside()
    far()
    quiet(str(closed.getsockname()[1]))
    sys.exit(1 if failed else 0)


def pouring(server):
    running = subprocess.Popen(sys.argv[1:] + ["outside", "pour", str(server.getsockname()[1])],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    connection, _ = server.accept()
    words = running.stdout.readline().split()
    check(len(words) == 3 and words[0] == b"sent", f"the guest said {words}")
    return running, connection, int(words[1])


def poured(server):
    """What a guest has sent arrives, though it has ended before anybody took it."""
    running, connection, size = pouring(server)
    connection.settimeout(PATIENCE)
    got = 0
    while part := connection.recv(65536):
        got += len(part)
    check(got == size, f"{got} of {size} bytes arrived")
    rest = running.stdout.read() + running.stderr.read()
    check(running.wait(PATIENCE) == 0, f"the guest: {rest}")
    connection.close()
    if "wine" in sys.argv:
        return # which has no SIGINT for another's program
    # Nobody ever takes it: whoever waits is told, and ends it.
    running, connection, size = pouring(server)
    check(b"are still to be taken" in running.stderr.readline(), "nobody was told of the wait")
    running.send_signal(signal.SIGINT)
    check(b"are lost" in running.stderr.read(), "nobody was told of the loss")
    check(running.wait(PATIENCE) in (0, -signal.SIGINT), "fore failed")
    running.stdout.close()
    connection.close()


def lingered():
    """A guest's close waits for what it has sent. Windows does not tell when that has arrived."""
    if "wine" in sys.argv:
        return
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        server.bind(("127.0.0.1", 0))
        server.listen(5)
        running = subprocess.Popen(sys.argv[1:] + ["outside", "linger", str(server.getsockname()[1])],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        connections = [server.accept()[0] for _ in range(3)]
        check(running.stdout.readline() == b"closing\n", "a close that waits for a time or a signal")
        got = 0
        connections[2].settimeout(PATIENCE)
        while part := connections[2].recv(65536):
            got += len(part)
        check(got == 65536, f"{got} bytes arrived")
        rest = running.stdout.read().decode(errors="replace")
        check(rest.startswith("closed\n"), f"the guest said {rest}")
        check(running.wait(PATIENCE) == 0, f"the guest failed: {rest}")
        for connection in connections:
            connection.close()


def far():
    """Other machines find a guest's server when the user wants that; here this one, by its other
    address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))
        except OSError:
            return # without any
        own = s.getsockname()[0]
    for option in ("loopback", "lan"):
        with subprocess.Popen(sys.argv[1:] + ["--network-listen", option, "outside", "serve"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as running:
            port = int(running.stdout.readline().split()[1])
            reached = True
            try:
                socket.create_connection((own, port), PATIENCE).close()
            except ConnectionRefusedError:
                reached = False
                socket.create_connection(("127.0.0.1", port), PATIENCE).close()
            check(reached == (option == "lan"), f"--network-listen {option}: reached {reached}")
            rest = running.stdout.read().decode(errors="replace")
            check(running.wait(PATIENCE) == 0, f"the server: {rest}")


def traced(calls, *arguments):
    """The lines of Wine on these calls of Winsock, while a guest's program runs."""
    command = ["WINEDEBUG=trace+winsock" if word.startswith("WINEDEBUG=") else word for word in sys.argv[1:]]
    done = subprocess.run(command + ["outside", *arguments], input=b"\n", stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=PATIENCE)
    return [line for line in done.stderr.decode(errors="replace").splitlines()
            if any(":" + call in line for call in calls)]


def quiet(dead):
    """Nothing of Foreland's own is on the network: a program without sockets has none. And what guests
    have is not looked for at the host."""
    if "wine" in sys.argv:
        for calls, loud, silent in ((("WSASocketW", "bind", "listen"), ("taken", "9", "9"), "quiet"),
                                    (("WS2_ConnectEx",), ("reset", dead), "own")):
            check(traced(calls, *loud), f"Wine does not tell of {calls}")
            lines = traced(calls, silent)
            check(not lines, f"{silent}: {lines}")
        return
    with subprocess.Popen(sys.argv[1:] + ["outside", "quiet"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as running:
        check(running.stdout.readline() == b"quiet\n", "the guest said something else")
        mine = {os.readlink(entry.path) for entry in os.scandir(f"/proc/{running.pid}/fd")}
        for name in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6"):
            with open("/proc/net/" + name, encoding="ascii") as table:
                found = [line for line in list(table)[1:] if f"socket:[{line.split()[9]}]" in mine]
            check(not found, f"fore has of {name}: {found}")
        running.communicate(b"\n", PATIENCE)


def quiet_traced():
    """The same as Wine traces calls, for its sockets are its server's: none is opened. That a guest's
    are seen so is looked at first."""
    command = ["WINEDEBUG=-all,+winsock" if word.startswith("WINEDEBUG=") else word for word in sys.argv[1:]]
    with subprocess.Popen(command + ["outside", "serve"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as running:
        said = b""
        while not (found := re.search(rb"^port (\d+)\r?$", said, re.MULTILINE)):
            line = running.stdout.readline()
            check(line, f"the server said {said}")
            if not line:
                return
            said += line
        check(b"WSASocketW created" in said, f"Wine's trace is another: {said}")
        socket.create_connection(("127.0.0.1", int(found[1])), PATIENCE).close()
        running.communicate(timeout=PATIENCE)
    done = subprocess.run(command + ["outside", "quiet"], input=b"\n", stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=PATIENCE)
    check(b"quiet" in done.stdout and b"WSASocket" not in done.stdout, f"without sockets: {done.stdout}")


def bound():
    """A guest's port for datagrams, at both loopback addresses."""
    with subprocess.Popen(sys.argv[1:] + ["outside", "bound"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE) as running:
        words = running.stdout.readline().split()
        check(len(words) == 2 and words[0] == b"port", f"the guest said {words}")
        port = int(words[1])
        for family, name in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            with socket.socket(family, socket.SOCK_DGRAM) as client:
                client.settimeout(PATIENCE)
                client.sendto(b"question", (name, port))
                data, address = client.recvfrom(100)
                check(data == b"question" and address[:2] == (name, port), f"{data} came from {address}")
                try:
                    with socket.socket(family, socket.SOCK_DGRAM) as other:
                        other.bind((name, port))
                    check(False, "the host has the port as well")
                except OSError:
                    pass
                if family == socket.AF_INET6:
                    client.sendto(b"end", (name, port))
                    data, address = client.recvfrom(100)
                    check(data == b"bye" and address[1] == port, f"{data} came from {address}")
        rest = running.stdout.read().decode(errors="replace")
        check(running.wait(PATIENCE) == 0, f"the guest: {rest}")


def inside():
    """A server of the guest's."""
    with subprocess.Popen(sys.argv[1:] + ["outside", "serve"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE) as running:
        words = running.stdout.readline().split()
        check(len(words) == 2 and words[0] == b"port", f"the server said {words}")
        data = bytes(range(256)) * 4000
        with socket.create_connection(("127.0.0.1", int(words[1])), PATIENCE) as client:
            def send():
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
            thread = threading.Thread(target=send)
            thread.start()
            got = b""
            while part := client.recv(65536):
                got += part
            thread.join()
        check(got == data, f"{len(got)} bytes came back, not {len(data)}, or others")
        rest = running.stdout.read().decode(errors="replace")
        check(running.wait(PATIENCE) == 0, f"the server: {rest}")


main()
