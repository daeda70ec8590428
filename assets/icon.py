#!/usr/bin/env python3
"""Draws Foreland's icon: a headland over the sea at dusk, and a prompt.

    icon.py OUT.ico      every size Windows asks for
    icon.py OUT.png      256 x 256
"""

import math
import struct
import sys
import zlib

SIZES = (16, 20, 24, 32, 40, 48, 64, 256)
NIGHT, DUSK, SEA, LAND, LIGHT = (22, 28, 56), (74, 92, 140), (24, 82, 104), (10, 14, 26), \
    (255, 214, 130)


def mix(a, b, t):
    return tuple(x + (y - x) * t for x, y in zip(a, b))


def segment_distance(x, y, ax, ay, bx, by):
    dx, dy = bx - ax, by - ay
    t = max(0.0, min(1.0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)))
    return math.hypot(x - ax - t * dx, y - ay - t * dy)


def inside_tile(x, y):
    """A square with round corners that fills all but a thin margin."""
    radius = 0.2
    dx, dy = max(abs(x - 0.5) - 0.48 + radius, 0), max(abs(y - 0.5) - 0.48 + radius, 0)
    return math.hypot(dx, dy) <= radius


def colour(x, y):
    """The colour at (x, y), both 0 to 1 from the upper left, or None outside the tile."""
    if not inside_tile(x, y):
        return None
    stroke = 0.048
    prompt = min(segment_distance(x, y, 0.2, 0.24, 0.36, 0.38),
                 segment_distance(x, y, 0.36, 0.38, 0.2, 0.52),
                 segment_distance(x, y, 0.44, 0.52, 0.62, 0.52))
    if prompt <= stroke:
        return LIGHT
    horizon = 0.7
    land = horizon + 0.1 - 0.42 * max(0.0, x - 0.5) ** 0.7
    if x > 0.5 and y > land and y < horizon + 0.1:
        return LAND
    if y < horizon:
        return mix(NIGHT, DUSK, (y / horizon) ** 2)
    return mix(SEA, NIGHT, (y - horizon) / (1 - horizon) * 0.7)


def draw(size):
    """Rows of RGBA bytes; each pixel is the mean of a grid of samples."""
    samples = 8 if size <= 64 else 4
    rows = []
    for row in range(size):
        line = bytearray()
        for column in range(size):
            total, hits = [0.0, 0.0, 0.0], 0
            for i in range(samples * samples):
                x = (column + (i % samples + 0.5) / samples) / size
                y = (row + (i // samples + 0.5) / samples) / size
                sample = colour(x, y)
                if sample:
                    hits += 1
                    total = [a + b for a, b in zip(total, sample)]
            line += bytes(round(c / hits) if hits else 0 for c in total)
            line.append(round(255 * hits / (samples * samples)))
        rows.append(bytes(line))
    return rows


def png(size):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + \
            struct.pack(">I", zlib.crc32(kind + data))
    pixels = b"".join(b"\0" + row for row in draw(size))
    return b"\x89PNG\r\n\x1a\n" + \
        chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)) + \
        chunk(b"IDAT", zlib.compress(pixels, 9)) + chunk(b"IEND", b"")


def ico():
    images = [png(size) for size in SIZES]
    head, at = struct.pack("<HHH", 0, 1, len(SIZES)), 6 + 16 * len(SIZES)
    for size, image in zip(SIZES, images):
        head += struct.pack("<BBBBHHII", size & 255, size & 255, 0, 0, 1, 32, len(image), at)
        at += len(image)
    return head + b"".join(images)


def main():
    if len(sys.argv) != 2 or not sys.argv[1].endswith((".ico", ".png")):
        sys.exit(__doc__)
    with open(sys.argv[1], "wb") as file:
        file.write(ico() if sys.argv[1].endswith(".ico") else png(256))


if __name__ == "__main__":
    main()
