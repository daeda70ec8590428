/* The files of a watch: the same on each host. */
#include "app/host/watch_list.h"

#include <stdlib.h>
#include <string.h>

bool watch_list_take(struct watch_list *list, const char *const *paths, char *(*copy)(const char *))
{
    struct watch_list fresh = {.count = 0};
    for (; *paths && fresh.count < WATCH_FILES_MAX; paths++)
        if ((fresh.files[fresh.count] = copy(*paths)))
            fresh.count++;
    bool same = fresh.count == list->count;
    for (int i = 0; same && i < fresh.count; i++)
        same = strcmp(fresh.files[i], list->files[i]) == 0;
    struct watch_list *unused = same ? &fresh : list;
    for (int i = 0; i < unused->count; i++)
        free(unused->files[i]);
    if (!same)
        *list = fresh;
    return !same;
}
