/*
 * The descriptor table of a process, reference counted (CLONE_FILES shares it). Guarded by its own
 * lock; looking a descriptor up takes a reference to the file, so that it stays whole when another
 * thread closes it.
 */
#ifndef RUNTIME_FS_VFS_FDTABLE_H
#define RUNTIME_FS_VFS_FDTABLE_H

#include "runtime/fs/vfs/file.h"

struct files;

#define FILES_MAX (1u << 20) /* nr_open: no descriptor is ever higher than this minus one */

/* An empty table with one reference. NULL: no memory. */
struct files *files_new(void);
/* A copy for fork: the same files, descriptor flags included. NULL: no memory. */
struct files *files_copy(struct files *files);
struct files *files_share(struct files *files);
/* Drop a reference; the last one closes everything (and drops this owner's record locks). */
void files_put(struct files *files);
/* exec: close descriptors with the close-on-exec flag. The table is not shared any more. */
void files_close_on_exec(struct files *files);

/* The file behind a descriptor (a new reference) or NULL. O_PATH files too: file_get_io refuses
 * those. */
struct file *files_get(struct files *files, int fd);
/* The lowest free descriptor >= from becomes file (the reference is taken over; also on failure,
 * where it is dropped). limit is RLIMIT_NOFILE: -L_EMFILE, or -L_EINVAL when from is not below it.
 */
int files_install(struct files *files, struct file *file, int from, bool cloexec, uint64_t limit);
/*
 * The same in two steps, for calls that have to tell the guest the number before anyone may use it:
 * a reserved descriptor is taken but shows no file. Each one is filled (the reference is taken
 * over) or released in the end, with the table referenced until then.
 */
int files_reserve(struct files *files, int from, uint64_t limit);
void files_fill(struct files *files, int fd, struct file *file, bool cloexec);
void files_release(struct files *files, int fd);
/* dup2 and dup3: fd becomes file, closing what was there; -L_EBUSY when it is reserved. Takes over
 * the reference. */
int files_replace(struct files *files, int fd, struct file *file, bool cloexec, uint64_t limit);
/* 0, -L_EBADF, or what flush gave. */
int files_close(struct files *files, int fd);
/* Close (or mark close-on-exec) first..last. */
void files_close_range(struct files *files, uint32_t first, uint32_t last, bool cloexec);
/* Descriptor flags: 0 or L_FD_CLOEXEC, -L_EBADF. */
int files_get_flags(struct files *files, int fd);
int files_set_flags(struct files *files, int fd, bool cloexec);
/* The lowest open descriptor >= fd, or -1. For /proc/PID/fd. */
int files_next(struct files *files, int fd);

#endif
