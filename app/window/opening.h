/* Handing something to the programs of the system: a link to the browser, a file to the editor. */
#ifndef APP_WINDOW_OPENING_H
#define APP_WINDOW_OPENING_H

#include <stdbool.h>

struct window;

/*
 * Calls open(target), which may wait for the other program, on a thread of its own. When it returns
 * false, a note in the window and the log say `failed` and the target. UI thread.
 */
void opening_start(struct window *w, bool (*open)(const char *target), const char *target,
                   const char *failed);

#endif
