/*
 * Regular expressions for searching: a set of states is moved over the text, so no pattern takes
 * longer than its length times the text's.
 *
 * Known: literals, . [set] [^set] with ranges, * + ? {m} {m,} {m,n}, | ( ), ^ $ at the ends of a
 * line, \d \w \s and their capitals, \b at the edge of a word, \t, and \ before anything else.
 */
#ifndef TERM_MATCH_REGEX_H
#define TERM_MATCH_REGEX_H

#include <stdbool.h>
#include <stdint.h>

struct regex;

/* NULL for a broken or too large pattern and when out of memory. */
struct regex *regex_new(const uint32_t *pattern, int n, bool ignore_case);
void regex_free(struct regex *r);

/* The length of the longest match that begins at `at`, of at most `most` codes; -1 when there is
 * none. `visits` counts on by the states looked at; a match that takes some 400,000 of them is cut
 * there. One thread at a time. */
int regex_match(struct regex *r, const uint32_t *text, int n, int at, int most, int *visits);

/* Which codes a match can begin with: REGEX_FIRST entries, the last one for all that are larger. */
#define REGEX_FIRST 129
const bool *regex_first(const struct regex *r);

/* Codes (small letters where case is ignored) that are in every match, next to each other: returns
 * how many, 0 when nothing is known. */
#define REGEX_LITERAL_MAX 32
int regex_literal(const struct regex *r, const uint32_t **codes);

/* Lower case of the letters of Latin, Greek and Cyrillic; others are themselves. */
uint32_t fold_case(uint32_t code);

#endif
