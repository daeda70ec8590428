"""Traces of PyPy that are made, left and made anew; functions made of text; threads."""
import threading


def mixed(values):
    s = 0
    for value in values:
        s = (s * 31 + int(value) + len(str(value))) & 0xFFFFFFFF
    return s


def work(seed):
    result = seed
    for n in range(40):
        values = [str(i) if n % 3 == 0 else i * seed if n % 3 == 1 else i + 0.5 for i in range(300)]
        for _ in range(10):
            result = (result * 17 + mixed(values)) & 0xFFFFFFFF
        space = {}
        exec("def made(a):\n s = 0\n for i in range(3000):\n  s = (s * %d + a + i) & 0xffffffff\n return s" % (n + 3), space)
        result = (result + space["made"](result)) & 0xFFFFFFFF
    return result


results = [0] * 4
threads = [threading.Thread(target=lambda i=i: results.__setitem__(i, work(i + 3))) for i in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(results)
