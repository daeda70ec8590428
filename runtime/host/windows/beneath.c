/*
 * Windows follows links on the way to a name, and documents no way to open one relative to a
 * directory. So a file that is there is opened and then asked where it lies; and before something
 * is made, removed or renamed, the directory that holds the name is asked, and kept open without
 * sharing it for deletion, so that no other name takes its place meanwhile.
 */
#include "runtime/host/beneath.h"
#include "runtime/abi/errno.h"
#include "runtime/abi/stat.h"
#include "runtime/host/windows/files.h"
#include <stdlib.h>
#include <string.h>

struct host_root {
    wchar_t *path;  /* as it was given, in the \\?\ form */
    wchar_t *final; /* where it lies, links followed; NULL: Windows does not say */
    wchar_t *name;  /* the same without the volume, */
    DWORD volume;   /* and the volume's number */
};

/* Where a handle's file lies; freed by the caller. NULL: Windows does not say (volumes that are
 * not in the mount manager's list). */
static wchar_t *final_path(HANDLE handle)
{
    DWORD size = GetFinalPathNameByHandleW(handle, NULL, 0, FILE_NAME_NORMALIZED);
    for (;;) {
        wchar_t *path = size ? malloc((size + 1) * sizeof(*path)) : NULL;
        if (!path)
            return NULL;
        DWORD length = GetFinalPathNameByHandleW(handle, path, size + 1, FILE_NAME_NORMALIZED);
        if (length && length <= size)
            return path;
        free(path);
        size = length; /* it was renamed to something longer */
    }
}

/* The name on its volume, as it was opened; freed by the caller. */
static wchar_t *volume_name(HANDLE handle, DWORD *volume)
{
    BY_HANDLE_FILE_INFORMATION info;
    DWORD size = sizeof(FILE_NAME_INFO) + 32768 * sizeof(wchar_t);
    FILE_NAME_INFO *name = malloc(size);
    wchar_t *text = NULL;
    if (name && GetFileInformationByHandle(handle, &info) &&
        GetFileInformationByHandleEx(handle, FileNameInfo, name, size)) {
        size_t length = name->FileNameLength / sizeof(wchar_t);
        *volume = info.dwVolumeSerialNumber;
        text = malloc((length + 1) * sizeof(*text));
        if (text) {
            wmemcpy(text, name->FileName, length);
            text[length] = 0;
        }
    }
    free(name);
    return text;
}

static bool is_below(const wchar_t *path, const wchar_t *above)
{
    size_t length = wcslen(above);
    return wcsncmp(path, above, length) == 0 &&
           (!path[length] || path[length] == L'\\' || (length && above[length - 1] == L'\\'));
}

/* 0 if what is open lies below the root; otherwise an error. */
static int confined(const struct host_root *root, HANDLE handle)
{
    wchar_t *path = root->final ? final_path(handle) : NULL;
    bool inside = path && is_below(path, root->final);
    if (!path) {
        DWORD volume;
        path = volume_name(handle, &volume);
        inside = path && volume == root->volume && is_below(path, root->name);
    }
    free(path);
    return inside ? 0 : -L_EACCES;
}

/* A name on its way to be used. */
struct place {
    wchar_t *path;
    HANDLE above; /* the directory that holds it */
};

static void leave_place(struct place *place)
{
    if (place->above != INVALID_HANDLE_VALUE)
        CloseHandle(place->above);
    free(place->path);
}

/* A directory, and it stays where it is until the handle is closed. */
static int hold(const struct host_root *root, const wchar_t *path, HANDLE *out)
{
    const DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE;
    HANDLE handle = CreateFileW(path, FILE_LIST_DIRECTORY | FILE_READ_ATTRIBUTES, share, NULL,
                                OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (handle == INVALID_HANDLE_VALUE && GetLastError() == ERROR_ACCESS_DENIED)
        handle = CreateFileW(path, FILE_READ_ATTRIBUTES, share, NULL, OPEN_EXISTING,
                             FILE_FLAG_BACKUP_SEMANTICS, NULL);
    *out = handle;
    if (handle == INVALID_HANDLE_VALUE)
        return host_last_error();
    int error = confined(root, handle);
    if (error) {
        CloseHandle(handle);
        *out = INVALID_HANDLE_VALUE;
    }
    return error;
}

static int find_place(const struct host_root *root, const char *name, int misfit,
                      struct place *place)
{
    place->above = INVALID_HANDLE_VALUE;
    int error = host_windows_below(root->path, name, misfit, &place->path);
    if (error)
        return error;
    wchar_t *slash = *name ? wcsrchr(place->path, L'\\') : NULL;
    if (slash && slash[-1] == L':') {
        wchar_t first = slash[1];
        slash[1] = 0; /* the root of a drive keeps its slash */
        error = hold(root, place->path, &place->above);
        slash[1] = first;
    } else {
        if (slash)
            *slash = 0;
        error = hold(root, place->path, &place->above);
        if (slash)
            *slash = L'\\';
    }
    if (error)
        leave_place(place);
    return error;
}

/* Something that is there, links followed as long as they stay below the root. */
static int open_existing(const struct host_root *root, const wchar_t *path, DWORD access,
                         DWORD flags, HANDLE *out)
{
    HANDLE handle = CreateFileW(path, access, SHARE_ALL, NULL, OPEN_EXISTING, flags, NULL);
    *out = handle;
    if (handle == INVALID_HANDLE_VALUE)
        return host_error_at(path, host_last_error());
    int error = confined(root, handle);
    if (error) {
        CloseHandle(handle);
        *out = INVALID_HANDLE_VALUE;
    }
    return error;
}

static int open_attributes(const struct host_root *root, const char *name, DWORD access,
                           HANDLE *out)
{
    wchar_t *path;
    int error = host_windows_below(root->path, name, -L_ENOENT, &path);
    if (error)
        return error;
    error = open_existing(root, path, access, FILE_FLAG_BACKUP_SEMANTICS, out);
    free(path);
    return error == -L_EISDIR ? -L_EACCES : error;
}

static int find_root(struct host_root *root)
{
    HANDLE handle = CreateFileW(root->path, FILE_READ_ATTRIBUTES, SHARE_ALL, NULL, OPEN_EXISTING,
                                FILE_FLAG_BACKUP_SEMANTICS, NULL);
    struct host_stat stat;
    if (handle == INVALID_HANDLE_VALUE)
        return host_last_error();
    int error = host_handle_stat(handle, false, &stat);
    if (!error && (stat.mode & L_S_IFMT) != L_S_IFDIR)
        error = -L_ENOTDIR;
    root->final = final_path(handle);
    root->name = volume_name(handle, &root->volume);
    CloseHandle(handle);
    return error ? error : root->name ? 0 : -L_EACCES;
}

int host_root_open(const char *path, struct host_root **out)
{
    *out = NULL;
    struct host_root *root = calloc(1, sizeof(*root));
    if (!root)
        return -L_ENOMEM;
    int error = host_windows_path(path, L"", -L_ENOENT, &root->path);
    if (!error) {
        /* "C:\" is a root only with its slash. */
        size_t length = wcslen(root->path);
        while (length > 1 && root->path[length - 1] == L'\\' && root->path[length - 2] != L':')
            root->path[--length] = 0;
        error = find_root(root);
    }
    if (error) {
        host_root_close(root);
        return error;
    }
    *out = root;
    return 0;
}

void host_root_close(struct host_root *root)
{
    if (!root)
        return;
    free(root->path);
    free(root->final);
    free(root->name);
    free(root);
}

int host_root_statfs(struct host_root *root, struct host_fs_usage *out)
{
    return host_volume_usage(root->path, out);
}

/* For files that nobody may open. */
static int stat_closed(struct host_root *root, const char *name, struct host_stat *out)
{
    struct place place;
    int error = find_place(root, name, -L_ENOENT, &place);
    if (error)
        return error;
    DWORD attributes = GetFileAttributesW(place.path);
    /* A link that leads elsewhere. */
    if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_REPARSE_POINT))
        error = -L_EACCES;
    else
        error = host_entry_stat(place.path, out);
    leave_place(&place);
    return error;
}

int host_at_stat(struct host_root *root, const char *name, struct host_stat *out)
{
    HANDLE handle;
    int error = open_attributes(root, name, FILE_READ_ATTRIBUTES, &handle);
    if (!error) {
        wchar_t *path;
        error = host_windows_below(root->path, name, -L_ENOENT, &path);
        if (!error)
            error = host_handle_stat(handle, host_is_program(path), out);
        free(path);
        CloseHandle(handle);
    }
    if (error == -L_EBUSY || error == -L_EACCES)
        error = stat_closed(root, name, out);
    return error;
}

static int create_file(struct host_root *root, const char *name, uint32_t flags, uint32_t mode,
                       struct host_file **out)
{
    struct place place;
    *out = NULL;
    int error = find_place(root, name, -L_EINVAL, &place);
    if (error)
        return error;
    DWORD attributes = mode & 0200 ? FILE_ATTRIBUTE_NORMAL : FILE_ATTRIBUTE_READONLY;
    HANDLE handle = CreateFileW(place.path, host_access_of(flags), SHARE_ALL, NULL, CREATE_NEW,
                                attributes | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    error = host_file_wrap(handle, place.path, out);
    leave_place(&place);
    return error;
}

int host_at_open(struct host_root *root, const char *name, uint32_t flags, uint32_t mode,
                 struct host_file **out)
{
    wchar_t *path;
    HANDLE handle;
    *out = NULL;
    if (flags & HOST_FILE_CREATE)
        return create_file(root, name, flags, mode, out);
    int error = host_windows_below(root->path, name, -L_ENOENT, &path);
    if (error)
        return error;
    /* So that attributes can be set through it, where that is permitted. */
    DWORD access = host_access_of(flags);
    error =
        open_existing(root, path, access | FILE_WRITE_ATTRIBUTES, FILE_ATTRIBUTE_NORMAL, &handle);
    if (error == -L_EACCES || error == -L_EROFS)
        error = open_existing(root, path, access, FILE_ATTRIBUTE_NORMAL, &handle);
    if (!error)
        error = host_file_wrap(handle, path, out);
    free(path);
    if (!error && flags & HOST_FILE_TRUNCATE)
        error = host_file_truncate(*out, 0);
    if (error) {
        host_file_close(*out);
        *out = NULL;
    }
    return error;
}

int host_at_dir(struct host_root *root, const char *name, struct host_dir **out)
{
    wchar_t *path, *pattern = NULL;
    HANDLE held;
    struct host_stat stat;
    *out = NULL;
    int error = host_windows_below(root->path, name, -L_ENOENT, &path);
    if (error)
        return error;
    error = hold(root, path, &held);
    if (!error) {
        error = host_handle_stat(held, false, &stat);
        if (!error && (stat.mode & L_S_IFMT) != L_S_IFDIR)
            error = -L_ENOTDIR;
        size_t length = wcslen(path);
        pattern = malloc((length + 3) * sizeof(*pattern));
        if (pattern) {
            wcscpy(pattern, path);
            wcscat(pattern, path[length - 1] == L'\\' ? L"*" : L"\\*");
        }
        if (!error)
            error = pattern ? host_directory_open(pattern, out) : -L_ENOMEM;
        CloseHandle(held);
    }
    free(pattern);
    free(path);
    return error;
}

int host_at_mkdir(struct host_root *root, const char *name, uint32_t mode)
{
    struct place place;
    (void)mode;
    int error = find_place(root, name, -L_EINVAL, &place);
    if (error)
        return error;
    error = host_result_of(CreateDirectoryW(place.path, NULL));
    leave_place(&place);
    return error;
}

int host_at_unlink(struct host_root *root, const char *name, bool open)
{
    struct place place;
    int error = find_place(root, name, -L_ENOENT, &place);
    if (error)
        return error;
    error = host_remove_file(place.path, open);
    leave_place(&place);
    return error;
}

int host_at_rmdir(struct host_root *root, const char *name)
{
    struct place place;
    int error = find_place(root, name, -L_ENOENT, &place);
    if (error)
        return error;
    error = host_remove_directory(place.path);
    leave_place(&place);
    return error;
}

/* Both places, or none. */
static int find_two(const struct host_root *root, const char *from, const char *to,
                    struct place *source, struct place *target)
{
    int error = find_place(root, from, -L_ENOENT, source);
    if (error)
        return error;
    error = find_place(root, to, -L_EINVAL, target);
    if (error)
        leave_place(source);
    return error;
}

int host_at_rename(struct host_root *root, const char *from, const char *to, bool target_open)
{
    struct place source, target;
    int error = find_two(root, from, to, &source, &target);
    if (error)
        return error;
    error = host_rename(source.path, target.path, target_open);
    leave_place(&source);
    leave_place(&target);
    return error;
}

int host_at_exchange(struct host_root *root, const char *from, const char *to)
{
    (void)root;
    (void)from;
    (void)to;
    return -L_ENOSYS;
}

/* CreateHardLink might follow a link, and Linux would not. */
static bool is_link(const wchar_t *path)
{
    FILE_ATTRIBUTE_TAG_INFO tag;
    HANDLE handle = CreateFileW(path, FILE_READ_ATTRIBUTES, SHARE_ALL, NULL, OPEN_EXISTING,
                                FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (handle == INVALID_HANDLE_VALUE)
        return false;
    bool link = GetFileInformationByHandleEx(handle, FileAttributeTagInfo, &tag, sizeof(tag)) &&
                (tag.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) &&
                IsReparseTagNameSurrogate(tag.ReparseTag);
    CloseHandle(handle);
    return link;
}

int host_at_link(struct host_root *root, const char *from, const char *to)
{
    struct place source, target;
    int error = find_two(root, from, to, &source, &target);
    if (error)
        return error;
    if (is_link(source.path))
        error = -L_EPERM;
    else
        error = host_result_of(CreateHardLinkW(target.path, source.path, NULL));
    leave_place(&source);
    leave_place(&target);
    return error;
}

int host_at_symlink(struct host_root *root, const char *target, const char *name)
{
    (void)root;
    (void)target;
    (void)name;
    return -L_EPERM;
}

int host_at_readlink(struct host_root *root, const char *name, char *target, size_t size)
{
    struct host_stat stat;
    (void)target;
    (void)size;
    int error = host_at_stat(root, name, &stat);
    return error ? error : -L_EINVAL;
}

int host_at_mknod(struct host_root *root, const char *name, uint32_t mode, uint64_t rdev)
{
    (void)root;
    (void)name;
    (void)mode;
    (void)rdev;
    return -L_EPERM;
}

int host_at_chmod(struct host_root *root, const char *name, uint32_t mode)
{
    HANDLE handle;
    int error = open_attributes(root, name, FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES, &handle);
    if (error)
        return error;
    error = host_handle_chmod(handle, mode);
    CloseHandle(handle);
    return error;
}

int host_file_chmod(struct host_file *file, uint32_t mode)
{
    return host_handle_chmod(file->handle, mode);
}

/* What every file shows already it can also be given. */
static int chown_result(uint32_t uid, uint32_t gid)
{
    return (uid == UINT32_MAX || uid == 0) && (gid == UINT32_MAX || gid == 0) ? 0 : -L_EPERM;
}

int host_at_chown(struct host_root *root, const char *name, uint32_t uid, uint32_t gid)
{
    (void)root;
    (void)name;
    return chown_result(uid, gid);
}

int host_file_chown(struct host_file *file, uint32_t uid, uint32_t gid)
{
    (void)file;
    return chown_result(uid, gid);
}

int host_at_utimes(struct host_root *root, const char *name, int64_t atime, int64_t mtime)
{
    HANDLE handle;
    int error = open_attributes(root, name, FILE_WRITE_ATTRIBUTES, &handle);
    if (error)
        return error;
    error = host_handle_utimes(handle, atime, mtime);
    CloseHandle(handle);
    return error;
}

int host_file_utimes(struct host_file *file, int64_t atime, int64_t mtime)
{
    return host_handle_utimes(file->handle, atime, mtime);
}

int host_file_reopen(struct host_file *file, uint32_t flags, struct host_file **out)
{
    *out = NULL;
    DWORD access = host_access_of(flags);
    HANDLE handle = ReOpenFile(file->handle, access | FILE_WRITE_ATTRIBUTES, SHARE_ALL, 0);
    if (handle == INVALID_HANDLE_VALUE)
        handle = ReOpenFile(file->handle, access, SHARE_ALL, 0);
    if (handle == INVALID_HANDLE_VALUE)
        return GetLastError() == ERROR_CALL_NOT_IMPLEMENTED ? -L_ENOSYS : host_last_error();
    int error = host_file_wrap(handle, L"", out);
    if (!error)
        (*out)->program = file->program;
    return error;
}
