/* The way from one result of a search to the next. */
#include "term/match/pattern.h"
#include "term/screen/layout.h"
#include "term/screen/state.h"
#include "term/search/marks.h"
#include "term/search/search_text.h"

#include <stdlib.h>
#include <string.h>

/* What a step takes at most, give or take a piece. */
#define CODES_MAX  32768
#define PIECES_MAX 512

struct term_search {
    struct pattern pattern;
    struct pattern marked; /* the same for the terminal, until it has it */
    bool handed_over;

    /* The way, under the terminal's lock. */
    uint64_t terminal, layout; /* what the numbers of rows are valid for */
    uint64_t screen;           /* 0, or the number of the alternate screen's rows */
    bool up;
    struct place at;    /* results lie behind this one */
    bool from_result;   /* which is a result */
    bool begun_again;   /* from the other end */
    uint64_t edge;      /* up: rows before it are left; down: this one and those after it */
    uint64_t end;       /* down: rows before this one */
    uint64_t total;     /* rows to go through */
    uint64_t left;      /* those that have not been taken */
    bool nothing_taken; /* out of memory */

    /* Counting: all of them, and those up to the one that is shown. */
    bool counting, valid;
    bool shown;
    struct place current;
    uint64_t results, which;

    /* What was taken, and how far it has been looked through. */
    struct codes text;
    struct text_piece pieces[PIECES_MAX];
    int count, piece;
    int next;
    bool checked; /* the piece may have a result */

    /* The result. */
    bool found;
    struct place result;
    int length;
    uint32_t codes[SEARCH_MATCH_MAX];
    struct codes check;
};

struct term_search *term_search_new(const char *text, unsigned how)
{
    struct term_search *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    pattern_init(&s->pattern, text, how);
    pattern_init(&s->marked, text, how);
    return s;
}

void term_search_free(struct term_search *s)
{
    if (!s)
        return;
    pattern_free(&s->pattern);
    pattern_free(&s->marked);
    codes_free(&s->text);
    codes_free(&s->check);
    free(s);
}

void term_search_end(struct term *t)
{
    if (t->search.pattern.length > 0)
        t->view_revision++;
    marks_free(&t->search);
}

static uint64_t screen_of(const struct term *t)
{
    return t->screen == &t->alternate ? ALTERNATE_ROW : 0;
}

/* Goes the whole way from one end. */
static void from_end(struct term_search *s, const struct term *t)
{
    s->at = s->up ? (struct place){UINT64_MAX, 0} : (struct place){text_first(t), -1};
    s->edge = s->up ? text_end(t) : text_first(t);
    s->end = text_end(t);
    s->left = s->total = text_end(t) - text_first(t);
}

static void set_out(struct term_search *s, const struct term *t)
{
    const struct marks *m = &t->search;
    s->terminal = t->serial;
    s->layout = t->layout_revision;
    s->screen = screen_of(t);
    s->count = s->piece = 0;
    s->found = s->begun_again = s->nothing_taken = false;
    from_end(s, t);
    s->from_result = m->found && m->at.row >= text_first(t) && m->at.row < text_end(t);
    if (s->from_result) {
        s->at = m->at;
        s->edge = s->up ? m->at.row + 1 : m->at.row;
        s->left = s->total = s->up ? s->edge - text_first(t) : s->end - s->edge;
    }
}

void term_search_begin(struct term_search *s, struct term *t, int direction)
{
    if (!s->handed_over) {
        marks_free(&t->search);
        t->search.pattern = s->marked;
        s->marked = (struct pattern){0};
        s->handed_over = true;
    }
    t->view_revision++;
    s->up = direction < 0;
    s->counting = false;
    set_out(s, t);
}

void term_search_count(struct term_search *s, struct term *t)
{
    s->up = false;
    s->counting = s->valid = true;
    set_out(s, t);
    from_end(s, t);
    s->from_result = false;
    s->shown = t->search.found;
    s->current = t->search.at;
    s->results = s->which = 0;
}

bool term_search_counted(const struct term_search *s, uint64_t *which, uint64_t *results)
{
    *which = s->which;
    *results = s->results;
    return s->counting && s->valid;
}

static bool result_before(struct place a, struct place b)
{
    return a.row < b.row || (a.row == b.row && a.col < b.col);
}

static bool visible(struct term *t, uint64_t row)
{
    bool hit = false;
    struct view_row *rows = malloc((size_t)t->rows * sizeof(*rows));
    if (rows && view_rows(t, rows))
        hit = row >= rows[0].start.row && row <= rows[t->rows - 1].start.row;
    free(rows);
    return hit;
}

/* Whether the result is still in the text. */
static bool still_there(struct term_search *s, struct term *t)
{
    struct text_piece p;
    struct codes *text = &s->check;
    text->n = text->row_count = 0;
    if (s->result.row < text_first(t) || s->result.row >= text_end(t) ||
        !piece_load(text, &p, t, s->result.row))
        return false;
    int row = text->row_count - 1;
    while (row > 0 && text->rows[row].row > s->result.row)
        row--;
    int i = text->rows[row].start;
    int end = row + 1 < text->row_count ? text->rows[row + 1].start : p.limit;
    while (i < end && text->col[i] < s->result.col)
        i++;
    /* It may begin inside of a cell: with what combines with the character there. */
    for (; i < end && text->col[i] == s->result.col; i++) {
        if (p.limit - i >= s->length &&
            memcmp(text->code + i, s->codes, (size_t)s->length * sizeof(*s->codes)) == 0)
            return true;
    }
    return false;
}

static enum term_search_step show_result(struct term_search *s, struct term *t)
{
    t->search.at = s->result;
    t->search.found = true;
    t->view_revision++;
    if (!visible(t, s->result.row)) {
        view_show(t, s->result.row);
        term_scroll(t, -(t->rows / 2));
    }
    return s->begun_again ? TERM_SEARCH_BEGUN_AGAIN : TERM_SEARCH_FOUND;
}

/* Copies the next pieces. False when there are none. */
static bool take_result(struct term_search *s, struct term *t)
{
    s->text.n = s->text.row_count = s->count = s->piece = 0;
    while (s->count < PIECES_MAX && s->text.n < CODES_MAX) {
        struct text_piece *p = &s->pieces[s->count];
        uint64_t low = s->up ? text_first(t) : s->edge > text_first(t) ? s->edge : text_first(t);
        uint64_t high = s->up ? s->edge : s->end;
        high = high < text_end(t) ? high : text_end(t);
        if (low >= high)
            break;
        if (!piece_load(&s->text, p, t, s->up ? high - 1 : low)) {
            s->nothing_taken = true;
            break;
        }
        s->edge = s->up ? p->first : p->end;
        s->left =
            s->up ? (s->edge > low ? s->edge - low : 0) : (s->end > s->edge ? s->end - s->edge : 0);
        s->count++;
    }
    if (s->count > 0)
        s->next = s->pieces[0].from;
    s->checked = false;
    return s->count > 0;
}

enum term_search_step term_search_step(struct term_search *s, struct term *t)
{
    if (s->pattern.length == 0)
        return TERM_SEARCH_NONE;
    /* Rows may have other numbers now. */
    if (s->terminal != t->serial || s->layout != t->layout_revision || s->screen != screen_of(t)) {
        s->valid = false;
        if (s->counting)
            return TERM_SEARCH_NONE;
        set_out(s, t);
    }
    if (s->found) {
        s->found = false;
        if (still_there(s, t))
            return show_result(s, t);
        /* What took its place is looked at once more. */
        const struct text_piece *p = &s->pieces[s->piece];
        s->edge = s->up ? p->end : p->first;
    }
    if (take_result(s, t))
        return TERM_SEARCH_TEXT;
    if (!s->from_result || s->begun_again || s->nothing_taken)
        return TERM_SEARCH_NONE;
    s->begun_again = true;
    from_end(s, t);
    return take_result(s, t) ? TERM_SEARCH_TEXT : TERM_SEARCH_NONE;
}

/* Looks through one piece: the first result behind `at`, or the last one before it. False when out
 * of work. */
static bool look_through(struct term_search *s, const struct text_piece *p, int *work)
{
    const uint32_t *text = s->text.code + p->begin;
    int n = p->limit - p->begin, stop = p->stop - p->begin;
    if (!s->checked && !pattern_possible(&s->pattern, text, p->from - p->begin, n, work))
        return true;
    s->checked = true;
    int i = s->next - p->begin;
    while (i < stop) {
        int length, at = pattern_find(&s->pattern, text, n, &i, stop, &length, work);
        if (at < 0) {
            s->next = i + p->begin;
            return false;
        }
        if (at == stop)
            break;
        struct place place = codes_place(&s->text, at + p->begin);
        i = at + length;
        if (s->counting) {
            s->results++;
            s->which += s->shown && !result_before(s->current, place);
            continue;
        }
        if (s->up ? !result_before(place, s->at) : !result_before(s->at, place))
            continue;
        s->found = true;
        s->result = place;
        s->length = length;
        memcpy(s->codes, text + at, (size_t)length * sizeof(*text));
        if (!s->up)
            break;
    }
    return true;
}

bool term_search_look(struct term_search *s, int work)
{
    while (s->piece < s->count) {
        if (!look_through(s, &s->pieces[s->piece], &work))
            return false;
        if (s->found)
            return true;
        s->checked = false;
        if (++s->piece < s->count)
            s->next = s->pieces[s->piece].from;
        work -= 20;
        if (work <= 0)
            return s->piece == s->count;
    }
    return true;
}

int term_search_percent(const struct term_search *s)
{
    return s->total > s->left ? (int)((s->total - s->left) * 100 / s->total) : 0;
}
