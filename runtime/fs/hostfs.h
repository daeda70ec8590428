/* What the files of hostfs share: its nodes, their host paths and handles. */
#ifndef FORELAND_FS_HOSTFS_H
#define FORELAND_FS_HOSTFS_H

#include "runtime/fs/file.h"
#include "runtime/host/file.h"

#define HOST_PATH_MAX 8192

struct host_super {
    char *path; /* of the root, without a slash at the end */
    uint64_t device;
    struct host_mutex names; /* parent and name of all nodes; short */
};

struct host_node {
    struct inode *parent; /* referenced; NULL for the root */
    char *name;
    struct host_mutex lock;            /* members below; may be held over host calls */
    struct host_file *reader, *writer; /* the same file, opened as far as needed */
    uint32_t opens;
    fs_time seen_mtime; /* of the host when the cache was filled */
};

static inline struct host_node *host_node_of(struct inode *inode)
{
    return inode->priv;
}

static inline struct host_super *host_super_of(struct superblock *super)
{
    return super->priv;
}

/* The host path of an inode, or of a name in it, into HOST_PATH_MAX bytes. -L_ENAMETOOLONG. */
int host_node_path(struct inode *inode, const char *name, char *path);
/* Take over what the host says; drops cached data that is out of date. */
void host_node_refresh(struct inode *inode, const struct host_stat *st);
/* Ask the host: about the open file, or the path. */
int host_node_stat(struct inode *inode, struct host_stat *st);
/* Close the handles; node->lock is held, or nobody else has the node. */
void host_node_close(struct host_node *node);

/* inode_ops of the data side (hostfs_data.c). */
int hostfs_getattr(struct inode *inode, struct kstat *out);
int hostfs_setattr(struct inode *inode, const struct attr *attr);
int hostfs_open(struct inode *inode, struct file *file);
int hostfs_read_block(struct inode *inode, uint64_t index, void *data, size_t length);
int hostfs_write_block(struct inode *inode, uint64_t index, const void *data, size_t length);
void hostfs_unmapped(struct inode *inode);
int hostfs_fsync(struct inode *inode, bool data_only);

extern const struct file_ops hostfs_file_ops, hostfs_dir_ops;

#endif
