/* Holes are those of NTFS and ReFS. */
#include "runtime/host/sparse.h"

#include "runtime/abi/errno.h"
#include "runtime/host/windows/files.h"
#include <stdbool.h>
#include <winioctl.h>

static int64_t size_of(const struct host_file *file)
{
    LARGE_INTEGER size;
    return GetFileSizeEx(file->handle, &size) ? size.QuadPart : host_last_error();
}

/* The first range with data at or after offset. 1, 0: none, -L_EOPNOTSUPP: not told. */
static int next_range(const struct host_file *file, int64_t offset, int64_t size,
                      FILE_ALLOCATED_RANGE_BUFFER *range)
{
    FILE_ALLOCATED_RANGE_BUFFER from = {.FileOffset.QuadPart = offset,
                                        .Length.QuadPart = size - offset};
    DWORD got = 0;
    if (!DeviceIoControl(file->handle, FSCTL_QUERY_ALLOCATED_RANGES, &from, sizeof(from), range,
                         sizeof(*range), &got, NULL) &&
        GetLastError() != ERROR_MORE_DATA)
        return -L_EOPNOTSUPP;
    return got >= sizeof(*range);
}

int64_t host_file_seek(struct host_file *file, uint64_t offset, bool hole)
{
    int64_t size = size_of(file), at = (int64_t)offset;
    FILE_ALLOCATED_RANGE_BUFFER range;
    if (size < 0)
        return size;
    if (at < 0 || at >= size)
        return -L_ENXIO;
    for (;;) {
        int found = at < size ? next_range(file, at, size, &range) : 0;
        if (found < 0)
            return hole ? size : at;
        if (!found)
            return hole ? at : -L_ENXIO;
        int64_t start = range.FileOffset.QuadPart, end = start + range.Length.QuadPart;
        if (start < at)
            start = at;
        if (!hole)
            return start;
        if (start > at)
            return at;
        /* One range may be told as several. */
        at = end < size ? end : size;
    }
}

static bool set_sparse(const struct host_file *file)
{
    DWORD flags, got;
    FILE_SET_SPARSE_BUFFER sparse = {.SetSparse = TRUE};
    return GetVolumeInformationByHandleW(file->handle, NULL, 0, NULL, NULL, &flags, NULL, 0) &&
           (flags & FILE_SUPPORTS_SPARSE_FILES) &&
           DeviceIoControl(file->handle, FSCTL_SET_SPARSE, &sparse, sizeof(sparse), NULL, 0, &got,
                           NULL);
}

/* As far as the file goes; a sparse file gives room back for it. */
static int set_zeros(const struct host_file *file, uint64_t offset, uint64_t n)
{
    int64_t size = size_of(file);
    FILE_ZERO_DATA_INFORMATION zeros = {.FileOffset.QuadPart = (int64_t)offset,
                                        .BeyondFinalZero.QuadPart = (int64_t)(offset + n)};
    DWORD got;
    if (size < 0)
        return (int)size;
    if (zeros.BeyondFinalZero.QuadPart > size)
        zeros.BeyondFinalZero.QuadPart = size;
    if (zeros.FileOffset.QuadPart >= zeros.BeyondFinalZero.QuadPart)
        return 0;
    if (DeviceIoControl(file->handle, FSCTL_SET_ZERO_DATA, &zeros, sizeof(zeros), NULL, 0, &got,
                        NULL))
        return 0;
    switch (GetLastError()) {
    case ERROR_INVALID_FUNCTION:
    case ERROR_NOT_SUPPORTED:
    case ERROR_INVALID_PARAMETER:
        return -L_EOPNOTSUPP;
    default:
        return host_last_error();
    }
}

/* Whether the file has room for all its bytes. */
static bool is_dense(const struct host_file *file)
{
    FILE_BASIC_INFO info;
    return GetFileInformationByHandleEx(file->handle, FileBasicInfo, &info, sizeof(info)) &&
           !(info.FileAttributes & (FILE_ATTRIBUTE_SPARSE_FILE | FILE_ATTRIBUTE_COMPRESSED));
}

int host_file_room(struct host_file *file, enum host_room what, uint64_t offset, uint64_t n)
{
    int64_t size = size_of(file);
    if (size < 0)
        return (int)size;
    switch (what) {
    case HOST_ROOM_EXTEND:
        if (!is_dense(file))
            return -L_EOPNOTSUPP;
        return (int64_t)(offset + n) > size ? host_file_truncate(file, offset + n) : 0;
    case HOST_ROOM_PUNCH:
        return set_sparse(file) ? set_zeros(file, offset, n) : -L_EOPNOTSUPP;
    default:
        return -L_EOPNOTSUPP;
    }
}

int host_at_nameless(struct host_root *root, const char *directory, uint32_t mode,
                     struct host_file **out)
{
    (void)root;
    (void)directory;
    (void)mode;
    *out = NULL;
    return -L_EOPNOTSUPP;
}

int host_file_name(struct host_file *file, struct host_root *root, const char *name)
{
    (void)file;
    (void)root;
    (void)name;
    return -L_EOPNOTSUPP;
}

int host_at_hold(struct host_root *root, const char *name, struct host_file **out)
{
    (void)root;
    (void)name;
    *out = NULL;
    return -L_EOPNOTSUPP;
}

int64_t host_file_getxattr(struct host_file *file, const char *name, void *value, size_t size)
{
    (void)file;
    (void)name;
    (void)value;
    (void)size;
    return -L_EOPNOTSUPP;
}

int64_t host_file_listxattr(struct host_file *file, char *names, size_t size)
{
    (void)file;
    (void)names;
    (void)size;
    return -L_EOPNOTSUPP;
}

int host_file_setxattr(struct host_file *file, const char *name, const void *value, size_t size,
                       int flags)
{
    (void)file;
    (void)name;
    (void)value;
    (void)size;
    (void)flags;
    return -L_EOPNOTSUPP;
}

int host_file_removexattr(struct host_file *file, const char *name)
{
    (void)file;
    (void)name;
    return -L_EOPNOTSUPP;
}
