"""Closures of libffi: callbacks that are made, called from C and thrown away, in four threads."""
import ctypes
import threading

libc = ctypes.CDLL(None)
kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))


def work(seed):
    result = seed
    for n in range(150):
        numbers = (ctypes.c_int * 60)(*[(i * 7919 * (n + seed)) % 100003 for i in range(60)])
        turn = -1 if n % 2 else 1
        libc.qsort(numbers, 60, 4, kind(lambda a, b: turn * (a[0] - b[0])))
        result = (result * 31 + numbers[7]) & 0xFFFFFFFF
    return result


results = [0] * 4
threads = [threading.Thread(target=lambda i=i: results.__setitem__(i, work(i + 3))) for i in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(results)
