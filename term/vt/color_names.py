#!/usr/bin/env python3
"""Writes term/vt/color_names.c, the names of colours that X11 knows.

usage: color_names.py FILE > term/vt/color_names.c

FILE is rgb.txt of X.Org, as Debian's x11-common has it in /usr/share/X11 (MIT licence). The names
that X.Org's servers know since then are listed here; Debian's own one is left out.
"""
import sys

LATER = {"aqua": 0x00FFFF, "crimson": 0xDC143C, "fuchsia": 0xFF00FF, "indigo": 0x4B0082,
         "lime": 0x00FF00, "olive": 0x808000, "rebeccapurple": 0x663399, "silver": 0xC0C0C0,
         "teal": 0x008080, "webgray": 0x808080, "webgrey": 0x808080, "webgreen": 0x008000,
         "webmaroon": 0x800000, "webpurple": 0x800080, "x11gray": 0xBEBEBE, "x11grey": 0xBEBEBE,
         "x11green": 0x00FF00, "x11maroon": 0xB03060, "x11purple": 0xA020F0}
ENTRIES_PER_LINE = 3


def colors(path):
    found = dict(LATER)
    with open(path, encoding="ascii") as lines:
        for line in lines:
            words = line.split()
            if line.startswith("!") or len(words) < 4:
                continue
            red, green, blue = (int(word) for word in words[:3])
            found["".join(words[3:]).lower()] = red << 16 | green << 8 | blue
    found.pop("debianred", None)
    return sorted(found.items())


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    entries = ['{"%s", 0x%06x}' % entry for entry in colors(sys.argv[1])]
    print("/* Made by term/vt/color_names.py from X.Org's rgb.txt; do not edit. */")
    print("/* clang-format off */")
    print('#include "term/vt/color_names.h"\n')
    print("const struct color_name color_names[COLOR_NAMES] = {")
    for start in range(0, len(entries), ENTRIES_PER_LINE):
        print("    " + ", ".join(entries[start:start + ENTRIES_PER_LINE]) + ",")
    print("};")


if __name__ == "__main__":
    main()
