/* A growing piece of UTF-8 made from cells. */
#ifndef TERM_SCREEN_TEXT_H
#define TERM_SCREEN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct term;

struct text {
    char *bytes;
    size_t length, capacity;
    bool failed; /* memory ran out; what follows is dropped */
};

void text_byte(struct text *out, char byte);
/* Appends the characters of a cell: a blank for one that is empty, nothing for the right half of
 * a wide one. */
void text_cell(struct text *out, const struct term *t, uint32_t ch);
/* Removes blanks from the end, but nothing before `mark`. */
void text_trim(struct text *out, size_t mark);
/* Hands the bytes over, zero-terminated, to be freed by the caller; NULL when memory ran out. */
char *text_take(struct text *out, size_t *length);

#endif
