/*
 * Inodes and superblocks: what a file system supplies to the VFS.
 *
 * An inode is reference counted. While it is referenced there is exactly one struct inode per
 * (superblock, number). When the last reference goes, super_ops.evict is called and the memory is
 * freed; the dentry cache keeps recently used inodes referenced, so a file system needs no cache of
 * its own.
 *
 * Locks. inode->lock serialises changes (directory operations, write, truncate, setattr); the VFS
 * takes it before it calls an operation that changes the inode, and it may be held while the file
 * system does I/O. inode->state guards the attributes and the cache slots; it is only ever held for
 * a moment and never over I/O. Order: rename lock, inode->lock (parent before child, two parents by
 * address), dentry cache lock, inode->state.
 *
 * All operations return 0 or a positive value, or a negative guest errno. They are called with
 * kernel memory only, never with guest addresses.
 */
#ifndef RUNTIME_FS_VFS_INODE_H
#define RUNTIME_FS_VFS_INODE_H

#include "runtime/abi/stat.h"
#include "runtime/fs/vfs/pagecache.h"
#include "runtime/fs/vfs/turn.h"
#include "runtime/host/lock.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dentry;
struct file;
struct file_ops;
struct inode;
struct path;
struct superblock;
struct inotify_mark;
struct file_locks;
struct fs_usage;

#define NAME_LENGTH_MAX 255
#define PATH_LENGTH_MAX 4096 /* with the final NUL, as PATH_MAX */

/* Nanoseconds since 1970 in host byte order; the unit of every time stamp inside the VFS. */
typedef int64_t fs_time;

/* The current wall clock time. */
fs_time fs_now(void);

/* What stat shows. dev is as l_makedev makes it. */
struct kstat {
    uint64_t dev, ino, rdev, size, blocks; /* blocks of 512 bytes */
    uint32_t mode, nlink, uid, gid, blksize;
    fs_time atime, mtime, ctime, btime;
};

/* Which members of struct attr are to be set. */
enum {
    ATTR_MODE = 1,
    ATTR_UID = 2,
    ATTR_GID = 4,
    ATTR_SIZE = 8,
    ATTR_ATIME = 16,
    ATTR_MTIME = 32,
    ATTR_CTIME = 64, /* always set by the VFS together with any of the others */
};

struct attr {
    uint32_t valid;
    uint32_t mode; /* permission bits only */
    uint32_t uid, gid;
    uint64_t size;
    fs_time atime, mtime, ctime;
};

/* What a new inode starts with; the VFS has applied the umask and the set-group-ID rule. */
struct new_inode {
    uint32_t mode; /* type and permissions */
    uint32_t uid, gid;
    uint64_t rdev;
    bool opens; /* the maker opens it at once, whatever its mode permits */
};

/* One name while reading a directory. cookie is the position after this entry (what d_off shows and
 * lseek accepts). Returns false to stop; that entry is then delivered again next time. */
typedef bool dir_emit(void *arg, const char *name, size_t length, uint64_t ino, uint32_t type,
                      uint64_t cookie);

/*
 * Members may be NULL: the VFS then gives the errno Linux gives (EPERM, ENOTDIR, EOPNOTSUPP ...).
 * Directory operations are called with dir->lock held. Names are never "." or "..", never empty,
 * at most NAME_LENGTH_MAX bytes and end in NUL.
 */
struct inode_ops {
    /* Finds a name: a referenced inode in *out, or -L_ENOENT. Called only for names that the dentry
     * cache does not have. */
    int (*lookup)(struct inode *dir, const char *name, struct inode **out);
    /* Whether a cached entry still holds (host directories change behind our back). inode is NULL
     * for a cached absence. NULL: always. Called without locks. */
    bool (*revalidate)(struct inode *dir, const char *name, struct inode *inode);
    /* Make a regular file, device node, fifo or socket; a directory; a symbolic link. */
    int (*create)(struct inode *dir, const char *name, const struct new_inode *attr,
                  struct inode **out);
    /* A regular file without a name, nlink 0 (O_TMPFILE). NULL: -L_EOPNOTSUPP. */
    int (*tmpfile)(struct inode *dir, const struct new_inode *attr, struct inode **out);
    int (*mkdir)(struct inode *dir, const char *name, const struct new_inode *attr,
                 struct inode **out);
    int (*symlink)(struct inode *dir, const char *name, const char *target,
                   const struct new_inode *attr, struct inode **out);
    int (*link)(struct inode *dir, const char *name, struct inode *inode);
    /* inode is what the name leads to; its lock is held as well. The VFS has checked its type. */
    int (*unlink)(struct inode *dir, const char *name, struct inode *inode);
    int (*rmdir)(struct inode *dir, const char *name, struct inode *inode);
    /* Both directories' locks and, if there is one, the replaced inode's lock are held. target is
     * what newname leads to or NULL. exchange: swap the two names (target is then not NULL). */
    int (*rename)(struct inode *olddir, const char *oldname, struct inode *inode,
                  struct inode *newdir, const char *newname, struct inode *target, bool exchange);
    /* The text of a symbolic link, without NUL; returns its length (it is cut at size). */
    int (*readlink)(struct inode *inode, char *text, size_t size);
    /* Follow a link of proc directly: a referenced path in *out. NULL for ordinary links. */
    int (*follow)(struct inode *inode, struct path *out);
    /* NULL: the attributes in struct inode. */
    int (*getattr)(struct inode *inode, struct kstat *out);
    /* Store changed attributes; the VFS has checked permission. NULL: they are only kept in struct
     * inode (inode_setattr does that part, and truncation of the page cache; an implementation
     * calls it). inode->lock is held. */
    int (*setattr)(struct inode *inode, const struct attr *attr);
    /* Called when a file is opened, before file->ops is used: may replace file->ops and set
     * file->priv. -L_ESTALE: the name leads to another file by now, and the path is walked again.
     * NULL: inode->file_ops is taken. */
    int (*open)(struct inode *inode, struct file *file);
    /* Names of a directory from the cookie on (0: from the start, without "." and ".."; the VFS
     * adds them). Cookies are file system's own, but never 0, 1 or 2 and at most INT64_MAX. */
    int (*readdir)(struct inode *dir, uint64_t cookie, dir_emit *emit, void *arg);
    /* Whether the inode may be used so (access(2) masks 4, 2, 1) where mode bits are not the
     * answer. NULL: mode bits. */
    int (*permission)(struct inode *inode, uint32_t mask);

    /* Extended attributes: length of the value (or of the list, names end in NUL); size 0 asks for
     * the length; -L_ERANGE when it does not fit; -L_ENODATA. flags as setxattr(2). */
    int64_t (*getxattr)(struct inode *inode, const char *name, void *value, size_t size);
    int (*setxattr)(struct inode *inode, const char *name, const void *value, size_t size,
                    int flags);
    int64_t (*listxattr)(struct inode *inode, char *list, size_t size);
    int (*removexattr)(struct inode *inode, const char *name);

    /* Page cache hooks; see pagecache.h. read_block fills length bytes of a block (the rest is zero
     * already); NULL means holes read as zero and nothing is behind the cache (tmpfs). write_block
     * takes the first length bytes of a dirty block to where they are kept; NULL with read_block
     * NULL: the cache is the only copy. May block; called without inode->state. */
    int (*read_block)(struct inode *inode, uint64_t index, void *data, size_t length);
    int (*write_block)(struct inode *inode, uint64_t index, const void *data, size_t length);
    /* read_block takes what the host has in memory: to keep it here as well saves little. It fills
     * all of the length, also where nothing was there before. */
    bool near;
    /* Before data is accepted for a block: `grow` bytes that the file did not have and `rewrite`
     * that it had and that are not dirty. -L_ENOSPC. Called without inode->state. NULL: there is
     * room. */
    int (*claim)(struct inode *inode, uint64_t index, uint64_t grow, uint64_t rewrite);
    /* Nobody maps the file any more. NULL: nothing. */
    void (*unmapped)(struct inode *inode);
    /* The first block at or after index that is not a hole in what read_block reads; -L_ENXIO when
     * there is none. NULL with read_block: there are no holes. Called without inode->state. */
    int (*next_stored)(struct inode *inode, uint64_t index, uint64_t *out);
    /* Attributes or the size in struct inode changed outside setattr (write, read's atime). Must be
     * quick: put the inode on a list. NULL: nothing. */
    void (*dirty_inode)(struct inode *inode);
    /* Make everything of this inode durable; data_only: as fdatasync. The VFS has already called
     * write_block for the dirty blocks. NULL: nothing to do. */
    int (*fsync)(struct inode *inode, bool data_only);
};

struct inode {
    atomic_uint refs;
    struct superblock *super;
    uint64_t ino;
    const struct inode_ops *ops;
    const struct file_ops *file_ops; /* of regular files and directories; NULL: generic ones */
    struct inode *hash_next;
    void *priv; /* the file system's own */

    struct turn data;          /* of who writes, cuts or fills the file, for the whole of a call */
    struct host_mutex lock;    /* changes; see the head of this file */
    struct host_mutex writing; /* held while dirty blocks go to write_block, and by a file system
                                * while it cuts a file; between lock and state in the order */
    struct host_mutex state;   /* members below, and pagecache */

    /* Changed with the state; who asks for one alone needs no lock. */
    _Atomic uint32_t mode, uid, gid, nlink;
    _Atomic uint64_t size;
    uint64_t rdev;
    uint64_t extra_blocks; /* st_blocks beyond what the page cache holds; imagefs sets the total */
    fs_time atime, mtime, ctime, btime;

    atomic_bool no_caps; /* known not to have the attribute security.capability */

    /* Above 0: descriptions open for writing; below: those opened for exec. Never both. */
    atomic_int write_count;

    struct pagecache pages; /* regular files; embeds the struct mapping that memory maps */

    /* Owned by file_lock.c and inotify.c, each with its own lock. A watch references the inode. */
    struct file_locks *locks;
    struct inotify_mark *marks;
    /* The fifo or socket that lives at this inode (pipe.c, net/unix); guarded by lock. */
    void *ipc;
    char *map_name; /* path when it was last mapped, for /proc/PID/maps; guarded by state */
    bool hashed;
    bool linkable; /* by its first link although it has no name (O_TMPFILE); guarded by lock */
};

struct super_ops {
    /* The last reference is gone. With nlink 0 the file is to be removed for good. The page cache
     * is dropped afterwards by the VFS; dirty blocks have been given to write_block before (unless
     * nlink is 0). Frees inode->priv. */
    void (*evict)(struct inode *inode);
    /* Fill in sizes for statfs; see struct fs_usage. */
    int (*statfs)(struct superblock *super, struct fs_usage *out);
    /* Make everything durable. The VFS has written back all dirty blocks. */
    int (*sync_fs)(struct superblock *super);
    /* The superblock is going; priv is freed here. */
    void (*destroy)(struct superblock *super);
};

struct fs_usage {
    uint64_t blocks, free, available, files, files_free; /* blocks of block_size bytes */
    uint32_t block_size, name_max;
};

enum {
    SUPER_READ_ONLY = 1,
    SUPER_NO_NEGATIVE = 2, /* absences are not cached */
    SUPER_CASE_FOLDS = 4,  /* names differing in case are the same file */
};

struct superblock {
    atomic_uint refs;
    atomic_uint mounts; /* places where it is mounted, or detached ones still in use */
    const char *type;   /* "tmpfs", "proc": as /proc/mounts shows it */
    char source[256];   /* first column of /proc/mounts */
    uint32_t magic;     /* f_type */
    uint32_t flags;
    uint64_t dev; /* st_dev; given by super_new */
    const struct super_ops *ops;
    struct dentry *root; /* referenced */
    void *priv;
    uint64_t max_size; /* of a file; EFBIG beyond */
    atomic_uint_least64_t next_ino;
    /* Of a file system that is only in memory: bytes that its files' blocks take, and may take (0:
     * no bound of its own). */
    _Atomic uint64_t held, held_most;
    struct superblock *next; /* all superblocks, for sync */
};

/* A new superblock with one reference, an anonymous device number and no root. NULL: no memory. */
struct superblock *super_new(const char *type, const char *source, uint32_t magic,
                             const struct super_ops *ops, void *priv);
void super_get(struct superblock *super);
void super_put(struct superblock *super);
/* Take over a reference to the root inode. */
int super_set_root(struct superblock *super, struct inode *root);
/* Call fn for every superblock, without locks held; a reference is held during the call. */
void super_each(void (*fn)(struct superblock *, void *), void *arg);
/* Write back everything of one file system, or of all. */
int super_sync(struct superblock *super);
void super_sync_all(void);

/* A new inode with one reference, all times now, nlink 1; not yet found by inode_find. NULL: no
 * memory. The caller fills in the rest and then calls inode_hash if the file system looks inodes up
 * by number. */
struct inode *inode_new(struct superblock *super, uint64_t ino, uint32_t mode,
                        const struct inode_ops *ops);
/* The inode of that number if it is in memory (a new reference), else NULL. */
struct inode *inode_find(struct superblock *super, uint64_t ino);
/* Make it findable. If another thread was quicker, inode is dropped and the other one returned. */
struct inode *inode_hash(struct inode *inode);
/* Make it one that is not found any more: its number is free for another. */
void inode_unhash(struct inode *inode);
struct inode *inode_get(struct inode *inode);
/* May evict: never call with inode->state or the dentry cache lock held. */
void inode_put(struct inode *inode);
/* A description for writing, or one for exec; -L_ETXTBSY when there is one of the other kind. Each
 * is put in the end. */
int inode_get_writer(struct inode *inode);
void inode_put_writer(struct inode *inode);
int inode_get_executed(struct inode *inode);
void inode_put_executed(struct inode *inode);
/* Call fn for each hashed inode of a file system (a reference is held during the call). */
void inode_each(struct superblock *super, void (*fn)(struct inode *, void *), void *arg);

/* The plain meaning of setattr on struct inode: sets the members, cuts the page cache. inode->lock
 * is held. */
int inode_setattr(struct inode *inode, const struct attr *attr);
void inode_getattr(struct inode *inode, struct kstat *out);
/* Whether a file system of ours stores an extended attribute of that name (xattr(7)); others are
 * -L_EOPNOTSUPP. */
bool inode_keeps_xattr(const char *name);
/* What setxattr(2) gives with these flags for an attribute that is there or not: 0, -L_EEXIST or
 * -L_ENODATA. */
int inode_xattr_conflict(bool there, int flags);
/* Set mtime and ctime (and atime) to now and tell the file system. */
void inode_touch_modified(struct inode *inode);
void inode_touch_changed(struct inode *inode);
void inode_touch_accessed(struct inode *inode);
void inode_set_nlink(struct inode *inode, uint32_t nlink);
/* mapping_ops.name: the path under which the file was last mapped, marked if it is gone. */
void inode_map_name(struct mapping *mapping, char *buffer, size_t size);

#endif
