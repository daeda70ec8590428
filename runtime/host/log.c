#include "runtime/host/log.h"
#include "runtime/host/env.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void host_log_open_kept(const char *name)
{
    char path[4096];
    char *folder = host_cache_dir();
    if (folder) {
        snprintf(path, sizeof(path), "%s/%s", folder, name);
        host_log_open(path);
    }
    free(folder);
}

void host_log(const char *format, ...)
{
    char line[1002];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof(line) - 1, format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    if ((size_t)length > sizeof(line) - 2)
        length = sizeof(line) - 2;
    line[length++] = '\n';
    host_log_raw(line, (size_t)length);
}
