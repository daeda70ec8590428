/* One cell of a terminal screen, as the renderer sees it. */
#ifndef TERM_CELL_H
#define TERM_CELL_H

#include <assert.h>
#include <stdint.h>

/* A colour: kind in the top byte, value below. Zero is "the default colour". */
#define TERM_COLOR_DEFAULT      0u
#define TERM_COLOR_PALETTE      0x01000000u /* low byte: index into the 256 colours */
#define TERM_COLOR_RGB          0x02000000u /* low 24 bits: 0xRRGGBB */
#define TERM_COLOR_KIND(color)  ((color)&0xff000000u)
#define TERM_COLOR_VALUE(color) ((color)&0xffffffu)

/* attr: bits of a cell's attribute word. */
#define TERM_BOLD            (1u << 0)
#define TERM_DIM             (1u << 1)
#define TERM_ITALIC          (1u << 2)
#define TERM_BLINK           (1u << 3)
#define TERM_INVERSE         (1u << 4)
#define TERM_CONCEAL         (1u << 5)
#define TERM_STRIKE          (1u << 6)
#define TERM_OVERLINE        (1u << 7)
#define TERM_UNDERLINE_SHIFT 8 /* three bits: enum term_underline */
#define TERM_UNDERLINE_MASK  (7u << 8)
#define TERM_PROTECTED       (1u << 11) /* DECSCA: selective erase leaves it */
#define TERM_GUARDED         (1u << 12) /* SPA: ordinary erase leaves it */
#define TERM_WIDE            (1u << 13) /* takes two columns; the next cell is TERM_CH_TAIL */
#define TERM_SELECTED        (1u << 14) /* in a view only */
#define TERM_MATCHED         (1u << 15) /* in a view only: part of a search result */
#define TERM_CURRENT         (1u << 12) /* in a view, in the place of TERM_GUARDED: the found one */
#define TERM_EXTRA_SHIFT     16         /* 16 bits: index of underline colour and link, 0 none */
#define TERM_EXTRA_MASK      0xffff0000u

enum term_underline {
    TERM_UNDERLINE_NONE,
    TERM_UNDERLINE_SINGLE,
    TERM_UNDERLINE_DOUBLE,
    TERM_UNDERLINE_CURLY,
    TERM_UNDERLINE_DOTTED,
    TERM_UNDERLINE_DASHED,
};

/* ch: a code point, or one of these. */
#define TERM_CH_EMPTY     0u          /* nothing was written here since it was erased */
#define TERM_CH_TAIL      0x7fffffffu /* right half of the wide cell before it */
#define TERM_CH_SPACER    0x7ffffffeu /* left free at the margin by a wide character that wrapped */
#define TERM_CH_CLUSTER   0x80000000u /* set: low 24 bits index a table of grapheme clusters */
#define TERM_CH_INDEX(ch) ((ch)&0xffffffu)

struct term_cell {
    uint32_t ch;
    uint32_t fg;
    uint32_t bg;
    uint32_t attr;
};
static_assert(sizeof(struct term_cell) == 16, "cells are copied as 16 bytes");

#endif
