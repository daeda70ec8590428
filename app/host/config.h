/* Where this host keeps the configuration, and how users edit it. */
#ifndef APP_HOST_CONFIG_H
#define APP_HOST_CONFIG_H

#include <stdbool.h>

/* The file (UTF-8, malloc'ed), which need not be there; NULL when there is no place for one. */
char *host_config_path(void);

/* Opens a text file in the user's editor and does not wait for it. False when there is none. */
bool host_edit_file(const char *path);

#endif
