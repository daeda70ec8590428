/* inotify(7): the VFS reports what happened, watchers read it. */
#ifndef RUNTIME_FS_VFS_INOTIFY_H
#define RUNTIME_FS_VFS_INOTIFY_H

#include "runtime/abi/inotify.h"
#include "runtime/fs/vfs/file.h"

/* Something happened to the file that dentry names: told to watchers of it and of its directory.
 * Cheap when nobody watches. No locks held. */
void inotify_file(struct dentry *dentry, uint32_t mask);
/* Something happened to a name in a directory (create, delete, move). */
void inotify_name(struct inode *dir, const char *name, uint32_t mask, uint32_t cookie);
/* The inode itself: delete_self, attrib, move_self. */
void inotify_inode(struct inode *inode, uint32_t mask);
/* A cookie to tie the two halves of a rename. */
uint32_t inotify_cookie(void);

#endif
