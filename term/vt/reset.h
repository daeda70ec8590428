/* Soft and hard reset. */
#ifndef TERM_VT_RESET_H
#define TERM_VT_RESET_H

#include "term/screen/state.h"

void reset_soft(struct term *t); /* DECSTR */
void reset_hard(struct term *t); /* RIS; the scrollback stays */

#endif
