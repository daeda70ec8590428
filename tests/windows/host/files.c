/*
 * Files of the host as Windows has them, which Wine does otherwise or cannot play: POSIX semantics
 * of removing and renaming and their absence, junctions that lead elsewhere, numbers of files on
 * FAT and ReFS, and names that a newer Windows takes for devices.
 *
 * wrap: CreateFileW SetFileInformationByHandle GetFileInformationByHandleEx
 * wrap: GetFileInformationByHandle GetFinalPathNameByHandleW GetFullPathNameW
 * wrap: DeleteFileW MoveFileExW RemoveDirectoryW
 * wrap: CreateDirectoryW CreateHardLinkW CloseHandle
 */
#include "tests/unit/host/files.h"
#include "runtime/abi/errno.h"
#include "runtime/host/beneath.h"
#include "tests/unit/run.h"
#include "tests/windows/host/shim.h"
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define PLAYED(name)                                                                               \
    static __typeof__(name) shim_##name;                                                           \
    SHIM(name)

PLAYED(CreateFileW);
PLAYED(SetFileInformationByHandle);
PLAYED(GetFileInformationByHandleEx);
PLAYED(GetFileInformationByHandle);
PLAYED(GetFinalPathNameByHandleW);
PLAYED(GetFullPathNameW);
PLAYED(DeleteFileW);
PLAYED(MoveFileExW);
PLAYED(RemoveDirectoryW);
PLAYED(CreateDirectoryW);
PLAYED(CreateHardLinkW);
PLAYED(CloseHandle);

#define DISPOSITION_EX ((FILE_INFO_BY_HANDLE_CLASS)21)
#define RENAME_EX      ((FILE_INFO_BY_HANDLE_CLASS)22)

/* How the system behaves. */
static struct {
    DWORD posix_error; /* of the two requests; 0: they work */
    bool no_id_info;
    FILE_ID_INFO id;
    bool fake_index;
    DWORD index_low;
    const wchar_t *junction; /* a path that ends so lies elsewhere, with what is below it */
    bool no_final_path;
    bool read_only;        /* the medium */
    const wchar_t *device; /* a name that is a device */
} behaviour;

/* What was called. */
static struct {
    unsigned disposition, rename, delete_file, move, remove_directory, make;
    DWORD disposition_flags, rename_flags;
} calls;

/* The directory kept open while something is made: its handle, and whether it may be deleted. */
static HANDLE held[8];
static unsigned made_without_hold;

static struct host_root *root;
static wchar_t opened_path[64][600];
static HANDLE opened[64];

static const wchar_t *path_of(HANDLE handle)
{
    for (int i = 0; i < 64; i++)
        if (opened[i] == handle)
            return opened_path[i];
    return L"";
}

static HANDLE WINAPI shim_CreateFileW(LPCWSTR path, DWORD access, DWORD share,
                                      LPSECURITY_ATTRIBUTES security, DWORD disposition,
                                      DWORD flags, HANDLE template)
{
    if (disposition == CREATE_NEW)
        calls.make++;
    if (behaviour.read_only && (access & (FILE_WRITE_ATTRIBUTES | GENERIC_WRITE | DELETE))) {
        SetLastError(ERROR_WRITE_PROTECT);
        return INVALID_HANDLE_VALUE;
    }
    HANDLE handle = REAL(CreateFileW)(path, access, share, security, disposition, flags, template);
    if (handle == INVALID_HANDLE_VALUE)
        return handle;
    for (int i = 0; i < 64; i++) {
        if (!opened[i]) {
            opened[i] = handle;
            swprintf(opened_path[i], 600, L"%ls", path);
            break;
        }
    }
    for (int i = 0; i < 8 && !(share & FILE_SHARE_DELETE); i++) {
        if (!held[i]) {
            held[i] = handle;
            break;
        }
    }
    return handle;
}

static BOOL WINAPI shim_CloseHandle(HANDLE handle)
{
    for (int i = 0; i < 64; i++)
        if (opened[i] == handle)
            opened[i] = NULL;
    for (int i = 0; i < 8; i++)
        if (held[i] == handle)
            held[i] = NULL;
    return REAL(CloseHandle)(handle);
}

/* Takes the name of a file away at once, though it is open. */
static BOOL vacate(const wchar_t *path)
{
    wchar_t aside[700];
    static unsigned count;
    swprintf(aside, 700, L"%ls.aside%u", path, count++);
    return REAL(MoveFileExW)(path, aside, 0) && SetFileAttributesW(aside, FILE_ATTRIBUTE_NORMAL) &&
           REAL(DeleteFileW)(aside);
}

static void making(void)
{
    bool holds = false;
    for (int i = 0; i < 8; i++)
        holds |= held[i] != NULL;
    made_without_hold += !holds;
    calls.make++;
}

/* As Windows does with POSIX semantics, played with what Wine has. */
static BOOL WINAPI shim_SetFileInformationByHandle(HANDLE handle, FILE_INFO_BY_HANDLE_CLASS class,
                                                   LPVOID data, DWORD size)
{
    if (class != DISPOSITION_EX && class != RENAME_EX)
        return REAL(SetFileInformationByHandle)(handle, class, data, size);
    const wchar_t *path = path_of(handle);
    DWORD flags = *(DWORD *)data, attributes = GetFileAttributesW(path);
    making();
    if (class == DISPOSITION_EX) {
        calls.disposition++;
        calls.disposition_flags = flags;
    } else {
        calls.rename++;
        calls.rename_flags = flags;
    }
    if (behaviour.posix_error) {
        SetLastError(behaviour.posix_error);
        return FALSE;
    }
    if (class == RENAME_EX) {
        FILE_RENAME_INFO *info = data;
        wchar_t to[600];
        ck_assert_uint_lt(info->FileNameLength, sizeof(to));
        ck_assert_ptr_null(info->RootDirectory);
        wmemcpy(to, info->FileName, info->FileNameLength / sizeof(wchar_t));
        to[info->FileNameLength / sizeof(wchar_t)] = 0;
        vacate(to);
        return REAL(MoveFileExW)(path, to, 0);
    }
    if (attributes & FILE_ATTRIBUTE_DIRECTORY)
        return REAL(RemoveDirectoryW)(path);
    return vacate(path);
}

static BOOL WINAPI shim_GetFileInformationByHandleEx(HANDLE handle, FILE_INFO_BY_HANDLE_CLASS class,
                                                     LPVOID data, DWORD size)
{
    if (class == FileIdInfo && behaviour.no_id_info) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    if (class == FileIdInfo && behaviour.fake_index) {
        memcpy(data, &behaviour.id, sizeof(behaviour.id));
        return TRUE;
    }
    return REAL(GetFileInformationByHandleEx)(handle, class, data, size);
}

static BOOL WINAPI shim_GetFileInformationByHandle(HANDLE handle, LPBY_HANDLE_FILE_INFORMATION info)
{
    BOOL ok = REAL(GetFileInformationByHandle)(handle, info);
    if (ok && behaviour.fake_index) {
        info->nFileIndexHigh = 0;
        info->nFileIndexLow = behaviour.index_low;
    }
    return ok;
}

static DWORD WINAPI shim_GetFinalPathNameByHandleW(HANDLE handle, LPWSTR path, DWORD size,
                                                   DWORD flags)
{
    if (behaviour.no_final_path) {
        SetLastError(ERROR_PATH_NOT_FOUND);
        return 0;
    }
    if (behaviour.junction && wcsstr(path_of(handle), behaviour.junction)) {
        static const wchar_t elsewhere[] = L"\\\\?\\C:\\elsewhere";
        if (size < sizeof(elsewhere) / sizeof(*elsewhere))
            return sizeof(elsewhere) / sizeof(*elsewhere);
        wcscpy(path, elsewhere);
        return wcslen(elsewhere);
    }
    return REAL(GetFinalPathNameByHandleW)(handle, path, size, flags);
}

static DWORD WINAPI shim_GetFullPathNameW(LPCWSTR path, DWORD size, LPWSTR full, LPWSTR *part)
{
    if (behaviour.device && wcscmp(path, behaviour.device) == 0) {
        size_t length = 4 + wcslen(path);
        if (size > length)
            swprintf(full, size, L"\\\\.\\%ls", path);
        return (DWORD)(size > length ? length : length + 1);
    }
    return REAL(GetFullPathNameW)(path, size, full, part);
}

static BOOL WINAPI shim_DeleteFileW(LPCWSTR path)
{
    calls.delete_file++;
    making();
    return REAL(DeleteFileW)(path);
}

static BOOL WINAPI shim_MoveFileExW(LPCWSTR from, LPCWSTR to, DWORD flags)
{
    calls.move++;
    making();
    return REAL(MoveFileExW)(from, to, flags);
}

static BOOL WINAPI shim_RemoveDirectoryW(LPCWSTR path)
{
    calls.remove_directory++;
    making();
    return REAL(RemoveDirectoryW)(path);
}

static BOOL WINAPI shim_CreateDirectoryW(LPCWSTR path, LPSECURITY_ATTRIBUTES security)
{
    making();
    return REAL(CreateDirectoryW)(path, security);
}

static BOOL WINAPI shim_CreateHardLinkW(LPCWSTR to, LPCWSTR from, LPSECURITY_ATTRIBUTES security)
{
    making();
    return REAL(CreateHardLinkW)(to, from, security);
}

static void put(const char *name)
{
    put_beneath(root, name, name);
}

static bool there(const char *name)
{
    struct host_stat stat;
    return host_at_stat(root, name, &stat) == 0;
}

static void setup(void)
{
    memset(&behaviour, 0, sizeof(behaviour));
    clear("windows-files-test");
    ck_assert_int_eq(host_path_mkdir("windows-files-test", 0755), 0);
    ck_assert_int_eq(host_root_open("windows-files-test", &root), 0);
    put("file");
    put("other");
    ck_assert_int_eq(host_at_mkdir(root, "dir", 0755), 0);
    memset(&calls, 0, sizeof(calls));
    made_without_hold = 0;
}

static void teardown(void)
{
    memset(&behaviour, 0, sizeof(behaviour));
    host_root_close(root);
    clear("windows-files-test");
}

/* POSIX semantics are asked for first, and nothing else is called. */
START_TEST(posix)
{
    struct host_file *file;
    ck_assert_int_eq(host_at_open(root, "file", HOST_FILE_READ, 0, &file), 0);
    ck_assert_int_eq(host_at_rename(root, "other", "file", true), 0);
    ck_assert_uint_eq(calls.rename, 1);
    ck_assert_uint_eq(calls.rename_flags, 0x43); /* replace, POSIX semantics, read-only too */
    ck_assert(!there("other") && there("file"));
    ck_assert_int_eq(host_at_unlink(root, "file", true), 0);
    ck_assert_uint_eq(calls.disposition, 1);
    ck_assert_uint_eq(calls.disposition_flags, 0x13); /* delete, POSIX semantics, read-only too */
    host_file_close(file);
    ck_assert_int_eq(host_at_rmdir(root, "dir"), 0);
    ck_assert_uint_eq(calls.disposition, 2);
    ck_assert_uint_eq(calls.delete_file + calls.move + calls.remove_directory, 0);
    ck_assert_uint_eq(made_without_hold, 0);
}
END_TEST

/* FAT, or a server that does not know them: the old way, an open file's name is free all the same.
 */
START_TEST(no_posix)
{
    static const DWORD unknown[] = {ERROR_INVALID_PARAMETER, ERROR_NOT_SUPPORTED,
                                    ERROR_INVALID_FUNCTION};
    for (int i = 0; i < 3; i++) {
        struct host_file *file;
        behaviour.posix_error = unknown[i];
        memset(&calls, 0, sizeof(calls));
        ck_assert_int_eq(host_at_open(root, "file", HOST_FILE_READ, 0, &file), 0);
        ck_assert_int_eq(host_at_unlink(root, "file", true), 0);
        ck_assert(!there("file"));
        ck_assert_uint_eq(calls.move, 1);
        ck_assert_uint_eq(calls.delete_file, 1);
        put("file");
        host_file_close(file);
        ck_assert_int_eq(host_at_open(root, "file", HOST_FILE_READ, 0, &file), 0);
        ck_assert_int_eq(host_at_rename(root, "other", "file", true), 0);
        ck_assert(there("file") && !there("other"));
        host_file_close(file);
        ck_assert_int_eq(host_at_chmod(root, "file", 0444), 0);
        put("other");
        ck_assert_int_eq(host_at_rename(root, "other", "file", false), 0);
        ck_assert_int_eq(host_at_chmod(root, "file", 0444), 0);
        ck_assert_int_eq(host_at_unlink(root, "file", false), 0);
        put("file");
        put("other");
        ck_assert_int_eq(host_at_rmdir(root, "dir"), 0);
        ck_assert_uint_eq(calls.remove_directory, 1);
        ck_assert_int_eq(host_at_mkdir(root, "dir", 0755), 0);
    }
    ck_assert_uint_eq(made_without_hold, 0);
}
END_TEST

/* Any other refusal is the answer. */
START_TEST(refused)
{
    behaviour.posix_error = ERROR_SHARING_VIOLATION;
    ck_assert_int_eq(host_at_unlink(root, "file", true), -L_EBUSY);
    ck_assert_int_eq(host_at_rename(root, "other", "file", true), -L_EBUSY);
    ck_assert_int_eq(host_at_rmdir(root, "dir"), -L_EBUSY);
    ck_assert_uint_eq(calls.delete_file + calls.move + calls.remove_directory, 0);
    ck_assert(there("file") && there("other") && there("dir"));
}
END_TEST

static uint64_t number_of(const char *name)
{
    struct host_stat stat;
    ck_assert_int_eq(host_at_stat(root, name, &stat), 0);
    return stat.inode;
}

/* Numbers of 128 bits that differ above 64, and file systems that have none. */
START_TEST(numbers)
{
    behaviour.fake_index = true;
    behaviour.index_low = 7;
    behaviour.id.FileId.Identifier[0] = 7;
    ck_assert_uint_eq(number_of("file"), 7);
    behaviour.id.FileId.Identifier[12] = 1;
    uint64_t one = number_of("file");
    behaviour.id.FileId.Identifier[12] = 2;
    ck_assert_uint_ne(number_of("file"), one);
    ck_assert_uint_ne(one, 7);
    behaviour.no_id_info = true;
    ck_assert_uint_eq(number_of("file"), 7);
    behaviour.index_low = 0;
    ck_assert_uint_eq(number_of("file"), 0);
}
END_TEST

static void try_junction(const char *name, const char *below)
{
    const uint32_t fresh = HOST_FILE_WRITE | HOST_FILE_CREATE | HOST_FILE_EXCLUSIVE;
    struct host_stat stat;
    struct host_file *file;
    struct host_dir *dir;
    memset(&calls, 0, sizeof(calls));
    ck_assert_int_eq(host_at_open(root, below, HOST_FILE_READ | HOST_FILE_WRITE, 0, &file),
                     -L_EACCES);
    ck_assert_int_eq(host_at_open(root, below, HOST_FILE_WRITE | HOST_FILE_TRUNCATE, 0, &file),
                     -L_EACCES);
    ck_assert_int_eq(host_at_open(root, below, fresh, 0644, &file), -L_EACCES);
    ck_assert_int_eq(host_at_stat(root, below, &stat), -L_EACCES);
    ck_assert_int_eq(host_at_dir(root, name, &dir), -L_EACCES);
    ck_assert_int_eq(host_at_mkdir(root, below, 0755), -L_EACCES);
    ck_assert_int_eq(host_at_unlink(root, below, false), -L_EACCES);
    ck_assert_int_eq(host_at_rmdir(root, below), -L_EACCES);
    ck_assert_int_eq(host_at_rename(root, below, "here", false), -L_EACCES);
    ck_assert_int_eq(host_at_rename(root, "file", below, false), -L_EACCES);
    ck_assert_int_eq(host_at_link(root, below, "here"), -L_EACCES);
    ck_assert_int_eq(host_at_link(root, "file", below), -L_EACCES);
    ck_assert_int_eq(host_at_chmod(root, below, 0444), -L_EACCES);
    ck_assert_int_eq(host_at_utimes(root, below, 0, 0), -L_EACCES);
    ck_assert_uint_eq(calls.make, 0);
    ck_assert_uint_eq(calls.disposition + calls.rename + calls.delete_file + calls.move, 0);
}

/* Nothing is made, changed or shown behind a junction that leads out. */
START_TEST(junction)
{
    put("dir/x");
    behaviour.junction = L"\\dir";
    try_junction("dir", "dir/x");
    ck_assert(there("file") && !there("here"));
    behaviour.junction = NULL;
    ck_assert(there("dir/x"));
}
END_TEST

/* A volume whose paths Windows does not tell. */
START_TEST(no_final_path)
{
    struct host_file *file;
    behaviour.no_final_path = true;
    host_root_close(root);
    ck_assert_int_eq(host_root_open("windows-files-test", &root), 0);
    put("dir/y");
    ck_assert_int_eq(host_at_open(root, "dir/y", HOST_FILE_READ, 0, &file), 0);
    host_file_close(file);
    ck_assert_int_eq(host_at_unlink(root, "dir/y", false), 0);
}
END_TEST

/* Reading from a medium that cannot be written asks for no more. */
START_TEST(read_only)
{
    struct host_file *file;
    behaviour.read_only = true;
    ck_assert_int_eq(host_at_open(root, "file", HOST_FILE_READ, 0, &file), 0);
    host_file_close(file);
    ck_assert_int_eq(host_at_open(root, "file", HOST_FILE_READ | HOST_FILE_WRITE, 0, &file),
                     -L_EROFS);
    ck_assert_int_eq(host_at_unlink(root, "file", false), -L_EROFS);
    ck_assert_int_eq(host_at_chmod(root, "file", 0444), -L_EROFS);
}
END_TEST

START_TEST(devices)
{
    struct host_stat stat;
    behaviour.device = L"newdevice";
    ck_assert_int_eq(host_path_stat("newdevice", &stat), -L_ENOENT);
    ck_assert_int_eq(host_path_mkdir("newdevice", 0755), -L_EINVAL);
    ck_assert_uint_eq(calls.make, 0);
    ck_assert_int_eq(host_path_mkdir("CONIN$", 0755), -L_EINVAL);
    ck_assert_int_eq(host_path_mkdir("com\xc2\xb3.txt", 0755), -L_EINVAL);
    ck_assert_uint_eq(calls.make, 0);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("windows files");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, posix);
    tcase_add_test(tcase, no_posix);
    tcase_add_test(tcase, refused);
    tcase_add_test(tcase, numbers);
    tcase_add_test(tcase, junction);
    tcase_add_test(tcase, no_final_path);
    tcase_add_test(tcase, read_only);
    tcase_add_test(tcase, devices);
    return unit_run("windows files", tcase);
}
