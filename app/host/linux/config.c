#include "app/host/config.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

extern char **environ;

/* xdg-open(1) starts the editor and ends; its standard handles are not ours. */
bool host_edit_file(const char *path)
{
    char *argv[] = {"xdg-open", (char *)path, NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid;
    if (posix_spawn_file_actions_init(&actions))
        return false;
    for (int fd = 0; fd < 3; fd++)
        posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
    int error = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error == 0;
}
