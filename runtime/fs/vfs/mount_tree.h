/* What dentry.c, mount.c and walk.c share: the lock of the tree of names and mounts. */
#ifndef RUNTIME_FS_VFS_MOUNT_TREE_H
#define RUNTIME_FS_VFS_MOUNT_TREE_H

#include "runtime/fs/vfs/dentry.h"

/* Held for moments only; no operation of a file system, no put of an inode under it. */
extern struct host_mutex tree_lock;

/* A reference to a dentry that may have none. tree_lock held. */
struct dentry *dentry_get_locked(struct dentry *dentry);
/* The cached entry, not referenced. tree_lock held. */
struct dentry *dentry_find_locked(struct dentry *parent, const char *name, size_t length);

#endif
