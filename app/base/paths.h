/* Names of files as users write them, on this host. */
#ifndef APP_BASE_PATHS_H
#define APP_BASE_PATHS_H

#include <stdbool.h>

/* Whether it means the same file wherever it is written. */
bool path_is_absolute(const char *path);

#endif
