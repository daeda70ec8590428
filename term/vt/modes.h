/* ANSI and DEC private modes. */
#ifndef TERM_VT_MODES_H
#define TERM_VT_MODES_H

#include "term/screen/state.h"

void modes_reset(struct term *t);
/* Entry `i` of the table of modes; false when there are no more. */
bool mode_entry_get(size_t i, bool *dec, unsigned *number, const char **text);

#endif
