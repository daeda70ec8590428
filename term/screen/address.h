/* Addresses (https://...) recognised in the text. */
#ifndef TERM_SCREEN_ADDRESS_H
#define TERM_SCREEN_ADDRESS_H

#include "term/screen/layout.h"

/* The address around a cell of a line of text, zero-terminated, caller frees, and the cells [*from,
 * *to) it stands in. It begins with a known scheme and has what RFC 3987 allows in it, but for
 * characters that draw or part text; punctuation and brackets that are not its own do not belong to
 * it. NULL when there is none or no memory. */
char *address_around(const struct term *t, const struct chain *c, int at, int *from, int *to);

#endif
