/* The results of a search in the rows that are in view. Each line of text is looked through once
 * and what was found is kept while the line stays as it is and in view. */
#include "term/search/marks.h"

#include "term/match/pattern.h"
#include "term/screen/state.h"
#include "term/search/search_text.h"

#include <stdlib.h>
#include <string.h>

#define WORK_MIN 10000

static void piece_forget(struct marked_piece *e)
{
    free(e->results);
    memset(e, 0, sizeof(*e));
}

void marks_free(struct marks *m)
{
    for (int i = 0; i < m->count; i++)
        piece_forget(&m->pieces[i]);
    free(m->pieces);
    codes_free(&m->text);
    pattern_free(&m->pattern);
    memset(m, 0, sizeof(*m));
}

void marks_begin(struct marks *m)
{
    for (int i = 0; i < m->count; i++)
        m->pieces[i].used = false;
    m->last = 0;
}

void marks_end(struct marks *m)
{
    int kept = 0;
    for (int i = 0; i < m->count; i++) {
        if (m->pieces[i].used)
            m->pieces[kept++] = m->pieces[i];
        else
            piece_forget(&m->pieces[i]);
    }
    m->count = kept;
    /* A line of great length is seldom followed by another. */
    if (m->text.slots > 1 << 16)
        codes_free(&m->text);
}

/* What is kept of the piece that a row is in; begun anew where that has changed. */
static struct marked_piece *marked_piece_of(struct term *t, uint64_t row)
{
    struct marks *m = &t->search;
    struct marked_piece *e = m->last < m->count ? &m->pieces[m->last] : NULL;
    if (e && e->used && row >= e->first && row < e->end)
        return e;
    uint64_t first = piece_first(t, row), end = piece_end(t, first);
    uint64_t print = piece_print(t, first, end);
    /* Rows are asked for in order: mostly it is the next one. */
    e = NULL;
    for (int i = 0; i < m->count && !e; i++) {
        struct marked_piece *next = &m->pieces[(m->last + 1 + i) % m->count];
        if (next->first == first)
            e = next;
    }
    if (!e) {
        if (m->count == m->slots) {
            int slots = m->slots ? m->slots * 2 : 64;
            struct marked_piece *grown = realloc(m->pieces, (size_t)slots * sizeof(*grown));
            if (!grown)
                return NULL;
            m->pieces = grown;
            m->slots = slots;
        }
        e = &m->pieces[m->count++];
        *e = (struct marked_piece){0};
    }
    if (e->end != end || e->print != print) {
        piece_forget(e);
        e->first = first;
        e->end = end;
        e->print = print;
    }
    e->used = true;
    m->last = (int)(e - m->pieces);
    return e;
}

static bool piece_add(struct marked_piece *e, struct place first, struct place last)
{
    if (e->count == e->slots) {
        int slots = e->slots ? e->slots * 2 : 4;
        struct marked *grown = realloc(e->results, (size_t)slots * sizeof(*grown));
        if (!grown)
            return false;
        e->results = grown;
        e->slots = slots;
    }
    e->results[e->count++] = (struct marked){first, last};
    return true;
}

/* Looks on through a piece. False when out of work; out of memory ends it. */
static bool look_through(struct term *t, struct marked_piece *e, int *work)
{
    struct marks *m = &t->search;
    struct codes *s = &m->text;
    struct text_piece p;
    s->n = s->row_count = 0;
    e->done = true;
    if (!piece_load(s, &p, t, e->first))
        return true;
    int i = e->next ? e->next : p.from, n = p.limit;
    *work -= n;
    bool possible = e->next || pattern_possible(&m->pattern, s->code, p.from, n, work);
    /* Each call leads on, however long the line. */
    *work = *work < WORK_MIN ? WORK_MIN : *work;
    while (possible && i < p.stop) {
        int length, at = pattern_find(&m->pattern, s->code, n, &i, p.stop, &length, work);
        if (at < 0) {
            e->next = i;
            return e->done = false;
        }
        if (at == p.stop)
            break;
        if (!piece_add(e, codes_place(s, at), codes_place(s, at + length - 1)))
            return true;
        i = at + length;
    }
    return true;
}

static bool piece_same(struct place a, struct place b)
{
    return a.row == b.row && a.col == b.col;
}

bool marks_row(struct term *t, uint64_t row, uint8_t *marks, int n, int *work)
{
    struct marks *m = &t->search;
    memset(marks, 0, (size_t)n);
    struct marked_piece *e = marked_piece_of(t, row);
    if (!e)
        return true;
    if (!e->done && (*work <= 0 || !look_through(t, e, work)))
        return false;
    for (int i = 0; i < e->count; i++) {
        const struct marked *r = &e->results[i];
        if (r->first.row > row || r->last.row < row)
            continue;
        int from = r->first.row == row ? r->first.col : 0;
        int to = r->last.row == row ? r->last.col : n - 1;
        bool current = m->found && piece_same(r->first, m->at);
        for (int k = from; k <= to && k < n; k++)
            marks[k] = current ? MARK_CURRENT : MARK_FOUND;
    }
    return true;
}
