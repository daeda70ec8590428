/* What a search looks for: a text or a regular expression. */
#include "term/match/pattern.h"

#include "term/term.h"
#include "term/unicode/unicode.h"

#include <stdlib.h>
#include <string.h>

#define VISIT_WORK 8 /* of a state of an expression, beside 1 of a code point */

static bool is_first(const bool *first, uint32_t code)
{
    return first[code < REGEX_FIRST - 1 ? code : REGEX_FIRST - 1];
}

/* The codes that a small letter is found by. */
static void first_of(bool *first, uint32_t code, bool ignore_case)
{
    if (code >= REGEX_FIRST - 1)
        first[REGEX_FIRST - 1] = true;
    for (uint32_t c = 0; c < REGEX_FIRST - 1; c++)
        first[c] = first[c] || (ignore_case ? fold_case(c) : c) == code;
}

void pattern_init(struct pattern *p, const char *text, unsigned how)
{
    const uint8_t *at = (const uint8_t *)text;
    size_t left = strlen(text);
    bool expression = how & TERM_SEARCH_REGEX;
    memset(p, 0, sizeof(*p));
    p->ignore_case = how & TERM_SEARCH_IGNORE_CASE;
    while (left > 0 && p->length < SEARCH_MAX) {
        uint32_t code;
        size_t n = utf8_decode(at, left, &code);
        p->needle[p->length++] = p->ignore_case && !expression ? fold_case(code) : code;
        at += n;
        left -= n;
    }
    if (p->length == 0)
        return;
    if (!expression) {
        first_of(p->first, p->needle[0], p->ignore_case);
        return;
    }
    p->regex = regex_new(p->needle, p->length, p->ignore_case);
    if (p->regex)
        memcpy(p->first, regex_first(p->regex), sizeof(p->first));
    else
        p->length = 0;
}

void pattern_free(struct pattern *p)
{
    regex_free(p->regex);
    memset(p, 0, sizeof(*p));
}

static bool stands(const uint32_t *codes, int n, const uint32_t *text, bool ignore_case)
{
    for (int i = 0; i < n; i++) {
        if ((ignore_case ? fold_case(text[i]) : text[i]) != codes[i])
            return false;
    }
    return true;
}

/* Code points of the result that begins at `at`; 0 when there is none. */
static int match(const struct pattern *p, const uint32_t *text, int n, int at, int *work)
{
    if (p->regex) {
        int visits = 0;
        int length = regex_match(p->regex, text, n, at, SEARCH_MATCH_MAX, &visits);
        *work -= visits * VISIT_WORK;
        return length > 0 ? length : 0;
    }
    return n - at >= p->length && stands(p->needle, p->length, text + at, p->ignore_case)
               ? p->length
               : 0;
}

/* The next code at or after `i` that a result can begin with, or `stop`. */
static int skip(const bool *first, const uint32_t *text, int i, int stop)
{
    while (i < stop && !is_first(first, text[i]))
        i++;
    return i;
}

int pattern_find(const struct pattern *p, const uint32_t *text, int n, int *from, int stop,
                 int *length, int *work)
{
    int i = *from;
    while (*work > 0 && i < stop) {
        int reach = stop - i < *work ? stop : i + *work;
        int next = skip(p->first, text, i, reach);
        *work -= next - i;
        i = next;
        if (i == reach)
            continue;
        *length = match(p, text, n, i, work);
        if (*length)
            return i;
        *work -= 1;
        i++;
    }
    *from = i;
    return i < stop ? -1 : stop;
}

bool pattern_possible(const struct pattern *p, const uint32_t *text, int from, int n, int *work)
{
    const uint32_t *literal;
    bool first[REGEX_FIRST] = {0};
    int length = p->regex ? regex_literal(p->regex, &literal) : 0;
    if (length == 0)
        return true;
    first_of(first, literal[0], p->ignore_case);
    *work -= n - from;
    for (int i = skip(first, text, from, n); n - i >= length; i = skip(first, text, i + 1, n)) {
        if (stands(literal, length, text + i, p->ignore_case))
            return true;
    }
    return false;
}
