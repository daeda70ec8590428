/* Operating system commands. */
#ifndef TERM_VT_OSC_H
#define TERM_VT_OSC_H

#include "term/screen/state.h"

void osc_dispatch(struct term *t, const char *text, size_t n, bool bell);
/* Entry `i` of the table of OSC numbers; false when there are no more. */
bool osc_entry_get(size_t i, unsigned *first, unsigned *last, const char **text);
void title_set(struct term *t, bool window, bool icon, const char *text, size_t n);

#endif
