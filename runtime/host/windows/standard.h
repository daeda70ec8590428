/*
 * What the process was started with as standard handles.
 *
 * Each is looked at once, at the first call, and what was found holds from then on: Windows lets
 * GetFileType and PeekNamedPipe wait while another thread reads the same pipe, and the number of a
 * handle that was not valid at the start may later be that of a file of ours.
 */
#ifndef RUNTIME_HOST_WINDOWS_STANDARD_H
#define RUNTIME_HOST_WINDOWS_STANDARD_H

#include "runtime/host/stdio.h"
#include <windows.h>

struct standard_handle {
    HANDLE handle; /* NULL: none was given, and it acts as the null device */
    enum host_stdio_kind kind;
};

/* fd is 0, 1 or 2. */
struct standard_handle standard_handle(int fd);

#endif
