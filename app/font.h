/*
 * Fonts: one monospaced family in four styles, other fonts of the system for what it lacks, and a
 * cache of rendered glyphs. For the UI thread alone.
 *
 * A font is built into the program (assets/font.S), so that there always is one.
 */
#ifndef APP_FONT_H
#define APP_FONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FONT_BOLD = 1, FONT_ITALIC = 2, FONT_STYLES = 4 };

struct font_metrics {
    int cell_width, cell_height; /* pixels */
    int baseline;                /* pixels from the cell's top */
    int underline;               /* its top, from the cell's top */
    int strike;
    int line; /* thickness of lines */
};

struct glyph {
    int left, top; /* from the pen on the baseline; top grows upwards */
    int width, height, pitch;
    bool color; /* BGRA instead of coverage */
    uint8_t *pixels;
};

struct font;

/*
 * file: a font file, or NULL for the first of the system's good ones. pixels: the size of an em.
 * Falls back to the built-in font; NULL only when out of memory.
 */
struct font *font_new(const char *file, double pixels);
void font_free(struct font *font);

struct font_metrics font_metrics(const struct font *font);

/*
 * The glyph of a code point, valid until the next call. cells: columns it may take;
 * larger ones are scaled down. A glyph without pixels (width 0) for blanks and what no font has;
 * `missing` then tells the two apart.
 */
const struct glyph *font_glyph(struct font *font, uint32_t code, unsigned style, int cells,
                               bool *missing);

#endif
