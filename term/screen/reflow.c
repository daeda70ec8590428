/* A new size. Lines of text on the normal screen are wrapped anew, together with those rows of
 * the scrollback that they begin in; the rest of the scrollback is laid out when it is looked at
 * (layout.c). The alternate screen is cut or extended: its program draws it again. */
#include "term/screen/layout.h"
#include "term/screen/screen.h"
#include "term/screen/state.h"

#include <stdlib.h>
#include <string.h>

/* A row while it is between screens: cells and flags, as rows of the scrollback have them. */
struct loose {
    struct term_cell *cells;
    int length;
    unsigned flags;
    uint8_t size;
};

/* The rows being laid out and the cell of them the cursor is on. */
struct reflow {
    struct loose *rows;
    int count, slots;
    int cursor_row, cursor_col;
};

static bool add_row(struct reflow *r, const struct term_cell *cells, int length, unsigned flags,
                    unsigned size)
{
    if (r->count == r->slots) {
        int slots = r->slots ? r->slots * 2 : 64;
        struct loose *grown = realloc(r->rows, (size_t)slots * sizeof(*grown));
        if (!grown)
            return false;
        r->rows = grown;
        r->slots = slots;
    }
    struct term_cell *copy = malloc((size_t)(length + 1) * sizeof(*copy));
    if (!copy)
        return false;
    memcpy(copy, cells, (size_t)length * sizeof(*copy));
    r->rows[r->count++] = (struct loose){copy, length, flags, (uint8_t)size};
    return true;
}

static void reflow_release(struct reflow *r)
{
    for (int i = 0; i < r->count; i++)
        free(r->rows[i].cells);
    free(r->rows);
    memset(r, 0, sizeof(*r));
}

/* Collects the end of the scrollback (rows from `from` on) and the screen down to its last row
 * that holds anything. */
static bool collect_row(struct term *t, struct reflow *r, uint64_t from)
{
    for (uint64_t id = from; id < history_end(t->history); id++) {
        unsigned flags, size;
        struct term_cell *cells = scratch_cells(t, id);
        if (!cells)
            return false;
        int n = history_get(t->history, id, cells, TERM_COLS_MAX, &flags, &size);
        if (!add_row(r, cells, n, flags & ~ROW_CUT, size))
            return false;
    }
    const struct cursor *c = t->screen == &t->normal ? &t->cursor : &t->normal.saved;
    int last = c->row;
    for (int i = t->rows - 1; i > last; i--) {
        if (t->normal.lines[i]->used || t->normal.lines[i]->size)
            last = i;
    }
    r->cursor_row = r->count + c->row;
    r->cursor_col = c->col + (c->pending ? 1 : 0);
    for (int i = 0; i <= last; i++) {
        const struct line *line = t->normal.lines[i];
        int n = line->flags & ROW_WRAPPED ? t->cols : line->used;
        if (!add_row(r, line->cells, n, line->flags, line->size))
            return false;
    }
    return true;
}

/* One line of text: rows [from, to) of `in`, without spacers, in a row of memory. */
static struct term_cell *join_rows(const struct reflow *in, int from, int to, int *length,
                                   int *cursor)
{
    size_t room = 1 + (size_t)in->cursor_col;
    for (int i = from; i < to; i++)
        room += (size_t)in->rows[i].length;
    struct term_cell *cells = malloc(room * sizeof(*cells));
    int n = 0;
    *cursor = -1;
    for (int i = from; cells && i < to; i++) {
        const struct loose *row = &in->rows[i];
        int k = row->length;
        if ((row->flags & ROW_WRAPPED) && k > 0 && row->cells[k - 1].ch == TERM_CH_SPACER)
            k--;
        if (i == in->cursor_row)
            *cursor = n + in->cursor_col;
        memcpy(cells + n, row->cells, (size_t)k * sizeof(*cells));
        n += k;
        /* The cursor may be beyond the end of what is wrapped: what is before it counts as text. */
        for (int end = *cursor + (k == 0); i > from && i == in->cursor_row && n < end; n++)
            cells[n] = (struct term_cell){0};
    }
    *length = n;
    return cells;
}

/* Wraps one line of text into rows of the new width. */
static bool wrap_line(struct reflow *out, struct term_cell *cells, int length, int cursor, int cols,
                      unsigned flags, unsigned size)
{
    int at = 0;
    unsigned first = flags & (ROW_PROMPT | ROW_OUTPUT);
    do {
        int n = row_fit(cells + at, length - at, cols);
        bool more = at + n < length;
        if (cursor >= at && (cursor < at + n || !more)) {
            out->cursor_row = out->count;
            out->cursor_col = cursor - at;
        }
        unsigned f = (flags & (ROW_RICH | ROW_WIDE)) | first | (more ? ROW_WRAPPED : 0);
        if (!add_row(out, cells + at, n, f, size))
            return false;
        struct loose *row = &out->rows[out->count - 1];
        if (more && n < cols) {
            /* The room was one too few for a wide character. */
            row->cells[n] = (struct term_cell){.ch = TERM_CH_SPACER};
            row->length++;
            row->flags |= ROW_RICH;
        }
        at += n;
        first = 0;
    } while (at < length);
    return true;
}

/* Whether row `i` has more of the text of the row before it. An empty row, unless the cursor is
 * there to go on, is one of its own, which must not go away. */
static bool reflow_goes_on(const struct reflow *in, int i)
{
    return i < in->count && (in->rows[i - 1].flags & ROW_WRAPPED) &&
           (in->rows[i].length > 0 || i == in->cursor_row);
}

static bool wrap_all(const struct reflow *in, struct reflow *out, int cols)
{
    for (int from = 0; from < in->count;) {
        int to = from;
        unsigned flags = 0;
        do {
            flags |= in->rows[to].flags;
            to++;
        } while (reflow_goes_on(in, to));
        int length, cursor;
        struct term_cell *cells = join_rows(in, from, to, &length, &cursor);
        bool ok = cells && wrap_line(out, cells, length, cursor, cols, flags, in->rows[from].size);
        free(cells);
        if (!ok)
            return false;
        from = to;
    }
    return true;
}

static struct line *line_from(const struct loose *row, int cols, uint64_t stamp)
{
    struct line *line = line_new(cols);
    if (!line)
        return NULL;
    int n = row->length < cols ? row->length : cols;
    memcpy(line->cells, row->cells, (size_t)n * sizeof(*line->cells));
    line->used = n;
    line_trim(line);
    line->flags = row->flags & (ROW_WRAPPED | ROW_RICH | ROW_WIDE | ROW_PROMPT | ROW_OUTPUT);
    line->size = row->size;
    line->stamp = stamp;
    return line;
}

/* Makes the screen of the last rows; `start` is the row that becomes the first of it. */
static bool fill_screen(struct term *t, struct screen *s, const struct reflow *r, int start,
                        int rows, int cols)
{
    s->lines = calloc((size_t)rows, sizeof(*s->lines));
    if (!s->lines)
        return false;
    for (int i = 0; i < rows; i++) {
        int k = start + i;
        s->lines[i] = k < r->count ? line_from(&r->rows[k], cols, ++t->stamp) : line_new(cols);
        if (!s->lines[i]) {
            screen_free(s, rows);
            return false;
        }
        s->lines[i]->stamp = ++t->stamp;
    }
    return true;
}

/* The same rows, cut or extended on the right, and at the bottom (or at the top, where the
 * cursor would be lost). */
static bool crop(struct term *t, const struct screen *from, struct screen *to, int rows, int cols,
                 int drop)
{
    to->lines = calloc((size_t)rows, sizeof(*to->lines));
    if (!to->lines)
        return false;
    for (int i = 0; i < rows; i++) {
        struct line *line = line_new(cols);
        if (!line) {
            screen_free(to, rows);
            return false;
        }
        to->lines[i] = line;
        line->stamp = ++t->stamp;
        if (i + drop >= t->rows)
            continue;
        const struct line *old = from->lines[i + drop];
        line->used = old->used < cols ? old->used : cols;
        line->flags = old->flags & (cols == t->cols ? 0xffu : ~ROW_WRAPPED);
        line->size = old->size;
        memcpy(line->cells, old->cells, (size_t)line->used * sizeof(*line->cells));
        if (line->used == cols && cols < t->cols && (line->cells[cols - 1].attr & TERM_WIDE))
            line->cells[cols - 1] = (struct term_cell){.bg = line->cells[cols - 1].bg};
    }
    return true;
}

static void place_cursor(struct cursor *c, int row, int col, int rows, int cols)
{
    c->pending = c->pending && col >= cols;
    c->row = row < 0 ? 0 : row >= rows ? rows - 1 : row;
    c->col = col < 0 ? 0 : col >= cols ? cols - 1 : col;
}

/* The row of the scrollback to take back from: at another width at least the beginning of the line
 * of text that goes on on the screen, and, where the full screen gets room, as many as could fill
 * it. */
static uint64_t take_from(const struct term *t, int rows, int cols)
{
    const struct history *h = t->history;
    uint64_t from = history_end(h);
    const struct line *last = t->normal.lines[t->rows - 1];
    const struct cursor *c = t->screen == &t->normal ? &t->cursor : &t->normal.saved;
    bool full = last->used || last->size || c->row == t->rows - 1;
    int64_t wanted = 0;
    if (full && rows > t->rows)
        wanted += rows - t->rows;
    if (full && cols > t->cols)
        wanted += (int64_t)rows * (cols / t->cols + 1);
    while (from > history_first(h)) {
        unsigned flags = history_flags(h, from - 1);
        bool inside = cols != t->cols && (flags & ROW_WRAPPED) && !(flags & ROW_CUT);
        if (!inside && wanted <= 0)
            break;
        from--;
        wanted--;
    }
    return from;
}

struct resized {
    struct screen normal, alternate;
    struct reflow rows;
    uint64_t from; /* rows of the scrollback from here on are replaced */
    int start;     /* rows before this one go into it */
};

static bool reflow_prepare(struct term *t, struct resized *n, int rows, int cols)
{
    struct reflow in = {0};
    n->from = take_from(t, rows, cols);
    bool ok = collect_row(t, &in, n->from) && wrap_all(&in, &n->rows, cols);
    reflow_release(&in);
    if (!ok)
        return false;
    n->start = n->rows.count > rows ? n->rows.count - rows : 0;
    if (n->start > n->rows.cursor_row)
        n->start = n->rows.cursor_row;
    int drop = 0;
    if (t->screen == &t->alternate && t->cursor.row >= rows)
        drop = t->cursor.row - rows + 1;
    return fill_screen(t, &n->normal, &n->rows, n->start, rows, cols) &&
           crop(t, &t->alternate, &n->alternate, rows, cols, drop);
}

static void reflow_commit(struct term *t, struct resized *n, int rows, int cols)
{
    while (history_end(t->history) > n->from)
        history_pop(t->history);
    for (int i = 0; i < n->start; i++) {
        const struct loose *row = &n->rows.rows[i];
        history_push(t->history, row->cells, row->length, row->flags, row->size);
    }
    screen_free(&t->normal, t->rows);
    screen_free(&t->alternate, t->rows);
    t->normal.lines = n->normal.lines;
    t->alternate.lines = n->alternate.lines;
    int row = n->rows.cursor_row - n->start, col = n->rows.cursor_col;
    if (t->screen == &t->normal) {
        place_cursor(&t->cursor, row, col, rows, cols);
        place_cursor(&t->normal.saved, t->normal.saved.row, t->normal.saved.col, rows, cols);
    } else {
        int down = t->cursor.row >= rows ? rows - 1 : t->cursor.row;
        place_cursor(&t->cursor, down, t->cursor.col, rows, cols);
        t->cursor.pending = false;
        place_cursor(&t->normal.saved, row, col, rows, cols);
    }
    t->normal.saved.pending = false;
    place_cursor(&t->alternate.saved, t->alternate.saved.row, t->alternate.saved.col, rows, cols);
    t->alternate.saved.pending = false;
    t->rows = rows;
    t->cols = cols;
}

bool term_resize(struct term *t, int rows, int cols)
{
    rows = rows < 1 ? 1 : rows > TERM_ROWS_MAX ? TERM_ROWS_MAX : rows;
    cols = cols < 1 ? 1 : cols > TERM_COLS_MAX ? TERM_COLS_MAX : cols;
    if (rows == t->rows && cols == t->cols)
        return true;
    struct resized n = {0};
    bool ok = reflow_prepare(t, &n, rows, cols);
    if (ok) {
        term_select_clear(t);
        reflow_commit(t, &n, rows, cols);
        t->top = t->left = 0;
        t->bottom = rows - 1;
        t->right = cols - 1;
        t->cursor.origin = false;
        t->joinable = false;
        t->layout_revision++;
        /* Rows before these are the same as ever. */
        t->search.found = t->search.found && t->search.at.row < n.from;
    } else {
        screen_free(&n.normal, rows);
        screen_free(&n.alternate, rows);
    }
    reflow_release(&n.rows);
    return ok;
}
