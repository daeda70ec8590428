"""Random sessions for xterm.py, and what of their results may differ.

The generator leaves out what tests/term/xterm.md names.
"""
import random
import re

CSI = b"\x1b["
NO_WRAP = CSI + b"C"  # ends a pending wrap
SAVES = re.compile(rb"\x1b7|1048h|1049h|\x1b\[s")  # the cursor


def csi(parameters, final):
    return CSI + parameters + final


PRINTABLE = bytes(code for code in range(0x20, 0x7f) if code != ord("_"))
WIDE = {ord(c) for c in "漢字仮名한글ａ"}


class Maker:
    def __init__(self, seed, rows, columns):
        self.r = random.Random(seed)
        self.rows, self.columns = rows, columns
        self.first_rows, self.first_columns = rows, columns

    def number(self, most):
        """A parameter: mostly one that matters, now and then none, 0 or too much."""
        roll = self.r.random()
        if roll < 0.08:
            return b""
        if roll < 0.14:
            return b"0"
        if roll < 0.20:
            return b"%d" % self.r.choice([most + 1, most + 2, 99, 999, 65535, 70000])
        if roll < 0.45:
            return b"%d" % self.r.randint(1, 3)
        return b"%d" % self.r.randint(1, most)

    def row(self):
        return self.number(self.rows)

    def column(self):
        return self.number(self.columns)

    def count(self):
        return self.number(max(self.rows, self.columns) + 2)

    def rectangle(self):
        parts = [self.row(), self.column(), self.row(), self.column()]
        if self.r.random() < 0.6:
            top, left = self.r.randint(1, self.rows), self.r.randint(1, self.columns)
            parts = [b"%d" % top, b"%d" % left, b"%d" % self.r.randint(top, self.rows),
                     b"%d" % self.r.randint(left, self.columns)]
        return b";".join(parts[:self.r.choice([4, 4, 4, 4, 3, 2])])

    def whole_rectangle(self):
        rectangle = self.rectangle()
        return rectangle + b";" * (3 - rectangle.count(b";"))

    # --- Pieces ---

    def text(self):
        n = self.r.choice([1, 2, 3, 5, self.columns - 1, self.columns, self.columns + 3])
        first = self.r.choice(b"aAmn0")
        text = bytes(first + i % 10 for i in range(n))
        if "columns_change" in self.kinds:
            return csi(self.row() + b";%d" % self.r.randint(1, 3), b"H") + text[:3]
        if "line_size" in self.kinds:
            return self.place() + text[:max(1, self.columns // 2 - 4)]
        return text

    def wide(self):
        """Wide characters, on cells that are blank as far as they may reach, or in one row."""
        text = "".join(chr(self.r.choice(sorted(WIDE))) for _ in range(self.r.randint(1, 3)))
        if "sides" in self.kinds or self.r.random() < 0.5:
            return b"\x1b[J" + text.encode()
        return b"\x1b[%dG" % self.r.randint(1, self.columns - 2 * len(text)) + text.encode()

    def combining(self):
        return (self.r.choice("aeiouxyz") + self.r.choice("\u0300\u0301\u0308\u0323\u0336")).encode()

    def latin(self):
        return "".join(self.r.choice("äéñ±·×ßøΩλЖ─│┼█") for _ in range(self.r.randint(1, 3))).encode()

    def control(self):
        tab = b"\b" if "sides" in self.kinds else b"\t"
        return self.r.choice([b"\b", tab, b"\r", b"\n", b"\x0b", b"\x0c", b"\r\n", b"\b\b"])

    def escape(self):
        return self.r.choice([b"\x1bD", b"\x1bE", b"\x1bM", b"\x1bD", b"\x1bM", b"\x1b6", b"\x1b9"])

    def move(self):
        final = self.r.choice(
            [b"A", b"B", b"C", b"D", b"E", b"F", b"G", b"I", b"Z", b"`", b"a", b"d", b"e"])
        if "line_size" in self.kinds:
            final = self.r.choice([b"A", b"B", b"D", b"E", b"F", b"d", b"e"])
        if final == b"I" and "sides" in self.kinds:
            final = b"C"
        return (NO_WRAP if final == b"Z" else b"") + csi(self.count(), final)

    def place(self):
        if "line_size" in self.kinds:
            return csi(self.row() + b";%d" % self.r.randint(1, 3), b"H")
        return csi(self.row() + b";" + self.column(), self.r.choice([b"H", b"H", b"f"]))

    def erase(self):
        what = self.r.choice([b"", b"0", b"1", b"2"])
        erase = csi(what, self.r.choice([b"J", b"K"]))
        if "guard" in self.kinds:
            erase += self.guard()
        return (NO_WRAP if what == b"1" else b"") + erase

    def selective(self):
        what = self.r.choice([b"", b"0", b"1", b"2"])
        erase = csi(b"?" + what, self.r.choice([b"J", b"K"]))
        again = self.r.choice([b"0", b"1"])
        return NO_WRAP + erase + csi(again, b'"q')

    def edit(self):
        final = self.r.choice(
            [b"@", b"P", b"X", b"L", b"M", b"S", b"T", b" @", b" A", b"'}", b"'~", b"^"])
        count = self.count()
        if final == b"T" and count == b"0" or final == b"S" and "margins" in self.kinds:
            count = b""
        return csi(count, final)

    def repeat(self):
        return csi(self.count().replace(b"70000", b"40"), b"b")

    def area(self):
        kind = self.r.choice([b"$v", b"${", b"$r", b"$t"])
        if kind == b"$v":
            return csi(self.whole_rectangle() + b";1;" + self.row() + b";" + self.column(), kind)
        if kind in (b"$r", b"$t"):
            numbers = [b"1", b"4", b"5", b"7"]
            if kind == b"$r":
                numbers += [b"0", b"22", b"24", b"25", b"27", b"31", b"42"]
            return csi(self.whole_rectangle() + b"".join(
                b";" + self.r.choice(numbers) for _ in range(self.r.randint(1, 3))), kind)
        return csi(self.rectangle(), kind)

    def fill(self):
        return csi(b"%d;" % self.r.choice([35, 42, 65, 32, 126, 0, 7, 233]) + self.rectangle(),
                   b"$x")

    def wipe(self):
        return csi(self.rectangle(), b"$z")

    def extent(self):
        return csi(self.r.choice([b"0", b"1", b"2"]), b"*x")

    def margins(self):
        if self.r.random() < 0.2:
            return csi(b"", b"r")
        return csi(self.row() + b";" + self.row(), b"r")

    def sides(self):
        first = self.r.choice([b"", b"\x1b[?69h", b"\x1b[?69h", b"\x1b[?69h"])
        return first + csi(self.column() + b";" + self.column(), b"s") if first else b"\x1b[s"

    def mode(self):
        insert = b"20" if {"sides", "line_size", "columns_change"} & set(self.kinds) else b"4"
        sides = b"?25" if "columns_mode" in self.kinds else b"?69"
        wrap = b"?25" if "wide" in self.kinds else b"?7"
        which = self.r.choice([insert, b"20", b"?5", b"?6", b"?6", wrap, wrap, sides, b"?41", b"?25"])
        return (b"\r" if which == b"?7" else b"") + csi(which, self.r.choice([b"h", b"h", b"l"]))

    def screen(self):
        return csi(self.r.choice([b"?47", b"?1047", b"?1049", b"?1048"]), self.r.choice([b"h", b"l"]))

    def save(self):
        return self.r.choice([b"\x1b7", b"\x1b8", b"\x1b8", b"\x1b[u"])

    def attributes(self):
        return csi(b";".join(self.r.choice([
            b"", b"0", b"1", self.faint, b"3", self.underline, b"5", self.inverse, self.strike, b"22", b"23", b"24",
            b"25", b"27", b"29"]) for _ in range(self.r.randint(1, 3))), b"m")

    def colours(self):
        r = self.r
        parts = []
        for _ in range(r.randint(1, 3)):
            parts.append(r.choice([
                b"", b"0", b"1", b"39", b"49",
                b"%d" % r.randint(30, 37), b"%d" % r.randint(40, 47), b"%d" % r.randint(90, 97),
                b"%d" % r.randint(100, 107), b"38;5;%d" % r.randint(0, 255),
                b"48;5;%d" % r.randint(0, 255),
                b"48;2;%d;%d;%d" % (r.randint(0, 255), r.randint(0, 255), r.randint(0, 255)),
            ]))
        if {"save", "screen", "wide"} & set(self.kinds):
            parts = [part for part in parts if not re.match(b"4|10", part)]
        if r.random() < 0.1:
            parts = [b"38:5:%d" % r.randint(0, 255)]
        if "alignment" in self.kinds:
            parts = [part for part in parts if b";2;" not in part] or [b"31"]
        elif r.random() < 0.1:
            parts = [b"38:2::%d:%d:%d" % (r.randint(0, 255), r.randint(0, 255), r.randint(0, 255))]
        elif r.random() < 0.1:
            parts = [b"38:2:%d:%d:%d" % (r.randint(0, 255), r.randint(0, 255), r.randint(0, 255))]
        return csi(b";".join(parts), b"m")

    def stack(self):
        return self.r.choice([b"\x1b[#{", b"\x1b[#}", b"\x1b[#p", b"\x1b[#q"])

    def protect(self):
        return csi(self.r.choice([b"", b"0", b"1", b"1", b"2"]), b'"q')

    def guard(self):
        return self.r.choice([b"\x1bV", b"\x1bW"])

    def charset(self):
        if self.r.random() < 0.5:
            return self.r.choice([b"\x0e", b"\x0f", b"\x1bn", b"\x1bo", b"\x1bN", b"\x1bO"])
        return self.r.choice([b"\x1b-A", b"\x1b.A", b"\x1b/A"] + [
            b"\x1b" + g + name for g in (b"(", b")", b"*", b"+") for name in (b"B", b"0", b"0")])

    def tab_stop(self):
        return self.r.choice([b"\x1bH", b"\x1b[g", b"\x1b[0g", b"\x1b[3g"])

    def line_size(self):
        """On a blank row: what is right of its middle is lost here, but not in xterm."""
        return b"\r\x1b[2K\x1b#" + self.r.choice([b"3", b"4", b"5", b"6"])

    def alignment(self):
        return b"\x1b#8"

    def reset(self):
        return NO_WRAP + self.r.choice([b"\x1b[!p", b"\x1b[!p", b"\x1bc"]) + b'\x1b[0"q'

    def odd(self):
        """Sequences that are malformed, interrupted or not known."""
        r = self.r
        number = b"%d" % r.randint(0, 12)
        final = r.choice([b"A", b"B", b"C", b"D", b"H", b"J", b"K", b"P", b"@", b"L"])
        return r.choice([
            CSI + number + b"\x18",                      # cancelled
            CSI + number + b"\x1a" + b"x",
            CSI + b"\x1b" + csi(number, final),          # begun anew
            CSI + number + b"\r" + final,                # a control inside
            CSI + number + b"\n" + b";2" + final,
            CSI + b"\b" + number + final,
            csi(b"3:" + number, final),                  # colons where there are none
            csi(b"?" + number, final),
            csi(b">" + number, final),
            csi(b"=" + number, final),
            csi(b"<" + number, final),
            csi(number + b"?", final),
            csi(b"1;" * r.randint(10, 40) + b"2", final),
            csi(number + b" ", r.choice([b"B", b"C", b"K", b"z"])),
            csi(number + b"!", final), csi(number + b"$", final), csi(number + b'"', final),
            csi(number + b" $", final),
            csi(b"0" * 30 + number, final), csi(b";;;" + number, final), csi(number + b";", final),
            b"\x1b" + r.choice([b"a", b"p", b"1", b"2", b"$z", b"!z", b"#9", b"\x7f"]),
            b"\x1b(" + b"\x18", b"\x1b\x1b" + b"D", b"\x1b\n" + b"M",
            b"\x1b]9;nothing\x07", b"\x1b]9;nothing\x1b\\", b"\x1b]9;cut\x18", b"\x1b]9;cut\x1a",
            b"\x1bPxnothing\x1b\\", b"\x1b_nothing\x1b\\", b"\x1b^nothing\x1b\\",
            b"\x1bXnothing\x1b\\", b"\x1bPxcut\x18", b"\x1b_cut\x1a", b"\x1b]9;a\x1b" + csi(number, b"C"),
            b"\x1b\\", b"\x00", b"\x01", b"\x05"[:0] + b"\x06", b"\x11", b"\x1c", b"\x1f",
        ])

    def broken(self):
        """Bytes that are not UTF-8."""
        return self.r.choice([b"\xff", b"\xc3", b"\xe2\x82", b"\xf0\x9f",
                              b"\xa9", b"\xe2\x28\xa1", b"\xef\xbf\xbd"])

    def columns_mode(self):
        """DECCOLM. Seldom: 132 columns take long to ask for."""
        return self.r.choice([b"\x1b[?40h\x1b[?3h", b"\x1b[?40h\x1b[?3l", b"\x1b[?3h", b"\x1b[?3l"])

    def rows_change(self):
        """Fewer rows; none below the cursor has text."""
        self.rows = self.r.randint(2, self.rows)
        return b"\x1b[J" + csi(b"8;%d;%d" % (self.rows, self.columns), b"t")

    def columns_change(self):
        """Another number of columns: text that would have to be laid out anew is left out."""
        self.columns = self.r.randint(6, self.first_columns + 10)
        return b"\x1b[J" + csi(b"8;%d;%d" % (self.rows, self.columns), b"t")

    def national(self):
        """Other sets than ASCII and the graphic one, locking shifts on the right."""
        return b"\x1b[?42h" + self.r.choice([b"\x1b(>", b"\x1b)>", b"\x1b(%6", b"\x1b(A", b"\x1b(4", b"\x1b(5", b"\x1b)C", b"\x1b(R", b"\x1b)Q", b"\x1b(K",
                              b"\x1b(Y", b"\x1b)E", b"\x1b(6", b"\x1b(Z", b"\x1b)7", b"\x1b(H", b"\x1b(=",
                              b"\x1b(<", b"\x1b(%5", b"\x1b)>",
                              b"\x1b~", b"\x1b|", b"\x1b}", b"\x0e", b"\x0f", b"\x1bn", b"\x1b(B"]) + bytes(
                                  self.r.choices(PRINTABLE, k=self.r.randint(0, 8)))

    def kept_modes(self):
        which = self.r.choice([b"6", b"7", b"5", b"25", b"6;7"])
        if "wide" in self.kinds:
            which = b"5"
        return csi(b"?" + which, self.r.choice([b"s", b"r"]))

    def tabs_report(self):
        stops = sorted(self.r.sample(range(1, self.columns + 1), self.r.randint(1, 4)))
        return b"\x1bP2$t" + b"/".join(b"%d" % stop for stop in stops) + b"\x1b\\"


# How often each kind of piece comes; a session takes some of the kinds only, so that few things meet.
WEIGHTS = {
    "text": 12, "control": 5, "escape": 3, "move": 5, "place": 6, "erase": 3,
    "selective": 2, "edit": 6, "repeat": 1, "area": 4, "extent": 1, "margins": 2, "sides": 2,
    "mode": 3, "screen": 1, "save": 2, "attributes": 3, "colours": 4, "stack": 1, "fill": 2,
    "wipe": 1, "protect": 1, "guard": 1,
    "charset": 2, "tab_stop": 1, "alignment": 0.5, "reset": 0.3, "wide": 2,
    "line_size": 1, "national": 1, "kept_modes": 1, "tabs_report": 0.5, "columns_mode": 0.3,
    "rows_change": 0.7, "columns_change": 1, "combining": 1, "latin": 1, "odd": 2, "broken": 1,
}


# Kinds that do not come in one session with those after them.
APART = {
    "protect": ["guard"],
    "screen": ["reset", "rows_change", "columns_change"],
    "charset": ["latin", "wide", "combining", "broken", "national"],
    "fill": ["colours"],
    "wipe": ["colours", "attributes", "selective"],
    "guard": ["reset", "wide", "rows_change", "columns_change", "selective"],
    "repeat": ["wide", "odd"],
    "line_size": ["national", "sides", "repeat", "guard", "protect", "colours", "latin", "wide",
                  "combining", "broken", "odd"],
    "rows_change": ["colours", "save", "sides"],
    "columns_change": ["colours", "sides"],
    "stack": ["reset"],
    "columns_mode": ["screen", "colours", "sides", "kept_modes", "reset", "rows_change", "line_size"],
    "national": ["reset", "latin", "wide", "combining", "broken"],
}


# Kinds that leave all text near the left edge.
STILL = ("text", "place", "control", "escape", "move", "erase", "margins", "sides", "mode", "screen",
         "attributes", "tab_stop", "tabs_report", "rows_change", "columns_change", "reset",
         "extent", "protect", "selective", "kept_modes")


def make(seed, rows, columns):
    maker = Maker(seed, rows, columns)
    kinds = ["text", "place"] + maker.r.sample(sorted(WEIGHTS), maker.r.randint(2, 9))
    for one, others in APART.items():
        if one in kinds:
            kinds = [kind for kind in kinds if kind not in others]
    if "columns_change" in kinds:
        kinds = [kind for kind in kinds if kind in STILL]
    maker.kinds = kinds
    only = {"reset", "area", "alignment"} & set(kinds)
    maker.underline = b"4" if only else maker.r.choice([b"4", b"21"])
    maker.faint, maker.strike = (b"1", b"5") if only else (b"2", b"9")
    maker.inverse = b"5" if "wide" in kinds else b"7"
    weights = [WEIGHTS[kind] for kind in kinds]
    pieces = []
    for kind in maker.r.choices(kinds, weights, k=maker.r.randint(3, 40)):
        piece = getattr(maker, kind)()
        if allowed(pieces + [piece], columns):
            pieces.append(piece)
    return pieces


def allowed(pieces, columns):
    """Whether a session keeps to what is compared: pieces may have gone from it."""
    alternate = False
    pushed = 0
    origin = saved_origin = more = sides = margins = unwrapped = False
    for piece in pieces:
        # A cursor saved without autowrap tells of the pending wrap that xterm has there.
        unwrapped = unwrapped and b"?7h" not in piece or b"?7l" in piece
        if unwrapped and SAVES.search(piece):
            return False
        pushed += (piece in (b"\x1b[#{", b"\x1b[#p")) - (piece in (b"\x1b[#}", b"\x1b[#q"))
        if pushed < 0:
            return False
        found = re.fullmatch(rb"\x1b\[\?(47|1047|1049)([hl])", piece)
        if found and found[1] == b"1049" and found[2] == b"l" and not alternate:
            return False
        if found:
            alternate = found[2] == b"h"
        if piece in (b"\x1b[*x", b"\x1b[?m"):
            return False
        if re.fullmatch(rb"\x1b\[0T|\x1b\[([\d:]*;)*[34]8(;5|;2(;\d*){0,2})?m|"
                        rb"\x1b\[\d*(;\d*){0,3}\$[rt]", piece):
            return False
        area = re.fullmatch(rb"\x1b\[([\d;]*)\$[xzrtv{]", piece)
        if area and origin and re.search(rb"^0?;|;0?;|;0?$", area[1]):
            return False
        if margins and re.fullmatch(rb"\x1b\[.+S", piece):
            return False
        margins |= re.fullmatch(rb"\x1b\[.+r", piece) is not None
        copy = re.fullmatch(rb"\x1b\[([\d;]*)\$v", piece)
        if copy:
            numbers = [int(n or 0) for n in (copy[1] + b";;;;;;").split(b";")]
            left, right, target = max(numbers[1], 1), numbers[3] or columns, max(numbers[6], 1)
            if target + min(right, columns) - left >= columns + 1 or origin and sides:
                return False
        sides |= b"?69h" in piece
        if saved_origin and re.search(rb"r$|s$|\?69|!p|^\x1b#8", piece):
            return False
        origin |= b"?6h" in piece
        saved_origin |= origin and SAVES.search(piece) is not None
        more |= b"?41h" in piece
        if more and b"\x1bc" in piece:
            return False
    return True


def simpler(piece):
    """Simpler forms of a piece, the simplest first."""
    if b"\x1b" not in piece and len(piece) > 1:
        text = piece.decode("utf8", "surrogateescape")
        for n in range(1, len(text)):
            yield text[:n].encode("utf8", "surrogateescape")
    found = re.fullmatch(rb"(\x1b\[[?>=]?)([0-9;:]+)([^0-9;:]+)", piece)
    if found:
        parts = found[2].split(b";")
        yield found[1] + found[3]
        for i in range(len(parts) - 1, 0, -1):
            yield found[1] + b";".join(parts[:i]) + found[3]


def shape(pieces):
    """What pieces have in common that differ in numbers and text alone."""
    text = b" ".join(pieces).decode("utf8", "replace")
    text = re.sub(r"(\x1b\[[?>=]?)[0-9;:]*(?![0-9;:hl])", r"\1", text)
    return re.sub(r"(?<=\s)[a-zA-Z0-9:;<=>?@\[\\\]^_`{|}~]+(?=\s|$)", "t", " " + text)


def explained(session, key, xterm, ours):
    """Whether a difference is one that tests/term/xterm.md names."""
    wide = any(chr(code).encode() in session for code in WIDE)
    place = re.fullmatch(r"(.*row \d+ column )(\d+)", key)
    if not place:
        return False
    if not wide:
        return False
    # What is left of a wide character is a blank without attributes.
    if ours[key][0] == 32 and xterm[key][0] == 32:
        return True
    # xterm leaves halves of wide characters now and then.
    before = place[1] + str(int(place[2]) - 1)
    head = before in xterm and xterm[before][0] in WIDE
    if ours[key][0] == -1 and xterm[key][0] != -1:
        return head
    after = place[1] + str(int(place[2]) + 1)
    if xterm[key][0] in WIDE and xterm.get(after, (32,))[0] != -1:
        return ours[key][0] == 32
    if xterm[key][0] == 32 and xterm.get(after, (32,))[0] not in (32, -1):
        return xterm[after] == ours[after]
    return xterm[key][0] == -1 and not head
