/* Characters made of lines of one thickness: diagonals and open shapes. */
#include <math.h>

#include "app/draw/box_cell.h"

/* The ends of the whole line go on behind the edge of the cell, its corners do not. */
static double segment_distance(const struct box_point *a, const struct box_point *b, bool first,
                               bool last, double x, double y)
{
    double dx = b->x - a->x, dy = b->y - a->y, length = dx * dx + dy * dy;
    double t = length > 0 ? ((x - a->x) * dx + (y - a->y) * dy) / length : 0;
    if (t < 0 && !first)
        t = 0;
    if (t > 1 && !last)
        t = 1;
    return hypot(x - a->x - t * dx, y - a->y - t * dy);
}

static double distance_to_all(const struct box_point *points, int n, double x, double y)
{
    double least = 1e9;
    for (int i = 0; i + 1 < n; i++) {
        double d = segment_distance(&points[i], &points[i + 1], i == 0, i + 2 == n, x, y);
        least = d < least ? d : least;
    }
    return least;
}

void box_stroke(const struct box_cell *c, const struct box_point *points, int n)
{
    for (int y = 0; y < c->height; y++)
        for (int x = 0; x < c->width; x++) {
            double d = c->line / 2.0 + 0.5 - distance_to_all(points, n, x + 0.5, y + 0.5);
            if (d > 0)
                box_blend(c, x, y, d >= 1 ? 255 : (uint8_t)(d * 255));
        }
}

/* Points of a cell: corners, the ends of light lines, the middle. */
enum point { END, UL, UC, UR, ML, MC, MR, LL, LC, LR };

static struct box_point stroke_point(const struct box_cell *c, enum point name)
{
    double across[] = {0, (c->width - c->line) / 2 + c->line / 2.0, c->width};
    double down[] = {0, (c->height - c->line) / 2 + c->line / 2.0, c->height};
    return (struct box_point){across[(name - UL) % 3], down[(name - UL) / 3]};
}

/* Two lines each, of points up to the first END. */
struct diagonal {
    uint8_t lines[2][5];
};

/* U+2571 to U+2573 */
static const struct diagonal whole_cells[] = {{{{LL, UR}}}, {{{UL, LR}}}, {{{LL, UR}, {UL, LR}}}};

/* U+1FBA0 to U+1FBAE */
static const struct diagonal between_edges[] = {
    {{{UC, ML}}},           {{{UC, MR}}},         {{{ML, LC}}},
    {{{MR, LC}}},           {{{UC, ML, LC}}},     {{{UC, MR, LC}}},
    {{{ML, LC, MR}}},       {{{ML, UC, MR}}},     {{{UC, ML}, {MR, LC}}},
    {{{UC, MR}, {ML, LC}}}, {{{UC, MR, LC, ML}}}, {{{UC, ML, LC, MR}}},
    {{{ML, UC, MR, LC}}},   {{{MR, UC, ML, LC}}}, {{{UC, ML, LC, MR}, {MR, UC}}},
};

/* U+1FBD0 to U+1FBDF */
static const struct diagonal from_corners[] = {
    {{{MR, LL}}},     {{{UR, ML}}},     {{{UL, MR}}},     {{{ML, LR}}},
    {{{UL, LC}}},     {{{UC, LR}}},     {{{UR, LC}}},     {{{UC, LL}}},
    {{{UL, MC, UR}}}, {{{UR, MC, LR}}}, {{{LL, MC, LR}}}, {{{UL, MC, LL}}},
    {{{UL, LC, UR}}}, {{{UR, ML, LR}}}, {{{LL, UC, LR}}}, {{{UL, MR, LL}}},
};

static void draw_diagonal(const struct box_cell *c, const struct diagonal *d)
{
    for (int i = 0; i < 2; i++) {
        struct box_point points[5];
        int n = 0;
        for (; d->lines[i][n] != END; n++)
            points[n] = stroke_point(c, d->lines[i][n]);
        if (n > 0)
            box_stroke(c, points, n);
    }
}

/* Slanted lines that go on in all the cells around. */
static void draw_hatching(const struct box_cell *c, bool rising)
{
    double across = 2.0 / c->width, down = (rising ? 4.0 : -4.0) / c->height;
    double apart = 1 / hypot(across, down);
    for (int y = 0; y < c->height; y++)
        for (int x = 0; x < c->width; x++) {
            double at = (x + 0.5) * across + (y + 0.5) * down;
            double d = c->line / 2.0 + 0.5 - fabs(at - floor(at) - 0.5) * apart;
            if (d > 0)
                box_blend(c, x, y, d >= 1 ? 255 : (uint8_t)(d * 255));
        }
}

bool stroke_draw(const struct box_cell *c, uint32_t code)
{
    if (code >= 0x2571 && code <= 0x2573)
        draw_diagonal(c, &whole_cells[code - 0x2571]);
    else if (code >= 0x1fba0 && code <= 0x1fbae)
        draw_diagonal(c, &between_edges[code - 0x1fba0]);
    else if (code >= 0x1fbd0 && code <= 0x1fbdf)
        draw_diagonal(c, &from_corners[code - 0x1fbd0]);
    else if (code == 0x1fb98 || code == 0x1fb99)
        draw_hatching(c, code == 0x1fb99);
    else
        return false;
    return true;
}
