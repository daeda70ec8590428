// Search for a literal text in the screen and the scrollback.
#include "term/state.h"

#include "term/unicode.h"
#include <stdlib.h>
#include <string.h>

// Lower case of the letters of Latin, Greek and Cyrillic; others are themselves.
static uint32_t fold(uint32_t code)
{
    if (code >= 'A' && code <= 'Z')
        return code + 32;
    if ((code >= 0xc0 && code <= 0xde && code != 0xd7) || (code >= 0x391 && code <= 0x3a9) ||
        (code >= 0x410 && code <= 0x42f))
        return code + 32;
    if (code >= 0x400 && code <= 0x40f)
        return code + 80;
    if (code >= 0x100 && code <= 0x17f && code != 0x130 && code != 0x131 && code != 0x138 &&
        code != 0x149 && code != 0x178 && code != 0x17f) {
        bool odd_is_lower = code < 0x138 || code > 0x148;
        if (code > 0x178)
            odd_is_lower = false;
        return odd_is_lower ? code | 1 : code + (code & 1);
    }
    return code;
}

// Compares the needle with the text from cell `at` on; returns the cells it covers, 0: no match.
static int match(const struct term *t, const struct chain *c, int at)
{
    const struct search *s = &t->search;
    int i = at, k = 0;
    while (k < s->length) {
        uint32_t codes[CLUSTER_CODES_MAX];
        if (i >= c->length)
            return 0;
        int n = cell_codes(t, c->cells[i].ch, codes);
        if (n == 0 && c->cells[i].ch == TERM_CH_EMPTY)
            codes[n++] = ' ';
        for (int j = 0; j < n; j++, k++) {
            uint32_t a = codes[j];
            if (k >= s->length || (s->ignore_case ? fold(a) : a) != s->needle[k])
                return 0;
        }
        i++;
    }
    while (i < c->length && c->cells[i].ch == TERM_CH_TAIL)
        i++;
    return i - at;
}

static bool start_search(struct term *t, const char *text, bool ignore_case)
{
    struct search fresh = {.ignore_case = ignore_case};
    const uint8_t *at = (const uint8_t *)text;
    size_t left = strlen(text);
    while (left > 0 && fresh.length < SEARCH_MAX) {
        uint32_t code;
        size_t n = utf8_decode(at, left, &code);
        fresh.needle[fresh.length++] = ignore_case ? fold(code) : code;
        at += n;
        left -= n;
    }
    struct search *s = &t->search;
    bool same = s->length == fresh.length && s->ignore_case == ignore_case &&
                memcmp(s->needle, fresh.needle, sizeof(fresh.needle)) == 0;
    if (!same)
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
    bool any = false;
    for (int i = 0; i < c->length; i++) {
        struct place p = c->places[i];
        if (up ? !before(p, at) : !before(at, p))
            continue;
        if (!match(t, c, i))
            continue;
        *found = p;
        any = true;
        if (!up)
            break;
    }
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

bool term_search(struct term *t, const char *text, bool ignore_case, int direction)
{
    bool up = direction < 0;
    struct chain c = {0};
    t->view_revision++;
    if (!start_search(t, text, ignore_case))
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
    memset(marks, 0, (size_t)n);
    if (t->search.length > 0 && line_load(&c, t, row)) {
        for (int i = 0; i < c.length;) {
            int k = match(t, &c, i);
            for (int j = i; j < i + k; j++) {
                if (c.places[j].row == row && c.places[j].col < n)
                    marks[c.places[j].col] = 1;
            }
            i += k ? k : 1;
        }
    }
    chain_free(&c);
}
