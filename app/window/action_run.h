/* Doing what keys are bound to. UI thread. */
#ifndef APP_WINDOW_ACTION_RUN_H
#define APP_WINDOW_ACTION_RUN_H

#include <stdbool.h>

#include "app/config/actions.h"

struct window;

/* Does it. False when the key shall go to the program after all. argument is
 * NULL when the action takes none. */
bool action_run(struct window *w, enum action action, const char *argument);

/* For the mouse as well. False when nothing was selected. */
bool window_copy(struct window *w, bool primary);
/* Rows: negative into the scrollback. */
void window_scroll(struct window *w, int rows);

#endif
