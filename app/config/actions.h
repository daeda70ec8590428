/* What keys can do to the window: the table of actions (actions.def). */
#ifndef APP_CONFIG_ACTIONS_H
#define APP_CONFIG_ACTIONS_H

#include <stdbool.h>
#include <stddef.h>

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

#endif
