// Search for a text or a regular expression in the screen and the scrollback.
#include "term/regex.h"
#include "term/state.h"

#include "term/unicode.h"
#include <stdlib.h>
#include <string.h>

// A match longer than this many code points is not looked for.
#define MATCH_MAX 4096

// A line of text as code points, and the cell each is in.
struct codes {
    uint32_t *code;
    int *cell;
    int n;
};

static void codes_free(struct codes *s)
{
    free(s->code);
    free(s->cell);
    memset(s, 0, sizeof(*s));
}

static bool codes_load(struct codes *s, const struct term *t, const struct chain *c)
{
    int room = 0;
    uint32_t some[CLUSTER_CODES_MAX];
    memset(s, 0, sizeof(*s));
    for (int i = 0; i < c->length; i++)
        room += c->cells[i].ch & TERM_CH_CLUSTER ? CLUSTER_CODES_MAX : 1;
    s->code = malloc((size_t)(room + 1) * sizeof(*s->code));
    s->cell = malloc((size_t)(room + 1) * sizeof(*s->cell));
    if (!s->code || !s->cell) {
        codes_free(s);
        return false;
    }
    for (int i = 0; i < c->length; i++) {
        int k = cell_codes(t, c->cells[i].ch, some);
        if (k == 0 && c->cells[i].ch == TERM_CH_EMPTY)
            some[k++] = ' ';
        for (int j = 0; j < k; j++) {
            s->code[s->n] = some[j];
            s->cell[s->n++] = i;
        }
    }
    return true;
}

// Code points of the result that begins at `at`; 0 when there is none.
static int match(const struct search *s, const struct codes *text, int at)
{
    if (s->regex) {
        int n = text->n - at > MATCH_MAX ? at + MATCH_MAX : text->n;
        int length = regex_match(s->regex, text->code, n, at);
        return length > 0 ? length : 0;
    }
    if (text->n - at < s->length)
        return 0;
    for (int i = 0; i < s->length; i++) {
        uint32_t code = text->code[at + i];
        if ((s->ignore_case ? fold_case(code) : code) != s->needle[i])
            return 0;
    }
    return s->length;
}

static bool start_search(struct term *t, const char *text, unsigned how)
{
    struct search fresh = {.ignore_case = how & TERM_SEARCH_IGNORE_CASE,
                           .expression = how & TERM_SEARCH_REGEX};
    const uint8_t *at = (const uint8_t *)text;
    size_t left = strlen(text);
    while (left > 0 && fresh.length < SEARCH_MAX) {
        uint32_t code;
        size_t n = utf8_decode(at, left, &code);
        bool fold = fresh.ignore_case && !fresh.expression;
        fresh.needle[fresh.length++] = fold ? fold_case(code) : code;
        at += n;
        left -= n;
    }
    struct search *s = &t->search;
    bool same = s->length == fresh.length && s->ignore_case == fresh.ignore_case &&
                s->expression == fresh.expression &&
                memcmp(s->needle, fresh.needle, sizeof(fresh.needle)) == 0;
    if (same)
        return s->length > 0;
    regex_free(s->regex);
    if (fresh.expression && fresh.length > 0) {
        fresh.regex = regex_new(fresh.needle, fresh.length, fresh.ignore_case);
        if (!fresh.regex)
            fresh.length = 0;
    }
    *s = fresh;
    return s->length > 0;
}

static bool before(struct place a, struct place b)
{
    return a.row < b.row || (a.row == b.row && a.col < b.col);
}

// The best result in one line of text: the last before `at`, or the first after it.
static bool best_in_line(const struct term *t, const struct chain *c, struct place at, bool up,
                         struct place *found)
{
    struct codes text;
    bool any = false;
    if (!codes_load(&text, t, c))
        return false;
    for (int i = 0; i < text.n;) {
        int length = match(&t->search, &text, i);
        struct place p = c->places[text.cell[i]];
        if (length && (up ? before(p, at) : before(at, p))) {
            *found = p;
            any = true;
            if (!up)
                break;
        }
        i += length ? length : 1;
    }
    codes_free(&text);
    return any;
}

static bool visible(struct term *t, uint64_t row)
{
    bool hit = false;
    struct view_row *rows = malloc((size_t)t->rows * sizeof(*rows));
    if (rows && view_rows(t, rows)) {
        hit = row >= rows[0].start.row && row <= rows[t->rows - 1].start.row;
    }
    free(rows);
    return hit;
}

bool term_search(struct term *t, const char *text, unsigned how, int direction)
{
    bool up = direction < 0;
    struct chain c = {0};
    t->view_revision++;
    if (!start_search(t, text, how))
        return false;
    struct search *s = &t->search;
    struct place at = s->at;
    if (!s->found || at.row < text_first(t) || at.row >= text_end(t))
        at = up ? (struct place){text_end(t), 0} : (struct place){text_first(t), -1};
    uint64_t row = up && at.row > text_first(t) && at.row == text_end(t) ? at.row - 1 : at.row;
    bool found = false;
    for (;;) {
        struct place hit;
        if (!line_load(&c, t, row))
            break;
        if (best_in_line(t, &c, at, up, &hit)) {
            s->at = hit;
            s->found = found = true;
            break;
        }
        if (up ? c.first <= text_first(t) : c.end >= text_end(t))
            break;
        row = up ? c.first - 1 : c.end;
    }
    chain_free(&c);
    if (found && !visible(t, s->at.row)) {
        view_show(t, s->at.row);
        term_scroll(t, -(t->rows / 2));
    }
    return found;
}

void search_marks(const struct term *t, uint64_t row, uint8_t *marks, int n)
{
    struct chain c = {0};
    struct codes text;
    memset(marks, 0, (size_t)n);
    if (t->search.length > 0 && line_load(&c, t, row) && codes_load(&text, t, &c)) {
        for (int i = 0; i < text.n;) {
            int k = match(&t->search, &text, i);
            struct place at = c.places[text.cell[i]];
            bool current =
                t->search.found && at.row == t->search.at.row && at.col == t->search.at.col;
            int last = k ? text.cell[i + k - 1] : -1;
            while (last >= 0 && last + 1 < c.length && c.cells[last + 1].ch == TERM_CH_TAIL)
                last++;
            for (int j = text.cell[i]; j <= last; j++) {
                if (c.places[j].row == row && c.places[j].col < n)
                    marks[c.places[j].col] = current ? MARK_CURRENT : MARK_FOUND;
            }
            i += k ? k : 1;
        }
        codes_free(&text);
    }
    chain_free(&c);
}
