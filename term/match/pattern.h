/* What a search looks for. A pattern belongs to one thread at a time. */
#ifndef TERM_MATCH_PATTERN_H
#define TERM_MATCH_PATTERN_H

#include "term/match/regex.h"

#include <stdbool.h>
#include <stdint.h>

#define SEARCH_MAX       256  /* code points of a pattern; further ones are dropped */
#define SEARCH_MATCH_MAX 4096 /* code points of a result; longer ones are cut */

struct pattern {
    uint32_t needle[SEARCH_MAX];
    int length; /* 0: nothing is looked for */
    bool ignore_case;
    struct regex *regex;     /* of the needle, where it is an expression */
    bool first[REGEX_FIRST]; /* as regex_first */
};

/* Makes a pattern of zeroed memory. `length` is 0 where the text is empty, the expression is broken
 * or there is no memory. */
void pattern_init(struct pattern *p, const char *text, unsigned how);
void pattern_free(struct pattern *p);

/* Where the next result begins in text[from..stop), `stop` when none does, -1 when the work was
 * used up before: *from is then where to go on. Results may reach up to n. *length: its code
 * points. `work` goes down by about a nanosecond's worth each. */
int pattern_find(const struct pattern *p, const uint32_t *text, int n, int *from, int stop,
                 int *length, int *work);
/* Whether there can be a result in text[from..n) at all: far cheaper than looking for it. */
bool pattern_possible(const struct pattern *p, const uint32_t *text, int from, int n, int *work);

#endif
