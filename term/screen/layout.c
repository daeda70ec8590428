/* The text as rows, and the scrollback laid out in the present width. */
#include "term/screen/layout.h"

#include "term/screen/state.h"

#include <stdlib.h>
#include <string.h>

static bool on_alternate(const struct term *t)
{
    return t->screen == &t->alternate;
}

uint64_t text_screen(const struct term *t)
{
    return on_alternate(t) ? ALTERNATE_ROW : history_end(t->history);
}

uint64_t text_first(const struct term *t)
{
    return on_alternate(t) ? ALTERNATE_ROW : history_first(t->history);
}

uint64_t text_end(const struct term *t)
{
    return text_screen(t) + (uint64_t)t->rows;
}

unsigned text_flags(const struct term *t, uint64_t row)
{
    if (row < text_screen(t))
        return history_flags(t->history, row);
    return t->screen->lines[row - text_screen(t)]->flags;
}

/* At least as many as text_row stores. */
static int text_length(const struct term *t, uint64_t row)
{
    return row < text_screen(t) ? history_length(t->history, row) : t->cols;
}

struct term_cell *scratch_cells(struct term *t, uint64_t row)
{
    int n = text_length(t, row);
    if (n >= t->scratch_slots) {
        struct term_cell *grown = realloc(t->scratch, ((size_t)n + 1) * sizeof(*grown));
        if (!grown)
            return NULL;
        t->scratch = grown;
        t->scratch_slots = n + 1;
    }
    return t->scratch;
}

int text_row(const struct term *t, uint64_t row, struct term_cell *out, unsigned *flags)
{
    unsigned size;
    if (row < text_screen(t))
        return history_get(t->history, row, out, TERM_COLS_MAX, flags, &size);
    const struct line *line = t->screen->lines[row - text_screen(t)];
    int n = line->flags & ROW_WRAPPED ? t->cols : line->used;
    *flags = line->flags;
    memcpy(out, line->cells, (size_t)n * sizeof(*out));
    return n;
}

int row_fit(const struct term_cell *cells, int n, int cols)
{
    if (n <= cols)
        return n;
    /* A wide character does not part from its right half. */
    if (cols > 1 && (cells[cols - 1].attr & TERM_WIDE))
        return cols - 1;
    return cols;
}

void chain_free(struct chain *c)
{
    free(c->cells);
    free(c->places);
    free(c->breaks);
    memset(c, 0, sizeof(*c));
}

static bool chain_room(struct chain *c, int n)
{
    if (c->length + n <= c->slots)
        return true;
    int slots = (c->length + n) * 2;
    struct term_cell *cells = realloc(c->cells, (size_t)slots * sizeof(*cells));
    if (cells)
        c->cells = cells;
    struct place *places = realloc(c->places, (size_t)slots * sizeof(*places));
    if (places)
        c->places = places;
    if (!cells || !places)
        return false;
    c->slots = slots;
    return true;
}

static bool chain_break(struct chain *c, int at)
{
    if (c->rows + 1 >= c->break_slots) {
        int slots = c->break_slots ? c->break_slots * 2 : 64;
        int *breaks = realloc(c->breaks, (size_t)slots * sizeof(*breaks));
        if (!breaks)
            return false;
        c->breaks = breaks;
        c->break_slots = slots;
    }
    c->breaks[c->rows] = at;
    return true;
}

static bool chain_lay_out(struct chain *c, int cols)
{
    int at = 0;
    c->rows = 0;
    do {
        if (!chain_break(c, at))
            return false;
        at += row_fit(c->cells + at, c->length - at, cols);
        c->rows++;
    } while (at < c->length);
    return chain_break(c, c->length);
}

static bool row_goes_on(unsigned flags)
{
    return (flags & ROW_WRAPPED) && !(flags & ROW_CUT);
}

/* Appends the cells of one row. */
static bool gather(struct chain *c, const struct term *t, uint64_t row, unsigned *flags)
{
    if (!chain_room(c, text_length(t, row) + 1))
        return false;
    int n = text_row(t, row, c->cells + c->length, flags);
    if ((*flags & ROW_WRAPPED) && n > 0 && c->cells[c->length + n - 1].ch == TERM_CH_SPACER)
        n--;
    for (int i = 0; i < n; i++)
        c->places[c->length + i] = (struct place){row, i};
    c->length += n;
    return true;
}

/* Lays out the line of text that scrollback row `row` belongs to. False when out of memory. */
static bool chain_load(struct chain *c, const struct term *t, uint64_t row)
{
    const struct history *h = t->history;
    unsigned flags;
    c->first = row;
    while (c->first > history_first(h) && row_goes_on(history_flags(h, c->first - 1)))
        c->first--;
    c->length = 0;
    c->end = c->first;
    do {
        if (!gather(c, t, c->end++, &flags))
            return false;
    } while (row_goes_on(flags) && c->end < history_end(h));
    return chain_lay_out(c, t->cols);
}

bool line_load(struct chain *c, const struct term *t, uint64_t row)
{
    unsigned flags;
    c->first = row;
    for (int i = 0; i < HISTORY_CHAIN_MAX && c->first > text_first(t); i++, c->first--) {
        if (!(text_flags(t, c->first - 1) & ROW_WRAPPED))
            break;
    }
    c->length = 0;
    c->end = c->first;
    do {
        if (!gather(c, t, c->end++, &flags))
            return false;
    } while ((flags & ROW_WRAPPED) && c->end < text_end(t) && c->end < row + HISTORY_CHAIN_MAX);
    return true;
}

/* --- Moving the view --- */

/* Keeps the place of the view inside what is left of the scrollback. */
static void clamp_view(struct term *t)
{
    if (t->scrolled && t->view_chain < history_first(t->history)) {
        t->view_chain = history_first(t->history);
        t->view_row = 0;
    }
    if (t->scrolled && t->view_chain >= history_end(t->history))
        t->scrolled = false;
}

static bool step_up(struct term *t, struct chain *c)
{
    if (t->scrolled && t->view_row > 0) {
        t->view_row--;
        return true;
    }
    uint64_t above = t->scrolled ? t->view_chain : history_end(t->history);
    if (above == history_first(t->history) || !chain_load(c, t, above - 1))
        return false;
    t->scrolled = true;
    t->view_chain = c->first;
    t->view_row = c->rows - 1;
    return true;
}

static bool step_down(struct term *t, struct chain *c)
{
    if (!t->scrolled)
        return false;
    if (c->end <= t->view_chain || c->first != t->view_chain) {
        if (!chain_load(c, t, t->view_chain))
            return false;
    }
    if (++t->view_row < c->rows)
        return true;
    t->view_row = 0;
    t->view_chain = c->end;
    t->scrolled = t->view_chain < history_end(t->history);
    return true;
}

bool term_scroll(struct term *t, int rows)
{
    struct chain c = {0};
    bool moved = false;
    if (on_alternate(t))
        return false;
    clamp_view(t);
    for (; rows < 0 && step_up(t, &c); rows++)
        moved = true;
    c.first = c.end = 0;
    for (; rows > 0 && step_down(t, &c); rows--)
        moved = true;
    chain_free(&c);
    if (moved)
        t->view_revision++;
    return moved;
}

void term_scroll_bottom(struct term *t)
{
    if (t->scrolled)
        t->view_revision++;
    t->scrolled = false;
}

void term_scroll_top(struct term *t)
{
    if (on_alternate(t) || history_first(t->history) == history_end(t->history))
        return;
    t->scrolled = true;
    t->view_chain = history_first(t->history);
    t->view_row = 0;
    t->view_revision++;
}

void view_show(struct term *t, uint64_t row)
{
    struct chain c = {0};
    if (row >= history_end(t->history)) {
        term_scroll_bottom(t);
        return;
    }
    if (chain_load(&c, t, row)) {
        t->scrolled = true;
        t->view_chain = c.first;
        t->view_row = 0;
        while (t->view_row + 1 < c.rows && c.places[c.breaks[t->view_row + 1]].row <= row)
            t->view_row++;
        t->view_revision++;
    }
    chain_free(&c);
}

void term_scroll_to(struct term *t, uint64_t above)
{
    if (!on_alternate(t))
        view_show(t, text_first(t) + above);
}

bool term_scroll_prompt(struct term *t, int direction)
{
    if (on_alternate(t))
        return false;
    clamp_view(t);
    uint64_t end = history_end(t->history);
    uint64_t row = t->scrolled ? t->view_chain : end;
    for (;;) {
        if (direction < 0 ? row == history_first(t->history) : row >= end)
            return false;
        row = direction < 0 ? row - 1 : row + 1;
        if (row < end && (history_flags(t->history, row) & ROW_PROMPT))
            break;
        if (row >= end) {
            term_scroll_bottom(t);
            return true;
        }
    }
    view_show(t, row);
    return true;
}

bool view_rows(struct term *t, struct view_row *out)
{
    struct chain c = {0};
    bool ok = true;
    int i = 0;
    clamp_view(t);
    if (t->scrolled) {
        uint64_t row = t->view_chain;
        int k = t->view_row;
        while (i < t->rows && row < history_end(t->history) && ok) {
            ok = chain_load(&c, t, row);
            if (!ok)
                break;
            if (k >= c.rows)
                k = c.rows - 1;
            for (; k < c.rows && i < t->rows; k++) {
                struct place p = {c.first, 0};
                if (c.breaks[k] < c.length)
                    p = c.places[c.breaks[k]];
                out[i++] = (struct view_row){p, c.breaks[k + 1] - c.breaks[k]};
            }
            k = 0;
            row = c.end;
        }
    }
    for (int k = 0; i < t->rows; k++)
        out[i++] = (struct view_row){{text_screen(t) + (uint64_t)k, 0}, t->cols};
    chain_free(&c);
    return ok;
}

int view_cells(struct term *t, const struct view_row *from, struct term_cell *out,
               struct place *places)
{
    uint64_t number = from->start.row;
    int col = from->start.col;
    int have = 0;
    while (have < from->length && number < text_end(t)) {
        unsigned flags;
        struct term_cell *row = scratch_cells(t, number);
        if (!row)
            return -1;
        int n = text_row(t, number, row, &flags);
        if ((flags & ROW_WRAPPED) && n > 0 && row[n - 1].ch == TERM_CH_SPACER &&
            number < text_screen(t))
            n--;
        for (; col < n && have < from->length; col++, have++) {
            out[have] = row[col];
            places[have] = (struct place){number, col};
        }
        if (number >= text_screen(t))
            break;
        number++;
        col = 0;
    }
    return have;
}
