/* The results of a search in the rows that are in view. */
#ifndef TERM_SEARCH_MARKS_H
#define TERM_SEARCH_MARKS_H

#include "term/screen/state.h"

void marks_free(struct marks *m);
/* Around marks_row for all rows of the view: what was not asked for is forgotten. */
void marks_begin(struct marks *m);
void marks_end(struct marks *m);
/* What each cell of a row (the first n) is part of. False when the work was used up before that is
 * known: calling again goes on from there. */
enum { MARK_NONE, MARK_FOUND, MARK_CURRENT };
bool marks_row(struct term *t, uint64_t row, uint8_t *marks, int n, int *work);

#endif
