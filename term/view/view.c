/* The picture for the renderer: what the terminal shows, copied under its lock into a grid that
 * the UI thread then reads at leisure. */
#include "term/screen/layout.h"
#include "term/screen/select.h"
#include "term/screen/state.h"
#include "term/screen/tables.h"
#include "term/search/marks.h"
#include "term/view/grid.h"

#include <stdlib.h>
#include <string.h>

#define MARK_WORK 4000000 /* of an update: about as many nanoseconds */

/* What a row of the view shows, told apart without looking at cells. */
struct row_key {
    uint64_t stamp; /* of a row of the screen; else 0 and the place in the scrollback */
    struct place start;
    int length;
};

struct view_line {
    struct row_key key;
    bool changed;
    uint8_t size;
    uint32_t *codes; /* length, code points, length ... of the row's clusters */
    int code_count, code_slots;
    struct term_extra *extras; /* of the row's cells, whose numbers count them from 1 */
    int extra_count, extra_slots;
    uint32_t extra_last; /* the terminal's number of the last one */
};

struct term_view {
    const struct grid_type *type;
    struct grid *grid;
    int rows, cols;
    struct view_line *lines;
    struct view_row *layout; /* scratch */
    struct place *places;    /* scratch */
    struct term_cell *cells; /* scratch */
    uint8_t *marks;          /* scratch */
    int mark_work;           /* left of this update */
    bool unmarked;           /* not all results of the search are marked */
    bool fetched;
    uint64_t selection_revision, view_revision, layout_revision, palette_revision;
    uint64_t of; /* the terminal's serial number */
    struct term_cursor cursor;
    bool reverse, bold_is_bright;
    uint32_t palette[256];
    uint32_t foreground, background, cursor_color;
    uint64_t above, below;
};

static struct term_view *view_new(const struct grid_type *type)
{
    struct term_view *v = type ? calloc(1, sizeof(*v)) : NULL;
    if (!v)
        return NULL;
    v->type = type;
    v->grid = type->create();
    if (!v->grid) {
        free(v);
        return NULL;
    }
    return v;
}

struct term_view *term_view_new(void)
{
    return view_new(grid_default());
}

struct term_view *term_view_new_with(enum term_grid_kind kind)
{
    return view_new(grid_of_kind(kind));
}

static void lines_free(struct term_view *v)
{
    for (int i = 0; v->lines && i < v->rows; i++) {
        free(v->lines[i].codes);
        free(v->lines[i].extras);
    }
    free(v->lines);
    free(v->layout);
    free(v->places);
    free(v->cells);
    free(v->marks);
    v->lines = NULL;
    v->layout = NULL;
    v->places = NULL;
    v->cells = NULL;
    v->marks = NULL;
    v->rows = v->cols = 0;
}

void term_view_free(struct term_view *v)
{
    if (!v)
        return;
    lines_free(v);
    v->type->destroy(v->grid);
    free(v);
}

static bool view_resize(struct term_view *v, int rows, int cols)
{
    lines_free(v);
    if (!v->type->resize(v->grid, rows, cols))
        return false;
    v->lines = calloc((size_t)rows, sizeof(*v->lines));
    v->layout = calloc((size_t)rows, sizeof(*v->layout));
    v->places = calloc((size_t)cols, sizeof(*v->places));
    v->cells = calloc((size_t)cols, sizeof(*v->cells));
    v->marks = calloc(TERM_COLS_MAX, 1);
    if (!v->lines || !v->layout || !v->places || !v->cells || !v->marks) {
        lines_free(v);
        return false;
    }
    v->rows = rows;
    v->cols = cols;
    return true;
}

/* Replaces the number of a cluster in the terminal's table by one of this row. */
static bool own_cluster(struct view_line *line, const struct term *t, struct term_cell *cell)
{
    uint32_t codes[CLUSTER_CODES_MAX];
    int n = cell_codes(t, cell->ch, codes);
    if (line->code_count + n + 1 > line->code_slots) {
        int slots = (line->code_count + n + 1) * 2;
        uint32_t *grown = realloc(line->codes, (size_t)slots * sizeof(*grown));
        if (!grown)
            return false;
        line->codes = grown;
        line->code_slots = slots;
    }
    cell->ch = TERM_CH_CLUSTER | (uint32_t)line->code_count;
    line->codes[line->code_count++] = (uint32_t)n;
    memcpy(line->codes + line->code_count, codes, (size_t)n * sizeof(*codes));
    line->code_count += n;
    return true;
}

/* The same for links and underline colours; neighbours mostly share them. */
static bool own_extra(struct view_line *line, const struct term *t, struct term_cell *cell)
{
    uint32_t number = cell->attr >> TERM_EXTRA_SHIFT;
    bool shared = line->extra_count > 0 && line->extra_last == number;
    if (!shared && line->extra_count == line->extra_slots) {
        int slots = line->extra_slots ? line->extra_slots * 2 : 8;
        void *grown = realloc(line->extras, (size_t)slots * sizeof(*line->extras));
        if (!grown)
            return false;
        line->extras = grown;
        line->extra_slots = slots;
    }
    if (!shared)
        line->extras[line->extra_count++] = extra_get(t, cell->attr);
    line->extra_last = number;
    cell->attr &= ~TERM_EXTRA_MASK;
    cell->attr |= (uint32_t)line->extra_count << TERM_EXTRA_SHIFT;
    return true;
}

/* Sets the marks of selection and search on the cells of a row. */
static void mark_row(struct term_view *v, struct term *t, int n)
{
    uint64_t row = UINT64_MAX;
    int from = 0, to = 0;
    bool searching = t->search.pattern.length > 0;
    for (int i = 0; i < n; i++) {
        struct place p = v->places[i];
        if (p.row != row) {
            row = p.row;
            if (!selection_columns(t, row, &from, &to))
                from = to = 0;
            if (searching && !marks_row(t, row, v->marks, TERM_COLS_MAX, &v->mark_work))
                v->unmarked = true;
        }
        /* The right half of a wide character goes with the left one. */
        bool half = i > 0 && v->cells[i].ch == TERM_CH_TAIL;
        if (half ? v->cells[i - 1].attr & TERM_SELECTED : p.col >= from && p.col < to)
            v->cells[i].attr |= TERM_SELECTED;
        /* Blanks behind the text are in no column of a row. */
        if (!searching || v->cells[i].ch == TERM_CH_SPACER || p.col >= TERM_COLS_MAX)
            continue;
        uint8_t found = v->marks[p.col - (p.col > 0 && v->cells[i].ch == TERM_CH_TAIL)];
        if (found)
            v->cells[i].attr |= found == MARK_CURRENT ? TERM_MATCHED | TERM_CURRENT : TERM_MATCHED;
    }
}

/* Copies what one row shows into the grid. False when out of memory. */
static bool compose_row(struct term_view *v, struct term *t, int row)
{
    struct view_line *line = &v->lines[row];
    const struct view_row *from = &v->layout[row];
    int n = view_cells(t, from, v->cells, v->places);
    if (n < 0)
        return false;
    if (n < v->cols) {
        memset(v->cells + n, 0, (size_t)(v->cols - n) * sizeof(*v->cells));
        /* Blanks behind the text of a screen row can be selected too. */
        struct place last = n ? v->places[n - 1] : from->start;
        for (int i = n; i < v->cols; i++)
            v->places[i] = (struct place){last.row, n ? last.col + 1 + i - n : i};
    }
    for (int i = 0; i < n; i++)
        v->cells[i].attr &= ~TERM_CURRENT;
    if (t->selection.active || t->search.pattern.length)
        mark_row(v, t, v->cols);
    line->code_count = line->extra_count = 0;
    for (int i = 0; i < n; i++) {
        struct term_cell *cell = &v->cells[i];
        if ((cell->ch & TERM_CH_CLUSTER) && !own_cluster(line, t, cell))
            return false;
        if ((cell->attr & TERM_EXTRA_MASK) && !own_extra(line, t, cell))
            return false;
    }
    line->size = TERM_LINE_SINGLE;
    if (from->start.row >= text_screen(t))
        line->size = t->screen->lines[from->start.row - text_screen(t)]->size;
    v->type->put(v->grid, row, v->cells);
    return true;
}

static struct row_key key_of(const struct term *t, const struct view_row *from)
{
    if (from->start.row < text_screen(t))
        return (struct row_key){0, from->start, from->length};
    return (struct row_key){t->screen->lines[from->start.row - text_screen(t)]->stamp, {0, 0}, 0};
}

static bool same_key(const struct row_key *a, const struct row_key *b)
{
    return a->stamp == b->stamp && a->start.row == b->start.row && a->start.col == b->start.col &&
           a->length == b->length;
}

static bool update_cursor(struct term_view *v, const struct term *t)
{
    static const uint8_t shapes[7] = {0, 0, 0, 1, 1, 2, 2};
    struct term_cursor c = {.row = t->cursor.row, .col = t->cursor.col, .focused = t->focused};
    for (int i = 0; t->scrolled && i < t->rows; i++)
        c.row += v->layout[i].start.row < text_screen(t);
    c.shape = shapes[t->cursor_shape];
    c.blinking = t->mode[MODE_CURSOR_BLINK];
    c.visible = t->mode[MODE_CURSOR_VISIBLE] && c.row < t->rows;
    if (c.row >= t->rows)
        c.row = t->rows - 1;
    bool changed = c.row != v->cursor.row || c.col != v->cursor.col || c.shape != v->cursor.shape ||
                   c.visible != v->cursor.visible || c.blinking != v->cursor.blinking ||
                   c.focused != v->cursor.focused;
    v->cursor = c;
    return changed;
}

static bool update_colors(struct term_view *v, const struct term *t)
{
    if (v->palette_revision == t->palette_revision && v->reverse == t->mode[MODE_REVERSE])
        return false;
    memcpy(v->palette, t->palette, sizeof(v->palette));
    v->foreground = t->dynamic[DYNAMIC_FOREGROUND];
    v->background = t->dynamic[DYNAMIC_BACKGROUND];
    v->cursor_color = t->dynamic[DYNAMIC_CURSOR];
    v->reverse = t->mode[MODE_REVERSE];
    v->bold_is_bright = t->options.bold_is_bright;
    v->palette_revision = t->palette_revision;
    return true;
}

static bool rows_changed(const struct term_view *v, const struct term *t)
{
    for (int i = 0; i < t->rows; i++) {
        struct row_key key = key_of(t, &v->layout[i]);
        if (!same_key(&v->lines[i].key, &key))
            return true;
    }
    return false;
}

bool term_view_update(struct term_view *v, struct term *t, bool force)
{
    for (int i = 0; i < v->rows; i++)
        v->lines[i].changed = false;
    if (t->mode[MODE_SYNCHRONIZED] && !force)
        return false;
    selection_check(t);
    bool all = v->of != t->serial || v->selection_revision != t->selection.revision ||
               v->view_revision != t->view_revision || v->layout_revision != t->layout_revision;
    if (v->rows != t->rows || v->cols != t->cols) {
        if (!view_resize(v, t->rows, t->cols))
            return false;
        all = true;
    }
    if (!view_rows(t, v->layout))
        return false;
    /* A result of the search may reach over rows: one that changes can change its neighbours. */
    bool searching = t->search.pattern.length > 0;
    if (searching)
        all = all || v->unmarked || rows_changed(v, t);
    v->unmarked = false;
    v->mark_work = MARK_WORK;
    if (searching && all)
        marks_begin(&t->search);
    bool repaint = update_colors(v, t);
    bool any = all || repaint;
    for (int i = 0; i < t->rows; i++) {
        struct view_line *line = &v->lines[i];
        struct row_key key = key_of(t, &v->layout[i]);
        line->changed = repaint;
        if (!all && same_key(&line->key, &key))
            continue;
        line->changed = any = true;
        line->key = key;
        if (!compose_row(v, t, i))
            line->key.stamp = UINT64_MAX; /* no such row: tried again */
    }
    if (searching && all)
        marks_end(&t->search);
    v->fetched = false;
    v->of = t->serial;
    v->selection_revision = t->selection.revision;
    v->view_revision = t->view_revision;
    v->layout_revision = t->layout_revision;
    uint64_t top = v->layout[0].start.row;
    v->above = top - text_first(t);
    v->below = t->scrolled ? text_screen(t) - top : 0;
    return update_cursor(v, t) || any;
}

bool term_view_unfinished(const struct term_view *v)
{
    return v->unmarked;
}

int term_view_rows(const struct term_view *v)
{
    return v->rows;
}

int term_view_cols(const struct term_view *v)
{
    return v->cols;
}

const struct term_cell *term_view_row(struct term_view *v, int row)
{
    if (!v->fetched)
        v->fetched = v->type->fetch(v->grid);
    return v->type->row(v->grid, row);
}

bool term_view_changed(const struct term_view *v, int row)
{
    return v->lines[row].changed;
}

enum term_line_size term_view_line_size(const struct term_view *v, int row)
{
    return (enum term_line_size)v->lines[row].size;
}

size_t term_view_text(const struct term_view *v, int row, const struct term_cell *cell,
                      uint32_t *out, size_t capacity)
{
    uint32_t ch = cell->ch;
    if (ch == TERM_CH_EMPTY || ch == TERM_CH_TAIL || ch == TERM_CH_SPACER || capacity == 0)
        return 0;
    if (!(ch & TERM_CH_CLUSTER)) {
        out[0] = ch;
        return 1;
    }
    const uint32_t *codes = v->lines[row].codes + TERM_CH_INDEX(ch);
    size_t n = codes[0] < capacity ? codes[0] : capacity;
    memcpy(out, codes + 1, n * sizeof(*out));
    return n;
}

struct term_extra term_view_extra(const struct term_view *v, int row, const struct term_cell *cell)
{
    uint32_t number = cell->attr >> TERM_EXTRA_SHIFT;
    const struct view_line *line = &v->lines[row];
    if (number == 0 || number > (uint32_t)line->extra_count)
        return (struct term_extra){0};
    return line->extras[number - 1];
}

struct term_cursor term_view_cursor(const struct term_view *v)
{
    return v->cursor;
}

uint32_t term_view_color(const struct term_view *v, uint32_t color, uint32_t fallback)
{
    if (TERM_COLOR_KIND(color) == TERM_COLOR_RGB)
        return TERM_COLOR_VALUE(color);
    if (TERM_COLOR_KIND(color) == TERM_COLOR_PALETTE)
        return v->palette[color & 255];
    return fallback;
}

/* Two thirds of the way from the background. */
static uint32_t dimmed(uint32_t fg, uint32_t bg)
{
    uint32_t out = 0;
    for (int shift = 0; shift < 24; shift += 8)
        out |= ((fg >> shift & 255) * 2 + (bg >> shift & 255)) / 3 << shift;
    return out;
}

void term_view_colors(const struct term_view *v, const struct term_cell *cell, uint32_t *fg,
                      uint32_t *bg)
{
    uint32_t color = cell->fg;
    if (v->bold_is_bright && (cell->attr & TERM_BOLD) &&
        TERM_COLOR_KIND(color) == TERM_COLOR_PALETTE && (color & 255) < 8)
        color += 8;
    uint32_t front = term_view_color(v, color, term_view_foreground(v));
    uint32_t back = term_view_color(v, cell->bg, term_view_background(v));
    if (cell->attr & TERM_INVERSE) {
        uint32_t swap = front;
        front = back;
        back = swap;
    }
    if (cell->attr & TERM_DIM)
        front = dimmed(front, back);
    if (cell->attr & TERM_CONCEAL)
        front = back;
    *fg = front;
    *bg = back;
}

uint32_t term_view_foreground(const struct term_view *v)
{
    return v->reverse ? v->background : v->foreground;
}

uint32_t term_view_background(const struct term_view *v)
{
    return v->reverse ? v->foreground : v->background;
}

uint32_t term_view_cursor_color(const struct term_view *v)
{
    return v->cursor_color;
}

void term_view_scrolled(const struct term_view *v, uint64_t *above, uint64_t *below)
{
    *above = v->above;
    *below = v->below;
}
