/* The colours that programs change. */
#ifndef TERM_VT_PALETTE_H
#define TERM_VT_PALETTE_H

#include "term/screen/state.h"

void palette_reset(struct term *t);
/* Gives a dynamic colour (OSC 10 and on, counted from 0) its value from the options. */
void dynamic_reset(struct term *t, int which);
/* Reads rgb:r/g/b, #rgb and the like, or a name that X11 knows. */
bool color_parse(const char *text, size_t n, uint32_t *color);

#endif
