/* Styles of the pen. */
#ifndef TERM_VT_SGR_H
#define TERM_VT_SGR_H

#include "term/screen/state.h"

/* Ends all attributes of the pen but colours, links and protection. */
void attributes_reset(struct term *t);
/* Writes the SGR parameters that describe a style; returns the length. */
int sgr_describe(const struct term *t, const struct term_cell *pen, char *out, size_t size);

#endif
