/* Searching as one call: the steps of term_search one after the other, with as much work at a time
 * as find_work says. */
#ifndef TESTS_TERM_FIND_H
#define TESTS_TERM_FIND_H

#include "term/term.h"
#include <string.h>

struct find {
    struct term_search *search;
    const struct term *of;
    char text[1024];
    unsigned how;
};

static struct find find_state;
static int find_work = 1 << 30;

static inline void find_end(void)
{
    term_search_free(find_state.search);
    find_state = (struct find){0};
}

/* On from the last result of the same search; an empty text ends it. */
static inline bool find(struct term *t, const char *text, unsigned how, int direction)
{
    struct find *f = &find_state;
    if (f->of != t || strcmp(f->text, text) != 0 || f->how != how) {
        find_end();
        *f = (struct find){.search = term_search_new(text, how), .of = t, .how = how};
        size_t n = strlen(text);
        memcpy(f->text, text, n < sizeof(f->text) ? n : sizeof(f->text) - 1);
    }
    if (!text[0])
        term_search_end(t);
    if (!text[0] || !f->search)
        return false;
    term_search_begin(f->search, t, direction);
    enum term_search_step step;
    while ((step = term_search_step(f->search, t)) == TERM_SEARCH_TEXT) {
        while (!term_search_look(f->search, find_work))
            ;
    }
    return step == TERM_SEARCH_FOUND;
}

/* How many results there are, and which of them is shown; work as above. */
static inline uint64_t find_count(struct term *t, uint64_t *which)
{
    uint64_t results = 0;
    term_search_count(find_state.search, t);
    while (term_search_step(find_state.search, t) == TERM_SEARCH_TEXT) {
        while (!term_search_look(find_state.search, find_work))
            ;
    }
    return term_search_counted(find_state.search, which, &results) ? results : UINT64_MAX;
}

#endif
