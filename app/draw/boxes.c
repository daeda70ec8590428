/* Box drawing: which lines meet in a cell, and where; the other shapes go to their files. */
#include "app/draw/boxes.h"

#include <math.h>

#include "app/draw/box_cell.h"

/* Arms of the characters U+2500 to U+257F: two bits each for left, up, right, down.
   0 none, 1 light, 2 heavy, 3 double. Dashes, arcs and diagonals are drawn elsewhere. */
#define ARMS(left, up, right, down) ((left) | (up) << 2 | (right) << 4 | (down) << 6)

static const uint8_t arms[128] = {
    [0x00] = ARMS(1, 0, 1, 0), [0x01] = ARMS(2, 0, 2, 0), [0x02] = ARMS(0, 1, 0, 1),
    [0x03] = ARMS(0, 2, 0, 2), [0x0c] = ARMS(0, 0, 1, 1), [0x0d] = ARMS(0, 0, 2, 1),
    [0x0e] = ARMS(0, 0, 1, 2), [0x0f] = ARMS(0, 0, 2, 2), [0x10] = ARMS(1, 0, 0, 1),
    [0x11] = ARMS(2, 0, 0, 1), [0x12] = ARMS(1, 0, 0, 2), [0x13] = ARMS(2, 0, 0, 2),
    [0x14] = ARMS(0, 1, 1, 0), [0x15] = ARMS(0, 1, 2, 0), [0x16] = ARMS(0, 2, 1, 0),
    [0x17] = ARMS(0, 2, 2, 0), [0x18] = ARMS(1, 1, 0, 0), [0x19] = ARMS(2, 1, 0, 0),
    [0x1a] = ARMS(1, 2, 0, 0), [0x1b] = ARMS(2, 2, 0, 0), [0x1c] = ARMS(0, 1, 1, 1),
    [0x1d] = ARMS(0, 1, 2, 1), [0x1e] = ARMS(0, 2, 1, 1), [0x1f] = ARMS(0, 1, 1, 2),
    [0x20] = ARMS(0, 2, 1, 2), [0x21] = ARMS(0, 2, 2, 1), [0x22] = ARMS(0, 1, 2, 2),
    [0x23] = ARMS(0, 2, 2, 2), [0x24] = ARMS(1, 1, 0, 1), [0x25] = ARMS(2, 1, 0, 1),
    [0x26] = ARMS(1, 2, 0, 1), [0x27] = ARMS(1, 1, 0, 2), [0x28] = ARMS(1, 2, 0, 2),
    [0x29] = ARMS(2, 2, 0, 1), [0x2a] = ARMS(2, 1, 0, 2), [0x2b] = ARMS(2, 2, 0, 2),
    [0x2c] = ARMS(1, 0, 1, 1), [0x2d] = ARMS(2, 0, 1, 1), [0x2e] = ARMS(1, 0, 2, 1),
    [0x2f] = ARMS(2, 0, 2, 1), [0x30] = ARMS(1, 0, 1, 2), [0x31] = ARMS(2, 0, 1, 2),
    [0x32] = ARMS(1, 0, 2, 2), [0x33] = ARMS(2, 0, 2, 2), [0x34] = ARMS(1, 1, 1, 0),
    [0x35] = ARMS(2, 1, 1, 0), [0x36] = ARMS(1, 1, 2, 0), [0x37] = ARMS(2, 1, 2, 0),
    [0x38] = ARMS(1, 2, 1, 0), [0x39] = ARMS(2, 2, 1, 0), [0x3a] = ARMS(1, 2, 2, 0),
    [0x3b] = ARMS(2, 2, 2, 0), [0x3c] = ARMS(1, 1, 1, 1), [0x3d] = ARMS(2, 1, 1, 1),
    [0x3e] = ARMS(1, 1, 2, 1), [0x3f] = ARMS(2, 1, 2, 1), [0x40] = ARMS(1, 2, 1, 1),
    [0x41] = ARMS(1, 1, 1, 2), [0x42] = ARMS(1, 2, 1, 2), [0x43] = ARMS(2, 2, 1, 1),
    [0x44] = ARMS(1, 2, 2, 1), [0x45] = ARMS(2, 1, 1, 2), [0x46] = ARMS(1, 1, 2, 2),
    [0x47] = ARMS(2, 2, 2, 1), [0x48] = ARMS(2, 1, 2, 2), [0x49] = ARMS(2, 2, 1, 2),
    [0x4a] = ARMS(1, 2, 2, 2), [0x4b] = ARMS(2, 2, 2, 2), [0x50] = ARMS(3, 0, 3, 0),
    [0x51] = ARMS(0, 3, 0, 3), [0x52] = ARMS(0, 0, 3, 1), [0x53] = ARMS(0, 0, 1, 3),
    [0x54] = ARMS(0, 0, 3, 3), [0x55] = ARMS(3, 0, 0, 1), [0x56] = ARMS(1, 0, 0, 3),
    [0x57] = ARMS(3, 0, 0, 3), [0x58] = ARMS(0, 1, 3, 0), [0x59] = ARMS(0, 3, 1, 0),
    [0x5a] = ARMS(0, 3, 3, 0), [0x5b] = ARMS(3, 1, 0, 0), [0x5c] = ARMS(1, 3, 0, 0),
    [0x5d] = ARMS(3, 3, 0, 0), [0x5e] = ARMS(0, 1, 3, 1), [0x5f] = ARMS(0, 3, 1, 3),
    [0x60] = ARMS(0, 3, 3, 3), [0x61] = ARMS(3, 1, 0, 1), [0x62] = ARMS(1, 3, 0, 3),
    [0x63] = ARMS(3, 3, 0, 3), [0x64] = ARMS(3, 0, 3, 1), [0x65] = ARMS(1, 0, 1, 3),
    [0x66] = ARMS(3, 0, 3, 3), [0x67] = ARMS(3, 1, 3, 0), [0x68] = ARMS(1, 3, 1, 0),
    [0x69] = ARMS(3, 3, 3, 0), [0x6a] = ARMS(3, 1, 3, 1), [0x6b] = ARMS(1, 3, 1, 3),
    [0x6c] = ARMS(3, 3, 3, 3), [0x74] = ARMS(1, 0, 0, 0), [0x75] = ARMS(0, 1, 0, 0),
    [0x76] = ARMS(0, 0, 1, 0), [0x77] = ARMS(0, 0, 0, 1), [0x78] = ARMS(2, 0, 0, 0),
    [0x79] = ARMS(0, 2, 0, 0), [0x7a] = ARMS(0, 0, 2, 0), [0x7b] = ARMS(0, 0, 0, 2),
    [0x7c] = ARMS(1, 0, 2, 0), [0x7d] = ARMS(0, 1, 0, 2), [0x7e] = ARMS(2, 0, 1, 0),
    [0x7f] = ARMS(0, 2, 0, 1),
};

enum weight { NONE, LIGHT, HEAVY, DOUBLE };

/* Where the lines of one direction lie across the cell: a double line is two tracks with a gap as
 * thick as each. */
struct tracks {
    int near, near_end, far, far_end; /* the track at the smaller coordinate, and the other */
    int line, line_end;               /* a single line */
    int middle;
};

static int thickness(const struct box_cell *c, enum weight weight)
{
    return weight == HEAVY ? c->line * 2 : c->line;
}

static struct tracks tracks_of(const struct box_cell *c, int size, enum weight a, enum weight b)
{
    int l = c->line, first = (size - l) / 2 - l;
    int t = thickness(c, a == HEAVY ? a : b);
    return (struct tracks){.near = first,
                           .near_end = first + l,
                           .far = first + 2 * l,
                           .far_end = first + 3 * l,
                           .line = (size - t) / 2,
                           .line_end = (size - t) / 2 + t,
                           .middle = size / 2};
}

/* How far an arm goes, so that every corner is closed and nothing stands out of it. */
enum reach { TO_MIDDLE, TO_LINE, TO_FIRST_TRACK, TO_SECOND_TRACK };

static enum reach reach_of_single(enum weight a, enum weight b, enum weight opposite)
{
    if (a != DOUBLE && b != DOUBLE)
        return a || b ? TO_LINE : TO_MIDDLE;
    if (opposite)
        return TO_MIDDLE;
    return a == b ? TO_FIRST_TRACK : TO_SECOND_TRACK;
}

/* One of the lines of a double arm: on the side of `side`, away from `other`. */
static enum reach reach_of_track(enum weight side, enum weight other)
{
    if (side == DOUBLE)
        return TO_FIRST_TRACK;
    if (other == DOUBLE)
        return TO_SECOND_TRACK;
    return side || other ? TO_LINE : TO_MIDDLE;
}

/* The range along the arm. up: the arm begins at coordinate 0, otherwise it ends at size. */
static void range(const struct tracks *t, enum reach reach, bool up, int size, int *from, int *to)
{
    static const int none = 0;
    const int *ends[4] = {&t->middle, up ? &t->line_end : &t->line, up ? &t->near_end : &t->far,
                          up ? &t->far_end : &t->near};
    *from = up ? none : *ends[reach];
    *to = up ? *ends[reach] : size;
}

static void box_line(const struct box_cell *c, bool vertical, int at, int t, int from, int to)
{
    if (vertical)
        box_fill(c, at, from, t, to - from);
    else
        box_fill(c, from, at, to - from, t);
}

/* An arm from the edge: a and b are the arms across, a on the side of the smaller coordinate. */
static void draw_arm(const struct box_cell *c, bool vertical, bool up, enum weight weight,
                     enum weight opposite, enum weight a, enum weight b)
{
    int along = vertical ? c->height : c->width, across = vertical ? c->width : c->height;
    struct tracks ends = tracks_of(c, along, a, b), own = tracks_of(c, across, weight, weight);
    int from, to;
    if (weight == NONE)
        return;
    if (weight != DOUBLE) {
        range(&ends, reach_of_single(a, b, opposite), up, along, &from, &to);
        box_line(c, vertical, own.line, thickness(c, weight), from, to);
        return;
    }
    range(&ends, reach_of_track(a, b), up, along, &from, &to);
    box_line(c, vertical, own.near, c->line, from, to);
    range(&ends, reach_of_track(b, a), up, along, &from, &to);
    box_line(c, vertical, own.far, c->line, from, to);
}

static void draw_arms(const struct box_cell *c, uint8_t a)
{
    enum weight left = a & 3, up = a >> 2 & 3, right = a >> 4 & 3, down = a >> 6;
    draw_arm(c, false, true, left, right, up, down);
    draw_arm(c, false, false, right, left, up, down);
    draw_arm(c, true, true, up, down, left, right);
    draw_arm(c, true, false, down, up, left, right);
}

/* Dashes and gaps of the same pattern in every cell, half a gap at each end. */
static void draw_dashes(const struct box_cell *c, int count, bool vertical, enum weight weight)
{
    int t = thickness(c, weight);
    int length = vertical ? c->height : c->width, across = vertical ? c->width : c->height;
    for (int i = 0; i < count; i++) {
        int from = i * length / count, to = (i + 1) * length / count;
        int gap = to - from > 5 ? (to - from) / 3 : to - from > 1;
        box_line(c, vertical, (across - t) / 2, t, from + gap / 2, to - gap + gap / 2);
    }
}

/* A quarter of a circle, and straight on to the edges; by the distance from it. */
static double arc(const struct box_cell *c, double x, double y, int which)
{
    /* 0 down and right, 1 down and left, 2 up and left, 3 up and right. */
    double middle_x = (c->width - c->line) / 2 + c->line / 2.0;
    double middle_y = (c->height - c->line) / 2 + c->line / 2.0;
    double dx = which == 0 || which == 3 ? x - middle_x : middle_x - x;
    double dy = which < 2 ? y - middle_y : middle_y - y;
    /* The outermost pixels belong to the straight part. */
    double radius = (middle_x < c->width - middle_x ? middle_x : c->width - middle_x) - 0.5;
    if (dy > radius && dx < radius)
        return fabs(dx);
    if (dx > radius && dy < radius)
        return fabs(dy);
    if (dx > radius || dy > radius)
        return 1e9;
    return fabs(hypot(dx - radius, dy - radius) - radius);
}

static void draw_arc(const struct box_cell *c, int which)
{
    for (int y = 0; y < c->height; y++)
        for (int x = 0; x < c->width; x++) {
            double d = c->line / 2.0 + 0.5 - arc(c, x + 0.5, y + 0.5, which);
            if (d > 0)
                box_blend(c, x, y, d >= 1 ? 255 : (uint8_t)(d * 255));
        }
}

static void draw_box_lines(const struct box_cell *c, uint32_t code)
{
    static const int counts[2] = {3, 4};
    uint32_t i = code - 0x2500;
    if (i >= 0x04 && i <= 0x0b)
        draw_dashes(c, counts[(i - 4) / 4], (i & 2) != 0, i & 1 ? HEAVY : LIGHT);
    else if (i >= 0x4c && i <= 0x4f)
        draw_dashes(c, 2, i >= 0x4e, i & 1 ? HEAVY : LIGHT);
    else if (i >= 0x6d && i <= 0x70)
        draw_arc(c, (int)i - 0x6d);
    else
        draw_arms(c, arms[i]);
}

bool box_draw(struct canvas *canvas, uint32_t code, int x, int y, int width, int height, int line,
              uint32_t color)
{
    struct box_cell c = {canvas, x, y, width, height, line, color};
    if (code < 0x2500 || (code > 0x28ff && code < 0xe0b0))
        return false;
    if (stroke_draw(&c, code))
        return true;
    if (code < 0x2580) {
        draw_box_lines(&c, code);
        return true;
    }
    return block_draw(&c, code) || wedge_draw(&c, code);
}
