/* Selection: what the mouse marked, and its text. */
#include "term/screen/select.h"

#include "term/screen/address.h"
#include "term/screen/layout.h"
#include "term/screen/state.h"
#include "term/screen/tables.h"
#include "term/screen/text.h"
#include "term/unicode/unicode.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static bool place_before(struct place a, struct place b)
{
    return a.row < b.row || (a.row == b.row && a.col < b.col);
}

/* The cell of the text at a place of the view; columns behind the text are counted on. */
static bool place_locate(struct term *t, int row, int col, struct place *place)
{
    struct view_row *rows = malloc((size_t)t->rows * sizeof(*rows));
    struct term_cell *cells = malloc((size_t)t->cols * sizeof(*cells));
    struct place *places = malloc((size_t)t->cols * sizeof(*places));
    bool ok = rows && cells && places && view_rows(t, rows);
    if (ok) {
        row = row < 0 ? 0 : row >= t->rows ? t->rows - 1 : row;
        col = col < 0 ? 0 : col >= t->cols ? t->cols - 1 : col;
        int n = view_cells(t, &rows[row], cells, places);
        if (col > 0 && col < n && cells[col].ch == TERM_CH_TAIL)
            col--;
        if (col < n)
            *place = places[col];
        else if (n > 0)
            *place = (struct place){places[n - 1].row, places[n - 1].col + col - n + 1};
        else
            *place = (struct place){rows[row].start.row, rows[row].start.col + col};
    }
    free(rows);
    free(cells);
    free(places);
    return ok;
}

/* What double click takes as one: words, runs of blanks, single separators. */
enum { CLASS_BLANK, CLASS_SEPARATOR, CLASS_WORD };

static int class_of(const struct term *t, const struct term_cell *cell)
{
    uint32_t codes[CLUSTER_CODES_MAX];
    int n = cell_codes(t, cell->ch, codes);
    if (n == 0)
        return cell->ch == TERM_CH_TAIL ? CLASS_WORD : CLASS_BLANK;
    if (codes[0] == ' ' || codes[0] == '\t')
        return CLASS_BLANK;
    char text[5] = "";
    utf8_encode(codes[0], text);
    return strstr(t->word_separators, text) ? CLASS_SEPARATOR : CLASS_WORD;
}

/* An address is one word, unless the user wants its parts: then what is in each parts words. */
static bool address_is_word(const struct term *t)
{
    return !strchr(t->word_separators, ':') && !strchr(t->word_separators, '/');
}

/* The cells of the word around one: [*from, *to). */
static void word_cells(const struct term *t, const struct chain *c, int at, int *from, int *to)
{
    char *address = address_is_word(t) ? address_around(t, c, at, from, to) : NULL;
    if (address) {
        free(address);
        return;
    }
    int kind = class_of(t, &c->cells[at]);
    *from = at;
    *to = at + 1;
    if (kind == CLASS_SEPARATOR)
        return;
    while (*from > 0 && class_of(t, &c->cells[*from - 1]) == kind)
        --*from;
    while (*to < c->length && class_of(t, &c->cells[*to]) == kind)
        ++*to;
}

/* Widens a place to the word around it. */
static void word_around(const struct term *t, struct place at, struct place *first,
                        struct place *last)
{
    struct chain c = {0};
    int i = 0;
    *first = *last = at;
    if (!line_load(&c, t, at.row)) {
        chain_free(&c);
        return;
    }
    while (i < c.length && place_before(c.places[i], at))
        i++;
    if (i < c.length) {
        int from, to;
        word_cells(t, &c, i, &from, &to);
        *first = c.places[from];
        *last = c.places[to - 1];
    }
    chain_free(&c);
}

static void line_around(const struct term *t, struct place at, struct place *first,
                        struct place *last)
{
    uint64_t row = at.row;
    while (row > text_first(t) && (text_flags(t, row - 1) & ROW_WRAPPED))
        row--;
    *first = (struct place){row, 0};
    row = at.row;
    while (row + 1 < text_end(t) && (text_flags(t, row) & ROW_WRAPPED))
        row++;
    *last = (struct place){row, INT_MAX};
}

/* While a selection is dragged its beginning may leave the scrollback. */
static void clamp_place(const struct term *t, struct place *p)
{
    if (p->row < text_first(t))
        *p = (struct place){text_first(t), 0};
}

static void selection_settle(struct term *t)
{
    struct selection *s = &t->selection;
    clamp_place(t, &s->anchor);
    clamp_place(t, &s->free);
    struct place low = s->anchor, high = s->free, unused;
    if (place_before(high, low)) {
        low = s->free;
        high = s->anchor;
    }
    s->first = low;
    s->last = high;
    if (s->kind == TERM_SELECT_WORD) {
        word_around(t, low, &s->first, &unused);
        word_around(t, high, &unused, &s->last);
    } else if (s->kind == TERM_SELECT_LINE) {
        line_around(t, low, &s->first, &unused);
        line_around(t, high, &unused, &s->last);
    } else if (s->kind == TERM_SELECT_BLOCK) {
        s->left = s->anchor.col < s->free.col ? s->anchor.col : s->free.col;
        s->right = s->anchor.col < s->free.col ? s->free.col : s->anchor.col;
    }
    s->stamp = t->stamp;
    s->revision++;
}

void term_select_start(struct term *t, int row, int col, enum term_select_kind kind)
{
    struct place at;
    if (!place_locate(t, row, col, &at))
        return;
    t->selection.active = true;
    t->selection.kind = kind;
    t->selection.anchor = t->selection.free = at;
    selection_settle(t);
}

void term_select_extend(struct term *t, int row, int col)
{
    struct place at;
    if (!t->selection.active || !place_locate(t, row, col, &at))
        return;
    t->selection.free = at;
    selection_settle(t);
}

void term_select_all(struct term *t)
{
    t->selection.active = true;
    t->selection.kind = TERM_SELECT_CELL;
    t->selection.anchor = (struct place){text_first(t), 0};
    t->selection.free = (struct place){text_end(t) - 1, INT_MAX};
    selection_settle(t);
}

void term_select_clear(struct term *t)
{
    if (!t->selection.active)
        return;
    t->selection.active = false;
    t->selection.revision++;
}

/* The output that begins in `row`: up to the next prompt, or to the cursor. */
static uint64_t output_end(const struct term *t, uint64_t row)
{
    uint64_t cursor = text_screen(t) + (uint64_t)t->cursor.row, last = row;
    while (last + 1 < text_end(t) && !(text_flags(t, last + 1) & (ROW_PROMPT | ROW_OUTPUT)))
        last++;
    if (last + 1 == text_end(t) && cursor > row)
        last = cursor - (t->cursor.col == 0);
    return last;
}

/* The row behind those in which an output to be selected may begin. */
static uint64_t output_limit(struct term *t)
{
    const struct selection *s = &t->selection;
    if (s->active && s->kind == TERM_SELECT_LINE && (text_flags(t, s->first.row) & ROW_OUTPUT))
        return s->first.row;
    struct place bottom;
    if (t->scrolled && place_locate(t, t->rows - 1, 0, &bottom))
        return bottom.row + 1;
    return text_end(t);
}

bool term_select_output(struct term *t)
{
    selection_check(t);
    for (uint64_t row = output_limit(t); row > text_first(t);) {
        unsigned flags = text_flags(t, --row);
        if (!(flags & ROW_OUTPUT) || (flags & ROW_PROMPT))
            continue; /* a prompt in the same row: the command has printed nothing */
        t->selection.active = true;
        t->selection.kind = TERM_SELECT_LINE;
        t->selection.anchor = (struct place){row, 0};
        t->selection.free = (struct place){output_end(t, row), 0};
        selection_settle(t);
        view_show(t, row);
        return true;
    }
    return false;
}

bool term_selected(const struct term *t)
{
    return t->selection.active;
}

void selection_check(struct term *t)
{
    struct selection *s = &t->selection;
    if (!s->active)
        return;
    uint64_t row = s->first.row > text_screen(t) ? s->first.row : text_screen(t);
    for (; row <= s->last.row && row < text_end(t); row++) {
        if (t->screen->lines[row - text_screen(t)]->stamp > s->stamp) {
            term_select_clear(t);
            return;
        }
    }
    if (s->last.row < text_first(t))
        term_select_clear(t);
}

bool selection_columns(const struct term *t, uint64_t row, int *from, int *to)
{
    const struct selection *s = &t->selection;
    if (!s->active || row < s->first.row || row > s->last.row)
        return false;
    if (s->kind == TERM_SELECT_BLOCK) {
        *from = s->left;
        *to = s->right + 1;
        return true;
    }
    *from = row == s->first.row ? s->first.col : 0;
    *to = row == s->last.row && s->last.col < INT_MAX ? s->last.col + 1 : INT_MAX;
    return *from < *to;
}

/* Appends the selected part of one row. True when the text goes on in the next. */
static bool append_row(struct term *t, struct text *out, uint64_t row)
{
    int from, to;
    unsigned flags;
    struct term_cell *cells = scratch_cells(t, row);
    if (!cells)
        out->failed = true;
    if (!cells || !selection_columns(t, row, &from, &to))
        return false;
    int n = text_row(t, row, cells, &flags);
    bool whole = to >= n && (flags & ROW_WRAPPED) && t->selection.kind != TERM_SELECT_BLOCK;
    size_t mark = out->length;
    for (int i = from; i < to && i < n; i++)
        text_cell(out, t, cells[i].ch);
    if (!whole)
        text_trim(out, mark);
    return whole;
}

char *term_selection_text(struct term *t, size_t *n)
{
    struct text out = {0};
    selection_check(t);
    if (n)
        *n = 0;
    if (!t->selection.active)
        return NULL;
    uint64_t row = t->selection.first.row;
    if (row < text_first(t))
        row = text_first(t);
    for (; row <= t->selection.last.row && row < text_end(t); row++) {
        bool on = append_row(t, &out, row);
        if (!on && row < t->selection.last.row)
            text_byte(&out, '\n');
    }
    return text_take(&out, n);
}

char *term_screen_text(struct term *t)
{
    struct text out = {0};
    struct view_row *rows = malloc((size_t)t->rows * sizeof(*rows));
    struct term_cell *cells = malloc((size_t)t->cols * sizeof(*cells));
    struct place *places = malloc((size_t)t->cols * sizeof(*places));
    bool ok = rows && cells && places && view_rows(t, rows);
    for (int i = 0; ok && i < t->rows; i++) {
        size_t mark = out.length;
        int n = view_cells(t, &rows[i], cells, places);
        out.failed |= n < 0;
        for (int k = 0; k < n; k++)
            text_cell(&out, t, cells[k].ch);
        text_trim(&out, mark);
        text_byte(&out, '\n');
    }
    free(rows);
    free(cells);
    free(places);
    return ok ? text_take(&out, NULL) : (free(out.bytes), NULL);
}

/* --- Links --- */

/* A link: what a program marked, by its number, or cells of one line of text. */
struct link {
    uint32_t number; /* 0: the cells from `first` to `last` */
    struct place first, last;
};

static char *find_link(struct term *t, int row, int col, struct link *link)
{
    struct place at;
    struct chain c = {0};
    char *found = NULL;
    if (!place_locate(t, row, col, &at) || !line_load(&c, t, at.row)) {
        chain_free(&c);
        return NULL;
    }
    int i = 0, from, to;
    while (i < c.length && place_before(c.places[i], at))
        i++;
    if (i < c.length) {
        link->number = extra_get(t, c.cells[i].attr).link;
        const char *uri = link_uri(t, link->number);
        if (uri) {
            found = malloc(strlen(uri) + 1);
            if (found)
                strcpy(found, uri);
        } else if ((found = address_around(t, &c, i, &from, &to)) != NULL) {
            *link = (struct link){0, c.places[from], c.places[to - 1]};
        }
    }
    chain_free(&c);
    return found;
}

char *term_link_at(struct term *t, int row, int col)
{
    struct link link;
    return find_link(t, row, col, &link);
}

static bool in_link(const struct term *t, const struct link *link, const struct term_cell *cell,
                    struct place place)
{
    if (link->number)
        return extra_get(t, cell->attr).link == link->number;
    return !place_before(place, link->first) && !place_before(link->last, place);
}

char *term_link_find(struct term *t, int row, int col, struct term_span *spans, int *count,
                     bool *marked)
{
    struct link link;
    int capacity = *count;
    char *found = find_link(t, row, col, &link);
    struct view_row *rows = malloc((size_t)t->rows * sizeof(*rows));
    struct term_cell *cells = malloc((size_t)t->cols * sizeof(*cells));
    struct place *places = malloc((size_t)t->cols * sizeof(*places));
    bool ok = found && rows && cells && places && view_rows(t, rows);
    *count = 0;
    *marked = ok && link.number;
    for (int i = 0; ok && i < t->rows; i++) {
        int n = view_cells(t, &rows[i], cells, places);
        for (int k = 0; k < n && *count < capacity; k++) {
            struct term_span *last = *count ? &spans[*count - 1] : NULL;
            if (!in_link(t, &link, &cells[k], places[k]))
                continue;
            if (last && last->row == i && last->to == k)
                last->to++;
            else
                spans[(*count)++] = (struct term_span){i, k, k + 1};
        }
    }
    free(rows);
    free(cells);
    free(places);
    return found;
}
