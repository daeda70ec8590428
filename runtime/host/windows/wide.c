/* UTF-8 to Windows' strings and back. */
#include "runtime/host/windows/wide.h"
#include "runtime/abi/errno.h"
#include <stdlib.h>
#include <windows.h>

wchar_t *host_wide(const char *text)
{
    int length = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
    wchar_t *wide = length > 0 ? malloc((size_t)length * sizeof(*wide)) : NULL;
    if (wide)
        MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, length);
    return wide;
}

char *host_narrow(const wchar_t *text)
{
    int length = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *narrow = length > 0 ? malloc((size_t)length) : NULL;
    if (narrow)
        WideCharToMultiByte(CP_UTF8, 0, text, -1, narrow, length, NULL, NULL);
    return narrow;
}

int host_windows_errno(unsigned code)
{
    static const struct {
        unsigned code;
        int number;
    } table[] = {
        {ERROR_FILE_NOT_FOUND, L_ENOENT},
        {ERROR_PATH_NOT_FOUND, L_ENOENT},
        {ERROR_INVALID_DRIVE, L_ENOENT},
        {ERROR_BAD_NETPATH, L_ENOENT},
        {ERROR_BAD_PATHNAME, L_ENOENT},
        {ERROR_INVALID_NAME, L_ENOENT},
        {ERROR_NO_MORE_FILES, L_ENOENT},
        {ERROR_TOO_MANY_OPEN_FILES, L_EMFILE},
        {ERROR_ACCESS_DENIED, L_EACCES},
        {ERROR_SHARING_VIOLATION, L_EBUSY},
        {ERROR_LOCK_VIOLATION, L_EBUSY},
        {ERROR_USER_MAPPED_FILE, L_EBUSY},
        {ERROR_DELETE_PENDING, L_EBUSY},
        {ERROR_INVALID_HANDLE, L_EBADF},
        {ERROR_NOT_ENOUGH_MEMORY, L_ENOMEM},
        {ERROR_OUTOFMEMORY, L_ENOMEM},
        {ERROR_COMMITMENT_LIMIT, L_ENOMEM},
        {ERROR_INVALID_ADDRESS, L_ENOMEM},
        {ERROR_NOT_SAME_DEVICE, L_EXDEV},
        {ERROR_WRITE_PROTECT, L_EROFS},
        {ERROR_FILE_EXISTS, L_EEXIST},
        {ERROR_ALREADY_EXISTS, L_EEXIST},
        {ERROR_INVALID_PARAMETER, L_EINVAL},
        {ERROR_NEGATIVE_SEEK, L_EINVAL},
        {ERROR_BROKEN_PIPE, L_EPIPE},
        {ERROR_NO_DATA, L_EPIPE},
        {ERROR_PIPE_NOT_CONNECTED, L_EPIPE},
        {ERROR_HANDLE_DISK_FULL, L_ENOSPC},
        {ERROR_DISK_FULL, L_ENOSPC},
        {ERROR_DIR_NOT_EMPTY, L_ENOTEMPTY},
        {ERROR_DIRECTORY, L_ENOTDIR},
        {ERROR_FILENAME_EXCED_RANGE, L_ENAMETOOLONG},
        {ERROR_BUFFER_OVERFLOW, L_ENAMETOOLONG},
        {ERROR_NOT_SUPPORTED, L_ENOTSUP},
        {ERROR_INVALID_FUNCTION, L_ENOTSUP},
        {ERROR_PRIVILEGE_NOT_HELD, L_EPERM},
        {ERROR_TOO_MANY_LINKS, L_EMLINK},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].code == code)
            return table[i].number;
    return L_EIO;
}
