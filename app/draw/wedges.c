/* Characters made of triangles and other areas with slanted edges. */
#include <math.h>

#include "app/draw/box_cell.h"

/* Rows are cut into this many, columns are exact. */
#define SUBROWS 4

/*
 * Shapes with slanted edges. Each is a set of half planes of the cell: everything on one side of a
 * line through two points. The shape is where all of them are (or, hollow, where not all are).
 */
struct half_plane {
    struct box_point a, b; /* inside is to the right hand, going from a to b with y downwards */
};

struct shape {
    struct half_plane planes[2];
    int count;
    bool hollow;
    bool shade; /* half covered */
    bool round; /* and inside the ellipse around the middle of the left edge, or of the right one */
    bool from_right;
};

struct span {
    double from, to;
};

static void wedge_cut(struct span *s, const struct half_plane *p, double y)
{
    double dx = p->b.x - p->a.x, dy = p->b.y - p->a.y;
    if (dy == 0) {
        if ((dx > 0) != (y > p->a.y))
            s->to = s->from;
        return;
    }
    double x = p->a.x + (y - p->a.y) * dx / dy;
    if (dy > 0 && x < s->to)
        s->to = x;
    if (dy < 0 && x > s->from)
        s->from = x;
}

/* What the shape takes of a row, in pixels. */
static struct span span_at(const struct box_cell *c, const struct shape *shape, double y)
{
    struct span s = {0, c->width};
    for (int i = 0; i < shape->count; i++)
        wedge_cut(&s, &shape->planes[i], y);
    if (shape->round) {
        double v = 2 * y / c->height - 1, reach = c->width * sqrt(v * v < 1 ? 1 - v * v : 0);
        if (shape->from_right)
            s.from = c->width - reach;
        else
            s.to = reach;
    }
    if (s.to < s.from)
        s.to = s.from;
    return s;
}

static double covered(const struct span *s, int x)
{
    double from = s->from > x ? s->from : x, to = s->to < x + 1 ? s->to : x + 1;
    return to > from ? to - from : 0;
}

static void draw_shape(const struct box_cell *c, const struct shape *shape)
{
    for (int y = 0; y < c->height; y++) {
        struct span spans[SUBROWS];
        for (int i = 0; i < SUBROWS; i++)
            spans[i] = span_at(c, shape, y + (i + 0.5) / SUBROWS);
        for (int x = 0; x < c->width; x++) {
            double sum = 0;
            for (int i = 0; i < SUBROWS; i++)
                sum += covered(&spans[i], x);
            sum = shape->hollow ? SUBROWS - sum : sum;
            sum = shape->shade ? sum * 127 / 255 : sum;
            if (sum > 0)
                box_blend(c, x, y, (uint8_t)lround(sum * 255 / SUBROWS));
        }
    }
}

/* Points of the cell's edge, by name: halves across, thirds down. */
enum point { UL, UML, LML, LL, UC, LC, UR, UMR, LMR, LR };

static struct box_point wedge_point(const struct box_cell *c, enum point name)
{
    static const uint8_t halves[] = {0, 0, 0, 0, 1, 1, 2, 2, 2, 2};
    static const uint8_t thirds[] = {0, 1, 2, 3, 0, 3, 0, 1, 2, 3};
    /* Thirds are where the sextants have them. */
    return (struct box_point){c->width * halves[name] / 2.0, (c->height * thirds[name] + 1) / 3};
}

/* U+1FB3C to U+1FB67: the part of the cell on one side of a line; `right` is the right hand's,
 * looking from the first point to the second. */
static const struct {
    uint8_t a, b;
    bool right;
} blocks[44] = {
    {LML, LC, true},  {LML, LR, true},  {UML, LC, true},   {UML, LR, true},  {UL, LC, true},
    {UML, UC, true},  {UML, UR, true},  {LML, UC, true},   {LML, UR, true},  {LL, UC, true},
    {LML, UMR, true}, {LC, LMR, true},  {LL, LMR, true},   {LC, UMR, true},  {LL, UMR, true},
    {LC, UR, true},   {UC, UMR, true},  {UL, UMR, true},   {UC, LMR, true},  {UL, LMR, true},
    {UC, LR, true},   {UML, LMR, true}, {LML, LC, false},  {LML, LR, false}, {UML, LC, false},
    {UML, LR, false}, {UL, LC, false},  {UML, UC, false},  {UML, UR, false}, {LML, UC, false},
    {LML, UR, false}, {LL, UC, false},  {LML, UMR, false}, {LC, LMR, false}, {LL, LMR, false},
    {LC, UMR, false}, {LL, UMR, false}, {LC, UR, false},   {UC, UMR, false}, {UL, UMR, false},
    {UC, LMR, false}, {UL, LMR, false}, {UC, LR, false},   {UML, LMR, false}};

static void draw_block(const struct box_cell *c, uint32_t code)
{
    struct box_point a = wedge_point(c, blocks[code - 0x1fb3c].a),
                     b = wedge_point(c, blocks[code - 0x1fb3c].b);
    struct shape shape = {.count = 1};
    /* With y downwards the right hand is where cut() says inside is. */
    shape.planes[0] =
        blocks[code - 0x1fb3c].right ? (struct half_plane){a, b} : (struct half_plane){b, a};
    draw_shape(c, &shape);
}

static struct half_plane plane(const struct box_cell *c, double ax, double ay, double bx, double by)
{
    return (struct half_plane){{ax * c->width, ay * c->height}, {bx * c->width, by * c->height}};
}

/* The triangle between the middle and one edge: 0 left, 1 upper, 2 right, 3 lower. */
static void draw_quarter(const struct box_cell *c, int edge, bool hollow)
{
    bool falling = edge == 0 || edge == 3, rising = edge == 2 || edge == 3;
    struct shape shape = {.count = 2, .hollow = hollow};
    shape.planes[0] = falling ? plane(c, 0, 0, 1, 1) : plane(c, 1, 1, 0, 0);
    shape.planes[1] = rising ? plane(c, 0, 1, 1, 0) : plane(c, 1, 0, 0, 1);
    draw_shape(c, &shape);
}

/* Triangles that point to the right or left, over the whole cell. */
static void draw_arrow(const struct box_cell *c, bool left)
{
    struct shape shape = {.count = 2};
    shape.planes[0] = left ? plane(c, 0, .5, 1, 0) : plane(c, 0, 0, 1, .5);
    shape.planes[1] = left ? plane(c, 1, 1, 0, .5) : plane(c, 1, .5, 0, 1);
    draw_shape(c, &shape);
}

/* The half below or above a diagonal: 0 lower left, 1 lower right, 2 upper left, 3 upper right. */
static void draw_half(const struct box_cell *c, int which, bool shade)
{
    struct shape shape = {.count = 1, .shade = shade};
    shape.planes[0] = which == 0   ? plane(c, 0, 0, 1, 1)
                      : which == 1 ? plane(c, 0, 1, 1, 0)
                      : which == 2 ? plane(c, 1, 0, 0, 1)
                                   : plane(c, 1, 1, 0, 0);
    draw_shape(c, &shape);
}

static void draw_thin_arrow(const struct box_cell *c, bool left)
{
    double edge = left ? c->width : 0, tip = left ? 0 : c->width;
    struct box_point points[3] = {{edge, 0}, {tip, c->height / 2.0}, {edge, c->height}};
    box_stroke(c, points, 3);
}

static void draw_round(const struct box_cell *c, bool left)
{
    struct shape shape = {.round = true, .from_right = left};
    draw_shape(c, &shape);
}

#define ARC_POINTS 17

static void draw_thin_round(const struct box_cell *c, bool left)
{
    struct box_point points[ARC_POINTS];
    double reach = c->width - c->line / 2.0;
    for (int i = 0; i < ARC_POINTS; i++) {
        double angle = 3.14159265358979 * i / (ARC_POINTS - 1);
        points[i].y = (1 - cos(angle)) * c->height / 2;
        points[i].x = left ? c->width - sin(angle) * reach : sin(angle) * reach;
    }
    box_stroke(c, points, ARC_POINTS);
}

static void draw_thin_half(const struct box_cell *c, bool rising)
{
    struct box_point points[2] = {{0, rising ? c->height : 0}, {c->width, rising ? 0 : c->height}};
    box_stroke(c, points, 2);
}

/* U+E0B0 to U+E0BF. */
static void draw_separator(const struct box_cell *c, int i)
{
    bool left = i & 2;
    if (i >= 8) {
        if (i & 1)
            draw_thin_half(c, i == 0xb || i == 0xd);
        else
            draw_half(c, (i - 8) / 2, false);
    } else if (i >= 4) {
        if (i & 1)
            draw_thin_round(c, left);
        else
            draw_round(c, left);
    } else if (i & 1) {
        draw_thin_arrow(c, left);
    } else {
        draw_arrow(c, left);
    }
}

bool wedge_draw(const struct box_cell *c, uint32_t code)
{
    if (code >= 0xe0b0 && code <= 0xe0bf) {
        draw_separator(c, (int)code - 0xe0b0);
    } else if (code >= 0x1fb3c && code <= 0x1fb67) {
        draw_block(c, code);
    } else if (code >= 0x1fb68 && code <= 0x1fb6b) {
        draw_quarter(c, (int)code - 0x1fb68, true);
    } else if (code >= 0x1fb6c && code <= 0x1fb6f) {
        draw_quarter(c, (int)code - 0x1fb6c, false);
    } else if (code == 0x1fb9a || code == 0x1fb9b) {
        draw_quarter(c, code == 0x1fb9a ? 1 : 0, false);
        draw_quarter(c, code == 0x1fb9a ? 3 : 2, false);
    } else if (code >= 0x1fb9c && code <= 0x1fb9f) {
        static const uint8_t corners[] = {2, 3, 1, 0};
        draw_half(c, corners[code - 0x1fb9c], true);
    } else {
        return false;
    }
    return true;
}
