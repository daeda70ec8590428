/*
 * Path walk and the operations on names, as the system calls need them but with kernel strings and
 * an explicit caller, so that the kernel itself (exec, core files, mounts at start) and tests use
 * them too.
 *
 * Path strings are bytes ending in NUL, at most PATH_LENGTH_MAX with it. at is where a relative
 * path starts; NULL means the current directory. All return 0 or a negative guest errno.
 */
#ifndef FORELAND_FS_VFS_H
#define FORELAND_FS_VFS_H

#include "runtime/fs/file.h"

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
/* The caller that a task is (effective ids); in runtime/fs/caller.c. */
void vfs_caller_of(struct task *task, struct vfs_caller *out);
/* As if its real ids were the effective ones: who access(2) asks for. */
void vfs_real_caller_of(struct task *task, struct vfs_caller *out);

enum {
    WALK_FOLLOW = 1,       /* follow a symbolic link as the last component */
    WALK_DIRECTORY = 2,    /* must be a directory: ENOTDIR */
    WALK_EMPTY = 4,        /* "" means at itself (AT_EMPTY_PATH) */
    WALK_PARENT = 8,       /* used by walk_parent */
    WALK_NO_SYMLINKS = 16, /* openat2's resolve flags */
    WALK_NO_MAGICLINKS = 32,
    WALK_NO_XDEV = 64,
    WALK_BENEATH = 128,
    WALK_IN_ROOT = 256,
};

/* Find what a path leads to; a referenced path in *out, its dentry has an inode. */
int vfs_walk(struct vfs_caller *caller, const struct path *at, const char *name, uint32_t flags,
             struct path *out);

/* The last component of a path whose parent was found. */
struct last_name {
    char text[NAME_LENGTH_MAX + 1];
    size_t length;
    bool trailing_slash;
    bool dots; /* "." or "..", or the path is "/" */
};

/* Find the directory that holds the last component. */
int vfs_walk_parent(struct vfs_caller *caller, const struct path *at, const char *name,
                    struct path *parent, struct last_name *last);

/* Open flags are L_O_*; mode is used with L_O_CREAT and L_O_TMPFILE; resolve: WALK_* of openat2. */
int vfs_open(struct vfs_caller *caller, const struct path *at, const char *name, uint32_t flags,
             uint32_t mode, uint32_t resolve, struct file **out);
/* Open what a path already leads to (fexecve, /proc/self/fd). Does not take the references. */
int vfs_open_path(struct vfs_caller *caller, struct path path, uint32_t flags, struct file **out);
/* Open for exec: regular, executable, not on a noexec mount: EACCES; not open for writing: ETXTBSY.
 * While the description lives, opening for writing is ETXTBSY. */
int vfs_open_exec(struct vfs_caller *caller, const struct path *at, const char *name,
                  uint32_t flags, struct file **out);

int vfs_stat(struct path path, struct kstat *out);
int vfs_mkdir(struct vfs_caller *caller, const struct path *at, const char *name, uint32_t mode);
int vfs_mknod(struct vfs_caller *caller, const struct path *at, const char *name, uint32_t mode,
              uint64_t dev, struct path *made);
int vfs_unlink(struct vfs_caller *caller, const struct path *at, const char *name);
int vfs_rmdir(struct vfs_caller *caller, const struct path *at, const char *name);
int vfs_symlink(struct vfs_caller *caller, const char *target, const struct path *at,
                const char *name);
int vfs_link(struct vfs_caller *caller, struct path old, const struct path *at, const char *name);
int vfs_rename(struct vfs_caller *caller, const struct path *oldat, const char *oldname,
               const struct path *newat, const char *newname, uint32_t flags);
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
