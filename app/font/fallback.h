/*
 * The fonts of the system for what the chosen ones lack. A thread of its own lists them, in the
 * order of preference, when the first character is asked for; nobody waits for all of them. For
 * the UI thread, but where it says otherwise.
 */
#ifndef APP_FONT_FALLBACK_H
#define APP_FONT_FALLBACK_H

#include <stdbool.h>
#include <stdint.h>

#include "app/host/fonts.h"

enum fallback_answer { FALLBACK_FOUND, FALLBACK_NONE, FALLBACK_PENDING };

/*
 * The first font from number *at on that has the code point: *at becomes its number, for
 * fallback_font; ask on from *at + 1. color: only fonts in colour, or only others. PENDING: the
 * list is still being made and the answer is not among what is there.
 */
enum fallback_answer fallback_find(uint32_t code, bool color, int *at);

/* Number at, as found: lives as long as the program. */
const struct host_font *fallback_font(int at);

/* Waits until the list is complete. Any thread. */
void fallback_wait(void);

/* ready(arg) is called from the listing thread when the list has become complete after somebody was
 * told PENDING; it may not call back into this file. NULL: nobody. */
void fallback_notify(void (*ready)(void *arg), void *arg);

#endif
