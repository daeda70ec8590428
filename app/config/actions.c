/* The table of what keys can do, and its names. */
#include "app/config/actions.h"

#include <string.h>

const struct action_info action_table[ACTION_COUNT] = {
#define ACTION(id, ...) [ACTION_##id] = {__VA_ARGS__},
#include "app/config/actions.def"
};

enum action action_find(const char *name, size_t n)
{
    for (int i = 0; i < ACTION_COUNT; i++)
        if (strlen(action_table[i].name) == n && memcmp(action_table[i].name, name, n) == 0)
            return (enum action)i;
    return ACTION_COUNT;
}
