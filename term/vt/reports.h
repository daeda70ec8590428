/* What the terminal tells about itself. */
#ifndef TERM_VT_REPORTS_H
#define TERM_VT_REPORTS_H

#include "term/screen/state.h"

/* DECRQSS: the setting that a control sequence of this name would make. */
void status_string(struct term *t, const char *name, size_t n, bool valid);

#endif
