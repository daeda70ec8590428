/* Underlines of five kinds, strikethrough and overline. */
#include "app/draw/decor.h"

#include <math.h>

#define TAU 6.283185307179586

static void decor_line(const struct decor *d, int y, int thickness, uint32_t color)
{
    canvas_fill(d->canvas, d->x, d->y + y, d->width, thickness, color);
}

/* Two lines with as much between them, as low as they have to be. */
static void twice(const struct decor *d, uint32_t color)
{
    const struct font_metrics *m = &d->metrics;
    int t = m->line;
    while (t > 1 && 3 * t > m->cell_height - m->baseline)
        t--;
    int y = m->underline + 3 * t > m->cell_height ? m->cell_height - 3 * t : m->underline;
    decor_line(d, y, t, color);
    decor_line(d, y + 2 * t, t, color);
}

/* A sine, one wave a cell, between the baseline and the bottom of the cell. */
static void curly(const struct decor *d, uint32_t color)
{
    const struct font_metrics *m = &d->metrics;
    double thickness = m->line, room = m->cell_height - m->baseline;
    double swing = (room - thickness) / 2;
    swing = swing < 1 ? 1 : swing > 1.5 * thickness + 1 ? 1.5 * thickness + 1 : swing;
    double middle = m->baseline + thickness + swing;
    if (middle + swing + thickness / 2 > m->cell_height)
        middle = m->cell_height - swing - thickness / 2;
    for (int x = d->x; x < d->x + d->width; x++) {
        double angle = (x + 0.5 - d->origin) / m->cell_width * TAU;
        double y = middle + swing * sin(angle);
        /* The line is as thick across as along: more of it is in a steep column. */
        double half = thickness / 2 * hypot(1, swing * TAU / m->cell_width * cos(angle));
        half = half > thickness ? thickness : half;
        for (int row = (int)floor(y - half); row <= (int)(y + half); row++) {
            double from = row > y - half ? row : y - half;
            double to = row + 1 < y + half ? row + 1 : y + half;
            if (to > from && row < m->cell_height)
                canvas_blend(d->canvas, x, d->y + row, color, (uint8_t)lround((to - from) * 255));
        }
    }
}

static void dotted(const struct decor *d, uint32_t color)
{
    int t = d->metrics.line;
    for (int x = d->x; x < d->x + d->width; x++)
        if ((x - d->origin) / t % 2 == 0)
            canvas_fill(d->canvas, x, d->y + d->metrics.underline, 1, t, color);
}

/* A gap in the middle of each cell, a third of it wide. */
static void dashed(const struct decor *d, uint32_t color)
{
    int cell = d->metrics.cell_width, gap = cell / 3 > 0 ? cell / 3 : 1;
    for (int x = d->x; x < d->x + d->width; x++) {
        int at = (x - d->origin) % cell - (cell - gap) / 2;
        if (at < 0 || at >= gap)
            canvas_fill(d->canvas, x, d->y + d->metrics.underline, 1, d->metrics.line, color);
    }
}

void decor_underline(const struct decor *d, enum term_underline kind, uint32_t color)
{
    switch (kind) {
    case TERM_UNDERLINE_NONE:
        break;
    case TERM_UNDERLINE_DOUBLE:
        twice(d, color);
        break;
    case TERM_UNDERLINE_CURLY:
        curly(d, color);
        break;
    case TERM_UNDERLINE_DOTTED:
        dotted(d, color);
        break;
    case TERM_UNDERLINE_DASHED:
        dashed(d, color);
        break;
    default:
        decor_line(d, d->metrics.underline, d->metrics.line, color);
    }
}

void decor_strike(const struct decor *d, uint32_t color)
{
    decor_line(d, d->metrics.strike, d->metrics.line, color);
}

void decor_overline(const struct decor *d, uint32_t color)
{
    decor_line(d, 0, d->metrics.line, color);
}
