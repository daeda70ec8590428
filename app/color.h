/* Glyphs made of paints: COLR version 1 (app/colr.h). Version 0 and bitmaps are FreeType's own
 * work; version 1 is not built into the FreeType of every system. */
#ifndef APP_COLOR_H
#define APP_COLOR_H

#include "app/face.h"
#include "app/glyph.h"

/* False when the glyph has no paints, or memory ran out. */
bool color_draw(struct face *face, uint32_t index, struct glyph *out);

#endif
