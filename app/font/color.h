/* Glyphs made of paints: COLR version 1 (app/font/colr.h). Version 0 and bitmaps are FreeType's own
 * work; version 1 is not built into the FreeType of every system. */
#ifndef APP_FONT_COLOR_H
#define APP_FONT_COLOR_H

#include "app/font/face.h"
#include "app/font/glyph.h"

/* False when the glyph has no paints, or memory ran out. */
bool color_draw(struct face *face, uint32_t index, struct glyph *out);

#endif
