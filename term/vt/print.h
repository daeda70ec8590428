/* Text into cells. */
#ifndef TERM_VT_PRINT_H
#define TERM_VT_PRINT_H

#include "term/screen/state.h"

void print_run(struct term *t, const uint8_t *text, size_t n);
void print_character(struct term *t, uint32_t code);
/* The last column text may be printed to in the cursor's row. */
int right_limit(const struct term *t);
/* Moves down a row, scrolling at the bottom margin. */
void index_down(struct term *t);
void index_up(struct term *t);

#endif
