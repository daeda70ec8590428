/* Device control strings. */
#ifndef TERM_VT_DCS_H
#define TERM_VT_DCS_H

#include "term/screen/state.h"

void dcs_dispatch(struct term *t, const struct sequence *s, const char *text, size_t n);
/* Entry `i` of the table of DCS strings; false when there are no more. */
bool dcs_entry_get(size_t i, char form[3], const char **name, const char **text);

#endif
