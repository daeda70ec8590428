/* Where this host keeps the configuration. */
#ifndef APP_HOST_CONFIG_PATH_H
#define APP_HOST_CONFIG_PATH_H

#include <stdbool.h>

/* The file (UTF-8, malloc'ed), which need not be there; NULL when there is no place for one. */
char *host_config_path(void);

#endif
