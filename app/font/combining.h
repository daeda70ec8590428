/* Combining marks that a font has no places for, in what HarfBuzz made of it. */
#ifndef APP_FONT_COMBINING_H
#define APP_FONT_COMBINING_H

#include <stdbool.h>
#include <stdint.h>

#include "app/font/face.h"

/* Marks that may be put over any letter: those that belong to no script, without those that span
 * two letters. */
bool combining_common(uint32_t code);

/*
 * Puts glyph `at` of the text, a common mark behind its letter, over or under what stands before
 * it, unless the font has done so. The text's advance is that of the letter.
 */
void combining_place(struct face *face, struct face_text *text, int at);

#endif
