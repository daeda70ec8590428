#!/usr/bin/env python3
"""fore on a real terminal: plays the terminal (a pty of the host) and checks what comes out.

    fore.py FORE [ROOT]       ROOT is that of packaging/image.sh when not given
Line editing, job control, Ctrl-C, window size and its changes, redirected output beside the
terminal, the exit status, and that the terminal gets its modes back.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

DEADLINE = 30
fore = sys.argv[1]
if len(sys.argv) > 2:
    root = sys.argv[2]
else:
    image = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../packaging/image.sh")
    root = subprocess.run([image, "--path"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, check=False).stdout.strip()
if not os.path.exists(root):
    print("skipped: no root file system: packaging/image.sh makes one")
    sys.exit(77)


class Terminal:
    def __init__(self, *command, stdout=None):
        self.master, self.slave = pty.openpty()
        self.resize(24, 80)
        self.modes = termios.tcgetattr(self.slave)
        self.seen = b""

        def lead():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            [fore, "--root", root, *command],
            stdin=self.slave, stdout=stdout or self.slave, stderr=self.slave, preexec_fn=lead)

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.master, text.encode())

    def expect(self, pattern):
        end = time.monotonic() + DEADLINE
        while True:
            found = re.search(pattern.encode(), self.seen)
            if found:
                self.seen = self.seen[found.end():]
                return found
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.master], [], [], left)[0]:
                sys.exit(f"FAIL: {pattern!r} did not appear: {self.seen!r}")
            try:
                # Without readline's switching of bracketed paste.
                self.seen = re.sub(rb"\x1b\[\?2004[hl]\r?", b"",
                                   self.seen + os.read(self.master, 65536))
            except OSError:
                sys.exit(f"FAIL: ended before {pattern!r}: {self.seen!r}")

    def ended(self, status):
        try:
            got = self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            sys.exit("FAIL: fore does not end")
        if got != status:
            sys.exit(f"FAIL: exit status {got}, not {status}")
        if termios.tcgetattr(self.slave) != self.modes:
            sys.exit("FAIL: the terminal's modes were not restored")
        os.close(self.master)
        os.close(self.slave)


def interactive():
    t = Terminal("bash", "--norc", "-i")
    t.expect(r"\$ |# ")
    t.type("echo sum $((6*7))\r")
    t.expect(r"\r\nsum 42\r\n")
    t.type("echo to the $((1 + 1))nd name >/dev/console\r")
    t.expect(r"\r\nto the 2nd name\r\n")
    t.type("tty; stty size\r")
    t.expect(r"\r\n/dev/pts/\d+\r\n24 80\r\n")
    # The job says when it has become the foreground: keys that signal reach it only from then on.
    t.type("front() { while read -ra s </proc/self/stat; do n=$((s[4] == s[7])); "
           "[ \"$n\" = \"$o\" ] || echo \"$((++i)) front $n\"; o=$n; done; }\r")
    t.type("(front)\r")
    t.expect(r"1 front 1\r\n")
    t.type("\x03")
    t.expect(r"\^C[^$]*# ")
    t.type("(front)\r")
    t.expect(r"1 front 1\r\n")
    t.type("\x1a")
    t.expect(r"Stopped")
    t.type("bg\r")
    t.expect(r"2 front 0")
    t.type("jobs\r")
    t.expect(r"Running")
    t.type("fg\r")
    t.expect(r"3 front 1\r\n")
    t.type("\x03")
    t.type("echo ended $?\r")
    t.expect(r"\r\nended 130\r\n")
    t.resize(30, 100)
    os.kill(t.process.pid, signal.SIGWINCH)
    t.type("trap 'stty size' WINCH; until [ $(stty size | cut -c1,2) = 30 ]; do :; done; stty size\r")
    t.expect(r"30 100\r\n")
    t.type("exit 7\r")
    t.ended(7)


def raw_bytes():
    """Raw mode, 8 bits, VMIN: what a program gets byte for byte."""
    t = Terminal("bash", "-c",
                 "stty raw -echo; printf ready; dd bs=1 count=6 status=none | od -An -tx1; stty sane")
    t.expect("ready")
    t.type("\x03\r\x1aa")
    os.write(t.master, b"\xc3\xa4")
    t.expect("03 0d 1a 61 c3 a4")
    t.ended(0)


def redirected():
    read, write = os.pipe()
    t = Terminal("bash", "-c", "tty; test -t 0 && test ! -t 1 && test -t 2; echo $?; echo seen >&2",
                 stdout=write)
    os.close(write)
    t.expect("seen")
    t.ended(0)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read()
    if not re.fullmatch(rb"/dev/pts/\d+\n0\n", said):
        sys.exit(f"FAIL: through the pipe came {said!r}")


def hangup():
    """The terminal goes away: fore ends, and so does what ran in it."""
    t = Terminal("bash", "--norc", "-i")
    t.expect(r"\$ |# ")
    t.type("echo ready\r")
    t.expect(r"\r\nready\r\n")
    os.close(t.slave)
    os.close(t.master)
    try:
        t.process.wait(DEADLINE)
    except subprocess.TimeoutExpired:
        t.process.kill()
        sys.exit("FAIL: fore outlives its terminal")


def background():
    """Output that waits for the terminal to take it is all there at the end."""
    t = Terminal("bash", "-c", "seq 1 20000; exit 5")
    t.expect(r"19999\r\n20000\r\n")
    t.ended(5)


for test in (interactive, raw_bytes, redirected, hangup, background):
    test()
    print("ok", test.__name__)
