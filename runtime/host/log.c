#include "runtime/host/log.h"
#include <stdarg.h>
#include <stdio.h>

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
