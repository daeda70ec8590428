#!/usr/bin/python3
"""Makes the small fonts of the picture tests (python3-fonttools):
layers.ttf   COLR version 0 (U+1F600) and version 1 (U+1F601 to U+1F605), a joined sequence, and a
             skin tone
bitmaps.ttf  CBDT: a PNG for U+1F600
places.ttf   shapes (U+A500 to U+A504) narrower, wider and higher than their places, an icon (U+F015)
"""
import os
import struct
import zlib

from fontTools.colorLib.builder import buildCOLR, buildCPAL
from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import newTable
from fontTools.ttLib.tables import otTables as ot
from fontTools.ttLib.tables.DefaultTable import DefaultTable

here = os.path.dirname(os.path.abspath(__file__))
UNITS = 1000


def polygon(points):
    pen = TTGlyphPen(None)
    pen.moveTo(points[0])
    for point in points[1:]:
        pen.lineTo(point)
    pen.closePath()
    return pen.glyph()


def square(low, high):
    return polygon([(low, low), (low, high), (high, high), (high, low)])


def start(glyphs, characters):
    builder = FontBuilder(UNITS, isTTF=True)
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap(characters)
    builder.setupGlyf(glyphs)
    for glyph in glyphs.values():
        glyph.recalcBounds(None)
    builder.setupHorizontalMetrics({name: (UNITS, glyph.xMin) for name, glyph in glyphs.items()})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Test Pictures", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=800, sTypoDescender=-200)
    builder.setupPost()
    # The same file on every day.
    builder.font["head"].created = builder.font["head"].modified = 0
    return builder


def stop(offset, color, alpha=1.0):
    return {"StopOffset": offset, "PaletteIndex": color, "Alpha": alpha}


def line(*stops, extend="pad"):
    return {"Extend": extend, "ColorStop": list(stops)}


def solid(color, alpha=1.0):
    return {"Format": ot.PaintFormat.PaintSolid, "PaletteIndex": color, "Alpha": alpha}


def inside(glyph, paint):
    return {"Format": ot.PaintFormat.PaintGlyph, "Glyph": glyph, "Paint": paint}


def layers(*paints):
    return {"Format": ot.PaintFormat.PaintColrLayers, "Layers": list(paints)}


def make_layers():
    glyphs = {
        ".notdef": square(0, 0),
        "full": square(0, UNITS),
        "inner": square(250, 750),
        "diamond": polygon([(500, 0), (0, 500), (500, 1000), (1000, 500)]),
        "joined": square(0, UNITS),
        "flat": square(0, UNITS),
        "linear": square(0, UNITS),
        "radial": square(0, UNITS),
        "sweep": square(0, UNITS),
        "moved": square(0, UNITS),
        "mixed": square(0, UNITS),
        "toned": square(0, UNITS),
        "joiner": square(0, 0),
        "tone": square(0, UNITS),
    }
    builder = start(glyphs, {0x1F600: "flat", 0x1F601: "linear", 0x1F602: "radial",
                             0x1F603: "sweep", 0x1F604: "moved", 0x1F605: "mixed",
                             0x200D: "joiner", 0x1F3FD: "tone"})
    colors = {
        "flat": [("full", 0), ("diamond", 1), ("inner", 2)],
        "joined": [("full", 1), ("inner", 2)],
        "toned": [("full", 2), ("inner", 0)],
        "tone": [("full", 3)],
        "linear": inside("full", {
            "Format": ot.PaintFormat.PaintLinearGradient, "ColorLine": line(stop(0, 0), stop(1, 2)),
            "x0": 0, "y0": 0, "x1": UNITS, "y1": 0, "x2": 0, "y2": UNITS}),
        "radial": inside("diamond", {
            "Format": ot.PaintFormat.PaintRadialGradient,
            "ColorLine": line(stop(0, 3), stop(0.5, 1), stop(1, 0, 0.5)),
            "x0": 500, "y0": 500, "r0": 0, "x1": 500, "y1": 500, "r1": 500}),
        "sweep": inside("full", {
            "Format": ot.PaintFormat.PaintSweepGradient,
            "ColorLine": line(stop(0, 0), stop(0.5, 1), stop(1, 2)),
            "centerX": 500, "centerY": 500, "startAngle": 0, "endAngle": 360}),
        "moved": layers(
            inside("full", solid(3)),
            {"Format": ot.PaintFormat.PaintTranslate, "dx": 100, "dy": 200, "Paint": {
                "Format": ot.PaintFormat.PaintScaleUniform, "scale": 0.5,
                "Paint": inside("full", solid(0))}},
            {"Format": ot.PaintFormat.PaintRotateAroundCenter, "angle": 45, "centerX": 700,
             "centerY": 300, "Paint": {
                 "Format": ot.PaintFormat.PaintTransform, "Transform": (0.3, 0, 0, 0.3, 550, 150),
                 "Paint": inside("full", solid(2, 0.5))}}),
        "mixed": {"Format": ot.PaintFormat.PaintComposite, "CompositeMode": "src_in",
                  "SourcePaint": layers(inside("full", solid(0)), inside("inner", solid(1))),
                  "BackdropPaint": {"Format": ot.PaintFormat.PaintColrGlyph, "Glyph": "radial"}},
    }
    builder.font["COLR"] = buildCOLR(colors, glyphMap=builder.font.getReverseGlyphMap())
    builder.font["CPAL"] = buildCPAL([[(0.9, 0.1, 0.1, 1), (1, 0.85, 0.1, 1), (0.1, 0.3, 0.9, 1),
                                       (0.2, 0.8, 0.3, 1)]])
    addOpenTypeFeaturesFromString(
        builder.font, "feature ccmp { sub flat joiner linear by joined; sub flat tone by toned; } ccmp;")
    builder.save(os.path.join(here, "layers.ttf"))


def png(size):
    rows = b""
    for y in range(size):
        rows += b"\0"
        for x in range(size):
            out = (x - size / 2) ** 2 + (y - size / 2) ** 2 > size * size / 4
            rows += bytes((x * 255 // size, y * 255 // size, 128, 0 if out else 255))

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(
            ">I", zlib.crc32(name + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def make_bitmaps():
    size = 32
    picture = png(size)
    builder = start({".notdef": square(0, 0), "face": square(0, 0)}, {0x1F600: "face"})
    # Format 17: small metrics, then the PNG. Index format 1 for glyph 1.
    glyph = struct.pack(">BBbbBI", size, size, 0, 26, size, len(picture)) + picture
    cbdt = struct.pack(">HH", 3, 0) + glyph
    line_metrics = struct.pack(">bbBbbbbbbbbb", 26, -6, size, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    index = struct.pack(">HHI", 1, 1, 8) + struct.pack(">HHI", 1, 17, 4) + struct.pack(
        ">II", 0, len(glyph))
    strike = struct.pack(">IIII", 8 + 48, len(index), 1, 0) + line_metrics * 2 + struct.pack(
        ">HHBBBb", 1, 1, size, size, 32, 1)
    cblc = struct.pack(">HHI", 3, 0, 1) + strike + index
    for tag, data in (("CBDT", cbdt), ("CBLC", cblc)):
        table = DefaultTable(tag)
        table.data = data
        builder.font[tag] = table
    del builder.font["glyf"], builder.font["loca"]
    builder.save(os.path.join(here, "bitmaps.ttf"))


def make_places():
    diamond = polygon([(600, 0), (300, 300), (600, 600), (900, 300)])
    glyphs = {
        ".notdef": (square(0, 0), 600),
        "narrow": (diamond, 1200),
        "wide": (polygon([(50, 0), (600, 700), (1150, 0)]), 1200),
        "leaning": (polygon([(0, 0), (500, 700), (900, 700)]), 600),
        "aside": (polygon([(700, 0), (700, 500), (1100, 500), (1100, 0)]), 1200),
        "high": (polygon([(100, -600), (100, 1200), (500, 1200)]), 600),
    }
    characters = {0xA500 + i: name for i, name in enumerate(list(glyphs)[1:])}
    characters[0xF015] = "wide"
    builder = start({name: glyph for name, (glyph, _) in glyphs.items()}, characters)
    builder.setupHorizontalMetrics(
        {name: (advance, glyph.xMin) for name, (glyph, advance) in glyphs.items()})
    builder.save(os.path.join(here, "places.ttf"))


make_layers()
make_bitmaps()
make_places()
