/* Where the log is written. */
#include "runtime/host/log.h"
#include "runtime/abi/errno.h"
#include "runtime/host/windows/standard.h"
#include "runtime/host/windows/wide.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static _Atomic(HANDLE) log_handle;
static char log_path[4096];

/* Whoever has it open goes on with the old one. */
static void set_aside(const wchar_t *path)
{
    WIN32_FILE_ATTRIBUTE_DATA data;
    if (!GetFileAttributesExW(path, GetFileExInfoStandard, &data) ||
        (!data.nFileSizeHigh && data.nFileSizeLow <= HOST_LOG_MAX))
        return;
    static const wchar_t suffix[] = L".old";
    size_t length = wcslen(path);
    wchar_t *old = malloc(length * sizeof(*old) + sizeof(suffix));
    if (!old)
        return;
    wcscpy(old, path);
    wcscpy(old + length, suffix);
    MoveFileExW(path, old, MOVEFILE_REPLACE_EXISTING);
    free(old);
}

static int open_log(const char *path, HANDLE *handle)
{
    wchar_t *wide = host_wide(path);
    if (!wide)
        return -L_ENOMEM;
    set_aside(wide);
    *handle = CreateFileW(wide, FILE_APPEND_DATA | FILE_READ_ATTRIBUTES,
                          FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_ALWAYS,
                          FILE_ATTRIBUTE_NORMAL, NULL);
    free(wide);
    return *handle == INVALID_HANDLE_VALUE ? -host_windows_errno(GetLastError()) : 0;
}

int host_log_open(const char *path)
{
    HANDLE handle;
    if (strlen(path) >= sizeof(log_path))
        return -L_ENAMETOOLONG;
    int error = open_log(path, &handle);
    if (error)
        return error;
    strcpy(log_path, path);
    HANDLE old = atomic_exchange(&log_handle, handle);
    if (old)
        CloseHandle(old);
    return 0;
}

/* The handler of faults may just be writing to the present file: it is closed at the next time. */
void host_log_renew(void)
{
    static HANDLE last;
    LARGE_INTEGER size;
    HANDLE handle = atomic_load(&log_handle), next;
    if (!handle || !GetFileSizeEx(handle, &size) || size.QuadPart <= HOST_LOG_MAX)
        return;
    /* A file that is open cannot be replaced. */
    if (last)
        CloseHandle(last);
    last = NULL;
    if (open_log(log_path, &next) == 0)
        last = atomic_exchange(&log_handle, next);
}

const char *host_log_path(void)
{
    return log_path[0] ? log_path : NULL;
}

void host_log_raw(const char *text, size_t length)
{
    HANDLE handle = atomic_load(&log_handle);
    DWORD written;
    if (!handle)
        handle = standard_handle(2).handle;
    if (handle)
        WriteFile(handle, text, (DWORD)length, &written, NULL);
}
