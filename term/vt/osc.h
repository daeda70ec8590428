/* Operating system commands. */
#ifndef TERM_VT_OSC_H
#define TERM_VT_OSC_H

#include "term/screen/state.h"

void osc_dispatch(struct term *t, const char *text, size_t n, bool bell);
/* Entry `i` of the table of OSC numbers; false when there are no more. */
bool osc_entry_get(size_t i, unsigned *first, unsigned *last, const char **text);
/* Copies text without control characters and broken parts, as many whole characters as fit. */
void plain_text(char *out, size_t size, const char *text, size_t n);
/* Decodes base64 up to `=` or the end into `out`, which has room for n bytes; returns the bytes, 0
 * for what is not base64. */
size_t base64_decode(const char *text, size_t n, char *out);
void title_set(struct term *t, bool window, bool icon, const char *text, size_t n);

#endif
