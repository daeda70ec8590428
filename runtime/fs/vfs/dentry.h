/*
 * Names in memory (the dentry cache), mounts, and paths, which are pairs of the two.
 *
 * A dentry is one name in one directory; inode NULL says the name is known to be absent. Dentries
 * are reference counted; unreferenced ones stay in the cache until they are the oldest. A mount
 * puts the root of a superblock over a dentry. The tree of names and mounts is guarded by one lock
 * that is only held for moments (dentry.c); no file system operation is called with it held.
 */
#ifndef RUNTIME_FS_VFS_DENTRY_H
#define RUNTIME_FS_VFS_DENTRY_H

#include "runtime/fs/vfs/inode.h"

struct dentry {
    atomic_uint refs;
    struct dentry *parent; /* referenced; itself for a root */
    /* Referenced, or NULL: the name does not exist. Goes from NULL to an inode once. */
    _Atomic(struct inode *) inode;
    struct superblock *super;
    struct dentry *hash_next;
    struct dentry *sibling_next, *sibling_previous, *children;
    struct dentry *lru_next, *lru_previous;
    uint32_t hash;
    uint32_t mounted_on; /* count of mounts over this dentry */
    uint16_t length;
    bool hashed; /* can be found by name; false once removed or renamed over */
    char *name;
};

struct mount {
    atomic_uint refs;
    uint32_t id;
    uint32_t flags; /* L_MS_RDONLY, L_MS_NOSUID, L_MS_NODEV, L_MS_NOEXEC, L_MS_NOATIME ... */
    struct superblock *super;
    struct dentry *root;  /* what is seen at the mount point */
    struct dentry *point; /* where it is mounted; NULL for the root mount */
    struct mount *parent; /* referenced; NULL for the root mount */
    struct mount *next;   /* list of all mounts, oldest first */
    bool attached;
    bool detached; /* made by mount_detached: does not keep the superblock mounted */
};

struct path {
    struct mount *mount;
    struct dentry *dentry;
};

/* References. path_get returns its argument. Neither may be called with an inode->state held. */
struct path path_get(struct path path);
void path_put(struct path path);
static inline struct path path_none(void)
{
    return (struct path){NULL, NULL};
}
static inline bool path_equal(struct path a, struct path b)
{
    return a.mount == b.mount && a.dentry == b.dentry;
}

struct dentry *dentry_get(struct dentry *dentry);
void dentry_put(struct dentry *dentry);
/* The root dentry of a new superblock; takes over the inode's reference. */
struct dentry *dentry_root(struct superblock *super, struct inode *inode);
/* A dentry that is in no directory (pipes, sockets, memfd): shown as name in /proc/PID/fd. Takes
 * over the inode's reference, also on failure (NULL). */
struct dentry *dentry_anonymous(struct superblock *super, struct inode *inode, const char *name);
/* The cached entry of a name (referenced) or NULL. */
struct dentry *dentry_find(struct dentry *parent, const char *name, size_t length);
/* Enter what lookup found (inode: reference taken over; NULL: absent). Another thread's entry wins:
 * the result is the one in the cache. The directory's inode->lock is held. NULL: no memory. */
struct dentry *dentry_enter(struct dentry *parent, const char *name, size_t length,
                            struct inode *inode);
/* An absent entry becomes a file (reference taken over). */
void dentry_instantiate(struct dentry *dentry, struct inode *inode);
/* The name is gone: the dentry cannot be found any more. Its inode stays for those that hold it. */
void dentry_remove(struct dentry *dentry);
/* They swap names and places. */
void dentry_exchange(struct dentry *a, struct dentry *b);
/* dentry takes the place of target, which is removed and keeps its name, as others may have it
 * open. name is from dentry_copy_name(target) and dentry's from now on. The caller holds both
 * directories. */
void dentry_replace(struct dentry *dentry, struct dentry *target, char *name);
/* To be freed; NULL: no memory. */
char *dentry_copy_name(const struct dentry *dentry);
/* Forget all unused names; false when there was none. No lock may be held. */
bool dentry_reclaim(void);
/* Forget all unused names below a dentry. */
void dentry_prune(struct dentry *dentry);
/* Its name, into NAME_LENGTH_MAX + 1 bytes. */
void dentry_name(struct dentry *dentry, char *name);
/* The parent, referenced. */
struct dentry *dentry_parent(struct dentry *dentry);
/* Whether a is b or an ancestor of b. */
bool dentry_is_ancestor(struct dentry *a, struct dentry *b);
/* Whether the name was removed. */
bool dentry_unlinked(struct dentry *dentry);

/* The mount on top of path's dentry (referenced) or NULL. */
struct mount *mount_over(struct path path);
/* Mount a superblock (its reference is taken over) at a path, or as the root if at is NULL. */
int mount_add(struct superblock *super, const struct path *at, uint32_t flags, struct mount **out);
/* A mount of a superblock that is at no place, for work on it before it is mounted. NULL: no
 * memory. */
struct mount *mount_detached(struct superblock *super);
/* Show what is at `from` a second time, at another place. */
int mount_bind(struct path from, const struct path *at, uint32_t flags);
void mount_set_flags(struct mount *mount, uint32_t flags);
/* -L_EBUSY while something inside is in use, unless detach. */
int mount_remove(struct path root, bool detach);
struct mount *mount_get(struct mount *mount);
void mount_put(struct mount *mount);
/* Step from the root of a mount to where it is mounted; false at the top. Takes over the reference.
 */
bool path_up_mount(struct path *path);
/* The root of everything, referenced; dentry NULL before mount_add. */
struct path mount_root(void);
/* Call fn for all mounts in order, without locks; a reference is held during the call. Stops when
 * fn returns false. */
void mount_each(bool (*fn)(struct mount *, void *), void *arg);

/*
 * The text of a path as seen from root, written at the end of buffer; returns a pointer into it, or
 * NULL if it does not fit. " (deleted)" is appended for removed names when deleted is set;
 * *unreachable tells that path is not below root.
 */
char *path_text(struct path path, struct path root, char *buffer, size_t size, bool deleted,
                bool *unreachable);

#endif
