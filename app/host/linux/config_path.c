/* The configuration file's place: the XDG base directories. */
#include "app/host/config_path.h"

#include <stdio.h>
#include <stdlib.h>

/* XDG Base Directory Specification: a relative $XDG_CONFIG_HOME is ignored. */
char *host_config_path(void)
{
    const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    bool own = base && base[0] == '/';
    char *path;
    if (!own && (!home || !home[0]))
        return NULL;
    if (asprintf(&path, "%s%s/foreland/foreland.conf", own ? base : home, own ? "" : "/.config") <
        0)
        return NULL;
    return path;
}
