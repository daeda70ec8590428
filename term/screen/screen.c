/* Rows of a screen: blanks, copies, wide characters cut in two, scrolling. */
#include "term/screen/screen.h"

#include "term/screen/state.h"

#include <stdlib.h>
#include <string.h>

struct line *line_new(int cols)
{
    return calloc(1, sizeof(struct line) + (size_t)cols * sizeof(struct term_cell));
}

void screen_free(struct screen *s, int rows)
{
    for (int i = 0; s->lines && i < rows; i++)
        free(s->lines[i]);
    free(s->lines);
    s->lines = NULL;
}

bool screen_new(struct screen *s, int rows, int cols)
{
    s->lines = calloc((size_t)rows, sizeof(*s->lines));
    if (!s->lines)
        return false;
    for (int i = 0; i < rows; i++) {
        s->lines[i] = line_new(cols);
        if (!s->lines[i]) {
            screen_free(s, rows);
            return false;
        }
    }
    return true;
}

struct term_cell blank_cell(const struct term *t)
{
    return (struct term_cell){.bg = t->cursor.pen.bg};
}

void line_clear(struct term *t, struct line *line)
{
    term_worked(t, (size_t)line->used + 8);
    memset(line->cells, 0, (size_t)line->used * sizeof(*line->cells));
    line->used = 0;
    line->flags = 0;
    line->size = TERM_LINE_SINGLE;
    line_touch(t, line);
}

/* A half of a wide character becomes a blank with its own background. */
static void make_blank(struct term_cell *cell)
{
    *cell = (struct term_cell){.bg = cell->bg};
}

void line_split(struct line *line, int cols, int col)
{
    if (!(line->flags & ROW_WIDE) || col <= 0 || col >= cols)
        return;
    if (line->cells[col].ch != TERM_CH_TAIL)
        return;
    make_blank(&line->cells[col - 1]);
    make_blank(&line->cells[col]);
}

void line_wrote(struct line *line, int at, int n)
{
    int end = at + n;
    if (end > line->used)
        line->used = end;
    for (int i = at; i < end; i++) {
        const struct term_cell *cell = &line->cells[i];
        if (cell->ch >= 0x80 || cell->fg || cell->bg || cell->attr)
            line->flags |= ROW_RICH;
        if (cell->attr & TERM_WIDE)
            line->flags |= ROW_WIDE;
    }
}

void text_begins(struct term *t, int row)
{
    if (row > 0)
        term_line(t, row - 1)->flags &= ~ROW_WRAPPED;
    else if (t->screen == &t->normal)
        history_end_text(t->history);
}

void line_trim(struct line *line)
{
    static const struct term_cell zero;
    while (line->used > 0 && memcmp(&line->cells[line->used - 1], &zero, sizeof(zero)) == 0)
        line->used--;
}

void line_fill(struct term *t, struct line *line, int from, int to, struct term_cell cell)
{
    term_worked(t, (size_t)(to - from) / 2 + 8);
    line_split(line, t->cols, from);
    line_split(line, t->cols, to);
    bool zero = !cell.ch && !cell.fg && !cell.bg && !cell.attr;
    if (zero && to >= line->used) {
        if (from < line->used) {
            memset(line->cells + from, 0, (size_t)(line->used - from) * sizeof(cell));
            line->used = from;
            line_trim(line);
        }
        if (from == 0)
            line->flags &= ROW_WRAPPED | ROW_PROMPT | ROW_OUTPUT;
    } else {
        for (int i = from; i < to; i++)
            line->cells[i] = cell;
        if (to > line->used)
            line->used = to;
        if (cell.ch >= 0x80 || cell.fg || cell.bg || cell.attr)
            line->flags |= ROW_RICH;
    }
    if (to >= t->cols)
        line->flags &= ~ROW_WRAPPED;
    line_touch(t, line);
}

void line_copy(struct term *t, struct line *to, int at, const struct line *from, int start, int n)
{
    if (n <= 0)
        return;
    term_worked(t, (size_t)n + 8);
    /* Wide characters that the ends of the target cut lose their other halves, but only after
     * the move: in the same row they may be part of the source. */
    bool cut_left = at > 0 && to->cells[at].ch == TERM_CH_TAIL;
    bool cut_right = at + n < t->cols && to->cells[at + n].ch == TERM_CH_TAIL;
    memmove(to->cells + at, from->cells + start, (size_t)n * sizeof(*to->cells));
    if (cut_left)
        make_blank(&to->cells[at - 1]);
    if (cut_right)
        make_blank(&to->cells[at + n]);
    /* A wide character at either end of the source that came over in part is a blank here. */
    if (to->cells[at].ch == TERM_CH_TAIL)
        make_blank(&to->cells[at]);
    if (to->cells[at + n - 1].attr & TERM_WIDE)
        make_blank(&to->cells[at + n - 1]);
    line_wrote(to, at, n);
    line_trim(to);
    if (at + n >= t->cols)
        to->flags &= ~ROW_WRAPPED;
    line_touch(t, to);
}

/* Puts a row of the normal screen into the scrollback. */
static void line_save(struct term *t, const struct line *line)
{
    int n = line->used;
    if (line->flags & ROW_WRAPPED)
        n = t->cols;
    history_push(t->history, line->cells, n, line->flags, line->size);
}

/* Whole rows move by exchanging pointers. */
static void rotate_up(struct term *t, int top, int bottom, int n, bool keep)
{
    struct line **lines = t->screen->lines;
    struct term_cell blank = blank_cell(t);
    for (int i = 0; i < n; i++) {
        struct line *line = lines[top];
        if (keep)
            line_save(t, line);
        term_worked(t, (size_t)(bottom - top) / 4);
        memmove(lines + top, lines + top + 1, (size_t)(bottom - top) * sizeof(*lines));
        lines[bottom] = line;
        line_clear(t, line);
        if (blank.bg)
            line_fill(t, line, 0, t->cols, blank);
    }
}

static void rotate_down(struct term *t, int top, int bottom, int n)
{
    struct line **lines = t->screen->lines;
    struct term_cell blank = blank_cell(t);
    for (int i = 0; i < n; i++) {
        struct line *line = lines[bottom];
        term_worked(t, (size_t)(bottom - top) / 4);
        memmove(lines + top + 1, lines + top, (size_t)(bottom - top) * sizeof(*lines));
        lines[top] = line;
        line_clear(t, line);
        if (blank.bg)
            line_fill(t, line, 0, t->cols, blank);
    }
}

/* Between left and right margins the cells themselves move. */
static void move_part(struct term *t, int top, int bottom, int left, int right, int n)
{
    int height = bottom - top + 1;
    int width = right - left + 1;
    int moved = height - (n > 0 ? n : -n);
    for (int i = 0; i < moved; i++) {
        int to = n > 0 ? top + i : bottom - i;
        line_copy(t, term_line(t, to), left, term_line(t, to + n), left, width);
    }
    for (int i = moved; i < height; i++) {
        int row = n > 0 ? top + i : bottom - i;
        line_fill(t, term_line(t, row), left, right + 1, blank_cell(t));
    }
}

void scroll_rows(struct term *t, int top, int bottom, int left, int right, int n, bool keep)
{
    int height = bottom - top + 1;
    if (n == 0 || height <= 0)
        return;
    if (n > height)
        n = height;
    if (n < -height)
        n = -height;
    if (left > 0 || right < t->cols - 1) {
        move_part(t, top, bottom, left, right, n);
        return;
    }
    keep = keep && top == 0 && t->screen == &t->normal;
    /* Text no longer goes on across the edges of what moves. */
    if (!keep || n < 0)
        text_begins(t, top);
    if (n > 0) {
        if (bottom < t->rows - 1)
            term_line(t, bottom)->flags &= ~ROW_WRAPPED;
        if (!keep && top + n <= bottom)
            term_line(t, top + n - 1)->flags &= ~ROW_WRAPPED;
        rotate_up(t, top, bottom, n, keep);
    } else {
        term_line(t, bottom + n >= top ? bottom + n : top)->flags &= ~ROW_WRAPPED;
        rotate_down(t, top, bottom, -n);
    }
}

void use_screen(struct term *t, struct screen *s)
{
    if (t->screen == s)
        return;
    t->screen = s;
    term_worked(t, (size_t)t->rows);
    for (int i = 0; i < t->rows; i++)
        line_touch(t, s->lines[i]);
    term_select_clear(t);
    term_scroll_bottom(t);
}
