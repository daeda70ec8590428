/* What the files of the Windows side share: names, handles, attributes. */
#ifndef RUNTIME_HOST_WINDOWS_FILES_H
#define RUNTIME_HOST_WINDOWS_FILES_H

#include "runtime/host/file.h"
#include <wchar.h>
#include <windows.h>

#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

struct host_file {
    HANDLE handle;
    bool program; /* by its name */
};

struct host_dir {
    HANDLE search;
    WIN32_FIND_DATAW found;
    bool pending; /* found holds an entry not given yet */
};

/* Names (names.c). */

/* The path as Windows takes it, with `after` appended; freed by the caller. misfit is the errno for
 * names that cannot exist, and for those that Windows takes for devices. */
int host_windows_path(const char *path, const wchar_t *after, int misfit, wchar_t **out);
/* The same for a name below a directory (beneath.h), of which `above` is such a path. */
int host_windows_below(const wchar_t *above, const char *name, int misfit, wchar_t **out);
bool host_is_program(const wchar_t *path);

/* Errors: of the last call, of a call, and of one with a path, as Windows says "access denied" for
 * what Linux tells apart. */
int host_last_error(void);
int host_result_of(BOOL ok);
int host_error_at(const wchar_t *path, int error);

/* Handles and attributes (file.c). */
DWORD host_access_of(uint32_t flags);
/* Wrap a handle, which is closed on failure; INVALID_HANDLE_VALUE: the error is the last. */
int host_file_wrap(HANDLE handle, const wchar_t *path, struct host_file **out);
int host_handle_stat(HANDLE handle, bool program, struct host_stat *out);
int host_entry_stat(const wchar_t *path, struct host_stat *out);
int host_handle_chmod(HANDLE handle, uint32_t mode);
int host_handle_utimes(HANDLE handle, int64_t atime, int64_t mtime);
int host_directory_open(const wchar_t *pattern, struct host_dir **out);
int host_volume_usage(const wchar_t *path, struct host_fs_usage *out);

/* Removing and renaming (remove.c). Paths are Windows'; the last part is never followed. */

/* open: the caller has it open; see host_at_unlink. */
int host_remove_file(const wchar_t *path, bool open);
int host_remove_directory(const wchar_t *path);
int host_rename(const wchar_t *from, const wchar_t *to, bool target_open);

#endif
