/* What the files of hostfs share: its nodes, their names on the host and their handles. */
#ifndef RUNTIME_FS_HOSTFS_HOSTFS_H
#define RUNTIME_FS_HOSTFS_HOSTFS_H

#include "runtime/fs/vfs/file.h"
#include "runtime/host/beneath.h"

/* A directory of the host (UTF-8 path): a superblock with one reference, or NULL and the errno in
 * *error. */
struct superblock *hostfs_new(const char *host_path, int *error);

#define HOST_PATH_MAX 8192
/* Names remembered of one file with many; the others are found again when they are looked up. */
#define HOST_NAMES_MAX 64

/* Many may use names, one may change them. Held over calls of the host that take names. */
struct host_gate {
    struct host_mutex lock;
    struct host_cond changed;
    uint32_t users, waiting; /* waiting: to change */
    bool changing;
};

struct host_super {
    struct host_root *root;
    uint64_t device;
    struct host_gate gate;
    struct host_mutex names;     /* lists of names of all nodes, and below; for moments */
    struct host_name *forgotten; /* to be freed, by the thread that set freeing */
    bool freeing;
};

/* A name under which the host has a file. */
struct host_name {
    struct host_name *next;
    struct inode *parent; /* referenced */
    char text[];
};

struct host_node {
    struct host_name *names; /* the one that was right last comes first; none for the root */
    bool root, dead;         /* dead: guests took its last name */
    char *target;            /* of a symbolic link */
    struct host_mutex lock;  /* members below; may be held over host calls, before the gate */
    struct host_file *reader, *writer; /* the same file, opened as far as needed */
    uint32_t opens;
    /* False only while the host has none of its files open: set with the gate held, before one is
     * opened, so that who holds the gate alone need not take the lock to know. */
    atomic_bool opened;
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

/*
 * Names (hostfs_names.c). While a path is made and used the gate is held: shared, or alone where
 * guests take a name from a file. No inode is released with it held: write-back takes it too.
 */
void host_names_use(struct superblock *super);
void host_names_used(struct superblock *super);
void host_names_change(struct superblock *super);
void host_names_changed(struct superblock *super);
/* The path of an inode, or of a name in it, into HOST_PATH_MAX bytes. -L_ENAMETOOLONG; -L_ENOENT
 * when no name is known. */
int host_node_path(struct inode *inode, const char *name, char *path);
/* The inode is called so (directories: only so). No memory: it is not remembered. */
void host_name_add(struct inode *inode, struct inode *dir, const char *name);
/* It is not called so any more; name NULL: it has no name at all. */
void host_name_drop(struct inode *inode, struct inode *dir, const char *name);
/* Free what was dropped. The gate is not held. */
void host_names_free(struct superblock *super);

/* Call fn with a path of the inode, one name after the other while fn says -L_ENOENT or -L_ESTALE.
 * -L_ESTALE: none of them leads to it any more, its name is to be looked up again. */
int host_node_each_path(struct inode *inode, int (*fn)(struct inode *, const char *path, void *),
                        void *arg);

/* Whether this is the file, as far as numbers and types tell. */
bool host_node_is(struct inode *inode, const struct host_stat *st, const char *path);
/* Take over what the host says; drops cached data that is out of date. */
void host_node_refresh(struct inode *inode, const struct host_stat *st);
/* Ask the host: about the open file, or the path. */
int host_node_stat(struct inode *inode, struct host_stat *st);
/* Whether the file is open. */
bool host_node_open(struct inode *inode);
/* Close the handles; node->lock is held, or nobody else has the node. */
void host_node_close(struct host_node *node);

/* Guests removed a name: whoever reads the directory does not come upon it any more. */
void host_dir_gone(struct inode *dir, const char *name);

/* Remove what is hidden in a directory; false when there was nothing. */
bool host_dir_sweep(struct host_root *root, const char *path);

/* inode_ops of the data side (hostfs_data.c). */
int hostfs_getattr(struct inode *inode, struct kstat *out);
int hostfs_setattr(struct inode *inode, const struct attr *attr);
int hostfs_open(struct inode *inode, struct file *file);
int hostfs_read_block(struct inode *inode, uint64_t index, void *data, size_t length);
int hostfs_write_block(struct inode *inode, uint64_t index, const void *data, size_t length);
void hostfs_unmapped(struct inode *inode);
int hostfs_fsync(struct inode *inode, bool data_only);

/* And of attributes (hostfs_xattr.c). */
int64_t hostfs_getxattr(struct inode *inode, const char *name, void *value, size_t size);
int hostfs_setxattr(struct inode *inode, const char *name, const void *value, size_t size,
                    int flags);
int hostfs_removexattr(struct inode *inode, const char *name);
int64_t hostfs_listxattr(struct inode *inode, char *list, size_t size);

extern const struct file_ops hostfs_file_ops, hostfs_dir_ops;

#endif
