/* The clipboard and, where there is one, the primary selection. UI thread. */
#ifndef APP_INPUT_CLIPBOARD_H
#define APP_INPUT_CLIPBOARD_H

#include <stdbool.h>

/* Whether the system has a primary selection, which other programs can paste. */
bool clipboard_has_primary(void);
void clipboard_set(const char *text, bool primary);
/* Text to be freed with SDL_free; "" when there is none. Newlines are \n. */
char *clipboard_get(bool primary);

#endif
