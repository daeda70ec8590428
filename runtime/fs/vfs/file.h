/*
 * Open files. A struct file is one open file description: reference counted, shared by dup and
 * fork. Anything may be one: a file of a file system, a pipe end, a terminal, an eventfd.
 *
 * Operations get kernel memory only; the system calls copy between it and the guest. They return a
 * count or a negative guest errno; a blocking operation that a signal interrupts returns
 * -L_ERESTARTSYS and the caller makes EINTR or a restart of it. They honour L_O_NONBLOCK in
 * file->flags (read it each time: fcntl changes it) with -L_EAGAIN.
 */
#ifndef RUNTIME_FS_VFS_FILE_H
#define RUNTIME_FS_VFS_FILE_H

#include "runtime/fs/vfs/dentry.h"
#include "runtime/fs/vfs/turn.h"

struct epoll_item;
struct file_async;
struct poll_table;
struct socket_ops;
struct task;

/* file_ops.kind_flags. */
enum {
    FILE_OPS_PAGED = 1, /* data goes through the inode's page cache: mmap works */
    FILE_OPS_SINK = 2,  /* takes every write unseen */
    FILE_OPS_ASYNC = 4, /* O_ASYNC works */
};

/* What epoll, which stands above files, gives them. */
struct file_watch {
    /* The last reference goes: takes the file out of every epoll. Before file_ops.release, when
     * file->epoll is not NULL. */
    void (*forget)(struct file *file);
};

struct file_ops {
    uint32_t kind_flags;
    const struct socket_ops *socket; /* of sockets (runtime/net/socket.h); NULL otherwise */
    /* pos is where to read and is advanced by the count; NULL for files without a position (the
     * file has FILE_STREAM set). */
    int64_t (*read)(struct file *file, void *buffer, size_t n, uint64_t *pos);
    int64_t (*write)(struct file *file, const void *buffer, size_t n, uint64_t *pos);
    /* Of streams whose bytes stay when the reader's memory is bad: a read in two steps. look is as
     * read, but what it gives stays, and until looked nobody else reads it. looked says how many of
     * the n bytes could be stored, takes these or fewer, and returns the read's result. Both or
     * none. */
    int64_t (*look)(struct file *file, void *buffer, size_t n);
    int64_t (*looked)(struct file *file, size_t n, size_t stored);
    /* Of sockets: read as with L_O_NONBLOCK. */
    int64_t (*read_now)(struct file *file, void *buffer, size_t n);
    /* NULL: seek by inode->size for files with a position, else -L_ESPIPE. Sets file->pos. */
    int64_t (*seek)(struct file *file, int64_t offset, int whence);
    /* arg is the guest's: use the accessors of runtime/memory/access.h. -L_ENOTTY for unknown ones.
     * FIONBIO, FIOCLEX, FIONCLEX and FIOASYNC are done by the caller. */
    int64_t (*ioctl)(struct file *file, struct task *task, uint32_t command, uint64_t arg);
    /* Events ready now; calls poll_wait for every queue that may change them. table may be NULL.
     * NULL: always readable and writable. */
    uint32_t (*poll)(struct file *file, struct poll_table *table);
    /* Directory entries; NULL: inode_ops.readdir. */
    int (*readdir)(struct file *file, dir_emit *emit, void *arg);
    /* What to map; a new reference, or NULL for anonymous memory. *offset may be changed. Without
     * this operation: the inode's page cache for regular files, else -L_ENODEV. */
    int (*mmap)(struct file *file, struct mapping **out, uint64_t *offset);
    int (*fsync)(struct file *file, bool data_only);
    int (*truncate)(struct file *file, uint64_t size);
    int (*fallocate)(struct file *file, int mode, uint64_t offset, uint64_t length);
    /* A descriptor is being closed (each close, not only the last). */
    int (*flush)(struct file *file);
    /* The last reference is gone. Frees priv. */
    void (*release)(struct file *file);
    /* How many references to the file are held by objects that may be reachable through such files
     * only. When no others may be left, collect is called, without a lock: to drop what nobody can
     * reach. Both or none. */
    unsigned (*inner_refs)(const struct file *file);
    void (*collect)(void);
    /* Bytes that it holds beside itself, about; NULL: none worth to count. */
    uint64_t (*memory)(struct file *file);
    /* Lines of its own for /proc/PID/fdinfo; returns the length. */
    int (*describe)(struct file *file, char *text, size_t size);
};

enum {
    FILE_STREAM = 1,      /* no position: ESPIPE for lseek, pread, pwrite */
    FILE_LOCKED = 2,      /* holds or held an OFD or flock lock */
    FILE_WHOLE_WRITE = 4, /* message boundaries matter: never cut a write in pieces */
    FILE_WRITER = 8,      /* counted in inode->write_count */
    FILE_EXECUTED = 16,   /* likewise, as one that nobody may write to */
};

/* Who gets signals (F_SETOWN_EX's types), which one (F_SETSIG; 0: SIGIO), and who said so. */
enum { FILE_OWNER_TID, FILE_OWNER_PID, FILE_OWNER_PGRP };

struct file_owner {
    int32_t type, id; /* id 0: nobody */
    int32_t signal;
    uint32_t uid, euid;
};

struct file {
    atomic_uint refs;
    atomic_uint flags; /* access mode and status flags: L_O_* */
    uint32_t kind;     /* FILE_* */
    const struct file_ops *ops;
    struct inode *inode; /* == path.dentry->inode, not referenced on its own */
    struct path path;    /* referenced */
    void *priv;
    struct turn position; /* of whoever uses or moves pos; not of devices */
    uint64_t pos;
    struct host_mutex owner_lock; /* for the next */
    struct file_owner owner;
    struct file_async *async; /* owned by kernel/async.h: signals are wanted */
    uint32_t lease;
    struct epoll_item *epoll;       /* owned by epoll: what watches this description */
    const struct file_watch *watch; /* set with epoll */
};

/* A new description with one reference; takes over the path's references, also on failure (NULL: no
 * memory). */
struct file *file_new(struct path path, uint32_t flags, const struct file_ops *ops, void *priv);
/* The same for an object without a name: type and name give what readlink of /proc/PID/fd/N shows:
 * "anon_inode:[eventfd]", "pipe:[123]", "socket:[123]" (when the name ends in ":" the inode number
 * in brackets is appended). mode: type and permissions that fstat shows. */
struct file *file_anonymous(const char *name, uint32_t mode, uint32_t flags,
                            const struct file_ops *ops, void *priv);
struct file *file_get(struct file *file);
void file_put(struct file *file);

static inline bool file_readable(const struct file *file)
{
    uint32_t mode = atomic_load(&file->flags);
    return !(mode & 010000000u) && (mode & 3u) != 1;
}

static inline bool file_writable(const struct file *file)
{
    uint32_t mode = atomic_load(&file->flags);
    return !(mode & 010000000u) && ((mode & 3u) == 1 || (mode & 3u) == 2);
}

/* With kernel memory, as one operation (runtime/fs/vfs/transfer.h). pos NULL: use and advance the
 * description's own position. No lock may be held. */
int64_t file_read(struct file *file, void *buffer, size_t n, uint64_t *pos);
int64_t file_write(struct file *file, const void *buffer, size_t n, uint64_t *pos);
int64_t file_seek(struct file *file, int64_t offset, int whence);
uint32_t file_poll(struct file *file, struct poll_table *table);
/* What mmap maps: a new reference in *out. Checks access modes (EACCES) for L_PROT_*, shared. */
int file_mmap(struct file *file, uint32_t prot, bool shared, struct mapping **out,
              uint64_t *offset);
int file_fsync(struct file *file, bool data_only);
int file_truncate(struct file *file, uint64_t size);

/* How much of a write of n bytes at pos RLIMIT_FSIZE permits; -L_EFBIG with SIGXFSZ sent. */
int64_t file_write_limit(struct task *task, uint64_t pos, size_t n);
/* A write takes the set-ID bits away, unless the writer may keep them, and security.capability.
 * inode->lock is held. */
void inode_strip_privileges(struct inode *inode, bool keep_ids);
/* Whether the calling task has CAP_FSETID; true for the kernel itself. */
bool task_has_fsetid(void);

/* lseek by inode->size; the position is the caller's. What file_ops.seek NULL means. */
int64_t seek_by_size(struct file *file, int64_t offset, int whence);

/* Ready-made operations: regular files over the page cache; directories. */
extern const struct file_ops generic_file_ops;
extern const struct file_ops directory_file_ops;
/* Of O_PATH descriptors: no operations. */
extern const struct file_ops path_file_ops;

#endif
