/* The cursor, tabs and control characters. */
#ifndef TERM_VT_CURSOR_H
#define TERM_VT_CURSOR_H

#include "term/screen/state.h"

/* Puts the cursor at a place as CUP counts it (origin mode applies), clamped. */
void cursor_address(struct term *t, int row, int col);
/* Puts it at a place of the screen, clamped; nothing waits to wrap any more. */
void cursor_place(struct term *t, int row, int col);
void cursor_save(struct term *t);
void cursor_restore(struct term *t);
void cursor_reset(struct cursor *c);
void tabs_reset(struct term *t);
void control_character(struct term *t, uint32_t code);

#endif
