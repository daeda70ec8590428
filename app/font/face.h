/* One face of a font file, and text set in it. For the UI thread alone. */
#ifndef APP_FONT_FACE_H
#define APP_FONT_FACE_H

#include <ft2build.h>
#include <hb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include FT_FREETYPE_H

#include "app/host/fonts.h"

struct face {
    FT_Face ft; /* NULL: none */
    hb_font_t *shaper;
    double pixels; /* size of an em as set */
    bool fallback; /* not one the user chose */
    const unsigned char *data;
    size_t size;
    unsigned char *colr; /* the table of that name when it has paints, or NULL */
    size_t colr_size;
    bool mapped; /* from a file, to be given back */
};

bool face_open(FT_Library library, struct face *face, const struct host_font *font);
/* data must live as long as the face. */
bool face_open_memory(FT_Library library, struct face *face, const void *data, size_t size);
void face_close(struct face *face);

/* The size of an em. Bitmap fonts have their own sizes: the smallest that is not below. */
void face_set_size(struct face *face, double pixels);

/* Gives a variable font a weight (400 is regular, 700 bold) or the nearest one that it has. The
 * weight it has now, 0 when it has only one. */
int face_weigh(struct face *face, int weight);

bool face_has(const struct face *face, uint32_t code);

#define FACE_GLYPHS_MAX 32

/* Glyphs with their positions, in 1/64 pixel, from the pen at the beginning; y grows upwards. */
struct face_glyph {
    uint32_t index;
    int x, y;
    int font_y; /* y as the font has it */
};

struct face_text {
    struct face_glyph glyphs[FACE_GLYPHS_MAX];
    int count;
    int advance;  /* 1/64 pixel */
    bool missing; /* a character that the font does not have is among them */
};

/* Shapes one grapheme cluster: marks go where the font wants them. */
void face_shape(struct face *face, const uint32_t *codes, size_t n, struct face_text *out);

/* Leaves out what is missing. */
void face_drop_missing(struct face_text *text);

/* How glyphs are loaded, for measuring and for drawing. */
FT_Int32 face_load_flags(const struct face *face);

#endif
