/* The text as code points, in pieces of bounded size. Texts belong to one thread at a time;
 * whatever takes a `struct term *` runs under the owner's lock. */
#ifndef TERM_SEARCH_SEARCH_TEXT_H
#define TERM_SEARCH_SEARCH_TEXT_H

#include "term/screen/state.h"

/* A line of text, or where it is long a part of it that begins and ends in the same rows however it
 * is come by: results that begin in it are looked for at a time. */
struct text_piece {
    uint64_t first, end; /* rows of the text */
    int begin;           /* codes before `from` are what stands before it */
    int from, stop;      /* codes of its own */
    int limit;           /* codes from `stop` on are what follows */
};

void codes_free(struct codes *s);
/* The first row of the piece that a row is in, and the row after its last. */
uint64_t piece_first(const struct term *t, uint64_t row);
uint64_t piece_end(const struct term *t, uint64_t first);
/* Appends the piece that a row is in. False when out of memory. */
bool piece_load(struct codes *s, struct text_piece *p, struct term *t, uint64_t row);
/* Different when what piece_load would give has changed. */
uint64_t piece_print(const struct term *t, uint64_t first, uint64_t end);
struct place codes_place(const struct codes *s, int i);

#endif
