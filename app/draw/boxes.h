/*
 * Characters that must meet their neighbours without a gap are drawn, not taken from a font: box
 * drawing and block elements (U+2500 to U+259F), braille patterns (U+2800 to U+28FF), the
 * separators of Powerline (U+E0B0 to U+E0BF), the octants and other blocks in quarters (U+1CD00 to
 * U+1CDE5, U+1CE90 to U+1CEAF), and of the symbols for legacy computing the sextants, wedges,
 * eighths, shades, fills and diagonals (U+1FB00 to U+1FBAF, U+1FBCE to U+1FBDF, U+1FBE4 to
 * U+1FBE7). Source: the charts and names of the Unicode Standard.
 */
#ifndef APP_DRAW_BOXES_H
#define APP_DRAW_BOXES_H

#include "app/draw/canvas.h"

/* True when the code point is one of them and has been drawn into the cell. line: thickness of a
 * light line. */
bool box_draw(struct canvas *canvas, uint32_t code, int x, int y, int width, int height, int line,
              uint32_t color);

#endif
