// Regular expressions for searching: a set of states is moved over the text, so no pattern takes
// longer than its length times the text's.
//
// Known: literals, . [set] [^set] with ranges, * + ? {m} {m,} {m,n}, | ( ), ^ $ at the ends of a
// line, \d \w \s and their capitals, \b at the edge of a word, \t, and \ before anything else.
#ifndef TERM_REGEX_H
#define TERM_REGEX_H

#include <stdbool.h>
#include <stdint.h>

struct regex;

// NULL for a broken or too large pattern and when out of memory.
struct regex *regex_new(const uint32_t *pattern, int n, bool ignore_case);
void regex_free(struct regex *r);

// The length of the longest match that begins at `at`; -1 when there is none.
int regex_match(struct regex *r, const uint32_t *text, int n, int at);

// Lower case of the letters of Latin, Greek and Cyrillic; others are themselves.
uint32_t fold_case(uint32_t code);

#endif
