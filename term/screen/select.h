/* The selection, as the text under it changes. */
#ifndef TERM_SCREEN_SELECT_H
#define TERM_SCREEN_SELECT_H

#include "term/screen/state.h"

/* Ends the selection when the text under it has changed. */
void selection_check(struct term *t);
/* The columns [from, to) of row `row` that are selected; false when none are. */
bool selection_columns(const struct term *t, uint64_t row, int *from, int *to);

#endif
