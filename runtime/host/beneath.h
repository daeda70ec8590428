/*
 * Files below one directory of the host, for guests that must not leave it. A name is a path from
 * that directory, parts divided by one slash, none of them "." or ".."; "" is the directory itself.
 *
 * Linux: no part of a name is followed if it is a symbolic link, whatever renames go on meanwhile
 * (-L_ELOOP or -L_ENOTDIR). Windows: links are seen as what they lead to, as long as that lies
 * below the directory; elsewhere they are -L_EACCES. Nothing is made, changed or opened outside.
 *
 * Every function blocks and is safe to call from any thread. Returns 0 or positive, or a negative
 * guest errno, as in file.h.
 */
#ifndef RUNTIME_HOST_BENEATH_H
#define RUNTIME_HOST_BENEATH_H

#include "runtime/host/file.h"

struct host_root;

/* path may be a link; -L_ENOTDIR. */
int host_root_open(const char *path, struct host_root **out);
void host_root_close(struct host_root *root);
int host_root_statfs(struct host_root *root, struct host_fs_usage *out);

int host_at_stat(struct host_root *root, const char *name, struct host_stat *out);
/* HOST_FILE_CREATE only together with HOST_FILE_EXCLUSIVE. */
int host_at_open(struct host_root *root, const char *name, uint32_t flags, uint32_t mode,
                 struct host_file **out);
int host_at_dir(struct host_root *root, const char *name, struct host_dir **out);
int host_at_mkdir(struct host_root *root, const char *name, uint32_t mode);
/* The name is free afterwards, also where a deleted file that is open keeps its name: with `open`
 * (the caller has it open) such a file is then called .foreland-*.deleted until it is closed. */
int host_at_unlink(struct host_root *root, const char *name, bool open);
int host_at_rmdir(struct host_root *root, const char *name);
/* Replaces what is there, files by files and empty directories by directories; an open file also,
 * as with host_at_unlink (target_open). */
int host_at_rename(struct host_root *root, const char *from, const char *to, bool target_open);
/* -L_ENOSYS where the host cannot do it in one step. */
int host_at_exchange(struct host_root *root, const char *from, const char *to);
int host_at_link(struct host_root *root, const char *from, const char *to);
/* -L_EPERM where the host has no symbolic links for everybody. */
int host_at_symlink(struct host_root *root, const char *target, const char *name);
/* The target's length (not NUL terminated), cut at size. */
int host_at_readlink(struct host_root *root, const char *name, char *target, size_t size);
/* A fifo, socket or device node; -L_EPERM where the host cannot. */
int host_at_mknod(struct host_root *root, const char *name, uint32_t mode, uint64_t rdev);

/* Attributes of a name, or of an open file whatever its names are. A symbolic link has no mode:
 * -L_EOPNOTSUPP. On Windows only the owner's write bit has a meaning (the read-only attribute). */
int host_at_chmod(struct host_root *root, const char *name, uint32_t mode);
int host_file_chmod(struct host_file *file, uint32_t mode);
/* id UINT32_MAX: leave alone. -L_EPERM on Windows. */
int host_at_chown(struct host_root *root, const char *name, uint32_t uid, uint32_t gid);
int host_file_chown(struct host_file *file, uint32_t uid, uint32_t gid);
/* Nanoseconds since 1970; INT64_MIN: leave alone. */
int host_at_utimes(struct host_root *root, const char *name, int64_t atime, int64_t mtime);
int host_file_utimes(struct host_file *file, int64_t atime, int64_t mtime);

/* The same file opened once more (HOST_FILE_READ, HOST_FILE_WRITE), also when its names are gone.
 * -L_ENOSYS where the host cannot. */
int host_file_reopen(struct host_file *file, uint32_t flags, struct host_file **out);

#endif
