/* The shape of the mouse pointer as programs ask for it (OSC 22). Source: kitty's protocol, which
 * xterm's is a part of. */
#ifndef TERM_VT_POINTER_SHAPE_H
#define TERM_VT_POINTER_SHAPE_H

#include "term/screen/state.h"

/* What follows the number: a name, or a list of names after = (set), > (push), < (pop), ? (ask). */
void pointer_change(struct term *t, const char *text, size_t n);
void pointer_reset(struct term *t);

#endif
