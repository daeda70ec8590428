/*
 * Who asks, and the attributes of what was found: as the system calls need them but with an
 * explicit caller, so that the kernel itself (exec, core files, mounts at start) and tests use them
 * too. All return 0 or a negative guest errno. Paths and names are in path.h.
 */
#ifndef RUNTIME_FS_VFS_VFS_H
#define RUNTIME_FS_VFS_VFS_H

#include "runtime/fs/vfs/file.h"

struct process;

/* Root directory, current directory and umask of a process; CLONE_FS shares it. Reference counted,
 * guarded by its lock. */
struct fs_context {
    atomic_uint refs;
    struct host_mutex lock;
    struct path root, cwd;
    uint32_t umask;
};

/* At the root of everything, umask 022. NULL: no memory. */
struct fs_context *fs_context_new(void);
struct fs_context *fs_context_copy(struct fs_context *context);
struct fs_context *fs_context_share(struct fs_context *context);
void fs_context_put(struct fs_context *context);
struct path fs_context_root(struct fs_context *context); /* referenced */
struct path fs_context_cwd(struct fs_context *context);  /* referenced */

/* Both take references of their own. */
void fs_context_set_cwd(struct fs_context *context, struct path path);
void fs_context_set_root(struct fs_context *context, struct path path);

/* Who asks: what permission checks look at. */
struct fs_cred {
    uint32_t uid, gid; /* fsuid and fsgid, or the real ones for access(2) */
    uint32_t group_count;
    uint32_t groups[64];
    bool dac_override; /* CAP_DAC_OVERRIDE */
    bool dac_read;     /* CAP_DAC_READ_SEARCH */
    bool owner;        /* CAP_FOWNER */
    bool chown;        /* CAP_CHOWN */
    bool fsetid;       /* CAP_FSETID */
    bool mknod;        /* CAP_MKNOD */
};

struct vfs_caller {
    struct fs_context *fs;
    struct fs_cred cred;
};

/* The superuser at the root of everything: for the kernel's own opens. */
struct vfs_caller *vfs_kernel_caller(void);
/* The caller that a task is (effective ids); in runtime/fs/vfs/caller.c. */
void vfs_caller_of(struct task *task, struct vfs_caller *out);
/* The program of a process: its file with a reference, or NULL. */
struct file *process_exe(struct process *p);
/* As if its real ids were the effective ones: who access(2) asks for. */
void vfs_real_caller_of(struct task *task, struct vfs_caller *out);

int vfs_stat(struct path path, struct kstat *out);
int vfs_readlink(struct path path, char *text, size_t size); /* the length */
int vfs_chmod(struct vfs_caller *caller, struct path path, uint32_t mode);
/* id -1 leaves it alone. */
int vfs_chown(struct vfs_caller *caller, struct path path, uint32_t uid, uint32_t gid);
int vfs_truncate(struct vfs_caller *caller, struct path path, uint64_t size);
/* Set the size without a permission check (ftruncate, O_TRUNC). Takes the turn of the data. */
int inode_truncate(struct inode *inode, uint64_t size);
/* Set times; NULL leaves one alone. now: both are the current time, which writers may do too. */
int vfs_utimes(struct vfs_caller *caller, struct path path, const fs_time *atime,
               const fs_time *mtime, bool now);
/* mask: 4 read, 2 write, 1 execute. -L_EACCES, -L_EROFS. */
int vfs_permission(const struct fs_cred *cred, struct path path, uint32_t mask);
int inode_permission(const struct fs_cred *cred, struct inode *inode, uint32_t mask);

#endif
