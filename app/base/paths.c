/* Names of files as users write them, on this host. */
#include "app/base/paths.h"

#include "runtime/host/file.h"

bool path_is_absolute(const char *path)
{
    return path[0] == '/' || path[0] == '\\' || (host_has_drives() && path[0] && path[1] == ':');
}
