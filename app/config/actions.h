/* What keys can do to the window: the table of actions (actions.def), and doing them. */
#ifndef APP_CONFIG_ACTIONS_H
#define APP_CONFIG_ACTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct window;

enum action {
#define ACTION(id, ...) ACTION_##id,
#include "app/config/actions.def"
    ACTION_COUNT
};

struct action_info {
    const char *name, *argument, *keys, *text; /* argument NULL: takes none */
    const char *windows_keys; /* in addition, where the host is Windows; may be NULL */
};

extern const struct action_info action_table[ACTION_COUNT];

/* ACTION_COUNT when there is no action of that name, which is n bytes long. */
enum action action_find(const char *name, size_t n);

/* Does it; on the UI thread. False when the key shall go to the program after all. argument is
 * NULL when the action takes none. */
bool action_run(struct window *w, enum action action, const char *argument);

/* For the mouse as well. False when nothing was selected. */
bool window_copy(struct window *w, bool primary);
/* Rows: negative into the scrollback. */
void window_scroll(struct window *w, int rows);

#endif
