#!/usr/bin/env python3
"""Compares the terminal with xterm: both get the same random sessions and are asked the same questions.

    xterm.py HEADLESS [--seed N] [--sessions N] [--size ROWSxCOLS] [--show N] [--raw SESSION]

A session is a list of pieces (text, controls, sequences) that xterm_sessions.py makes of a number.
After it both terminals report cursor, modes, margins, tab stops and every cell of both screens:
character by DECRQCRA, look by XTREPORTSGR. On a difference pieces are left out as long as there is
one, and what remains is printed. What is known to differ, with reasons, is tests/term/xterm.md.
Exit status 0 when there was no difference.
"""
import argparse
import codecs
import collections
import os
import re
import select
import socket
import subprocess
import sys
import tempfile
import time
import tty

import xterm_sessions

DEADLINE = 60
CSI = b"\x1b["


def agent(path):
    """The program inside a terminal: hands its bytes on."""
    link = socket.socket(socket.AF_UNIX)
    link.connect(path)
    tty.setraw(0)
    link.sendall(b"!")
    waiting = {0: b"", 1: b""}  # for the socket, for the terminal
    os.set_blocking(1, False)
    link.setblocking(False)
    while True:
        readers = [0] if len(waiting[0]) < 65536 else []
        if len(waiting[1]) < 65536:
            readers.append(link)
        writers = ([link] if waiting[0] else []) + ([1] if waiting[1] else [])
        readers, writers, _ = select.select(readers, writers, [])
        if 0 in readers:
            got = os.read(0, 65536)
            if not got:
                return
            waiting[0] += got
        if link in readers:
            got = link.recv(65536)
            if not got:
                return
            waiting[1] += got
        if link in writers:
            waiting[0] = waiting[0][link.send(waiting[0]):]
        if 1 in writers:
            try:
                waiting[1] = waiting[1][os.write(1, waiting[1]):]
            except BlockingIOError:
                pass


class Terminal:
    """A terminal with the agent in it."""

    def __init__(self, name, size, command, environment, path):
        self.name, self.size = name, tuple(map(int, size.split("x")))
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(1)
        listener.settimeout(DEADLINE)
        self.process = subprocess.Popen(
            [*command, sys.executable, os.path.abspath(__file__), "--agent", path],
            env=environment, stdin=subprocess.DEVNULL)
        self.link = listener.accept()[0]
        self.link.settimeout(DEADLINE)
        assert self.link.recv(1) == b"!"
        listener.close()
        self.number = 0

    def ask(self, data):
        """Sends and returns what came back before the answer to one last question."""
        self.number = self.number % 9000 + 1
        data = data + b"\x1b[?63;%dn" % self.number
        end = re.compile(rb"\x1bP%d!~0000\x1b\\" % self.number)
        got = b""
        self.link.setblocking(False)
        limit = time.monotonic() + DEADLINE
        while True:
            ready, writable, _ = select.select([self.link], [self.link] if data else [], [],
                                               limit - time.monotonic())
            if not ready and not writable:
                raise TimeoutError(f"{self.name} does not answer: {got[-200:]!r}")
            if writable:
                data = data[self.link.send(data):]
            if ready:
                more = self.link.recv(65536)
                if not more:
                    raise EOFError(f"{self.name} has ended")
                got += more
                if end.search(got, max(0, len(got) - len(more) - 20)):
                    return got[:got.rindex(b"\x1bP")]

    def resize(self):
        """Makes it as large as in the beginning; xterm takes its time."""
        wanted = b"8;%d;%dt" % self.size
        limit = time.monotonic() + DEADLINE
        while time.monotonic() < limit:
            if self.ask(b"\x1b[18t") == CSI + wanted:
                return
            self.ask(CSI + wanted)
        raise TimeoutError(f"{self.name} does not change its size")

    def close(self):
        self.link.close()
        self.process.terminate()
        self.process.wait()


def display():
    """An X server; returns the process and its number."""
    out, into = os.pipe()
    process = subprocess.Popen(
        ["Xvfb", "-displayfd", str(into), "-screen", "0", "2000x1200x24", "-nolisten", "tcp",
         "-noreset"],
        pass_fds=[into], stderr=subprocess.DEVNULL)
    os.close(into)
    number = b""
    while not number.endswith(b"\n"):
        if not select.select([out], [], [], DEADLINE)[0]:
            raise TimeoutError("Xvfb does not start")
        more = os.read(out, 16)
        if not more:
            raise EOFError("Xvfb does not start")
        number += more
    os.close(out)
    return process, number.decode().strip()


XTERM = {
    "allowWindowOps": "true", "checksumExtension": "55", "precompose": "false",
    "combiningChars": "5", "decTerminalID": "vt420", "saveLines": "100", "bellOnReset": "false",
    "c132": "false", "titeInhibit": "false", "cursorBlink": "false",
    "boldColors": "false", "jumpScroll": "false",
}

# --- What is asked -----------------------------------------------------------------------------

BEGIN = b"\x18\x1b\\\x1b[3J\x1b[?42l" + 45 * b"\x1b[#}" + b"\x1bc\x1b[?47h\x1b[2J\x1b[H\x1b7\x1b[?47l\x1bc\x1b[?40;41l\x1b[?5;6;7;25;69s"
MODES = [b"4", b"20", b"?1", b"?5", b"?6", b"?7", b"?25", b"?40", b"?41", b"?47", b"?66", b"?67",
         b"?69", b"?2004"]
STATE = (
    [("cursor", b"\x1b[6n"), ("all of the cursor", b"\x1b[1$w"), ("tab stops", b"\x1b[2$w")] +
    [(f"setting {name}", b"\x1bP$q%s\x1b\\" % name.encode()) for name in
     ("m", "r", "s", '"q')] +
    [(f"mode {name.decode()}", b"\x1b[%s$p" % name) for name in MODES] +
    [("size", b"\x1b[18t"), ("saved cursor", b"\x1b8\x1b[6n"),
     ("all of the saved cursor", b"\x1b[1$w"), ("saved setting m", b"\x1bP$qm\x1b\\")])
READY = b"\x1b[?6l\x1b[?69l\x1b[r\x1b(B\x1b)B\x1b*B\x1b+B\x0f\x1b[0m\x1b[4l\x1b[?7h"
ANSWER = re.compile(rb"\x1b\[[0-?-]*[ -/]*[@-~]|\x1bP[^\x1b]*\x1b\\", re.S)


def split(name, got, count):
    answers = ANSWER.findall(got)
    if len(answers) != count or b"".join(answers) != got:
        raise ValueError(f"{name} answers {got!r} to {count} questions")
    return answers


def look(answer):
    """An SGR report, put in one form."""
    text = answer.decode("latin1").removeprefix("\x1bP1$r").removeprefix("\x1b[")
    text = text.removesuffix("\x1b\\").removesuffix("m")
    parts = ["21" if part == "4:2" else part for part in text.split(";")]
    if "21" in parts and "4" in parts:
        parts.remove("4")
    return ";".join(sorted(set(parts) - {"0"}))


def cells(terminal, rows, columns):
    """Both screens' cells, as (character, look) by row and column, and the rows' widths."""
    asked = b"\x1b[55#y"
    count = 0
    for row in range(1, rows + 1):
        for column in range(1, columns + 1):
            place = b"%d;%d;%d;%d" % (row, column, row, column)
            asked += b"\x1b[1;1;%s*y\x1b[%s#|" % (place, place)
            count += 2
    asked += b"\x1b[39#y"
    for row in range(1, rows + 1):
        for column in range(1, columns + 1):
            asked += b"\x1b[1;1;%d;%d;%d;%d*y" % (row, column, row, column)
            count += 1
    for row in range(1, rows + 1):
        asked += b"\x1b[%d;999H\x1b[6n" % row
        count += 1
    answers = split(terminal.name, terminal.ask(asked), count)
    total = rows * columns
    shown = {}
    for i in range(total):
        base = int(answers[2 * i].split(b"~")[1][:4], 16)
        more = int(answers[2 * total + i].split(b"~")[1][:4], 16)
        style = look(answers[2 * i + 1])
        if terminal.name != "xterm":
            character = base or -1  # the right half of a wide character
        elif base == 0xffff:
            character = -1
        else:
            character = (base or 32) + ((more - (base & 0xff)) & 0xffff) & 0xffff
        if character == 32:
            # Erasing leaves xterm's foreground colour, which a blank does not show.
            style = ";".join(part for part in style.split(";") if part[:1] not in "39")
        shown[f"row {i // columns + 1} column {i % columns + 1}"] = (character, style)
    for row in range(rows):
        shown[f"end of row {row + 1}"] = answers[3 * total + row].decode("latin1")
    return shown


def normal(state, columns):
    # xterm has tab stops beyond the last column.
    stops = re.findall(r"\d+", state["tab stops"][4:])
    state["tab stops"] = "/".join(stop for stop in stops if int(stop) <= columns)
    for key in ("setting m", "saved setting m"):
        state[key] = look(state[key].encode("latin1"))
    for key in ("all of the cursor", "all of the saved cursor"):
        parts = state[key].split(";")
        # How many characters the sets have and their names are not compared, what they print is.
        # Neither are looks and protection, which the settings tell better.
        # Nor, without autowrap, whether the next character would wrap.
        if state["mode ?7"].endswith(";2$y"):
            parts[5] = chr(ord(parts[5]) & ~8)
        state[key] = ";".join(parts[:3] + parts[5:7])
    return state


def observe(terminal, session, both):
    """What a terminal shows after a session."""
    got = terminal.ask(BEGIN + session + b"\x18\x1b\\\x1b F")
    state = {"answers": got.decode("latin1")}
    answers = split(terminal.name, terminal.ask(b"".join(a for _, a in STATE)), len(STATE))
    for (name, _), answer in zip(STATE, answers):
        state[name] = answer.decode("latin1")
    size = re.fullmatch(r"\x1b\[8;(\d+);(\d+)t", state["size"])
    rows, columns = int(size[1]), int(size[2])
    terminal.ask(READY)
    state.update(cells(terminal, rows, columns))
    if both:
        other = b"h" if state["mode ?47"].endswith(";2$y") else b"l"
        terminal.ask(b"\x1b[?47" + other + READY)
        for key, value in cells(terminal, rows, columns).items():
            state["other screen: " + key] = value
    if (rows, columns) != terminal.size:
        terminal.resize()
    return normal(state, columns)


def differences(terminals, pieces):
    session = b"".join(pieces)
    both = b"47" in session or b"49" in session
    one, two = (observe(t, session, both) for t in terminals)
    found = []
    for key in sorted(one.keys() | two.keys(), key=lambda k: [int(x) if x.isdigit() else x for x in re.split(r"(\d+)", k)]):
        if one.get(key) == two.get(key):
            continue
        if key not in one or key not in two or not xterm_sessions.explained(session, key, one, two):
            found.append((key, one.get(key), two.get(key)))
    return found


# --- Shrinking -----------------------------------------------------------------------------------

def shrink(terminals, pieces, columns):
    """Leaves out pieces as long as there is a difference."""
    size = max(1, len(pieces) // 2)
    while True:
        i = 0
        changed = False
        while i < len(pieces):
            fewer = pieces[:i] + pieces[i + size:]
            if fewer and xterm_sessions.allowed(fewer, columns) and differences(terminals, fewer):
                pieces = fewer
                changed = True
            else:
                i += size
        if size > 1:
            size //= 2
        elif not changed:
            break
    for i, piece in enumerate(pieces):
        for simpler in xterm_sessions.simpler(piece):
            fewer = pieces[:i] + [simpler] + pieces[i + 1:]
            if xterm_sessions.allowed(fewer, columns) and differences(terminals, fewer):
                pieces = fewer
                break
    return pieces


def printable(data):
    text = data.decode("utf8", "backslashreplace")
    return "".join("\\e" if c == "\x1b" else c if c >= " " and c.isprintable() and c.isascii() else
                   f"\\x{ord(c):02x}" if ord(c) < 128 else f"\\u{{{ord(c):x}}}" for c in text)


class Pair:
    """Both terminals, xterm first, of the same size."""

    def __init__(self, options, number, folder):
        self.options, self.folder = options, folder
        self.environment = dict(os.environ, DISPLAY=f":{number}", LC_ALL="C.UTF-8")
        self.rows, self.columns = map(int, options.size.split("x"))
        self.started = 0
        self.terminals = [self.xterm(), Terminal("ours", options.size, [
            options.headless, "--reports", "--size", options.size, "--seconds", "1000000"],
            self.environment, os.path.join(folder, "ours"))]

    def xterm(self):
        resources = [word for name, value in XTERM.items()
                     for word in ("-xrm", f"XTerm*{name}: {value}")]
        self.started += 1
        return Terminal("xterm", self.options.size, [
            "xterm", "-u8", "-ti", "vt420", "-geometry", f"{self.columns}x{self.rows}",
            *resources, "-e"], self.environment, os.path.join(self.folder, f"xterm{self.started}"))

    def renew(self):
        """A new xterm: some defects of it last until it ends."""
        self.terminals[0].close()
        self.terminals[0] = self.xterm()

    def close(self):
        for terminal in self.terminals:
            terminal.close()

    def compare(self, seed):
        """Runs a session; the pieces that make a difference, None when there is none."""
        pieces = xterm_sessions.make(seed, self.rows, self.columns)
        if not differences(self.terminals, pieces):
            return None
        self.renew()
        if not differences(self.terminals, pieces):
            return None
        pieces = shrink(self.terminals, pieces, self.columns)
        # A resize may come late in xterm: only what is there each time is a difference.
        return pieces if differences(self.terminals, pieces) else None


def run(pair, options):
    """Runs all sessions; the number of those that differ."""
    shapes = collections.Counter()
    began = time.monotonic()
    for seed in range(options.seed, options.seed + options.sessions):
        pieces = pair.compare(seed)
        if pieces is None:
            continue
        shape = xterm_sessions.shape(pieces)
        shapes[shape] += 1
        if shapes[shape] > 1 or len(shapes) > options.show:
            continue
        print(f"session {seed}: {printable(b''.join(pieces))}")
        found = differences(pair.terminals, pieces)
        for key, one, two in found[:6]:
            print(f"    {key}: xterm {one!r}, ours {two!r}")
        if len(found) > 6:
            print(f"    and {len(found) - 6} more")
        sys.stdout.flush()
    print(f"xterm: {options.sessions} sessions of {options.size} from {options.seed} compared in "
          f"{time.monotonic() - began:.0f} s: {shapes.total()} differ ({len(shapes)} kinds), "
          f"{pair.started} xterms")
    return shapes.total()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("headless")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--sessions", type=int, default=1000)
    options.add_argument("--size", default="7x16")
    options.add_argument("--show", type=int, default=20, help="kinds of differences printed at most")
    options.add_argument("--raw", help="one session instead, in the language of tests/term")
    options = options.parse_args()
    server, number = display()
    pair = None
    try:
        with tempfile.TemporaryDirectory() as folder:
            pair = Pair(options, number, folder)
            if not options.raw:
                sys.exit(1 if run(pair, options) else 0)
            raw = codecs.escape_decode(options.raw.replace("\\e", "\\x1b").encode())[0]
            for key, one, two in differences(pair.terminals, [raw]):
                print(f"{key}: xterm {one!r}, ours {two!r}")
    finally:
        if pair:
            pair.close()
        server.terminate()
        server.wait()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--agent"]:
        agent(sys.argv[2])
    else:
        main()
