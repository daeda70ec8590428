#!/usr/bin/env python3
"""Writes term/unicode_table.c from the Unicode Character Database.

usage: generate.py [DIRECTORY] > term/unicode_table.c

DIRECTORY holds UnicodeData.txt, EastAsianWidth.txt, DerivedCoreProperties.txt,
auxiliary/GraphemeBreakProperty.txt, emoji/emoji-data.txt and emoji/emoji-variation-sequences.txt,
as Debian's package unicode-data installs them (/usr/share/unicode, the default).

Each code point gets one byte: bits 0-1 the width in columns, or 3 for one column that becomes
two with U+FE0F after it, bit 2 set when the width is
ambiguous (1, or 2 where the user asks for it), bits 3-6 the Grapheme_Cluster_Break class in the
order of enum unicode_break, bit 7 Extended_Pictographic. Blocks of 128 bytes that are equal are
stored once.
"""
import os
import re
import sys

LIMIT = 0x110000
BLOCK = 128
BREAKS = ["Other", "CR", "LF", "Control", "Extend", "ZWJ", "Regional_Indicator", "Prepend",
          "SpacingMark", "L", "V", "T", "LV", "LVT"]


def properties(path):
    """Yields (first, last, value) for each line `range ; value` of a property file."""
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            line = line.split("#")[0].strip()
            if not line:
                continue
            fields = [field.strip() for field in line.split(";")]
            ends = fields[0].split("..")
            yield int(ends[0], 16), int(ends[-1], 16), fields[1]


def emoji_bases(path):
    """Yields each code point that U+FE0F may follow to make an emoji of it."""
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            found = re.match(r"([0-9A-F]+) FE0F *; *emoji style", line)
            if found:
                yield int(found.group(1), 16)


def categories(path):
    """The general category of each code point that has one."""
    found = {}
    first = None
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            fields = line.split(";")
            code = int(fields[0], 16)
            if fields[1].endswith("First>"):
                first = code
                continue
            start = first if fields[1].endswith("Last>") else code
            first = None
            for each in range(start, code + 1):
                found[each] = fields[2]
    return found


def version(path):
    with open(path, encoding="utf-8") as lines:
        return re.search(r"-([0-9.]+)\.txt", lines.readline()).group(1)


def build(root):
    category = categories(os.path.join(root, "UnicodeData.txt"))
    width = bytearray([1]) * LIMIT
    ambiguous = bytearray(LIMIT)
    for first, last, value in properties(os.path.join(root, "EastAsianWidth.txt")):
        for code in range(first, last + 1):
            if value in ("W", "F"):
                width[code] = 2
            elif value == "A":
                ambiguous[code] = 1
    breaks = bytearray(LIMIT)
    path = os.path.join(root, "auxiliary", "GraphemeBreakProperty.txt")
    for first, last, value in properties(path):
        for code in range(first, last + 1):
            breaks[code] = BREAKS.index(value)
    ignorable = set()
    for first, last, value in properties(os.path.join(root, "DerivedCoreProperties.txt")):
        if value == "Default_Ignorable_Code_Point":
            ignorable.update(range(first, last + 1))
    for code in range(LIMIT):
        kind = category.get(code, "Cn")
        zero = kind in ("Mn", "Me", "Cf", "Zl", "Zp") or code in ignorable
        zero = zero or BREAKS[breaks[code]] in ("V", "T")
        if code in (0xAD, 0x115F, 0x3164) or BREAKS[breaks[code]] == "Prepend":
            zero = False  # soft hyphen, Hangul fillers and number signs take room
        if BREAKS[breaks[code]] == "Extend" and width[code] == 2 and kind == "Sk":
            zero = False  # emoji modifiers stand alone when nothing precedes them
        if zero:
            width[code] = 0
            ambiguous[code] = 0
    path = os.path.join(root, "emoji", "emoji-variation-sequences.txt")
    for code in emoji_bases(path):
        if width[code] == 1:
            width[code] = 3
    pictographic = bytearray(LIMIT)
    for first, last, value in properties(os.path.join(root, "emoji", "emoji-data.txt")):
        if value == "Extended_Pictographic":
            for code in range(first, last + 1):
                pictographic[code] = 1
    return bytes(width[c] | ambiguous[c] << 2 | breaks[c] << 3 | pictographic[c] << 7
                 for c in range(LIMIT))


def rows(values, per_line):
    for start in range(0, len(values), per_line):
        yield "    " + ", ".join(str(v) for v in values[start:start + per_line]) + ","


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else "/usr/share/unicode"
    table = build(root)
    blocks = {}
    index = []
    for start in range(0, LIMIT, BLOCK):
        block = table[start:start + BLOCK]
        index.append(blocks.setdefault(block, len(blocks)))
    out = ["// Made by term/tables/generate.py from Unicode "
           + version(os.path.join(root, "EastAsianWidth.txt")) + "; do not edit.",
           "// clang-format off",
           '#include "term/unicode.h"',
           "",
           "const uint16_t unicode_index[%d] = {" % len(index)]
    out += rows(index, 20)
    out += ["};", "", "const uint8_t unicode_blocks[%d] = {" % (len(blocks) * BLOCK)]
    out += rows(b"".join(blocks), 24)
    out += ["};"]
    print("\n".join(out))


if __name__ == "__main__":
    main()
