/* Lines under, through and over text. */
#ifndef APP_DRAW_DECOR_H
#define APP_DRAW_DECOR_H

#include "app/draw/canvas.h"
#include "app/font/font.h"
#include "term/cell.h"

/* The part of a row to be decorated, in pixels; origin is where column 0 begins: patterns go on
 * from there without a break. */
struct decor {
    struct canvas *canvas;
    struct font_metrics metrics;
    int x, y, width; /* y: the top of the cells */
    int origin;
};

void decor_underline(const struct decor *d, enum term_underline kind, uint32_t color);
void decor_strike(const struct decor *d, uint32_t color);
void decor_overline(const struct decor *d, uint32_t color);

#endif
