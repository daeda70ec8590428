/* The rectangular area functions of VT420 and later. */
#include "term/input/reply.h"
#include "term/screen/screen.h"
#include "term/screen/state.h"
#include "term/screen/tables.h"
#include "term/unicode/unicode.h"
#include "term/vt/acts.h"
#include "term/vt/sgr.h"

struct rectangle {
    int top, left, bottom, right; /* inclusive, on the screen */
};

/* Reads top, left, bottom, right beginning with parameter `i`. False when it is empty. */
static bool rectangle_read(const struct term *t, const struct sequence *s, int i,
                           struct rectangle *r)
{
    bool origin = t->cursor.origin;
    int row0 = origin ? t->top : 0, col0 = origin ? t->left : 0;
    int rows = origin ? t->bottom + 1 : t->rows, cols = origin ? t->right + 1 : t->cols;
    int bottom = sequence_value(s, i + 2, 0), right = sequence_value(s, i + 3, 0);
    int top = sequence_count(s, i), left = sequence_count(s, i + 1);
    if (top > rows - row0 || left > cols - col0)
        return false;
    r->top = row0 + top - 1;
    r->left = col0 + left - 1;
    r->bottom = bottom == 0 || bottom > rows - row0 ? rows - 1 : row0 + bottom - 1;
    r->right = right == 0 || right > cols - col0 ? cols - 1 : col0 + right - 1;
    return r->top <= r->bottom && r->left <= r->right;
}

/* DECERA. */
void act_erase_rectangle(struct term *t, const struct sequence *s)
{
    struct rectangle r;
    t->joinable = false;
    if (!rectangle_read(t, s, 0, &r))
        return;
    for (int row = r.top; row <= r.bottom; row++)
        line_fill(t, term_line(t, row), r.left, r.right + 1, blank_cell(t));
}

/* DECSERA: what DECSCA protects stays; colours stay too. */
void act_selective_erase_rectangle(struct term *t, const struct sequence *s)
{
    struct rectangle r;
    t->joinable = false;
    if (!rectangle_read(t, s, 0, &r))
        return;
    for (int row = r.top; row <= r.bottom; row++) {
        struct line *line = term_line(t, row);
        for (int col = r.left; col <= r.right && col < line->used; col++) {
            struct term_cell cell = line->cells[col];
            if (cell.attr & TERM_PROTECTED)
                continue;
            cell.ch = TERM_CH_EMPTY;
            cell.attr &= ~(TERM_WIDE | TERM_EXTRA_MASK);
            line_fill(t, line, col, col + 1, cell);
        }
    }
}

/* DECFRA. */
void act_fill_rectangle(struct term *t, const struct sequence *s)
{
    struct rectangle r;
    int ch = sequence_value(s, 0, 0);
    bool printable = (ch >= 32 && ch <= 126) || (ch >= 160 && ch <= 255);
    t->joinable = false;
    if (!printable || !rectangle_read(t, s, 1, &r))
        return;
    struct term_cell cell = t->cursor.pen;
    cell.ch = (uint32_t)ch;
    for (int row = r.top; row <= r.bottom; row++)
        line_fill(t, term_line(t, row), r.left, r.right + 1, cell);
}

/* DECCRA. Rows are taken in the order that lets source and target overlap. */
void act_copy_rectangle(struct term *t, const struct sequence *s)
{
    struct rectangle r;
    t->joinable = false;
    if (!rectangle_read(t, s, 0, &r))
        return;
    bool origin = t->cursor.origin;
    int row0 = origin ? t->top : 0, col0 = origin ? t->left : 0;
    int last_row = origin ? t->bottom : t->rows - 1, last_col = origin ? t->right : t->cols - 1;
    int top = sequence_count(s, 5), left = sequence_count(s, 6);
    if (top > last_row - row0 + 1 || left > last_col - col0 + 1)
        return;
    top += row0 - 1;
    left += col0 - 1;
    int width = r.right - r.left + 1;
    int height = r.bottom - r.top + 1;
    if (width > last_col - left + 1)
        width = last_col - left + 1;
    if (height > last_row - top + 1)
        height = last_row - top + 1;
    for (int i = 0; i < height; i++) {
        int k = top > r.top ? height - 1 - i : i;
        line_copy(t, term_line(t, top + k), left, term_line(t, r.top + k), r.left, width);
    }
}

/* What DECCARA and DECRARA do to one cell for one SGR parameter. Cells never written stay so. */
static void change_attribute(struct term_cell *cell, int parameter, bool reverse)
{
    static const struct {
        uint8_t on, off;
        uint32_t bit, mask; /* what is set, and all that it stands for */
    } attributes[] = {{1, 22, TERM_BOLD, TERM_BOLD},
                      {4, 24, TERM_UNDERLINE_SINGLE << TERM_UNDERLINE_SHIFT, TERM_UNDERLINE_MASK},
                      {5, 25, TERM_BLINK, TERM_BLINK},
                      {7, 27, TERM_INVERSE, TERM_INVERSE},
                      {8, 28, TERM_CONCEAL, TERM_CONCEAL}};
    for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
        uint32_t mask = attributes[i].mask;
        bool is_set = cell->attr & mask;
        bool on = parameter == attributes[i].on;
        bool hit = on || (parameter == 0 && attributes[i].on != 8);
        if (reverse ? hit && !is_set : on && !is_set)
            cell->attr |= attributes[i].bit;
        else if (reverse ? hit : parameter == 0 || parameter == attributes[i].off)
            cell->attr &= ~mask;
    }
}

static void change_cells(struct term *t, const struct sequence *s, int row, int from, int to,
                         bool reverse)
{
    struct line *line = term_line(t, row);
    term_worked(t, (size_t)(to - from + 1) * (size_t)(s->count < 5 ? 4 : 4 * (s->count - 4)));
    for (int col = from; col <= to; col++) {
        struct term_cell *cell = &line->cells[col];
        if (s->count <= 4)
            change_attribute(cell, 0, reverse);
        for (int i = 4; i < s->count; i++)
            change_attribute(cell, sequence_value(s, i, 0), reverse);
    }
    line_wrote(line, from, to - from + 1);
    line_touch(t, line);
}

static void change_rectangle(struct term *t, const struct sequence *s, bool reverse)
{
    struct rectangle r;
    t->joinable = false;
    if (!rectangle_read(t, s, 0, &r))
        return;
    int first = t->cursor.origin ? t->left : 0;
    int last = t->cursor.origin ? t->right : t->cols - 1;
    for (int row = r.top; row <= r.bottom; row++) {
        bool stream = t->attribute_extent != 2;
        int from = stream && row > r.top ? first : r.left;
        int to = stream && row < r.bottom ? last : r.right;
        if (from <= to)
            change_cells(t, s, row, from, to, reverse);
    }
}

void act_change_attributes(struct term *t, const struct sequence *s)
{
    change_rectangle(t, s, false);
}

void act_reverse_attributes(struct term *t, const struct sequence *s)
{
    change_rectangle(t, s, true);
}

/* DECSACE. */
void act_attribute_extent(struct term *t, const struct sequence *s)
{
    int how = sequence_value(s, 0, 0);
    if (how <= 2)
        t->attribute_extent = how;
}

/* XTREPORTSGR. */
void act_report_graphics(struct term *t, const struct sequence *s)
{
    struct rectangle r;
    char text[256];
    if (!rectangle_read(t, s, 0, &r))
        return;
    struct term_cell common = term_line(t, r.top)->cells[r.left];
    for (int row = r.top; row <= r.bottom; row++) {
        for (int col = r.left; col <= r.right; col++) {
            const struct term_cell *cell = &term_line(t, row)->cells[col];
            uint32_t other = common.attr ^ cell->attr;
            common.attr &= cell->attr;
            if (other & TERM_UNDERLINE_MASK)
                common.attr &= ~TERM_UNDERLINE_MASK;
            if (other & TERM_EXTRA_MASK)
                common.attr &= ~TERM_EXTRA_MASK;
            if (common.fg != cell->fg)
                common.fg = TERM_COLOR_DEFAULT;
            if (common.bg != cell->bg)
                common.bg = TERM_COLOR_DEFAULT;
        }
    }
    sgr_describe(t, &common, text, sizeof(text));
    reply(t, "\x9b%sm", text);
}

/* XTCHECKSUM. */
void act_checksum_extension(struct term *t, const struct sequence *s)
{
    t->checksum_ext = sequence_value(s, 0, 0) & 31;
}

/* One cell's part of the checksum as a VT420 counts it: the character and its attributes. */
static unsigned cell_sum(const struct term *t, const struct term_cell *cell)
{
    uint32_t codes[CLUSTER_CODES_MAX];
    int n = cell_codes(t, cell->ch, codes);
    unsigned sum = 0;
    if (n == 0 && cell->ch != TERM_CH_TAIL)
        sum = ' ';
    for (int i = 0; i < n; i++)
        sum += codes[i];
    if (!(t->checksum_ext & 2)) {
        sum += cell->attr & TERM_PROTECTED ? 4 : 0;
        sum += cell->attr & TERM_CONCEAL ? 8 : 0;
        sum += cell->attr & TERM_UNDERLINE_MASK ? 0x10 : 0;
        sum += cell->attr & TERM_INVERSE ? 0x20 : 0;
        sum += cell->attr & TERM_BLINK ? 0x40 : 0;
        sum += cell->attr & TERM_BOLD ? 0x80 : 0;
    }
    return sum;
}

/* DECRQCRA. Off unless the owner allows window reports: a program could read the screen. */
void act_checksum(struct term *t, const struct sequence *s)
{
    struct rectangle r;
    unsigned sum = 0;
    int id = sequence_value(s, 0, 0);
    if (!t->options.window_reports)
        return;
    struct sequence whole = *s;
    /* Parameter 1 is a page: there is one. */
    if (rectangle_read(t, &whole, 2, &r)) {
        for (int row = r.top; row <= r.bottom; row++) {
            term_worked(t, (size_t)(r.right - r.left + 1) * 8);
            for (int col = r.left; col <= r.right; col++)
                sum += cell_sum(t, &term_line(t, row)->cells[col]);
        }
    }
    if (!(t->checksum_ext & 1))
        sum = -sum;
    reply(t, "\x90%d!~%04X\x9c", id, sum & 0xffff);
}
