/* Block elements, shades, braille patterns and blocks in quarters: rectangles. */
#include <stddef.h>

#include "app/draw/box_cell.h"

#define MEDIUM_SHADE 2

/* Where a part of the width or height begins: the same pixel for every character, so that what is
 * beside or below each other meets. */
static int across(const struct box_cell *c, int part, int parts)
{
    return (c->width * part + parts / 2) / parts;
}

static int down(const struct box_cell *c, int part, int parts)
{
    return (c->height * part + parts / 2) / parts;
}

/* Columns and rows from..to of a grid. */
static void fill_part(const struct box_cell *c, int from_x, int to_x, int columns, int from_y,
                      int to_y, int rows)
{
    int x = across(c, from_x, columns), width = across(c, to_x, columns) - x;
    int y = down(c, from_y, rows), height = down(c, to_y, rows) - y;
    /* In the smallest cells a part may have less than a pixel. */
    if (width == 0 && from_x < to_x)
        x -= x + width++ == c->width;
    if (height == 0 && from_y < to_y)
        y -= y + height++ == c->height;
    box_fill(c, x, y, width, height);
}

static void fill_eighths(const struct box_cell *c, int left, int top, int right, int bottom)
{
    fill_part(c, left, right, 8, top, bottom, 8);
}

static void shade(const struct box_cell *c, int quarters, int left, int top, int right, int bottom)
{
    for (int y = down(c, top, 8); y < down(c, bottom, 8); y++)
        for (int x = across(c, left, 8); x < across(c, right, 8); x++)
            box_blend(c, x, y, (uint8_t)(quarters * 64 - 1));
}

/* Squares of a grid, one bit each, by rows. */
static void draw_grid(const struct box_cell *c, uint32_t bits, int columns, int rows)
{
    for (int i = 0; i < columns * rows; i++)
        if (bits >> i & 1)
            fill_part(c, i % columns, i % columns + 1, columns, i / columns, i / columns + 1, rows);
}

static void draw_block_element(const struct box_cell *c, uint32_t code)
{
    static const uint8_t quadrants[10] = {4, 8, 1, 13, 9, 7, 11, 2, 6, 14};
    int i = (int)code - 0x2580;
    if (i == 0)
        fill_eighths(c, 0, 0, 8, 4);
    else if (i <= 8)
        fill_eighths(c, 0, 8 - i, 8, 8);
    else if (i <= 0xf)
        fill_eighths(c, 0, 0, 16 - i, 8);
    else if (i == 0x10)
        fill_eighths(c, 4, 0, 8, 8);
    else if (i <= 0x13)
        shade(c, i - 0x10, 0, 0, 8, 8);
    else if (i == 0x14)
        fill_eighths(c, 0, 0, 8, 1);
    else if (i == 0x15)
        fill_eighths(c, 7, 0, 8, 8);
    else
        draw_grid(c, quadrants[i - 0x16], 2, 2);
}

static void draw_braille(const struct box_cell *c, unsigned dots)
{
    static const uint8_t columns[8] = {0, 0, 0, 1, 1, 1, 0, 1}, rows[8] = {0, 1, 2, 0, 1, 2, 3, 3};
    int size = c->width / 4 < c->height / 8 ? c->width / 4 : c->height / 8;
    size = size > 0 ? size : 1;
    for (int i = 0; i < 8; i++)
        if (dots >> i & 1)
            box_fill(c, (c->width * (1 + 2 * columns[i]) - 2 * size) / 4,
                     (c->height * (1 + 2 * rows[i]) - 4 * size) / 8, size, size);
}

/* Sextants in their order, which leaves out those that are blocks of their own. */
static void draw_sextant(const struct box_cell *c, uint32_t code)
{
    uint32_t bits = code - 0x1fb00 + 1;
    bits += bits >= 0x15;
    bits += bits >= 0x2a;
    draw_grid(c, bits, 2, 3);
}

/* The patterns of squares, two by four, that are characters elsewhere. */
static bool is_octant(uint32_t bits)
{
    static const uint8_t others[] = {1, 2, 3, 20, 40, 63, 64, 128, 192, 252};
    for (size_t i = 0; i < sizeof(others); i++)
        if (bits == others[i])
            return false;
    /* Quadrants have rows in pairs. */
    return (bits & 3) != (bits >> 2 & 3) || (bits >> 4 & 3) != bits >> 6;
}

static void draw_octant(const struct box_cell *c, uint32_t code)
{
    uint32_t bits = 0, before = code - 0x1cd00;
    while (!is_octant(bits) || before-- > 0)
        bits++;
    draw_grid(c, bits, 2, 4);
}

/* U+1CEA0 to U+1CEAF: along the edges, a quarter of the cell thick. */
static void draw_sixteenths(const struct box_cell *c, uint32_t i)
{
    static const uint8_t rows[16][4] = {/* left, top, right, bottom */
                                        {2, 3, 4, 4}, {1, 3, 4, 4}, {0, 3, 3, 4}, {0, 3, 2, 4},
                                        {0, 2, 1, 4}, {0, 1, 1, 4}, {0, 0, 1, 3}, {0, 0, 1, 2},
                                        {0, 0, 2, 1}, {0, 0, 3, 1}, {1, 0, 4, 1}, {2, 0, 4, 1},
                                        {3, 0, 4, 2}, {3, 0, 4, 3}, {3, 1, 4, 4}, {3, 2, 4, 4}};
    fill_part(c, rows[i][0], rows[i][2], 4, rows[i][1], rows[i][3], 4);
}

static bool draw_supplement(const struct box_cell *c, uint32_t code)
{
    if (code <= 0x1cde5)
        draw_octant(c, code);
    else if (code >= 0x1ce90 && code <= 0x1ce9f)
        draw_grid(c, 1u << (code - 0x1ce90), 4, 4);
    else if (code >= 0x1cea0)
        draw_sixteenths(c, code - 0x1cea0);
    else
        return false;
    return true;
}

static void draw_checkers(const struct box_cell *c, int odd)
{
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 4; x++)
            if ((x + y) % 2 == odd)
                fill_part(c, x, x + 1, 4, y, y + 1, 4);
}

/* U+1FB7C to U+1FB86: bands along the edges. */
static void draw_edges(const struct box_cell *c, uint32_t i)
{
    static const uint8_t upper[5] = {2, 3, 5, 6, 7};
    if (i >= 0x82) {
        fill_eighths(c, 0, 0, 8, upper[i - 0x82]);
        return;
    }
    if (i == 0x7c || i == 0x7d)
        fill_eighths(c, 0, 0, 1, 8);
    if (i == 0x7e || i == 0x7f)
        fill_eighths(c, 7, 0, 8, 8);
    if (i == 0x7d || i == 0x7e || i >= 0x80)
        fill_eighths(c, 0, 0, 8, 1);
    if (i == 0x7c || i == 0x7f || i >= 0x80)
        fill_eighths(c, 0, 7, 8, 8);
    if (i == 0x81) {
        fill_eighths(c, 0, 2, 8, 3);
        fill_eighths(c, 0, 4, 8, 5);
    }
}

/* U+1FB8C to U+1FB94: halves in a shade, the other half empty or full. */
static void draw_shaded(const struct box_cell *c, uint32_t i)
{
    static const struct {
        uint8_t left, top, right, bottom; /* the shade */
        bool full;                        /* the rest */
    } rows[] = {{0, 0, 4, 8, false}, {4, 0, 8, 8, false}, {0, 0, 8, 4, false},
                {0, 4, 8, 8, false}, {0, 0, 8, 8, false}, {0, 4, 8, 8, true},
                {0, 0, 8, 4, true},  {0, 0, 0, 0, false}, {0, 0, 4, 8, true}};
    int left = rows[i - 0x8c].left, top = rows[i - 0x8c].top;
    int right = rows[i - 0x8c].right, bottom = rows[i - 0x8c].bottom;
    shade(c, MEDIUM_SHADE, left, top, right, bottom);
    if (rows[i - 0x8c].full)
        fill_eighths(c, right < 8 ? right : 0,
                     top > 0      ? 0
                     : bottom < 8 ? bottom
                                  : 0,
                     8, top > 0 ? top : 8);
}

/* A light line with a stroke over it. */
static void draw_crossed(const struct box_cell *c)
{
    box_fill(c, 0, (c->height - c->line) / 2, c->width, c->line);
    box_fill(c, (c->width - c->line) / 2, c->height / 4, c->line, c->height - c->height / 4 * 2);
}

static bool draw_legacy(const struct box_cell *c, uint32_t code)
{
    uint32_t i = code - 0x1fb00;
    static const uint8_t right[5] = {6, 5, 3, 2, 1};
    if (i < 0x3c)
        draw_sextant(c, code);
    else if (i >= 0x70 && i <= 0x75)
        fill_eighths(c, (int)i - 0x6f, 0, (int)i - 0x6e, 8);
    else if (i >= 0x76 && i <= 0x7b)
        fill_eighths(c, 0, (int)i - 0x75, 8, (int)i - 0x74);
    else if (i >= 0x7c && i <= 0x86)
        draw_edges(c, i);
    else if (i >= 0x87 && i <= 0x8b)
        fill_eighths(c, right[i - 0x87], 0, 8, 8);
    else if (i >= 0x8c && i <= 0x94 && i != 0x93)
        draw_shaded(c, i);
    else if (i == 0x95 || i == 0x96)
        draw_checkers(c, i == 0x96);
    else if (i == 0x97)
        draw_grid(c, 0xa, 1, 4);
    else if (i == 0xaf)
        draw_crossed(c);
    else if (i == 0xce || i == 0xcf)
        fill_part(c, 0, i == 0xce ? 2 : 1, 3, 0, 1, 1);
    else if (i == 0xe4 || i == 0xe5)
        fill_eighths(c, 2, i == 0xe4 ? 0 : 4, 6, i == 0xe4 ? 4 : 8);
    else if (i == 0xe6 || i == 0xe7)
        fill_eighths(c, i == 0xe6 ? 0 : 4, 2, i == 0xe6 ? 4 : 8, 6);
    else
        return false;
    return true;
}

bool block_draw(const struct box_cell *c, uint32_t code)
{
    if (code >= 0x2580 && code <= 0x259f)
        draw_block_element(c, code);
    else if (code >= 0x2800 && code <= 0x28ff)
        draw_braille(c, code - 0x2800);
    else if (code >= 0x1cd00 && code <= 0x1ceaf)
        return draw_supplement(c, code);
    else
        return code >= 0x1fb00 && code <= 0x1fbff && draw_legacy(c, code);
    return true;
}
