/* A folder that only the user writes: owner and access list. */
#include "runtime/host/keep.h"

#include <aclapi.h>
#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/stat.h"
#include "runtime/host/env.h"
#include "runtime/host/random.h"
#include "runtime/host/windows/files.h"
#include "runtime/host/windows/wide.h"

#define PATH_ROOM (HOST_KEEP_NAME_MAX + 32)

struct host_keep {
    HANDLE handle; /* not shared for deletion: the folder stays where it is */
    char *path;
};

/* --- who may write ---------------------------------------------------------------------------- */

/* The user of the program; freed by the caller. NULL: not to be had. */
static TOKEN_USER *token_user(void)
{
    HANDLE token;
    TOKEN_USER *user = NULL;
    DWORD size = 0;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return NULL;
    GetTokenInformation(token, TokenUser, NULL, 0, &size);
    if (size && (user = malloc(size)) &&
        !GetTokenInformation(token, TokenUser, user, size, &size)) {
        free(user);
        user = NULL;
    }
    CloseHandle(token);
    return user;
}

/* The user, and those who may do anything anyway. */
static bool is_trusted(PSID sid, PSID user)
{
    return EqualSid(sid, user) || IsWellKnownSid(sid, WinLocalSystemSid) ||
           IsWellKnownSid(sid, WinBuiltinAdministratorsSid);
}

/* MS-DTYP 2.4.4.1: what an entry is. Any kind that may grant something and is not the plain one is
 * taken to grant all. */
static bool grants_others(const ACE_HEADER *ace, PSID user)
{
    const ACCESS_MASK writing = FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_DELETE_CHILD | DELETE |
                                WRITE_DAC | WRITE_OWNER | GENERIC_WRITE | GENERIC_ALL;
    if (ace->AceFlags & INHERIT_ONLY_ACE)
        return false;
    switch (ace->AceType) {
    case ACCESS_DENIED_ACE_TYPE:
    case ACCESS_DENIED_OBJECT_ACE_TYPE:
    case ACCESS_DENIED_CALLBACK_ACE_TYPE:
    case ACCESS_DENIED_CALLBACK_OBJECT_ACE_TYPE:
        return false;
    case ACCESS_ALLOWED_ACE_TYPE: {
        const ACCESS_ALLOWED_ACE *allowed = (const ACCESS_ALLOWED_ACE *)ace;
        return (allowed->Mask & writing) && !is_trusted((PSID)&allowed->SidStart, user);
    }
    default:
        return true;
    }
}

static bool list_is_own(PACL list, PSID user)
{
    for (DWORD i = 0; list && i < list->AceCount; i++) {
        void *ace;
        if (!GetAce(list, i, &ace) || grants_others(ace, user))
            return false;
    }
    return list != NULL; /* without a list everybody may do everything */
}

/* Whether the handle's file is the user's and nobody else may write it; needs READ_CONTROL. */
static bool is_own(HANDLE handle)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    PSID owner = NULL;
    PACL list = NULL;
    TOKEN_USER *user = token_user();
    bool own = user &&
               GetSecurityInfo(handle, SE_FILE_OBJECT,
                               OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &owner, NULL,
                               &list, NULL, &descriptor) == ERROR_SUCCESS &&
               owner && is_trusted(owner, user->User.Sid) && list_is_own(list, user->User.Sid);
    LocalFree(descriptor);
    free(user);
    return own;
}

/* --- the folder --------------------------------------------------------------------------------
 */

/* Makes it so that the user, the system and administrators alone have access, in it as well. */
static void make_folder(const wchar_t *path)
{
    wchar_t text[512], *sid = NULL;
    TOKEN_USER *user = token_user();
    SECURITY_ATTRIBUTES attributes = {.nLength = sizeof(attributes)};
    if (user && ConvertSidToStringSidW(user->User.Sid, &sid) && wcslen(sid) < 256) {
        swprintf(text, sizeof(text) / sizeof(*text),
                 L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;%ls)", sid);
        if (ConvertStringSecurityDescriptorToSecurityDescriptorW(
                text, SDDL_REVISION_1, &attributes.lpSecurityDescriptor, NULL)) {
            CreateDirectoryW(path, &attributes);
            LocalFree(attributes.lpSecurityDescriptor);
        }
    }
    LocalFree(sid);
    free(user);
}

static bool is_plain(HANDLE handle, bool folder)
{
    BY_HANDLE_FILE_INFORMATION info;
    return GetFileInformationByHandle(handle, &info) &&
           !(info.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) &&
           !(info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == !folder &&
           (folder || info.nNumberOfLinks == 1);
}

/* Opens it when it is the user's own. */
static HANDLE open_own(const wchar_t *path, bool folder, DWORD share, int *error)
{
    DWORD flags = FILE_FLAG_OPEN_REPARSE_POINT | (folder ? FILE_FLAG_BACKUP_SEMANTICS : 0);
    /* Sharing is for those alone who have more access than to attributes. */
    DWORD access = READ_CONTROL | (folder ? FILE_LIST_DIRECTORY : GENERIC_READ);
    HANDLE handle = CreateFileW(path, access, share, NULL, OPEN_EXISTING, flags, NULL);
    *error = handle == INVALID_HANDLE_VALUE ? host_last_error() : 0;
    if (handle == INVALID_HANDLE_VALUE || (is_plain(handle, folder) && is_own(handle)))
        return handle;
    CloseHandle(handle);
    *error = -L_EACCES;
    return INVALID_HANDLE_VALUE;
}

/* In a folder that is there; takes above. */
static int open_in(char *above, const char *name, struct host_keep **out)
{
    struct host_keep *keep = calloc(1, sizeof(*keep));
    wchar_t *wide = NULL;
    size_t size = above ? strlen(above) + strlen(name) + 2 : 0;
    int error = above ? -L_ENOMEM : -L_ENOENT;
    *out = NULL;
    if (keep && above && (keep->path = malloc(size))) {
        snprintf(keep->path, size, "%s\\%s", above, name);
        error = host_windows_path(keep->path, L"", -L_EINVAL, &wide);
    }
    if (wide) {
        make_folder(wide);
        keep->handle = open_own(wide, true, FILE_SHARE_READ | FILE_SHARE_WRITE, &error);
    }
    free(wide);
    free(above);
    if (!error) {
        *out = keep;
        return 0;
    }
    if (keep)
        free(keep->path);
    free(keep);
    return error;
}

static bool is_there(const char *name)
{
    struct host_stat st;
    char *path = host_beside_program(name);
    bool there = path && host_path_stat(path, &st) == 0;
    free(path);
    return there;
}

/* The folder beside the program, made where its configuration lies there too; or NULL. */
static char *beside(void)
{
    wchar_t *wide = NULL;
    char *path = host_beside_program(HOST_KEEP_BESIDE);
    if (path && !is_there(HOST_KEEP_BESIDE) && is_there("foreland.conf") &&
        host_windows_path(path, L"", -L_EINVAL, &wide) == 0)
        make_folder(wide);
    free(wide);
    if (path && is_there(HOST_KEEP_BESIDE))
        return path;
    free(path);
    return NULL;
}

int host_keep_open(const char *name, struct host_keep **out)
{
    int error = open_in(beside(), name, out);
    return error ? open_in(host_cache_dir(), name, out) : 0;
}

void host_keep_close(struct host_keep *keep)
{
    if (!keep)
        return;
    CloseHandle(keep->handle);
    free(keep->path);
    free(keep);
}

const char *host_keep_path(const struct host_keep *keep)
{
    return keep->path;
}

/* --- files -------------------------------------------------------------------------------------
 */

/* Of a name in the folder; freed by the caller. */
static char *path_of(const struct host_keep *keep, const char *name)
{
    size_t size = strlen(keep->path) + strlen(name) + 2;
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%s\\%s", keep->path, name);
    return path;
}

int host_keep_file(struct host_keep *keep, const char *name, struct host_file **out)
{
    char *path = path_of(keep, name);
    wchar_t *wide = NULL;
    *out = NULL;
    int error = path ? host_windows_path(path, L"", -L_ENOENT, &wide) : -L_ENOMEM;
    if (!error) {
        /* Nobody may write it meanwhile. */
        HANDLE handle = open_own(wide, false, FILE_SHARE_READ | FILE_SHARE_DELETE, &error);
        if (!error)
            error = host_file_wrap(handle, wide, out);
    }
    free(wide);
    free(path);
    return error;
}

int host_keep_store(struct host_keep *keep, const char *name, const void *data, size_t size)
{
    char temporary[PATH_ROOM];
    struct host_file *file = NULL;
    snprintf(temporary, sizeof(temporary), "%s-%016llx", name,
             (unsigned long long)host_random_u64());
    char *from = path_of(keep, temporary), *to = path_of(keep, name);
    int error = -L_ENOMEM;
    if (from && to)
        error = host_file_open(from, HOST_FILE_WRITE | HOST_FILE_CREATE | HOST_FILE_EXCLUSIVE, 0600,
                               &file);
    if (!error) {
        int64_t written = host_file_write(file, data, size, 0);
        host_file_close(file);
        error = written < 0 ? (int)written : (size_t)written < size ? -L_ENOSPC : 0;
        if (!error)
            error = host_path_rename(from, to);
        if (error)
            host_path_unlink(from);
    }
    free(from);
    free(to);
    return error;
}

int host_keep_touch(struct host_keep *keep, const char *name)
{
    char *path = path_of(keep, name);
    wchar_t *wide = NULL;
    int error = path ? host_windows_path(path, L"", -L_ENOENT, &wide) : -L_ENOMEM;
    if (!error) {
        FILETIME now;
        HANDLE handle = CreateFileW(wide, FILE_WRITE_ATTRIBUTES, SHARE_ALL, NULL, OPEN_EXISTING,
                                    FILE_FLAG_OPEN_REPARSE_POINT, NULL);
        GetSystemTimeAsFileTime(&now);
        if (handle == INVALID_HANDLE_VALUE || !SetFileTime(handle, NULL, NULL, &now))
            error = host_last_error();
        if (handle != INVALID_HANDLE_VALUE)
            CloseHandle(handle);
    }
    free(wide);
    free(path);
    return error;
}

int host_keep_remove(struct host_keep *keep, const char *name)
{
    char *path = path_of(keep, name);
    int error = path ? host_path_unlink(path) : -L_ENOMEM;
    free(path);
    return error;
}

int host_keep_each(struct host_keep *keep,
                   int (*each)(void *arg, const char *name, uint64_t size, int64_t mtime),
                   void *arg)
{
    struct host_dir *dir;
    struct host_dirent entry;
    int result = host_dir_open(keep->path, &dir);
    if (result)
        return result;
    while (!result && host_dir_next(dir, &entry) > 0) {
        struct host_stat st;
        char *path = path_of(keep, entry.name);
        if (path && !host_path_stat(path, &st) && (st.mode & L_S_IFMT) == L_S_IFREG)
            result = each(arg, entry.name, st.size, st.mtime);
        free(path);
    }
    host_dir_close(dir);
    return result;
}
