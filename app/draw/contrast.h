/* How well text can be told from what is behind it. Source: contrast ratio of WCAG 2.1. */
#ifndef APP_DRAW_CONTRAST_H
#define APP_DRAW_CONTRAST_H

#include <stdint.h>

#define CONTRAST_READABLE 4.5 /* the least for text, by WCAG */

/* From 1 (the same) to 21 (black on white). */
double contrast_ratio(uint32_t a, uint32_t b);

/* The colour nearest to `color`, on the way to black or white, that has at least this contrast to
 * what is behind it; the better one of the two when none has. */
uint32_t contrast_raise(uint32_t color, uint32_t behind, double least);

#endif
