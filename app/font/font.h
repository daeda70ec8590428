/*
 * Fonts: one monospaced family in four styles, other fonts of the system for what it lacks, and a
 * cache of rendered grapheme clusters. For the UI thread alone.
 *
 * A font is built into the program (assets/font.S), so that there always is one.
 */
#ifndef APP_FONT_FONT_H
#define APP_FONT_FONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/font/glyph.h"
#include "app/host/fonts.h"

/* Beside a style in font_glyph: the cell behind is blank, and what is wider may go on into it. */
#define FONT_SPARE 4u

#define FONT_BUILT_IN "built-in"

struct font_request {
    /* Names of families, the preferred one first, separated by commas; or a font file; or
       FONT_BUILT_IN. NULL or "": the host's monospaced font. The first that there is gives the size
       of the cells, the others are asked before the system's fonts for what it lacks. */
    const char *family;
    /* Families or files for the styles; NULL or "": faces of the family, made up when it has none.
     */
    const char *styles[FONT_STYLES];
    const char *folder;          /* where relative names of files are sought first; NULL: nowhere */
    double pixels;               /* size of an em */
    int line_height, cell_width; /* percent of what the font asks for; 0: 100 */
    bool alone; /* never asks the system's fonts: the same picture on every machine */
};

struct font_metrics {
    int cell_width, cell_height; /* pixels */
    int baseline;                /* pixels from the cell's top */
    int underline;               /* its top, from the cell's top */
    int strike;
    int line; /* thickness of lines */
};

struct font;

/* Falls back to the host's monospaced and then to the built-in font; NULL only when out of memory.
 */
struct font *font_new(const struct font_request *request);
void font_free(struct font *font);

/* The same font at twice the size, for lines of double width and height: made when it is first
 * asked for, freed with its font. The font itself when out of memory. */
struct font *font_doubled(struct font *font);

/* The family that was found and is shown; false in *asked when it is not the first one asked for.
 */
const char *font_family(const struct font *font, bool *asked);

struct font_metrics font_metrics(const struct font *font);

enum font_answer {
    FONT_GLYPH,   /* *glyph is valid until the next call; without pixels (width 0) for blanks */
    FONT_MISSING, /* no font has it */
    FONT_PENDING, /* the system's fonts are still being looked through (app/font/fallback.h) */
};

/* The picture of a grapheme cluster. cells: columns it may take; what is larger is scaled down. */
enum font_answer font_glyph(struct font *font, const uint32_t *codes, size_t n, unsigned style,
                            int cells, const struct glyph **glyph);

#endif
