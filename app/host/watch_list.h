/* The files of a watch (watch.h): the same on each host. */
#ifndef APP_HOST_WATCH_LIST_H
#define APP_HOST_WATCH_LIST_H

#include <stdbool.h>

#define WATCH_FILES_MAX 4

struct watch_list {
    char *files[WATCH_FILES_MAX]; /* malloc'ed */
    int count;
};

/*
 * Takes these paths (NULL after the last one; what is beyond WATCH_FILES_MAX is left out) in the
 * place of those before, each as copy() gives it: malloc'ed, or NULL to leave it out. False when
 * they are the same. The watch's lock is held.
 */
bool watch_list_take(struct watch_list *list, const char *const *paths,
                     char *(*copy)(const char *));

#endif
