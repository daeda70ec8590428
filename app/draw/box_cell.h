/* The cell that a drawn character fills: boxes.c, blocks.c, wedges.c, strokes.c. */
#ifndef APP_DRAW_BOX_CELL_H
#define APP_DRAW_BOX_CELL_H

#include "app/draw/canvas.h"

struct box_cell {
    struct canvas *canvas;
    int x, y, width, height;
    int line; /* thickness of a light line */
    uint32_t color;
};

static inline void box_fill(const struct box_cell *c, int x, int y, int width, int height)
{
    canvas_fill(c->canvas, c->x + x, c->y + y, width, height, c->color);
}

/* The same with a share of 255. */
static inline void box_blend(const struct box_cell *c, int x, int y, uint8_t coverage)
{
    canvas_blend(c->canvas, c->x + x, c->y + y, c->color, coverage);
}

/* The drawers: false for a code point that is not theirs. */
bool block_draw(const struct box_cell *c, uint32_t code);
bool wedge_draw(const struct box_cell *c, uint32_t code);
bool stroke_draw(const struct box_cell *c, uint32_t code);

/* A line through n points, in pixels of the cell, as thick as a light line. Its ends lie on the
 * edge of the cell, and it goes on behind them. */
struct box_point {
    double x, y;
};
void box_stroke(const struct box_cell *c, const struct box_point *points, int n);

#endif
