#include "app/boxes.h"

#include <math.h>

struct cell {
    struct canvas *canvas;
    int x, y, width, height;
    int line; /* thickness of a light line */
    uint32_t color;
};

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

static void fill(const struct cell *c, int x, int y, int width, int height)
{
    canvas_fill(c->canvas, c->x + x, c->y + y, width, height, c->color);
}

static int thickness(const struct cell *c, int weight)
{
    return weight == 2 ? c->line * 2 : c->line;
}

/* How far from the middle an arm reaches the other way, so that corners close. */
static int overlap(const struct cell *c, int first, int second)
{
    if (first == 3 || second == 3)
        return c->line + (c->line + 1) / 2;
    int most = first > second ? first : second;
    return most ? (thickness(c, most) + 1) / 2 : 0;
}

static void draw_horizontal(const struct cell *c, bool left, int weight, int across)
{
    int middle = c->width / 2;
    int from = left ? 0 : middle - across;
    int to = left ? middle + across : c->width;
    int t = thickness(c, weight);
    int top = (c->height - t) / 2;
    if (weight != 3) {
        fill(c, from, top, to - from, t);
        return;
    }
    fill(c, from, top - c->line, to - from, c->line);
    fill(c, from, top + c->line, to - from, c->line);
}

static void draw_vertical(const struct cell *c, bool up, int weight, int across)
{
    int middle = c->height / 2;
    int from = up ? 0 : middle - across;
    int to = up ? middle + across : c->height;
    int t = thickness(c, weight);
    int left = (c->width - t) / 2;
    if (weight != 3) {
        fill(c, left, from, t, to - from);
        return;
    }
    fill(c, left - c->line, from, c->line, to - from);
    fill(c, left + c->line, from, c->line, to - from);
}

static void draw_arms(const struct cell *c, uint8_t a)
{
    int left = a & 3, up = a >> 2 & 3, right = a >> 4 & 3, down = a >> 6;
    int sideways = overlap(c, up, down), upright = overlap(c, left, right);
    if (left)
        draw_horizontal(c, true, left, sideways);
    if (right)
        draw_horizontal(c, false, right, sideways);
    if (up)
        draw_vertical(c, true, up, upright);
    if (down)
        draw_vertical(c, false, down, upright);
}

static void draw_dashes(const struct cell *c, int count, bool vertical, int weight)
{
    int t = thickness(c, weight);
    int length = vertical ? c->height : c->width;
    for (int i = 0; i < count; i++) {
        int from = i * length / count, to = (i + 1) * length / count;
        int gap = (to - from) / 3 > 0 ? (to - from) / 3 : 1;
        if (vertical)
            fill(c, (c->width - t) / 2, from + gap / 2, t, to - from - gap);
        else
            fill(c, from + gap / 2, (c->height - t) / 2, to - from - gap, t);
    }
}

/* Anti-aliased by distance from the curve: inside(x, y) gives it in pixels. */
static void draw_curve(const struct cell *c,
                       double (*distance)(const struct cell *, double, double, int), int which)
{
    for (int y = 0; y < c->height; y++)
        for (int x = 0; x < c->width; x++) {
            double d = c->line / 2.0 + 0.5 - distance(c, x + 0.5, y + 0.5, which);
            if (d > 0)
                canvas_blend(c->canvas, c->x + x, c->y + y, c->color,
                             d >= 1 ? 255 : (uint8_t)(d * 255));
        }
}

static double arc(const struct cell *c, double x, double y, int which)
{
    /* 0 down and right, 1 down and left, 2 up and left, 3 up and right. */
    double middle_x = (c->width - c->line) / 2 + c->line / 2.0;
    double middle_y = (c->height - c->line) / 2 + c->line / 2.0;
    double radius = c->width / 2.0;
    double dx = which == 0 || which == 3 ? x - middle_x : middle_x - x;
    double dy = which < 2 ? y - middle_y : middle_y - y;
    if (dy > radius && dx < radius)
        return fabs(dx);
    if (dx > radius && dy < radius)
        return fabs(dy);
    if (dx > radius || dy > radius)
        return 1e9;
    return fabs(hypot(dx - radius, dy - radius) - radius);
}

static double diagonal(const struct cell *c, double x, double y, int which)
{
    double rising = fabs(y * c->width + x * c->height - (double)c->width * c->height);
    double falling = fabs(y * c->width - x * c->height);
    double length = hypot(c->width, c->height);
    if (which == 0)
        return rising / length;
    if (which == 1)
        return falling / length;
    return (rising < falling ? rising : falling) / length;
}

static void draw_lines(const struct cell *c, uint32_t code)
{
    static const int counts[3] = {3, 4, 2};
    uint32_t i = code - 0x2500;
    if (i >= 0x04 && i <= 0x0b)
        draw_dashes(c, counts[(i - 4) / 4], (i & 2) != 0, (i & 1) + 1);
    else if (i >= 0x4c && i <= 0x4f)
        draw_dashes(c, 2, i >= 0x4e, (i & 1) + 1);
    else if (i >= 0x6d && i <= 0x70)
        draw_curve(c, arc, (int)i - 0x6d);
    else if (i >= 0x71 && i <= 0x73)
        draw_curve(c, diagonal, (int)i - 0x71);
    else
        draw_arms(c, arms[i]);
}

static void draw_shade(const struct cell *c, int quarters)
{
    for (int y = 0; y < c->height; y++)
        for (int x = 0; x < c->width; x++)
            canvas_blend(c->canvas, c->x + x, c->y + y, c->color, (uint8_t)(quarters * 64 - 1));
}

/* Quadrants of U+2596 to U+259F: bits for upper left, upper right, lower left, lower right. */
static void draw_quadrants(const struct cell *c, unsigned which)
{
    int w = c->width / 2, h = c->height / 2;
    for (int i = 0; i < 4; i++)
        if (which >> i & 1)
            fill(c, i & 1 ? w : 0, i & 2 ? h : 0, i & 1 ? c->width - w : w,
                 i & 2 ? c->height - h : h);
}

static void draw_block(const struct cell *c, uint32_t code)
{
    static const uint8_t quadrants[10] = {4, 8, 1, 13, 9, 7, 11, 2, 6, 14};
    int i = (int)code - 0x2580;
    int part = c->height * i / 8;
    if (i == 0)
        fill(c, 0, 0, c->width, c->height / 2);
    else if (i <= 8)
        fill(c, 0, c->height - part, c->width, part);
    else if (i <= 0xf)
        fill(c, 0, 0, c->width * (16 - i) / 8, c->height);
    else if (i == 0x10)
        fill(c, c->width / 2, 0, c->width - c->width / 2, c->height);
    else if (i <= 0x13)
        draw_shade(c, i - 0x10);
    else if (i == 0x14)
        fill(c, 0, 0, c->width, c->height / 8);
    else if (i == 0x15)
        fill(c, c->width - c->width / 8, 0, c->width / 8, c->height);
    else
        draw_quadrants(c, quadrants[i - 0x16]);
}

static void draw_braille(const struct cell *c, unsigned dots)
{
    static const uint8_t columns[8] = {0, 0, 0, 1, 1, 1, 0, 1}, rows[8] = {0, 1, 2, 0, 1, 2, 3, 3};
    int size = c->width / 4 > 0 ? c->width / 4 : 1;
    for (int i = 0; i < 8; i++)
        if (dots >> i & 1)
            fill(c, c->width * (1 + 2 * columns[i]) / 4 - size / 2,
                 c->height * (1 + 2 * rows[i]) / 8 - size / 2, size, size);
}

bool box_draw(struct canvas *canvas, uint32_t code, int x, int y, int width, int height, int line,
              uint32_t color)
{
    struct cell c = {canvas, x, y, width, height, line, color};
    if (code < 0x2500 || (code > 0x259f && code < 0x2800) || code > 0x28ff)
        return false;
    if (code < 0x2580)
        draw_lines(&c, code);
    else if (code < 0x2800)
        draw_block(&c, code);
    else
        draw_braille(&c, code - 0x2800);
    return true;
}
