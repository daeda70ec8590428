/* Reads the paints of a font: the table COLR, version 1 (OpenType specification). Variations are
 * left out: every value is the default one. */
#ifndef APP_FONT_COLR_H
#define APP_FONT_COLR_H

#include <stdint.h>

#include "app/font/gradient.h"

struct colr {
    const uint8_t *bytes; /* the whole table */
    size_t size;
};

/* Colours of the palette, premultiplied. */
struct colr_palette {
    const float (*colors)[4];
    int count;
};

enum colr_kind {
    COLR_LAYERS,    /* count layers from first on, over each other */
    COLR_FILL,      /* everything in the colours of fill */
    COLR_GLYPH,     /* inside, within the outline of glyph */
    COLR_REFERENCE, /* the paint of glyph */
    COLR_TRANSFORM, /* inside, moved by matrix */
    COLR_COMPOSITE, /* inside onto backdrop */
};

struct colr_paint {
    enum colr_kind kind;
    uint32_t first, count;
    uint32_t glyph;
    uint32_t inside, backdrop; /* places in the table */
    struct gradient fill;
    struct matrix matrix;
    enum composite mode;
};

/* The place of a glyph's paint. False when it has none. */
bool colr_root(const struct colr *c, uint32_t glyph, uint32_t *place);
bool colr_layer(const struct colr *c, uint32_t number, uint32_t *place);

/* Reads the paint at a place. False when the table is broken. */
bool colr_read(const struct colr *c, uint32_t place, const struct colr_palette *palette,
               struct colr_paint *out);

/* The box that a glyph's picture lies in, in font units: left, bottom, right, top. */
bool colr_box(const struct colr *c, uint32_t glyph, int box[4]);

#endif
