/* SGR: how the next characters look. */
#include "term/vt/sgr.h"

#include "term/screen/state.h"
#include "term/screen/tables.h"
#include "term/vt/acts.h"

#include <limits.h>
#include <stdio.h>

#define UNDERLINE(style) ((uint32_t)(style) << TERM_UNDERLINE_SHIFT)
#define KEPT_BY_RESET    (TERM_PROTECTED | TERM_GUARDED)

static uint32_t channel(int value)
{
    return value < 0 ? 0 : value > 255 ? 255 : (uint32_t)value;
}

static uint32_t rgb(int r, int g, int b)
{
    return TERM_COLOR_RGB | channel(r) << 16 | channel(g) << 8 | channel(b);
}

/* Reads the colour after 38, 48 or 58 at parameter *i, and moves *i to its last parameter.
 * 38:5:n, 38:2:r:g:b, 38:2:space:r:g:b, 38;5;n, 38;2;r;g;b. False: not one of these. */
static bool extended_color(const struct sequence *s, int *i, uint32_t *color)
{
    int first = *i + 1;
    if (first < s->count && s->continues[first]) {
        int end = first;
        while (end < s->count && s->continues[end])
            end++;
        *i = end - 1;
        int n = end - first;
        int kind = sequence_value(s, first, 0);
        if (kind == 5 && n >= 2 && sequence_value(s, first + 1, 0) < 256) {
            *color = TERM_COLOR_PALETTE | (uint32_t)sequence_value(s, first + 1, 0);
            return true;
        }
        int at = first + (n >= 5 ? 2 : 1);
        if (kind != 2 || n < 4)
            return false;
        *color = rgb(sequence_value(s, at, 0), sequence_value(s, at + 1, 0),
                     sequence_value(s, at + 2, 0));
        return true;
    }
    int kind = sequence_value(s, first, -1);
    if (kind == 5 && first + 1 < s->count) {
        *i = first + 1;
        if (sequence_value(s, *i, 0) > 255)
            return false;
        *color = TERM_COLOR_PALETTE | (uint32_t)sequence_value(s, *i, 0);
        return true;
    }
    if (kind == 2 && first + 3 < s->count) {
        *i = first + 3;
        *color = rgb(sequence_value(s, first + 1, 0), sequence_value(s, first + 2, 0),
                     sequence_value(s, first + 3, 0));
        return true;
    }
    *i = s->count; /* what follows cannot be told apart from the colour's parts */
    return false;
}

static void underline(struct term_cell *pen, const struct sequence *s, int *i)
{
    int style = TERM_UNDERLINE_SINGLE;
    if (*i + 1 < s->count && s->continues[*i + 1])
        style = sequence_value(s, ++*i, TERM_UNDERLINE_SINGLE);
    if (style > TERM_UNDERLINE_DASHED)
        style = TERM_UNDERLINE_SINGLE;
    pen->attr = (pen->attr & ~TERM_UNDERLINE_MASK) | UNDERLINE(style);
}

/* Attributes that a number sets (low) or clears; false for other numbers. */
static bool attribute(struct term_cell *pen, int number)
{
    static const struct {
        uint32_t clear, set;
    } table[56] = {
        [1] = {0, TERM_BOLD},
        [2] = {0, TERM_DIM},
        [3] = {0, TERM_ITALIC},
        [5] = {0, TERM_BLINK},
        [6] = {0, TERM_BLINK},
        [7] = {0, TERM_INVERSE},
        [8] = {0, TERM_CONCEAL},
        [9] = {0, TERM_STRIKE},
        [21] = {TERM_UNDERLINE_MASK, UNDERLINE(TERM_UNDERLINE_DOUBLE)},
        [22] = {TERM_BOLD | TERM_DIM, 0},
        [23] = {TERM_ITALIC, 0},
        [24] = {TERM_UNDERLINE_MASK, 0},
        [25] = {TERM_BLINK, 0},
        [27] = {TERM_INVERSE, 0},
        [28] = {TERM_CONCEAL, 0},
        [29] = {TERM_STRIKE, 0},
        [53] = {0, TERM_OVERLINE},
        [55] = {TERM_OVERLINE, 0},
    };
    if (number >= 56 || !(table[number].clear | table[number].set))
        return false;
    pen->attr = (pen->attr & ~table[number].clear) | table[number].set;
    return true;
}

static void color(struct term *t, const struct sequence *s, int number, int *i)
{
    struct term_cell *pen = &t->cursor.pen;
    uint32_t value;
    if (number >= 30 && number <= 37) {
        pen->fg = TERM_COLOR_PALETTE | (uint32_t)(number - 30);
    } else if (number >= 40 && number <= 47) {
        pen->bg = TERM_COLOR_PALETTE | (uint32_t)(number - 40);
    } else if (number >= 90 && number <= 97) {
        pen->fg = TERM_COLOR_PALETTE | (uint32_t)(number - 90 + 8);
    } else if (number >= 100 && number <= 107) {
        pen->bg = TERM_COLOR_PALETTE | (uint32_t)(number - 100 + 8);
    } else if (number == 39) {
        pen->fg = TERM_COLOR_DEFAULT;
    } else if (number == 49) {
        pen->bg = TERM_COLOR_DEFAULT;
    } else if (number == 59) {
        t->underline_color = TERM_COLOR_DEFAULT;
        link_changed(t);
    } else if (number == 38 || number == 48 || number == 58) {
        if (!extended_color(s, i, &value))
            return;
        if (number == 38) {
            pen->fg = value;
        } else if (number == 48) {
            pen->bg = value;
        } else {
            t->underline_color = value;
            link_changed(t);
        }
    }
}

void attributes_reset(struct term *t)
{
    t->cursor.pen.attr &= KEPT_BY_RESET | TERM_EXTRA_MASK;
}

void act_graphics(struct term *t, const struct sequence *s)
{
    struct term_cell *pen = &t->cursor.pen;
    int count = s->count ? s->count : 1;
    for (int i = 0; i < count; i++) {
        int number = sequence_value(s, i, 0);
        if (i > 0 && s->continues[i])
            continue; /* a part of something not known */
        if (number == 0) {
            pen->fg = pen->bg = TERM_COLOR_DEFAULT;
            pen->attr &= KEPT_BY_RESET;
            t->underline_color = TERM_COLOR_DEFAULT;
            link_changed(t);
        } else if (number == 4) {
            underline(pen, s, &i);
        } else if (!attribute(pen, number)) {
            color(t, s, number, &i);
        }
    }
}

/* DECSCA. */
void act_protect(struct term *t, const struct sequence *s)
{
    int how = sequence_value(s, 0, 0);
    if (how > 2)
        return;
    t->cursor.pen.attr &= ~TERM_PROTECTED;
    if (how == 1)
        t->cursor.pen.attr |= TERM_PROTECTED;
}

static int describe_color(char *out, size_t size, int base, uint32_t color)
{
    uint32_t v = TERM_COLOR_VALUE(color);
    if (TERM_COLOR_KIND(color) == TERM_COLOR_RGB)
        return snprintf(out, size, ";%d:2::%u:%u:%u", base + 8, v >> 16, v >> 8 & 255, v & 255);
    if (TERM_COLOR_KIND(color) == TERM_COLOR_DEFAULT)
        return 0;
    if (v < 8)
        return snprintf(out, size, ";%u", base + v);
    if (v < 16)
        return snprintf(out, size, ";%u", base + 60 + v - 8);
    return snprintf(out, size, ";%d:5:%u", base + 8, v);
}

int sgr_describe(const struct term *t, const struct term_cell *pen, char *out, size_t size)
{
    static const struct {
        uint32_t bit;
        int number;
    } table[] = {{TERM_BOLD, 1},    {TERM_DIM, 2},     {TERM_ITALIC, 3}, {TERM_BLINK, 5},
                 {TERM_INVERSE, 7}, {TERM_CONCEAL, 8}, {TERM_STRIKE, 9}, {TERM_OVERLINE, 53}};
    int n = snprintf(out, size, "0");
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (pen->attr & table[i].bit)
            n += snprintf(out + n, size - (size_t)n, ";%d", table[i].number);
    }
    unsigned style = (pen->attr & TERM_UNDERLINE_MASK) >> TERM_UNDERLINE_SHIFT;
    if (style == TERM_UNDERLINE_SINGLE)
        n += snprintf(out + n, size - (size_t)n, ";4");
    else if (style)
        n += snprintf(out + n, size - (size_t)n, ";4:%u", style);
    n += describe_color(out + n, size - (size_t)n, 30, pen->fg);
    n += describe_color(out + n, size - (size_t)n, 40, pen->bg);
    uint32_t line = extra_get(t, pen->attr).underline_color;
    if (TERM_COLOR_KIND(line) == TERM_COLOR_PALETTE)
        n += snprintf(out + n, size - (size_t)n, ";58:5:%u", line & 255);
    else
        n += describe_color(out + n, size - (size_t)n, 50, line);
    return n;
}

/* XTPUSHSGR and XTPOPSGR. */
void act_push_graphics(struct term *t, const struct sequence *s)
{
    (void)s;
    if (t->pen_depth < PEN_STACK)
        t->pens[t->pen_depth] = t->cursor.pen;
    t->pen_depth += t->pen_depth < INT_MAX;
}

void act_pop_graphics(struct term *t, const struct sequence *s)
{
    (void)s;
    if (t->pen_depth == 0 || --t->pen_depth >= PEN_STACK)
        return;
    struct term_cell pen = t->pens[t->pen_depth];
    t->underline_color = extra_get(t, pen.attr).underline_color;
    pen.attr &= ~KEPT_BY_RESET;
    pen.attr |= t->cursor.pen.attr & KEPT_BY_RESET;
    t->cursor.pen = pen;
    link_changed(t);
}
