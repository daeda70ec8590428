/* Files in memory: tmpfs, and what is made of it (devfs, memfd). */
#ifndef RUNTIME_FS_TMPFS_TMPFS_H
#define RUNTIME_FS_TMPFS_TMPFS_H

#include "runtime/fs/vfs/inode.h"

/* A superblock with one reference, or NULL and the errno in *error. */
/* Its files may take half of the memory there is for guests, and it may have as many of them as
 * that has pages, as on Linux. */
struct superblock *tmpfs_new(const char *source, uint32_t root_mode, int *error);
struct superblock *devfs_new(int *error);
/* Other bounds; 0: none. */
void tmpfs_bound(struct superblock *super, uint64_t bytes, uint64_t nodes);
/* What mount(2) is given: size, nr_blocks, nr_inodes and mode, as tmpfs(5) says. -L_EINVAL for
 * others, and when there is more already. */
int tmpfs_set_options(struct superblock *super, const char *options);
/* A tmpfs that calls itself something else. */
struct superblock *tmpfs_new_typed(const char *type, const char *source, uint32_t magic,
                                   uint32_t root_mode, int *error);
/* A file without a name, nlink 0. NULL: no memory. */
struct inode *tmpfs_inode(struct superblock *super, uint32_t mode);

#endif
