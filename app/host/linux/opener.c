/* xdg-open(1) knows the desktop's programs. */
#include "app/host/opener.h"

#include <stddef.h>

#include "app/host/linux/run_program.h"

static bool open_target(const char *target)
{
    char *argv[] = {"xdg-open", (char *)target, NULL};
    return run_program(argv);
}

bool host_open_link(const char *uri)
{
    return open_target(uri);
}

bool host_opens_files_safely(void)
{
    return true;
}

bool host_edit_file(const char *path)
{
    return open_target(path);
}
