/* What the process was started with as standard handles. */
#include "runtime/host/windows/standard.h"

#include <stdatomic.h>

#include "runtime/host/lock.h"

static struct host_mutex lock = HOST_MUTEX_INIT(RANK_HOST_STANDARD);
static struct standard_handle known[3];
static atomic_bool asked[3]; /* its row of known stays as it is from then on */

/* A number that is none may be that of a folder which every process has open. */
static bool is_file(HANDLE handle)
{
    FILE_STANDARD_INFO info;
    return GetFileInformationByHandleEx(handle, FileStandardInfo, &info, sizeof(info)) &&
           !info.Directory;
}

static struct standard_handle ask_handle(int fd)
{
    static const DWORD names[3] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
    struct standard_handle none = {NULL, HOST_STDIO_DEVICE};
    HANDLE handle = GetStdHandle(names[fd]);
    DWORD mode;
    if (!handle || handle == INVALID_HANDLE_VALUE)
        return none;
    SetLastError(NO_ERROR);
    switch (GetFileType(handle)) {
    case FILE_TYPE_DISK:
        return is_file(handle) ? (struct standard_handle){handle, HOST_STDIO_FILE} : none;
    case FILE_TYPE_PIPE:
        return (struct standard_handle){handle, HOST_STDIO_PIPE};
    case FILE_TYPE_CHAR:
        return (struct standard_handle){handle, GetConsoleMode(handle, &mode) ? HOST_STDIO_TERMINAL
                                                                              : HOST_STDIO_DEVICE};
    default:
        return GetLastError() == NO_ERROR ? (struct standard_handle){handle, HOST_STDIO_DEVICE}
                                          : none;
    }
}

struct standard_handle standard_handle(int fd)
{
    if (atomic_load(&asked[fd]))
        return known[fd];
    host_mutex_lock(&lock);
    if (!atomic_load(&asked[fd]))
        known[fd] = ask_handle(fd);
    atomic_store(&asked[fd], true);
    host_mutex_unlock(&lock);
    return known[fd];
}
