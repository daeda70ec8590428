/*
 * Path walk and the operations on names, as the system calls need them but with kernel strings and
 * an explicit caller, so that the kernel itself (exec, core files, mounts at start) and tests use
 * them too.
 *
 * Path strings are bytes ending in NUL, at most PATH_LENGTH_MAX with it. at is where a relative
 * path starts; NULL means the current directory. All return 0 or a negative guest errno.
 */
#ifndef RUNTIME_FS_PATH_PATH_H
#define RUNTIME_FS_PATH_PATH_H

#include "runtime/fs/vfs/vfs.h"

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

/* Where guests see a folder of the host (an absolute path of it): the path into guest. -L_ENOENT
 * when they do not. */
int fs_guest_path(const char *host_path, char *guest, size_t size);

#endif
