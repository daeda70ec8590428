/* Text into cells: wrapping, insert mode, wide characters and grapheme clusters. */
#include "term/vt/print.h"

#include "term/screen/screen.h"
#include "term/screen/state.h"
#include "term/screen/tables.h"
#include "term/unicode/unicode.h"
#include "term/vt/acts.h"
#include "term/vt/charset.h"

#include <string.h>

int right_limit(const struct term *t)
{
    int limit = t->cursor.col > t->right ? t->cols - 1 : t->right;
    if (t->screen->lines[t->cursor.row]->size != TERM_LINE_SINGLE && limit > t->cols / 2 - 1)
        limit = t->cols > 1 ? t->cols / 2 - 1 : 0;
    return limit;
}

void index_down(struct term *t)
{
    struct cursor *c = &t->cursor;
    c->pending = false;
    t->joinable = false;
    if (c->row == t->bottom) {
        if (c->col >= t->left && c->col <= t->right)
            scroll_rows(t, t->top, t->bottom, t->left, t->right, 1, true);
    } else if (c->row < t->rows - 1) {
        c->row++;
    }
}

void index_up(struct term *t)
{
    struct cursor *c = &t->cursor;
    c->pending = false;
    t->joinable = false;
    if (c->row == t->top) {
        if (c->col >= t->left && c->col <= t->right)
            scroll_rows(t, t->top, t->bottom, t->left, t->right, -1, false);
    } else if (c->row > 0) {
        c->row--;
    }
}

/* The cursor goes to the beginning of the next row, which continues this one. */
static void wrap_line(struct term *t)
{
    struct cursor *c = &t->cursor;
    struct line *line = term_line(t, c->row);
    bool whole = t->left == 0 && t->right == t->cols - 1;
    if (whole)
        line->flags |= ROW_WRAPPED;
    index_down(t); /* before the column changes: outside the margins nothing scrolls */
    c->col = c->col >= t->left ? t->left : 0;
    /* Scrolling a region cuts lines at its edges; here the text does go on. */
    if (whole && c->row > 0 && term_line(t, c->row - 1) == line)
        line->flags |= ROW_WRAPPED;
}

/* Advances over what was just printed. */
static inline void print_advance(struct term *t, int n, int limit)
{
    struct cursor *c = &t->cursor;
    c->col += n;
    t->printed = c->col - 1;
    if (c->col > limit) {
        c->col = limit;
        c->pending = t->mode[MODE_WRAP];
    }
}

static inline bool plain_charset(const struct term *t)
{
    return t->cursor.charset[t->cursor.gl] == CHARSET_ASCII && !t->single_shift &&
           !t->mode[MODE_INSERT];
}

static void store_run(struct term *t, struct line *line, int col, const uint8_t *text, int n)
{
    struct term_cell cell = t->cursor.pen;
    struct term_cell *out = line->cells + col;
    line_split(line, t->cols, col);
    line_split(line, t->cols, col + n);
    for (int i = 0; i < n; i++) {
        cell.ch = text[i];
        out[i] = cell;
    }
    if (col + n > line->used)
        line->used = col + n;
    if (cell.fg | cell.bg | cell.attr)
        line->flags |= ROW_RICH;
    line_touch(t, line);
}

void print_run(struct term *t, const uint8_t *text, size_t n)
{
    struct cursor *c = &t->cursor;
    if (!plain_charset(t)) {
        for (size_t i = 0; i < n; i++)
            print_character(t, text[i]);
        return;
    }
    t->last = text[n - 1];
    while (n > 0) {
        if (c->pending)
            wrap_line(t);
        int limit = right_limit(t);
        if (c->col > limit)
            c->col = limit; /* a double width line has fewer columns */
        int room = limit - c->col + 1;
        int now = n < (size_t)room ? (int)n : room;
        store_run(t, term_line(t, c->row), c->col, text, now);
        print_advance(t, now, limit);
        text += now;
        n -= (size_t)now;
        if (n > 0 && !t->mode[MODE_WRAP] && c->col == limit) {
            /* Everything that follows lands in the last column; only the last of it stays. */
            text += n - 1;
            n = 1;
            store_run(t, term_line(t, c->row), limit, text, 1);
            break;
        }
    }
    t->joinable = true;
}

/* Makes room for `n` cells at the cursor by moving what is right of it, inside the margins. */
static void open_gap(struct term *t, struct line *line, int col, int n, int limit)
{
    if (col < t->left || col > t->right)
        return;
    int kept = limit - col + 1 - n;
    if (kept > 0)
        line_copy(t, line, col + n, line, col, kept);
    line_fill(t, line, col, col + n <= limit + 1 ? col + n : limit + 1, blank_cell(t));
}

/* Whether a wide character that does not fit before `limit` goes to the next row. */
static bool wide_wraps(const struct term *t, int limit)
{
    return t->mode[MODE_WRAP] && limit > (t->cursor.col >= t->left ? t->left : 0);
}

/* Leaves the last column free for a wide character that goes to the next row. */
static void wrap_wide(struct term *t, uint32_t bg)
{
    struct cursor *c = &t->cursor;
    line_fill(t, term_line(t, c->row), c->col, c->col + 1,
              (struct term_cell){.ch = TERM_CH_SPACER, .bg = bg});
    wrap_line(t);
}

/* Writes a cell in the style it has. */
static void place_cell(struct term *t, struct term_cell cell, int width)
{
    struct cursor *c = &t->cursor;
    if (c->pending)
        wrap_line(t);
    int limit = right_limit(t);
    if (c->col > limit)
        c->col = limit;
    if (width == 2 && c->col >= limit) {
        if (wide_wraps(t, limit)) {
            wrap_wide(t, cell.bg);
            limit = right_limit(t);
        } else {
            width = 1;
        }
    }
    struct line *line = term_line(t, c->row);
    if (t->mode[MODE_INSERT])
        open_gap(t, line, c->col, width, limit);
    line_split(line, t->cols, c->col);
    line_split(line, t->cols, c->col + width);
    if (width == 2)
        cell.attr |= TERM_WIDE;
    line->cells[c->col] = cell;
    if (width == 2) {
        cell.ch = TERM_CH_TAIL;
        cell.attr &= ~TERM_WIDE;
        line->cells[c->col + 1] = cell;
    }
    line_wrote(line, c->col, width);
    line_touch(t, line);
    print_advance(t, width, limit);
}

static void place_character(struct term *t, uint32_t code, int width)
{
    struct term_cell cell = t->cursor.pen;
    cell.ch = code;
    place_cell(t, cell, width);
}

/* Whether `code` belongs to the cluster whose code points are given. */
static bool belongs(const uint32_t *codes, int n, uint32_t code)
{
    struct grapheme g = {0};
    for (int i = 0; i < n; i++)
        grapheme_next(&g, codes[i]);
    /* An emoji modifier takes its own columns unless there is an emoji to modify. */
    if (unicode_break_class(code) == UNICODE_EXTEND && unicode_width(code, false) == 2 &&
        g.pictograph != 1)
        return false;
    return !grapheme_next(&g, code);
}

/* What was just printed in one column takes two: the column after it as well, or at the margin
 * the first two of the next row, where it would have gone had it been wide from the beginning. */
static void widen(struct term *t, int col)
{
    struct cursor *c = &t->cursor;
    struct line *line = term_line(t, c->row);
    struct term_cell cell = line->cells[col];
    int limit = right_limit(t);
    if (cell.attr & TERM_WIDE)
        return;
    if (col >= limit) {
        if (!c->pending || !wide_wraps(t, limit))
            return;
        wrap_wide(t, cell.bg);
        place_cell(t, cell, 2);
        return;
    }
    if (t->mode[MODE_INSERT])
        open_gap(t, line, c->col, 1, limit);
    line_split(line, t->cols, c->col + 1);
    line->cells[c->col] = cell;
    line->cells[c->col].ch = TERM_CH_TAIL;
    line->cells[col].attr |= TERM_WIDE;
    line_wrote(line, col, 2);
    line_touch(t, line);
    print_advance(t, 1, limit);
}

/* What was just printed in two columns takes one: as though it had been narrow from the beginning,
 * except that it stays in the row it wrapped to. */
static void narrow(struct term *t, int col)
{
    struct cursor *c = &t->cursor;
    struct line *line = term_line(t, c->row);
    int limit = right_limit(t);
    if (!(line->cells[col].attr & TERM_WIDE))
        return;
    line->cells[col].attr &= ~TERM_WIDE;
    line->cells[col + 1] = (struct term_cell){0};
    int blank = col + 1;
    if (t->mode[MODE_INSERT] && col >= t->left && limit > blank) {
        line_copy(t, line, blank, line, blank + 1, limit - blank);
        blank = limit;
    }
    line_fill(t, line, blank, blank + 1, blank_cell(t));
    c->col = col;
    c->pending = false;
    print_advance(t, 1, limit);
}

/* The column of the character that a code point printed now may be added to; -1 for none. */
static int column_before(const struct term *t)
{
    const struct cursor *c = &t->cursor;
    int col = t->joinable ? t->printed : c->pending ? c->col : c->col - 1;
    if (col > 0 && t->screen->lines[c->row]->cells[col].ch == TERM_CH_TAIL)
        col--;
    return col;
}

/* Adds a code point to the character left of the cursor. False when it is not part of it. */
static bool join_cluster(struct term *t, uint32_t code, int width)
{
    struct line *line = term_line(t, t->cursor.row);
    uint32_t codes[CLUSTER_CODES_MAX + 1];
    int col = column_before(t);
    if (col < 0)
        return width == 0;
    int n = cell_codes(t, line->cells[col].ch, codes);
    if (width > 0 && (n == 0 || !belongs(codes, n, code)))
        return false;
    bool wide = width > 0, text = false;
    if (n == 0)
        codes[n++] = ' ';
    else if (code == UNICODE_EMOJI_SELECTOR && t->joinable)
        wide = unicode_emoji_base(codes[n - 1]);
    else if (code == UNICODE_TEXT_SELECTOR && t->joinable)
        text = n == 1 && unicode_text_base(codes[0]);
    if (n < CLUSTER_CODES_MAX) {
        codes[n++] = code;
        uint32_t ch = cluster_number(t, codes, n);
        if (ch) {
            line->cells[col].ch = ch;
            line_wrote(line, col, 1);
        }
    }
    line_touch(t, line);
    if (wide) {
        widen(t, col);
        t->joinable = true;
    } else if (text) {
        narrow(t, col);
    }
    return true;
}

/* Whether a code point may belong to the character before it, or that one may ask for it. */
static bool may_join(const struct term *t, uint32_t code, uint8_t properties)
{
    if (!t->joinable || code < 0x300)
        return false;
    if ((properties >> 3 & 15) != UNICODE_OTHER || properties >> 7)
        return true;
    return t->last && unicode_break_class(t->last) == UNICODE_PREPEND;
}

void print_character(struct term *t, uint32_t code)
{
    struct cursor *c = &t->cursor;
    if (code < 0x80) {
        uint8_t set = c->charset[t->single_shift ? t->single_shift : c->gl];
        t->single_shift = 0;
        code = charset_translate(set, code);
    }
    uint8_t properties = unicode_properties(code);
    int width = unicode_width(code, t->options.ambiguous_is_wide);
    if (width == 0) {
        join_cluster(t, code, 0);
        return;
    }
    if (may_join(t, code, properties) && join_cluster(t, code, width)) {
        t->last = code;
        return;
    }
    place_character(t, code, width);
    t->last = code;
    t->joinable = true;
}

/* REP. Beyond a screenful only the column it ends in is told apart. */
void act_repeat(struct term *t, const struct sequence *s)
{
    uint32_t code = t->last;
    int n = sequence_count(s, 0);
    int most = t->rows * t->cols;
    if (!code)
        return;
    int width = unicode_width(code, t->options.ambiguous_is_wide) == 2 ? 2 : 1;
    int columns = (t->right - t->left + 1) / width;
    if (n > most)
        n = most + (columns > 0 ? (n - most) % columns : 0);
    term_worked(t, (size_t)n * 4);
    for (int i = 0; i < n; i++)
        place_character(t, code, width);
}
