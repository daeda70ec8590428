/*
 * What the system calls of runtime/fs share: getting files, paths and buffers for a task. The calls
 * themselves are declared in fs_calls.h.
 */
#ifndef RUNTIME_FS_CALLS_SYS_H
#define RUNTIME_FS_CALLS_SYS_H

#include "runtime/fs/vfs/fdtable.h"
#include "runtime/fs/vfs/vfs.h"
#include "runtime/memory/access.h"
#include "runtime/task/process.h"
#include "runtime/task/task.h"

/* The most one read or write moves (MAX_RW_COUNT). */
#define SYS_COUNT_MAX 0x7ffff000u
/* The largest piece that goes through the bounce buffer at once. */
#define SYS_BOUNCE_MAX (1u << 20)

static inline struct space *sys_space(struct task *t)
{
    return t->process->space;
}

/* The file of a descriptor, referenced; NULL is EBADF. The second refuses O_PATH files. */
struct file *sys_file_any(struct task *t, uint64_t fd);
struct file *sys_file(struct task *t, uint64_t fd);

/* The task's kernel buffer of at least size bytes, or NULL. It is the task's until the next call.
 */
uint8_t *sys_bounce(struct task *t, size_t size);

/* A path string out of the guest: 0, -L_EFAULT, -L_ENAMETOOLONG. */
int sys_path(struct task *t, uint64_t address, char name[PATH_LENGTH_MAX]);

/* Where a *at call starts: *start is NULL (current directory, or the name is absolute) or at. */
struct sys_at {
    struct path at;
    const struct path *start;
};
int sys_at(struct task *t, uint64_t dirfd, const char *name, struct sys_at *out);
void sys_at_end(struct sys_at *at);

/* name (and AT_* flags) to a path, referenced; the caller's credentials in *caller. follow: what to
 * do with a link at the end when flags do not say (AT_SYMLINK_NOFOLLOW, AT_SYMLINK_FOLLOW do). */
int sys_walk(struct task *t, uint64_t dirfd, uint64_t address, uint32_t flags, bool follow,
             struct vfs_caller *caller, struct path *out);
/* The same for the caller that is given. */
int sys_walk_as(struct task *t, uint64_t dirfd, uint64_t address, uint32_t flags, bool follow,
                struct vfs_caller *caller, struct path *out);

uint64_t sys_fd_limit(struct task *t);
/* Install a new file (reference taken over) at the lowest descriptor. */
int64_t sys_install(struct task *t, struct file *file, bool cloexec);
/* The lowest descriptor, to be filled or released (fdtable.h); or a negative errno. */
int64_t sys_reserve(struct task *t);
/* Install two, whose numbers go to the guest's int[2] at address; neither can be
 * used before that has succeeded. 0 or a negative errno. */
int64_t sys_install_pair(struct task *t, struct file *a, struct file *b, bool cloexec,
                         uint64_t address);

#endif
