/* The memory devices (null, zero, full, random, urandom, kmsg) and the file system of /dev. */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/poll.h"
#include "runtime/fs/tmpfs/tmpfs.h"
#include "runtime/fs/vfs/chrdev.h"
#include "runtime/fs/vfs/vfs.h"
#include "runtime/host/log.h"
#include "runtime/host/random.h"
#include <string.h>

#define MEM_MAJOR 1
#define LOG_MOST  900 /* bytes of what is written to kmsg, in a line of the log */

enum { DEV_NULL = 3, DEV_ZERO = 5, DEV_FULL = 7, DEV_RANDOM = 8, DEV_URANDOM = 9, DEV_KMSG = 11 };

static int64_t read_nothing(struct file *file, void *buffer, size_t n, uint64_t *pos)
{
    (void)file;
    (void)buffer;
    (void)n;
    (void)pos;
    return 0;
}

static int64_t write_all(struct file *file, const void *buffer, size_t n, uint64_t *pos)
{
    (void)file;
    (void)buffer;
    (void)pos;
    return (int64_t)n;
}

static int64_t read_zeros(struct file *file, void *buffer, size_t n, uint64_t *pos)
{
    (void)file;
    (void)pos;
    memset(buffer, 0, n);
    return (int64_t)n;
}

static int64_t write_full(struct file *file, const void *buffer, size_t n, uint64_t *pos)
{
    (void)file;
    (void)buffer;
    (void)pos;
    return n ? -L_ENOSPC : 0;
}

static int64_t read_random(struct file *file, void *buffer, size_t n, uint64_t *pos)
{
    (void)file;
    (void)pos;
    host_random(buffer, n);
    return (int64_t)n;
}

static int64_t write_log(struct file *file, const void *buffer, size_t n, uint64_t *pos)
{
    (void)file;
    (void)pos;
    int length = n > LOG_MOST ? LOG_MOST : (int)n;
    while (length && ((const char *)buffer)[length - 1] == '\n')
        length--;
    host_log("guest: %.*s", length, (const char *)buffer);
    return (int64_t)n;
}

/* Position 0 always: lseek on /dev/null succeeds and goes nowhere. */
static int64_t seek_nowhere(struct file *file, int64_t offset, int whence)
{
    (void)offset;
    (void)whence;
    return (int64_t)(file->pos = 0);
}

/* Mapping /dev/zero gives anonymous memory; a shared one of its own for every mapping. */
static int map_zeros(struct file *file, struct mapping **out, uint64_t *offset)
{
    (void)file;
    *offset = 0;
    *out = NULL;
    return 0;
}

static const struct file_ops null_ops = {
    .kind_flags = FILE_OPS_SINK, .read = read_nothing, .write = write_all, .seek = seek_nowhere};
static const struct file_ops zero_ops = {.kind_flags = FILE_OPS_SINK,
                                         .read = read_zeros,
                                         .write = write_all,
                                         .seek = seek_nowhere,
                                         .mmap = map_zeros};
static const struct file_ops full_ops = {
    .read = read_zeros, .write = write_full, .seek = seek_nowhere};
static const struct file_ops random_ops = {
    .read = read_random, .write = write_all, .seek = seek_nowhere};
static const struct file_ops kmsg_ops = {
    .read = read_nothing, .write = write_log, .seek = seek_nowhere};

static int open_memory_device(struct inode *inode, struct file *file, struct task *task)
{
    (void)task;
    switch (l_minor(inode->rdev)) {
    case DEV_NULL:
        file->ops = &null_ops;
        return 0;
    case DEV_ZERO:
        file->ops = &zero_ops;
        return 0;
    case DEV_FULL:
        file->ops = &full_ops;
        return 0;
    case DEV_RANDOM:
    case DEV_URANDOM:
        file->ops = &random_ops;
        return 0;
    case DEV_KMSG:
        file->ops = &kmsg_ops;
        return 0;
    }
    return -L_ENXIO;
}

struct node {
    const char *name;
    uint32_t mode;
    uint32_t major, minor;
};

static const struct node nodes[] = {
    {"null", 0666, MEM_MAJOR, DEV_NULL},
    {"zero", 0666, MEM_MAJOR, DEV_ZERO},
    {"full", 0666, MEM_MAJOR, DEV_FULL},
    {"random", 0666, MEM_MAJOR, DEV_RANDOM},
    {"urandom", 0666, MEM_MAJOR, DEV_URANDOM},
    {"kmsg", 0644, MEM_MAJOR, DEV_KMSG},
    {"tty", 0666, 5, 0},
    {"console", 0600, 5, 1},
    {"ptmx", 0666, 5, 2},
};

static const struct {
    const char *name, *target;
} links[] = {
    {"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"}, {"core", "/proc/kcore"},
};

static const char *const directories[] = {"pts", "shm", "mqueue"};

static void enter_device(struct inode *root, const char *name, const struct new_inode *attr,
                         const char *target, int *error)
{
    struct inode *made = NULL;
    if (*error)
        return;
    if (target)
        *error = root->ops->symlink(root, name, target, attr, &made);
    else if ((attr->mode & L_S_IFMT) == L_S_IFDIR)
        *error = root->ops->mkdir(root, name, attr, &made);
    else
        *error = root->ops->create(root, name, attr, &made);
    if (!*error)
        inode_put(made);
}

struct superblock *devfs_new(int *error)
{
    static atomic_bool registered;
    if (!atomic_exchange(&registered, true))
        chrdev_register(MEM_MAJOR, 0, 256, "mem", open_memory_device);
    struct superblock *super = tmpfs_new_typed("devtmpfs", "udev", L_TMPFS_MAGIC, 0755, error);
    if (!super)
        return NULL;
    struct inode *root = super->root->inode;
    for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
        struct new_inode attr = {.mode = L_S_IFCHR | nodes[i].mode,
                                 .gid = nodes[i].major == 5 ? 5 : 0,
                                 .rdev = l_makedev(nodes[i].major, nodes[i].minor)};
        enter_device(root, nodes[i].name, &attr, NULL, error);
    }
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        struct new_inode attr = {.mode = L_S_IFLNK | 0777};
        enter_device(root, links[i].name, &attr, links[i].target, error);
    }
    for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
        struct new_inode attr = {.mode = L_S_IFDIR | 0755};
        enter_device(root, directories[i], &attr, NULL, error);
    }
    if (*error) {
        super_put(super);
        return NULL;
    }
    return super;
}
