/* The text as code points, for searching. */
#include "term/search/search_text.h"

#include "term/screen/layout.h"
#include "term/screen/state.h"
#include "term/screen/tables.h"

#include <stdlib.h>
#include <string.h>

void codes_free(struct codes *s)
{
    free(s->code);
    free(s->col);
    free(s->rows);
    memset(s, 0, sizeof(*s));
}

static bool codes_room(struct codes *s, int n)
{
    if (s->n + n <= s->slots)
        return true;
    int slots = (s->n + n) * 2;
    uint32_t *code = realloc(s->code, (size_t)slots * sizeof(*code));
    if (code)
        s->code = code;
    uint16_t *col = realloc(s->col, (size_t)slots * sizeof(*col));
    if (col)
        s->col = col;
    if (!code || !col)
        return false;
    s->slots = slots;
    return true;
}

static bool new_row(struct codes *s, uint64_t row)
{
    if (s->row_count == s->row_slots) {
        int slots = s->row_slots ? s->row_slots * 2 : 64;
        struct code_row *rows = realloc(s->rows, (size_t)slots * sizeof(*rows));
        if (!rows)
            return false;
        s->rows = rows;
        s->row_slots = slots;
    }
    s->rows[s->row_count++] = (struct code_row){row, s->n};
    return true;
}

struct place codes_place(const struct codes *s, int i)
{
    int low = 0, high = s->row_count;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (s->rows[middle].start <= i)
            low = middle;
        else
            high = middle;
    }
    return (struct place){s->rows[low].row, s->col[i]};
}

static bool load_plain(struct codes *s, const uint8_t *bytes, int n)
{
    if (!codes_room(s, n))
        return false;
    uint32_t *code = s->code + s->n;
    uint16_t *col = s->col + s->n;
    for (int i = 0; i < n; i++) {
        code[i] = bytes[i] ? bytes[i] : ' ';
        col[i] = (uint16_t)i;
    }
    s->n += n;
    return true;
}

static bool load_cells(struct codes *s, const struct term *t, const struct term_cell *cells, int n)
{
    uint32_t some[CLUSTER_CODES_MAX];
    for (int i = 0; i < n; i++) {
        int k = cell_codes(t, cells[i].ch, some);
        if (k == 0 && cells[i].ch == TERM_CH_EMPTY)
            some[k++] = ' ';
        if (s->n + k > s->slots && !codes_room(s, n + k))
            return false;
        for (int j = 0; j < k; j++) {
            s->code[s->n] = some[j];
            s->col[s->n++] = (uint16_t)i;
        }
    }
    return true;
}

static bool load_row(struct codes *s, struct term *t, uint64_t row)
{
    int n;
    if (!new_row(s, row))
        return false;
    const uint8_t *plain = row < text_screen(t) ? history_plain(t->history, row, &n) : NULL;
    if (plain)
        return load_plain(s, plain, n);
    unsigned flags;
    struct term_cell *cells = scratch_cells(t, row);
    return cells && load_cells(s, t, cells, text_row(t, row, cells, &flags));
}

static bool text_goes_on(unsigned flags)
{
    return (flags & ROW_WRAPPED) && !(flags & ROW_CUT);
}

/* Rows of the scrollback are cut as history.c did, rows of the screen where it will do so. */
uint64_t piece_first(const struct term *t, uint64_t row)
{
    uint64_t first = row;
    while (first > text_first(t) && text_goes_on(text_flags(t, first - 1)))
        first--;
    return first + (row - first) / HISTORY_CHAIN_MAX * HISTORY_CHAIN_MAX;
}

uint64_t piece_end(const struct term *t, uint64_t first)
{
    uint64_t end = first + 1;
    while (end < text_end(t) && end - first < HISTORY_CHAIN_MAX &&
           text_goes_on(text_flags(t, end - 1)))
        end++;
    return end;
}

/* One row before the piece is enough for what its beginning depends on. */
static uint64_t context_first(const struct term *t, uint64_t first)
{
    return first > text_first(t) && (text_flags(t, first - 1) & ROW_WRAPPED) ? first - 1 : first;
}

bool piece_load(struct codes *s, struct text_piece *p, struct term *t, uint64_t row)
{
    p->first = piece_first(t, row);
    p->end = piece_end(t, p->first);
    p->begin = s->n;
    if (context_first(t, p->first) < p->first && !load_row(s, t, p->first - 1))
        return false;
    p->from = s->n;
    for (uint64_t i = p->first; i < p->end; i++) {
        if (!load_row(s, t, i))
            return false;
    }
    p->stop = s->n;
    /* Results that begin in it may reach beyond. */
    uint64_t i = p->end;
    while (i < text_end(t) && i - p->end < HISTORY_CHAIN_MAX && s->n - p->stop < SEARCH_MATCH_MAX &&
           (text_flags(t, i - 1) & ROW_WRAPPED)) {
        if (!load_row(s, t, i++))
            return false;
    }
    p->limit = s->n;
    return true;
}

#define PRINT_FACTOR 0x9e3779b97f4a7c15u /* odd, its bits evenly set */

uint64_t piece_print(const struct term *t, uint64_t first, uint64_t end)
{
    uint64_t low = context_first(t, first), high = end;
    while (high < text_end(t) && high - end < HISTORY_CHAIN_MAX &&
           (text_flags(t, high - 1) & ROW_WRAPPED))
        high++;
    uint64_t print = t->layout_revision;
    print = print * PRINT_FACTOR + low;
    print = print * PRINT_FACTOR + high;
    for (uint64_t i = low > text_screen(t) ? low : text_screen(t); i < high; i++)
        print = print * PRINT_FACTOR + t->screen->lines[i - text_screen(t)]->stamp;
    return print;
}
