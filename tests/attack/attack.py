#!/usr/bin/env python3
"""Hostile system calls under fore, looked at from outside.

    attack.py FORE HOST PROGRAM [OPTIONS]     HOST is linux or wine

PROGRAM is the guest (attack.c). It works in memory, in an image or an archive, and in a folder of
the host. What has to hold: fore lives, a second guest answers all the time, everything that is
killed dies, the log is bounded and tells no defect, nothing beside the folder changes, and memory,
threads, open files and, on Windows, handles of the host process return to near what they were.
"""
import argparse
import hashlib
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time

parser = argparse.ArgumentParser()
parser.add_argument("fore")
parser.add_argument("host", choices=["linux", "wine"])
parser.add_argument("program")
parser.add_argument("--counter", help="tests/windows/counted.c, which wine needs")
parser.add_argument("--seeds", default="1", help="the first one, or FIRST-LAST")
parser.add_argument("--seconds", type=int, default=0, help="go on with the next seeds so long")
parser.add_argument("--calls", type=int, default=1000, help="of each thread, in a round")
parser.add_argument("--milliseconds", type=int, default=2500, help="that a round may take")
parser.add_argument("--roots", default="tar,image")
parser.add_argument("--memory", default="512M")
parser.add_argument("--patience", type=int, default=60, help="seconds for any answer")
parser.add_argument("--growth", type=int, default=200, help="MB that may be held at the end")
parser.add_argument("--peak", type=int, default=3000, help="MB that may be held at any time")
parser.add_argument("--coverage", action="store_true", help="say which calls succeeded, how often")
parser.add_argument("--hold", action="store_true", help="leave a fore that failed to a debugger")
options = parser.parse_args()
options.fore = os.path.abspath(options.fore)
options.program = os.path.abspath(options.program)
if options.host == "wine":
    if not options.counter:
        parser.error("wine needs --counter")
    options.counter = os.path.abspath(options.counter)

MB = 1 << 20
LOG_MOST = 10 * MB
# What is held for guests that are gone, and by the pools of the host's libraries.
THREADS_MORE = 80
# Of the guests' memory: pages of files, what the guest that answers has used.
FREE_LESS = 60
FILES_MORE = 20 if options.host == "linux" else 6 * THREADS_MORE
# A thread that waits to be used again has its own handle and those of what it waits for.
HANDLES_MORE = 2 * THREADS_MORE
COUNTED = ("MB", "threads", "files") + (("handles",) if options.host == "wine" else ())
failures = []


def fail(text):
    failures.append(text)
    print("FAIL " + text, flush=True)


def host_path(path):
    return path if options.host == "linux" else "Z:" + path.replace("/", "\\")


def make_root(work):
    """An archive with the guest in it; in the second form, an image of that archive."""
    root = os.path.join(work, "root.tar")
    with tarfile.open(root, "w") as archive:
        for name in ("tmp", "dev", "proc", "mnt", "work"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
            archive.addfile(entry)
        entry = tarfile.TarInfo("attack")
        entry.mode, entry.size = 0o755, os.path.getsize(options.program)
        with open(options.program, "rb") as program:
            archive.addfile(entry, program)
    return root


def fore_command(*arguments):
    return (["wine"] if options.host == "wine" else []) + [options.fore, *arguments]


def environment(work):
    result = dict(os.environ, LC_ALL="C.UTF-8", XDG_CACHE_HOME=os.path.join(work, "cache"))
    result.setdefault("WINEDEBUG", "-all")
    return result


def counted(work, command):
    """Through the program that counts handles: Wine sets LOCALAPPDATA, where the log goes, itself,
    so only what a program of Windows starts can have another."""
    path = os.path.join(work, "run")
    with open(path, "w", encoding="utf-8") as file:
        file.write(host_path(os.path.join(work, "cache")) + "\n" +
                   " ".join(f'"{word}"' for word in command) + "\n")
    return ["wine", options.counter, host_path(path), host_path(os.path.join(work, "handles"))]


def process_of(work):
    """The process of fore that the counter has started."""
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                words = file.read()
        except OSError:
            continue
        if b"--memory" in words and work.encode().replace(b"/", b"\\") in words:
            return int(entry)
    return 0


def contents(folder):
    """Everything below, with what a guest could change in it."""
    found = {}
    for at, folders, names in os.walk(folder):
        for name in folders + names:
            path = os.path.join(at, name)
            status = os.lstat(path)
            data = b""
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as file:
                    data = file.read()
            found[path] = (status.st_mode, status.st_uid, status.st_size, status.st_mtime_ns,
                           status.st_nlink, hashlib.sha256(data).hexdigest())
    return found


class Fore:
    def __init__(self, root, work):
        self.work = work
        self.scratch = os.path.join(work, "scratch")
        os.makedirs(self.scratch)
        os.chmod(self.scratch, 0o777)
        self.errors = open(os.path.join(work, "errors"), "wb")
        archive = make_root(work)
        if root == "image":
            image = os.path.join(work, "attack.img")
            for step in (["create", host_path(image)], ["import", host_path(image),
                                                        host_path(archive)]):
                subprocess.run(fore_command("image", *step), check=True, stdout=self.errors,
                               stderr=self.errors, env=environment(work))
            source = ["--image", host_path(image)]
        else:
            source = ["--root", host_path(archive)]
        os.makedirs(os.path.join(work, "cache"))
        # A folder of the host without a network, or a network without anything of the host.
        if root == "image":
            arguments = [*source, "--mount", host_path(self.scratch) + ":/mnt", "--memory",
                         options.memory, "/attack", "/work", "/tmp", "/mnt"]
        else:
            arguments = ["--isolated", *source, "--memory", options.memory, "/attack", "isolated",
                         "/work", "/tmp"]
        if options.host == "wine":
            command = counted(work, [host_path(options.fore), *arguments])
        else:
            command = [options.fore, *arguments]
        # The work folder is the current one, so that what is made by mistake is made there.
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True,
            errors="replace", env=environment(work), cwd=work)
        self.lines = queue.Queue()
        self.pid = 0 if options.host == "wine" else self.process.pid
        threading.Thread(target=self.read, daemon=True).start()
        self.peak = [0] * len(COUNTED)
        self.answers = []

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip())
        self.lines.put(None)

    def say(self, line):
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def handles(self, new):
        """The last reading of the counter, or the first one after this moment."""
        first, end = None, time.monotonic() + options.patience
        while True:
            try:
                with open(os.path.join(self.work, "handles"), encoding="ascii") as file:
                    reading, handles = map(int, file.read().split())
            except (OSError, ValueError):
                reading, handles = 0, 0
            first = reading if first is None else first
            # The next one may have been taken before.
            if reading > first + 1 or (reading and not new):
                return handles
            if time.monotonic() > end or self.process.poll() is not None:
                fail(f"handles are not counted: reading {first}, then {reading}, in "
                     f"{time.monotonic() - end + options.patience:.1f} s; the counter has ended "
                     f"with {self.process.poll()}; {self.last_errors()}")
                return 0
            time.sleep(0.05)

    def held(self, new=False):
        """What COUNTED names of the host process, or nothing when it is gone."""
        self.pid = self.pid or process_of(self.work)
        try:
            with open(f"/proc/{self.pid}/status", encoding="ascii", errors="replace") as f:
                status = f.read()
            files = len(os.listdir(f"/proc/{self.pid}/fd"))
            found = [int(re.search(rf"^{name}:\s*(\d+)", status, re.M)[1])
                     for name in ("VmRSS", "Threads")]
        except (OSError, TypeError):
            return None
        now = [found[0] // 1024, found[1], files]
        if options.host == "wine":
            now.append(self.handles(new))
        self.peak = [max(pair) for pair in zip(self.peak, now)]
        return now

    def expect(self, pattern, patience=None):
        """The next line that is like the pattern; what went wrong is noted on the way."""
        end = time.monotonic() + (patience or options.patience)
        while True:
            self.held()
            try:
                line = self.lines.get(timeout=0.2)
            except queue.Empty:
                if time.monotonic() > end:
                    fail(f"no answer like {pattern!r}")
                    return None
                continue
            if line is None:
                fail(f"fore has ended with {self.process.wait()}: {self.last_errors()}")
                return None
            if line.startswith("fault "):
                fail(line)
                if options.hold:
                    self.hold()
                continue
            found = re.fullmatch(pattern, line)
            if found:
                return found
            self.answers.append(line)

    def hold(self):
        print("held: process", self.pid, flush=True)
        signal.pause()

    def last_errors(self):
        with open(self.errors.name, "rb") as file:
            return file.read()[-3000:].decode(errors="replace")

    def round(self, seed):
        """Calls made, or None when fore or the second guest does not answer."""
        self.say(f"round {seed} {options.calls} {options.milliseconds}")
        end = time.monotonic() + options.patience + options.milliseconds / 1000
        for number in range(1000000):
            started = time.monotonic()
            self.say(f"ping {seed}-{number}")
            if not self.expect(rf"pong {seed}-{number}"):
                return None
            self.slowest = max(self.slowest, time.monotonic() - started)
            done = [line for line in self.answers if line.startswith(f"round {seed} ")]
            if done:
                self.answers.clear()
                return int(done[0].split()[-1])
            if time.monotonic() > end:
                fail(f"seed {seed}: the round does not end")
                self.say("where")
                self.expect("told")
                return None
            time.sleep(0.1)

    def free(self):
        self.say("free")
        found = self.expect(r"free (-?\d+)")
        return int(found[1]) if found else 0

    slowest = 0

    def log_size(self):
        size = 0
        for at, _, names in os.walk(os.path.join(self.work, "cache")):
            for name in names:
                path = os.path.join(at, name)
                size += os.path.getsize(path)
                with open(path, encoding="utf-8", errors="replace") as log:
                    for line in log:
                        if "defect" in line:
                            fail("log: " + line.rstrip())
        return size

    def kill(self):
        for process in {self.pid, self.process.pid} - {0}:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()

    def end(self):
        self.say("end")
        try:
            status = self.process.wait(options.patience)
        except subprocess.TimeoutExpired:
            fail("fore does not end")
            self.kill()
            return
        if status:
            fail(f"fore has ended with {status}: {self.last_errors()}")


def seeds():
    first, _, last = options.seeds.partition("-")
    number = int(first)
    end = time.monotonic() + options.seconds
    last = int(last or first)
    while number <= last or time.monotonic() < end:
        yield number
        number += 1


def run(root):
    """One life of fore. Its seeds go on until the time is over."""
    work = os.path.realpath(tempfile.mkdtemp(prefix="attack-"))
    outside = os.path.join(work, "outside")
    os.makedirs(outside + "/folder")
    for name in ("a", "folder/b", "attack-shared"):
        with open(os.path.join(outside, name), "w", encoding="ascii") as file:
            file.write("nobody may touch this")
    before = contents(outside)
    names = set(os.listdir(work)) | {"scratch", "errors", "root.tar", "cache", "run", "handles"}
    failed_before = len(failures)
    fore = Fore(root, work)
    calls, rounds, first, last = 0, 0, None, None
    begun = time.monotonic()
    try:
        answering = fore.expect("ready")
        # The first round brings what is kept once: code, pools of the host's libraries.
        answering = answering and fore.round(0) is not None
        start, free = fore.held(new=True), fore.free()
        for seed in seeds() if answering else ():
            made = fore.round(seed)
            if made is None:
                fail(f"{root}: in seed {seed}")
                answering = False
                break
            fore.say(f"start {seed}")
            if not fore.expect(f"started {seed}"):
                answering = False
                break
            calls += made
            rounds += 1
            first, last = seed if first is None else first, seed
            if fore.log_size() > LOG_MOST:
                fail(f"seed {seed}: the log has {fore.log_size() // MB} MB")
            if len(failures) > failed_before:
                print(f"seed {seed}: {made} calls", flush=True)
            if rounds % 50 == 0:
                print(f"{root}: seed {seed}, {calls} calls, {time.monotonic() - begun:.0f} s, "
                      f"now {fore.held()}, peak {fore.peak}", flush=True)
            if len(failures) > failed_before + 30:
                break
        if answering:
            if options.coverage:
                fore.say("coverage")
                fore.expect("covered")
                print("\n".join(fore.answers))
            now, left = fore.held(new=True), fore.free()
            if left < free - FREE_LESS:
                fail(f"{root}: {free} MB were free at first, {left} are at the end")
            # Of handles the room in their table is seen, which doubles.
            most = [was + more for was, more in zip(start, (options.growth, THREADS_MORE, FILES_MORE,
                                                            HANDLES_MORE))]
            most[3:] = [2 * number for number in most[3:]]
            for name, was, is_, limit in zip(COUNTED, start, now, most):
                if is_ > limit:
                    fail(f"{root}: {name}: {was} at first, {is_} at the end")
            print(f"{root}: seeds {first} to {last}, {calls} calls in "
                  f"{time.monotonic() - begun:.0f} s; {', '.join(COUNTED)}: {start} at first, "
                  f"{fore.peak} at most, {now} at the end; MB free for guests: {free}, {left}; log {fore.log_size() // 1024} KiB; "
                  f"slowest answer {fore.slowest:.1f} s", flush=True)
            fore.end()
        else:
            fore.log_size()
            if options.hold and fore.process.poll() is None:
                fore.hold()
        if fore.peak[0] > options.peak:
            fail(f"{root}: {fore.peak[0]} MB at most")
        after = contents(outside)
        for path in sorted(before.keys() | after.keys()):
            if before.get(path) != after.get(path):
                fail(f"{path} has changed: {before.get(path)}, {after.get(path)}")
        for name in os.listdir(work):
            if name not in names and not name.startswith("attack.img"):
                fail(f"{name} was made outside")
        if os.listdir(fore.scratch):
            fail(f"left in the folder: {os.listdir(fore.scratch)}")
    finally:
        if fore.process.poll() is None:
            fore.kill()
        if not (options.hold and len(failures) > failed_before):
            shutil.rmtree(work, ignore_errors=True)


for kind in options.roots.split(","):
    run(kind)
sys.exit(1 if failures else 0)
