/* Files in memory: tmpfs, and what is made of it (devfs, memfd). */
#ifndef FORELAND_FS_TMPFS_H
#define FORELAND_FS_TMPFS_H

#include "runtime/fs/inode.h"

/* A superblock with one reference, or NULL and the errno in *error. */
struct superblock *tmpfs_new(const char *source, uint32_t root_mode, int *error);
struct superblock *devfs_new(int *error);
/* A tmpfs that calls itself something else. */
struct superblock *tmpfs_new_typed(const char *type, const char *source, uint32_t magic,
                                   uint32_t root_mode, int *error);
/* A file without a name, nlink 0. NULL: no memory. */
struct inode *tmpfs_inode(struct superblock *super, uint32_t mode);

#endif
