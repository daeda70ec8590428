/* Symbolic links and junctions are seen as what they lead to. */
#include "runtime/abi/errno.h"
#include "runtime/abi/stat.h"
#include "runtime/host/time.h"
#include "runtime/host/windows/files.h"
#include "runtime/host/windows/wide.h"
#include <stdlib.h>
#include <string.h>

/* 100 ns since 1601 to ns since 1970. */
#define EPOCH_DISTANCE 116444736000000000ll

bool host_names_fold(void)
{
    return true;
}

bool host_has_drives(void)
{
    return true;
}

bool host_has_modes(void)
{
    return false;
}

/* --- open files --- */

DWORD host_access_of(uint32_t flags)
{
    DWORD access = flags & HOST_FILE_WRITE ? GENERIC_WRITE : 0;
    if (flags & HOST_FILE_READ || !(flags & HOST_FILE_WRITE))
        access |= GENERIC_READ;
    return access;
}

int host_file_wrap(HANDLE handle, const wchar_t *path, struct host_file **out)
{
    *out = NULL;
    if (handle == INVALID_HANDLE_VALUE)
        return host_error_at(path, host_last_error());
    struct host_file *file = malloc(sizeof(*file));
    if (!file) {
        CloseHandle(handle);
        return -L_ENOMEM;
    }
    *file = (struct host_file){handle, host_is_program(path)};
    *out = file;
    return 0;
}

int host_file_open(const char *path, uint32_t flags, uint32_t mode, struct host_file **out)
{
    wchar_t *wide;
    DWORD disposition = OPEN_EXISTING;
    *out = NULL;
    int error =
        host_windows_path(path, L"", flags & HOST_FILE_CREATE ? -L_EINVAL : -L_ENOENT, &wide);
    if (error)
        return error;
    if (flags & HOST_FILE_CREATE)
        disposition = flags & HOST_FILE_EXCLUSIVE ? CREATE_NEW : OPEN_ALWAYS;
    DWORD attributes = mode & 0200 || !(flags & HOST_FILE_CREATE) ? FILE_ATTRIBUTE_NORMAL
                                                                  : FILE_ATTRIBUTE_READONLY;
    HANDLE handle =
        CreateFileW(wide, host_access_of(flags), SHARE_ALL, NULL, disposition, attributes, NULL);
    error = host_file_wrap(handle, wide, out);
    free(wide);
    if (!error && flags & HOST_FILE_TRUNCATE)
        error = host_file_truncate(*out, 0);
    if (error) {
        host_file_close(*out);
        *out = NULL;
    }
    return error;
}

void host_file_close(struct host_file *file)
{
    if (!file)
        return;
    CloseHandle(file->handle);
    free(file);
}

static DWORD piece_of(size_t n)
{
    return n > (1u << 30) ? 1u << 30 : (DWORD)n;
}

int64_t host_file_read(struct host_file *file, void *buffer, size_t n, uint64_t offset)
{
    size_t done = 0;
    while (done < n) {
        uint64_t at = offset + done;
        OVERLAPPED where = {.Offset = (DWORD)at, .OffsetHigh = (DWORD)(at >> 32)};
        DWORD got = 0;
        if (!ReadFile(file->handle, (char *)buffer + done, piece_of(n - done), &got, &where)) {
            if (GetLastError() == ERROR_HANDLE_EOF)
                break;
            return done ? (int64_t)done : host_last_error();
        }
        if (got == 0)
            break;
        done += got;
    }
    return (int64_t)done;
}

/* Not the file itself: one that is shown cannot be replaced. */
int host_file_show(struct host_file *file, uint64_t size, const void **out)
{
    void *copy = VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    *out = copy;
    if (!copy)
        return -L_ENOMEM;
    if (host_file_read(file, copy, size, 0) == (int64_t)size)
        return 0;
    host_file_hide(copy, size);
    *out = NULL;
    return -L_EIO;
}

void host_file_hide(const void *shown, uint64_t size)
{
    (void)size;
    VirtualFree((void *)(uintptr_t)shown, 0, MEM_RELEASE);
}

int64_t host_file_write(struct host_file *file, const void *buffer, size_t n, uint64_t offset)
{
    size_t done = 0;
    while (done < n) {
        uint64_t at = offset + done;
        OVERLAPPED where = {.Offset = (DWORD)at, .OffsetHigh = (DWORD)(at >> 32)};
        DWORD put = 0;
        if (!WriteFile(file->handle, (const char *)buffer + done, piece_of(n - done), &put, &where))
            return done ? (int64_t)done : host_last_error();
        done += put;
    }
    return (int64_t)done;
}

int host_file_truncate(struct host_file *file, uint64_t size)
{
    FILE_END_OF_FILE_INFO info = {.EndOfFile.QuadPart = (LONGLONG)size};
    return host_result_of(
        SetFileInformationByHandle(file->handle, FileEndOfFileInfo, &info, sizeof(info)));
}

int host_file_sync(struct host_file *file, bool data_only)
{
    (void)data_only;
    return host_result_of(FlushFileBuffers(file->handle));
}

/* --- attributes --- */

static int64_t nanoseconds(FILETIME time)
{
    int64_t ticks = (int64_t)((uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime);
    if (!ticks)
        return 0;
    ticks -= EPOCH_DISTANCE;
    return host_time_in_ns(ticks / 10000000, ticks % 10000000 * 100);
}

static FILETIME file_time(int64_t time)
{
    uint64_t ticks = (uint64_t)(time / 100 + EPOCH_DISTANCE);
    return (FILETIME){(DWORD)ticks, (DWORD)(ticks >> 32)};
}

static uint32_t mode_of(DWORD attributes, bool program)
{
    uint32_t mode = program ? 0755 : 0644;
    if (attributes & FILE_ATTRIBUTE_DIRECTORY)
        return L_S_IFDIR | 0755;
    if (attributes & FILE_ATTRIBUTE_READONLY)
        mode &= ~0222u;
    return L_S_IFREG | mode;
}

/* The number that tells files of a volume apart: 128 bits of it where they are needed (ReFS). 0:
 * the file system has none. */
static void identify(HANDLE handle, const BY_HANDLE_FILE_INFORMATION *info, struct host_stat *out)
{
    FILE_ID_INFO id;
    uint64_t low, high;
    out->device = info->dwVolumeSerialNumber;
    out->inode = (uint64_t)info->nFileIndexHigh << 32 | info->nFileIndexLow;
    if (!GetFileInformationByHandleEx(handle, FileIdInfo, &id, sizeof(id)))
        return;
    memcpy(&low, id.FileId.Identifier, sizeof(low));
    memcpy(&high, id.FileId.Identifier + 8, sizeof(high));
    if (high || low)
        out->inode = low ^ high * 0x9e3779b97f4a7c15u;
}

int host_handle_stat(HANDLE handle, bool program, struct host_stat *out)
{
    BY_HANDLE_FILE_INFORMATION info;
    if (!GetFileInformationByHandle(handle, &info))
        return host_last_error();
    uint64_t size = (uint64_t)info.nFileSizeHigh << 32 | info.nFileSizeLow;
    *out = (struct host_stat){
        .size = size,
        .blocks = (size + 511) / 512,
        .mode = mode_of(info.dwFileAttributes, program),
        .nlink = info.nNumberOfLinks,
        .atime = nanoseconds(info.ftLastAccessTime),
        .mtime = nanoseconds(info.ftLastWriteTime),
        .ctime = nanoseconds(info.ftLastWriteTime),
        .btime = nanoseconds(info.ftCreationTime),
    };
    identify(handle, &info, out);
    return 0;
}

int host_file_fstat(struct host_file *file, struct host_stat *out)
{
    return host_handle_stat(file->handle, file->program, out);
}

/* For files that nobody may open (the page file): from the directory's entry. */
int host_entry_stat(const wchar_t *path, struct host_stat *out)
{
    WIN32_FIND_DATAW found;
    HANDLE search = FindFirstFileW(path, &found);
    if (search == INVALID_HANDLE_VALUE)
        return host_last_error();
    FindClose(search);
    uint64_t size = (uint64_t)found.nFileSizeHigh << 32 | found.nFileSizeLow;
    *out = (struct host_stat){
        .size = size,
        .blocks = (size + 511) / 512,
        .mode = mode_of(found.dwFileAttributes, host_is_program(path)),
        .nlink = 1,
        .atime = nanoseconds(found.ftLastAccessTime),
        .mtime = nanoseconds(found.ftLastWriteTime),
        .ctime = nanoseconds(found.ftLastWriteTime),
        .btime = nanoseconds(found.ftCreationTime),
    };
    return 0;
}

int host_path_stat(const char *path, struct host_stat *out)
{
    wchar_t *wide;
    int error = host_windows_path(path, L"", -L_ENOENT, &wide);
    if (error)
        return error;
    HANDLE handle = CreateFileW(wide, FILE_READ_ATTRIBUTES, SHARE_ALL, NULL, OPEN_EXISTING,
                                FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (handle != INVALID_HANDLE_VALUE) {
        error = host_handle_stat(handle, host_is_program(wide), out);
        CloseHandle(handle);
    } else {
        error = host_last_error();
        if (error == -L_EBUSY || error == -L_EACCES)
            error = host_entry_stat(wide, out);
    }
    free(wide);
    return error;
}

int host_path_stat_follow(const char *path, struct host_stat *out)
{
    return host_path_stat(path, out);
}

int host_handle_chmod(HANDLE handle, uint32_t mode)
{
    FILE_BASIC_INFO info, change = {.FileAttributes = 0};
    if (!GetFileInformationByHandleEx(handle, FileBasicInfo, &info, sizeof(info)))
        return host_last_error();
    if (info.FileAttributes & FILE_ATTRIBUTE_DIRECTORY)
        return 0;
    DWORD after = info.FileAttributes & ~(DWORD)FILE_ATTRIBUTE_READONLY;
    if (!(mode & 0200))
        after |= FILE_ATTRIBUTE_READONLY;
    if (after == info.FileAttributes)
        return 0;
    /* Times of 0 stay as they are; so would attributes of 0. */
    change.FileAttributes = after ? after : FILE_ATTRIBUTE_NORMAL;
    return host_result_of(
        SetFileInformationByHandle(handle, FileBasicInfo, &change, sizeof(change)));
}

int host_handle_utimes(HANDLE handle, int64_t atime, int64_t mtime)
{
    FILETIME access = file_time(atime), modified = file_time(mtime);
    return host_result_of(SetFileTime(handle, NULL, atime == INT64_MIN ? NULL : &access,
                                      mtime == INT64_MIN ? NULL : &modified));
}

/* --- names in directories --- */

int host_path_mkdir(const char *path, uint32_t mode)
{
    wchar_t *wide;
    (void)mode;
    int error = host_windows_path(path, L"", -L_EINVAL, &wide);
    if (!error)
        error = host_result_of(CreateDirectoryW(wide, NULL));
    free(wide);
    return error;
}

int host_path_unlink(const char *path)
{
    wchar_t *wide;
    int error = host_windows_path(path, L"", -L_ENOENT, &wide);
    if (!error)
        error = host_remove_file(wide, false);
    free(wide);
    return error;
}

int host_path_rmdir(const char *path)
{
    wchar_t *wide;
    int error = host_windows_path(path, L"", -L_ENOENT, &wide);
    if (!error)
        error = host_remove_directory(wide);
    free(wide);
    return error;
}

int host_path_rename(const char *from, const char *to)
{
    wchar_t *source, *target;
    int error = host_windows_path(from, L"", -L_ENOENT, &source);
    if (error)
        return error;
    error = host_windows_path(to, L"", -L_EINVAL, &target);
    if (!error)
        error = host_rename(source, target, false);
    free(source);
    free(target);
    return error;
}

int host_volume_usage(const wchar_t *path, struct host_fs_usage *out)
{
    ULARGE_INTEGER available, total, free_bytes;
    DWORD sectors, bytes, clusters_free, clusters;
    int error = 0;
    size_t size = wcslen(path) + 4;
    wchar_t *root = malloc(size * sizeof(*root));
    if (!root || !GetVolumePathNameW(path, root, (DWORD)size))
        error = root ? host_last_error() : -L_ENOMEM;
    else if (!GetDiskFreeSpaceExW(root, &available, &total, &free_bytes))
        error = host_last_error();
    uint32_t unit = 4096;
    if (!error && GetDiskFreeSpaceW(root, &sectors, &bytes, &clusters_free, &clusters) &&
        sectors > 0 && bytes > 0)
        unit = sectors * bytes;
    if (!error)
        *out = (struct host_fs_usage){.blocks = total.QuadPart / unit,
                                      .free = free_bytes.QuadPart / unit,
                                      .available = available.QuadPart / unit,
                                      .block_size = unit,
                                      .name_max = 255};
    free(root);
    return error;
}

int host_path_statfs(const char *path, struct host_fs_usage *out)
{
    wchar_t *wide;
    int error = host_windows_path(path, L"", -L_ENOENT, &wide);
    if (!error)
        error = host_volume_usage(wide, out);
    free(wide);
    return error;
}

/* --- reading directories --- */

int host_directory_open(const wchar_t *pattern, struct host_dir **out)
{
    *out = NULL;
    struct host_dir *dir = malloc(sizeof(*dir));
    if (!dir)
        return -L_ENOMEM;
    dir->search = FindFirstFileExW(pattern, FindExInfoBasic, &dir->found, FindExSearchNameMatch,
                                   NULL, FIND_FIRST_EX_LARGE_FETCH);
    dir->pending = dir->search != INVALID_HANDLE_VALUE;
    /* The root of an empty drive has not even a dot. */
    if (!dir->pending && GetLastError() != ERROR_FILE_NOT_FOUND) {
        int error = host_last_error();
        free(dir);
        return error;
    }
    *out = dir;
    return 0;
}

int host_dir_open(const char *path, struct host_dir **out)
{
    wchar_t *pattern;
    struct host_stat stat;
    *out = NULL;
    int error = host_windows_path(path, L"\\*", -L_ENOENT, &pattern);
    if (error)
        return error;
    error = host_directory_open(pattern, out);
    free(pattern);
    if (error && host_path_stat(path, &stat) == 0 && (stat.mode & L_S_IFMT) != L_S_IFDIR)
        return -L_ENOTDIR;
    return error;
}

static bool is_dots(const wchar_t *name)
{
    return name[0] == L'.' && (name[1] == 0 || (name[1] == L'.' && name[2] == 0));
}

int host_dir_next(struct host_dir *dir, struct host_dirent *out)
{
    for (;;) {
        if (dir->search == INVALID_HANDLE_VALUE)
            return 0;
        if (!dir->pending && !FindNextFileW(dir->search, &dir->found))
            return GetLastError() == ERROR_NO_MORE_FILES ? 0 : host_last_error();
        dir->pending = false;
        if (is_dots(dir->found.cFileName))
            continue;
        char *name = host_narrow(dir->found.cFileName);
        if (!name)
            return -L_ENOMEM;
        strncpy(out->name, name, sizeof(out->name) - 1);
        out->name[sizeof(out->name) - 1] = 0;
        free(name);
        out->inode = 0;
        out->type = dir->found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY ? L_DT_DIR : L_DT_REG;
        return 1;
    }
}

void host_dir_close(struct host_dir *dir)
{
    if (!dir)
        return;
    if (dir->search != INVALID_HANDLE_VALUE)
        FindClose(dir->search);
    free(dir);
}
