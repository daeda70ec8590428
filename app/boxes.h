/* Characters that must meet their neighbours without a gap are drawn, not taken from a font: box
 * drawing, block elements, braille patterns. */
#ifndef APP_BOXES_H
#define APP_BOXES_H

#include "app/canvas.h"

/* True when the code point is one of them and has been drawn into the cell. */
bool box_draw(struct canvas *canvas, uint32_t code, int x, int y, int width, int height, int line,
              uint32_t color);

#endif
