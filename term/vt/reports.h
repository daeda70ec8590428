/* What the terminal tells about itself. */
#ifndef TERM_VT_REPORTS_H
#define TERM_VT_REPORTS_H

#include "term/screen/state.h"

/* DECRQSS: the setting that a control sequence of this name would make. */
void status_string(struct term *t, const char *name, size_t n, bool valid);

/* Whether the background is light (the answer to DSR ? 996), and telling the program so. */
bool scheme_is_light(const struct term *t);
void scheme_report(struct term *t);
/* Tells the program the size in cells and in pixels (mode 2048). */
void size_report(struct term *t);

#endif
