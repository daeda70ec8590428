/*
 * Paths go to Windows in the \\?\ form, which has no length limit and interprets nothing, so what
 * Win32 would interpret is refused here: a colon, a wildcard, a device name, a dot or space at a
 * name's end. Symbolic links and junctions are seen as what they lead to.
 */
#include "runtime/host/file.h"
#include "runtime/abi/errno.h"
#include "runtime/abi/stat.h"
#include "runtime/host/time.h"
#include "runtime/host/windows/wide.h"
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

/* 100 ns since 1601 to ns since 1970. */
#define EPOCH_DISTANCE 116444736000000000ll

struct host_file {
    HANDLE handle;
    bool program; /* by its name */
};

struct host_dir {
    HANDLE search;
    WIN32_FIND_DATAW found;
    bool pending; /* found holds an entry not given yet */
};

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

static int last_error(void)
{
    return -host_windows_errno(GetLastError());
}

static int result_of(BOOL ok)
{
    return ok ? 0 : last_error();
}

/* --- names --- */

static bool is_device(const wchar_t *name, size_t length)
{
    static const wchar_t *const devices[] = {L"CON", L"PRN", L"AUX", L"NUL"};
    size_t base = 0;
    while (base < length && name[base] != L'.')
        base++;
    while (base && name[base - 1] == L' ')
        base--;
    for (int i = 0; i < 4; i++) {
        if (base == 3 && _wcsnicmp(name, devices[i], 3) == 0)
            return true;
    }
    return base == 4 && (_wcsnicmp(name, L"COM", 3) == 0 || _wcsnicmp(name, L"LPT", 3) == 0) &&
           name[3] >= L'0' && name[3] <= L'9';
}

static bool name_fits(const wchar_t *name, size_t length)
{
    if (length == 0 || (length == 1 && name[0] == L'.') ||
        (length == 2 && name[0] == L'.' && name[1] == L'.'))
        return true;
    for (size_t i = 0; i < length; i++) {
        if (name[i] < 32 || wcschr(L"<>:\"|?*", name[i]))
            return false;
    }
    return name[length - 1] != L'.' && name[length - 1] != L' ' && !is_device(name, length);
}

static bool path_fits(const wchar_t *path)
{
    if (path[0] && path[1] == L':')
        path += 2;
    while (*path) {
        size_t length = wcscspn(path, L"\\");
        if (!name_fits(path, length))
            return false;
        path += length + (path[length] == L'\\');
    }
    return true;
}

static wchar_t *join(const wchar_t *before, const wchar_t *path, const wchar_t *after)
{
    wchar_t *text = malloc((wcslen(before) + wcslen(path) + wcslen(after) + 1) * sizeof(*text));
    if (text) {
        wcscpy(text, before);
        wcscat(text, path);
        wcscat(text, after);
    }
    return text;
}

/* The path as Windows takes it, with `after` appended; freed by the caller. misfit is the errno for
 * names that cannot exist. */
static int windows_path(const char *path, const wchar_t *after, int misfit, wchar_t **out)
{
    *out = NULL;
    wchar_t *wide = host_wide(path);
    if (!wide)
        return -L_ENOMEM;
    for (wchar_t *c = wide; *c; c++) {
        if (*c == L'/')
            *c = L'\\';
    }
    int error = wcsncmp(wide, L"\\\\?\\", 4) == 0 || path_fits(wide) ? 0 : misfit;
    DWORD size = error ? 0 : GetFullPathNameW(wide, 0, NULL, NULL);
    wchar_t *full = size ? malloc(size * sizeof(*full)) : NULL;
    if (full && GetFullPathNameW(wide, size, full, NULL) >= size)
        full[0] = 0;
    free(wide);
    if (error)
        return error;
    if (!full || !full[0]) {
        free(full);
        return size ? -L_ENOMEM : -L_ENOENT;
    }
    if (wcsncmp(full, L"\\\\?\\", 4) == 0 || wcsncmp(full, L"\\\\.\\", 4) == 0)
        *out = join(L"", full, after);
    else if (full[0] == L'\\' && full[1] == L'\\')
        *out = join(L"\\\\?\\UNC", full + 1, after);
    else
        *out = join(L"\\\\?\\", full, after);
    free(full);
    return *out ? 0 : -L_ENOMEM;
}

static bool is_program(const wchar_t *path)
{
    static const wchar_t *const endings[] = {L".exe", L".com", L".bat", L".cmd", L".sh"};
    const wchar_t *dot = wcsrchr(path, L'.');
    for (int i = 0; dot && i < 5; i++) {
        if (_wcsicmp(dot, endings[i]) == 0)
            return true;
    }
    return false;
}

/* Windows says "access denied" for what Linux tells apart. */
static int error_at(const wchar_t *path, int error)
{
    DWORD attributes;
    if (error != -L_EACCES)
        return error;
    attributes = GetFileAttributesW(path);
    if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY))
        return -L_EISDIR;
    return error;
}

/* --- open files --- */

int host_file_open(const char *path, uint32_t flags, uint32_t mode, struct host_file **out)
{
    wchar_t *wide;
    DWORD access = 0, disposition = OPEN_EXISTING;
    *out = NULL;
    int error = windows_path(path, L"", flags & HOST_FILE_CREATE ? -L_EINVAL : -L_ENOENT, &wide);
    if (error)
        return error;
    if (flags & HOST_FILE_READ || !(flags & HOST_FILE_WRITE))
        access |= GENERIC_READ;
    if (flags & HOST_FILE_WRITE)
        access |= GENERIC_WRITE;
    if (flags & HOST_FILE_CREATE)
        disposition = flags & HOST_FILE_EXCLUSIVE ? CREATE_NEW : OPEN_ALWAYS;
    DWORD attributes = mode & 0200 || !(flags & HOST_FILE_CREATE) ? FILE_ATTRIBUTE_NORMAL
                                                                  : FILE_ATTRIBUTE_READONLY;
    struct host_file *file = malloc(sizeof(*file));
    if (!file) {
        free(wide);
        return -L_ENOMEM;
    }
    file->program = is_program(wide);
    file->handle = CreateFileW(wide, access, SHARE_ALL, NULL, disposition, attributes, NULL);
    error = file->handle == INVALID_HANDLE_VALUE ? error_at(wide, last_error()) : 0;
    free(wide);
    if (!error && flags & HOST_FILE_TRUNCATE) {
        error = host_file_truncate(file, 0);
        if (error)
            CloseHandle(file->handle);
    }
    if (error) {
        free(file);
        return error;
    }
    *out = file;
    return 0;
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
            return done ? (int64_t)done : last_error();
        }
        if (got == 0)
            break;
        done += got;
    }
    return (int64_t)done;
}

int64_t host_file_write(struct host_file *file, const void *buffer, size_t n, uint64_t offset)
{
    size_t done = 0;
    while (done < n) {
        uint64_t at = offset + done;
        OVERLAPPED where = {.Offset = (DWORD)at, .OffsetHigh = (DWORD)(at >> 32)};
        DWORD put = 0;
        if (!WriteFile(file->handle, (const char *)buffer + done, piece_of(n - done), &put, &where))
            return done ? (int64_t)done : last_error();
        done += put;
    }
    return (int64_t)done;
}

int host_file_truncate(struct host_file *file, uint64_t size)
{
    FILE_END_OF_FILE_INFO info = {.EndOfFile.QuadPart = (LONGLONG)size};
    return result_of(
        SetFileInformationByHandle(file->handle, FileEndOfFileInfo, &info, sizeof(info)));
}

int host_file_sync(struct host_file *file, bool data_only)
{
    (void)data_only;
    return result_of(FlushFileBuffers(file->handle));
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

static int stat_handle(HANDLE handle, bool program, struct host_stat *out)
{
    BY_HANDLE_FILE_INFORMATION info;
    if (!GetFileInformationByHandle(handle, &info))
        return last_error();
    uint64_t size = (uint64_t)info.nFileSizeHigh << 32 | info.nFileSizeLow;
    *out = (struct host_stat){
        .device = info.dwVolumeSerialNumber,
        .inode = (uint64_t)info.nFileIndexHigh << 32 | info.nFileIndexLow,
        .size = size,
        .blocks = (size + 511) / 512,
        .mode = mode_of(info.dwFileAttributes, program),
        .nlink = info.nNumberOfLinks ? info.nNumberOfLinks : 1,
        .atime = nanoseconds(info.ftLastAccessTime),
        .mtime = nanoseconds(info.ftLastWriteTime),
        .ctime = nanoseconds(info.ftLastWriteTime),
        .btime = nanoseconds(info.ftCreationTime),
    };
    return 0;
}

int host_file_fstat(struct host_file *file, struct host_stat *out)
{
    return stat_handle(file->handle, file->program, out);
}

/* For files that nobody may open (the page file): from the directory's entry. */
static int stat_entry(const wchar_t *path, struct host_stat *out)
{
    WIN32_FIND_DATAW found;
    HANDLE search = FindFirstFileW(path, &found);
    if (search == INVALID_HANDLE_VALUE)
        return last_error();
    FindClose(search);
    uint64_t size = (uint64_t)found.nFileSizeHigh << 32 | found.nFileSizeLow;
    *out = (struct host_stat){
        .size = size,
        .blocks = (size + 511) / 512,
        .mode = mode_of(found.dwFileAttributes, is_program(path)),
        .nlink = 1,
        .atime = nanoseconds(found.ftLastAccessTime),
        .mtime = nanoseconds(found.ftLastWriteTime),
        .ctime = nanoseconds(found.ftLastWriteTime),
        .btime = nanoseconds(found.ftCreationTime),
    };
    return 0;
}

static HANDLE open_attributes(const wchar_t *path, DWORD access)
{
    return CreateFileW(path, access, SHARE_ALL, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS,
                       NULL);
}

int host_path_stat(const char *path, struct host_stat *out)
{
    wchar_t *wide;
    int error = windows_path(path, L"", -L_ENOENT, &wide);
    if (error)
        return error;
    HANDLE handle = open_attributes(wide, FILE_READ_ATTRIBUTES);
    if (handle != INVALID_HANDLE_VALUE) {
        error = stat_handle(handle, is_program(wide), out);
        CloseHandle(handle);
    } else {
        error = last_error();
        if (error == -L_EBUSY || error == -L_EACCES)
            error = stat_entry(wide, out);
    }
    free(wide);
    return error;
}

int host_path_stat_follow(const char *path, struct host_stat *out)
{
    return host_path_stat(path, out);
}

int host_path_chmod(const char *path, uint32_t mode)
{
    wchar_t *wide;
    int error = windows_path(path, L"", -L_ENOENT, &wide);
    if (error)
        return error;
    DWORD before = GetFileAttributesW(wide);
    if (before == INVALID_FILE_ATTRIBUTES) {
        error = last_error();
    } else if (!(before & FILE_ATTRIBUTE_DIRECTORY)) {
        DWORD after = before & ~(DWORD)FILE_ATTRIBUTE_READONLY;
        if (!(mode & 0200))
            after |= FILE_ATTRIBUTE_READONLY;
        if (after != before)
            error = result_of(SetFileAttributesW(wide, after ? after : FILE_ATTRIBUTE_NORMAL));
    }
    free(wide);
    return error;
}

int host_path_chown(const char *path, uint32_t uid, uint32_t gid)
{
    (void)path;
    /* What every file shows already it can also be given. */
    return (uid == UINT32_MAX || uid == 0) && (gid == UINT32_MAX || gid == 0) ? 0 : -L_EPERM;
}

int host_path_utimes(const char *path, int64_t atime, int64_t mtime)
{
    wchar_t *wide;
    int error = windows_path(path, L"", -L_ENOENT, &wide);
    if (error)
        return error;
    HANDLE handle = open_attributes(wide, FILE_WRITE_ATTRIBUTES);
    error = handle == INVALID_HANDLE_VALUE ? last_error() : 0;
    free(wide);
    if (error)
        return error;
    FILETIME access = file_time(atime), modified = file_time(mtime);
    error = result_of(SetFileTime(handle, NULL, atime == INT64_MIN ? NULL : &access,
                                  mtime == INT64_MIN ? NULL : &modified));
    CloseHandle(handle);
    return error;
}

int host_path_truncate(const char *path, uint64_t size)
{
    struct host_file *file;
    int error = host_file_open(path, HOST_FILE_WRITE, 0, &file);
    if (error)
        return error;
    error = host_file_truncate(file, size);
    host_file_close(file);
    return error;
}

/* --- names in directories --- */

int host_path_mkdir(const char *path, uint32_t mode)
{
    wchar_t *wide;
    (void)mode;
    int error = windows_path(path, L"", -L_EINVAL, &wide);
    if (!error)
        error = result_of(CreateDirectoryW(wide, NULL));
    free(wide);
    return error;
}

int host_path_unlink(const char *path)
{
    wchar_t *wide;
    int error = windows_path(path, L"", -L_ENOENT, &wide);
    if (error)
        return error;
    error = result_of(DeleteFileW(wide));
    if (error == -L_EACCES) {
        DWORD attributes = GetFileAttributesW(wide);
        error = error_at(wide, error);
        if (error == -L_EACCES && attributes != INVALID_FILE_ATTRIBUTES &&
            (attributes & FILE_ATTRIBUTE_READONLY)) {
            /* Linux asks the directory, not the file. */
            SetFileAttributesW(wide, attributes & ~(DWORD)FILE_ATTRIBUTE_READONLY);
            error = result_of(DeleteFileW(wide));
            if (error)
                SetFileAttributesW(wide, attributes);
        }
    }
    free(wide);
    return error;
}

int host_path_rmdir(const char *path)
{
    wchar_t *wide;
    int error = windows_path(path, L"", -L_ENOENT, &wide);
    if (!error)
        error = result_of(RemoveDirectoryW(wide));
    free(wide);
    return error;
}

/* MoveFileEx replaces files but never directories. */
static int make_way(const wchar_t *from, const wchar_t *to)
{
    DWORD source = GetFileAttributesW(from), target = GetFileAttributesW(to);
    if (source == INVALID_FILE_ATTRIBUTES || target == INVALID_FILE_ATTRIBUTES ||
        _wcsicmp(from, to) == 0)
        return 0;
    bool from_dir = source & FILE_ATTRIBUTE_DIRECTORY, to_dir = target & FILE_ATTRIBUTE_DIRECTORY;
    if (to_dir && !from_dir)
        return -L_EISDIR;
    if (from_dir && !to_dir)
        return -L_ENOTDIR;
    if (to_dir)
        return result_of(RemoveDirectoryW(to));
    if (target & FILE_ATTRIBUTE_READONLY)
        SetFileAttributesW(to, target & ~(DWORD)FILE_ATTRIBUTE_READONLY);
    return 0;
}

int host_path_rename(const char *from, const char *to)
{
    wchar_t *source, *target;
    int error = windows_path(from, L"", -L_ENOENT, &source);
    if (error)
        return error;
    error = windows_path(to, L"", -L_EINVAL, &target);
    if (!error)
        error = make_way(source, target);
    if (!error)
        error = result_of(MoveFileExW(source, target, MOVEFILE_REPLACE_EXISTING));
    free(source);
    free(target);
    return error;
}

int host_path_link(const char *from, const char *to)
{
    wchar_t *source, *target;
    int error = windows_path(from, L"", -L_ENOENT, &source);
    if (error)
        return error;
    error = windows_path(to, L"", -L_EINVAL, &target);
    if (!error)
        error = result_of(CreateHardLinkW(target, source, NULL));
    free(source);
    free(target);
    return error;
}

int host_path_symlink(const char *target, const char *path)
{
    (void)target;
    (void)path;
    return -L_EPERM;
}

int host_path_readlink(const char *path, char *target, size_t size)
{
    struct host_stat stat;
    (void)target;
    (void)size;
    int error = host_path_stat(path, &stat);
    return error ? error : -L_EINVAL;
}

int host_path_mknod(const char *path, uint32_t mode, uint64_t rdev)
{
    (void)path;
    (void)mode;
    (void)rdev;
    return -L_EPERM;
}

int host_path_statfs(const char *path, struct host_fs_usage *out)
{
    wchar_t *wide, *root = NULL;
    ULARGE_INTEGER available, total, free_bytes;
    DWORD sectors, bytes, clusters_free, clusters;
    int error = windows_path(path, L"", -L_ENOENT, &wide);
    if (error)
        return error;
    size_t size = wcslen(wide) + 4;
    root = malloc(size * sizeof(*root));
    if (!root || !GetVolumePathNameW(wide, root, (DWORD)size))
        error = root ? last_error() : -L_ENOMEM;
    else if (!GetDiskFreeSpaceExW(root, &available, &total, &free_bytes))
        error = last_error();
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
    free(wide);
    return error;
}

/* --- reading directories --- */

int host_dir_open(const char *path, struct host_dir **out)
{
    wchar_t *wide;
    *out = NULL;
    int error = windows_path(path, L"\\*", -L_ENOENT, &wide);
    if (error)
        return error;
    struct host_dir *dir = malloc(sizeof(*dir));
    if (!dir) {
        free(wide);
        return -L_ENOMEM;
    }
    dir->search = FindFirstFileExW(wide, FindExInfoBasic, &dir->found, FindExSearchNameMatch, NULL,
                                   FIND_FIRST_EX_LARGE_FETCH);
    dir->pending = dir->search != INVALID_HANDLE_VALUE;
    /* The root of an empty drive has not even a dot. */
    if (!dir->pending && GetLastError() != ERROR_FILE_NOT_FOUND)
        error = last_error();
    free(wide);
    if (error) {
        struct host_stat stat;
        free(dir);
        if (host_path_stat(path, &stat) == 0 && (stat.mode & L_S_IFMT) != L_S_IFDIR)
            return -L_ENOTDIR;
        return error;
    }
    *out = dir;
    return 0;
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
            return GetLastError() == ERROR_NO_MORE_FILES ? 0 : last_error();
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
