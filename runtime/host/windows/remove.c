/*
 * Taking names away. With POSIX semantics (FileDispositionInfoEx, FileRenameInfoEx: NTFS since
 * Windows 10 1607) the name of an open file is free at once and its handles go on; where a file
 * system or a server does not know them, the older calls do what they can.
 */
#include "runtime/abi/errno.h"
#include "runtime/host/random.h"
#include "runtime/host/windows/files.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The header's are there only for newer targets than this program's. */
#define DISPOSITION_INFO_EX ((FILE_INFO_BY_HANDLE_CLASS)21)
#define RENAME_INFO_EX      ((FILE_INFO_BY_HANDLE_CLASS)22)
#define DELETE_POSIX        0x13u /* delete, POSIX semantics, even if read-only */
#define RENAME_POSIX        0x43u /* replace, POSIX semantics, even if read-only */

struct rename_info {
    DWORD flags;
    HANDLE root;
    DWORD length; /* bytes */
    wchar_t name[];
};

/* The file system does not know the request. */
static bool is_unknown(DWORD error)
{
    return error == ERROR_INVALID_PARAMETER || error == ERROR_NOT_SUPPORTED ||
           error == ERROR_INVALID_FUNCTION || error == ERROR_CALL_NOT_IMPLEMENTED ||
           error == ERROR_INVALID_LEVEL;
}

static HANDLE open_to_remove(const wchar_t *path)
{
    return CreateFileW(path, DELETE | FILE_READ_ATTRIBUTES | SYNCHRONIZE, SHARE_ALL, NULL,
                       OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT,
                       NULL);
}

static DWORD attributes_of(HANDLE handle)
{
    FILE_BASIC_INFO info;
    return GetFileInformationByHandleEx(handle, FileBasicInfo, &info, sizeof(info))
               ? info.FileAttributes
               : INVALID_FILE_ATTRIBUTES;
}

/* 1: the request is not known. */
static int remove_posix(const wchar_t *path, bool directory)
{
    DWORD flags = DELETE_POSIX;
    HANDLE handle = open_to_remove(path);
    if (handle == INVALID_HANDLE_VALUE)
        return host_last_error();
    DWORD attributes = attributes_of(handle);
    bool is = attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY);
    int error = 0;
    if (is != directory)
        error = directory ? -L_ENOTDIR : -L_EISDIR;
    else if (!SetFileInformationByHandle(handle, DISPOSITION_INFO_EX, &flags, sizeof(flags)))
        error = is_unknown(GetLastError()) ? 1 : host_last_error();
    CloseHandle(handle);
    return error;
}

/* A name in the same directory that nobody uses; freed by the caller. */
static wchar_t *name_aside(const wchar_t *path)
{
    const wchar_t *slash = wcsrchr(path, L'\\');
    size_t above = slash ? (size_t)(slash + 1 - path) : 0;
    wchar_t *aside = malloc((above + 48) * sizeof(*aside));
    if (aside) {
        wmemcpy(aside, path, above);
        swprintf(aside + above, 48, L".foreland-%016llx.deleted",
                 (unsigned long long)host_random_u64());
    }
    return aside;
}

/* Linux asks the directory, not the file. The attribute is the file's, whatever other names it
 * has, so it is put back. */
static int delete_read_only(const wchar_t *path)
{
    HANDLE handle = CreateFileW(path, FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES, SHARE_ALL, NULL,
                                OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (handle == INVALID_HANDLE_VALUE)
        return host_last_error();
    int error = host_handle_chmod(handle, 0200);
    if (!error)
        error = host_result_of(DeleteFileW(path));
    host_handle_chmod(handle, 0);
    CloseHandle(handle);
    return error;
}

static int delete_old(const wchar_t *path)
{
    DWORD before = GetFileAttributesW(path);
    int error = host_result_of(DeleteFileW(path));
    if (error != -L_EACCES)
        return error;
    error = host_error_at(path, error);
    return error == -L_EACCES && before != INVALID_FILE_ATTRIBUTES &&
                   (before & FILE_ATTRIBUTE_READONLY)
               ? delete_read_only(path)
               : error;
}

int host_remove_file(const wchar_t *path, bool open)
{
    int error = remove_posix(path, false);
    if (error <= 0)
        return error;
    /* The name of an open file stays taken, so another one is. */
    wchar_t *aside = open ? name_aside(path) : NULL;
    if (aside && MoveFileExW(path, aside, 0)) {
        error = delete_old(aside);
        if (error)
            MoveFileExW(aside, path, 0);
    } else {
        error = delete_old(path);
    }
    free(aside);
    return error;
}

int host_remove_directory(const wchar_t *path)
{
    int error = remove_posix(path, true);
    return error <= 0 ? error : host_result_of(RemoveDirectoryW(path));
}

/* 1: the request is not known. */
static int rename_posix(HANDLE source, const wchar_t *to)
{
    size_t length = wcslen(to) * sizeof(*to), size = sizeof(struct rename_info) + length + 2;
    struct rename_info *info = calloc(1, size);
    if (!info)
        return -L_ENOMEM;
    info->flags = RENAME_POSIX;
    info->length = (DWORD)length;
    memcpy(info->name, to, length);
    int error = 0;
    if (!SetFileInformationByHandle(source, RENAME_INFO_EX, info, (DWORD)size))
        error = is_unknown(GetLastError()) ? 1 : host_last_error();
    free(info);
    return error;
}

static int rename_old(const wchar_t *from, const wchar_t *to, bool target_open)
{
    DWORD target = GetFileAttributesW(to);
    /* An open or read-only file is not replaced. */
    if (target != INVALID_FILE_ATTRIBUTES && !(target & FILE_ATTRIBUTE_DIRECTORY) &&
        (target_open || (target & FILE_ATTRIBUTE_READONLY)) && _wcsicmp(from, to) != 0)
        host_remove_file(to, target_open);
    return host_result_of(MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING));
}

/* Directories replace only empty directories, and neither call replaces any. */
static int make_way(DWORD source, const wchar_t *from, const wchar_t *to)
{
    DWORD target = GetFileAttributesW(to);
    if (source == INVALID_FILE_ATTRIBUTES || target == INVALID_FILE_ATTRIBUTES ||
        _wcsicmp(from, to) == 0)
        return 0;
    bool from_dir = source & FILE_ATTRIBUTE_DIRECTORY, to_dir = target & FILE_ATTRIBUTE_DIRECTORY;
    if (to_dir && !from_dir)
        return -L_EISDIR;
    if (from_dir && !to_dir)
        return -L_ENOTDIR;
    return to_dir ? host_remove_directory(to) : 0;
}

int host_rename(const wchar_t *from, const wchar_t *to, bool target_open)
{
    HANDLE source = open_to_remove(from);
    if (source == INVALID_HANDLE_VALUE)
        return host_last_error();
    int error = make_way(attributes_of(source), from, to);
    if (!error)
        error = rename_posix(source, to);
    CloseHandle(source);
    return error <= 0 ? error : rename_old(from, to, target_open);
}
