/* The descriptor side of inotify. */
#ifndef RUNTIME_FS_VFS_INOTIFY_FILE_H
#define RUNTIME_FS_VFS_INOTIFY_FILE_H

#include "runtime/fs/vfs/inotify.h"

/* flags: L_O_NONBLOCK. NULL: no memory. */
struct file *inotify_create(uint32_t flags);
/* The watch descriptor; -L_EINVAL when file is no inotify, -L_EEXIST. */
int inotify_watch(struct file *file, struct inode *inode, uint32_t mask);
int inotify_unwatch(struct file *file, int32_t wd);

#endif
