/* Open files: their life, seeking, and what is the same for files of all file systems. */
#include "runtime/fs/vfs/file.h"

#include "runtime/abi/capability.h"
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/mman.h"
#include "runtime/abi/mount.h"
#include "runtime/abi/poll.h"
#include "runtime/fs/vfs/file_lock.h"
#include "runtime/fs/vfs/inotify.h"
#include "runtime/fs/vfs/sigio.h"
#include "runtime/fs/vfs/vfs.h"
#include "runtime/host/heap.h"
#include "runtime/task/process.h"
#include "runtime/task/waitq.h"
#include <stdio.h>
#include <string.h>

struct file *file_new(struct path path, uint32_t flags, const struct file_ops *ops, void *priv)
{
    struct file *file = calloc(1, sizeof(*file));
    if (!file) {
        path_put(path);
        return NULL;
    }
    atomic_init(&file->refs, 1);
    atomic_init(&file->flags, flags);
    file->ops = ops;
    file->inode = path.dentry->inode;
    file->path = path;
    file->priv = priv;
    turn_init(&file->position);
    host_mutex_init(&file->owner_lock, RANK_FILE_OWNER);
    return file;
}

struct file *file_get(struct file *file)
{
    atomic_fetch_add(&file->refs, 1);
    return file;
}

void file_put(struct file *file)
{
    if (!file)
        return;
    const struct file_ops *ops = file->ops;
    unsigned inner = ops->inner_refs ? ops->inner_refs(file) : 0;
    unsigned refs = atomic_fetch_sub(&file->refs, 1);
    if (refs != 1) {
        if (inner && refs - 1 <= inner)
            ops->collect();
        return;
    }
    if (file->epoll)
        file->watch->forget(file);
    if (file->async)
        async_forget(file);
    if (file->kind & FILE_LOCKED)
        lock_release_file(file);
    if (file->ops != &path_file_ops)
        inotify_file(file->path.dentry,
                     file_writable(file) ? L_IN_CLOSE_WRITE : L_IN_CLOSE_NOWRITE);
    if (file->ops->release)
        file->ops->release(file);
    if (file->kind & FILE_WRITER)
        inode_put_writer(file->inode);
    if (file->kind & FILE_EXECUTED)
        inode_put_executed(file->inode);
    path_put(file->path);
    free(file);
}

/* The position is the caller's. */
int64_t seek_by_size(struct file *file, int64_t offset, int whence)
{
    struct inode *inode = file->inode;
    int64_t base = 0, to;
    switch (whence) {
    case L_SEEK_SET:
        break;
    case L_SEEK_CUR:
        base = (int64_t)file->pos;
        break;
    case L_SEEK_END:
        base = (int64_t)inode->size;
        break;
    case L_SEEK_DATA:
    case L_SEEK_HOLE:
        if ((inode->mode & L_S_IFMT) != L_S_IFREG)
            return -L_EINVAL;
        if (offset < 0)
            return -L_ENXIO;
        to = pagecache_seek(inode, (uint64_t)offset, whence == L_SEEK_HOLE);
        if (to >= 0)
            file->pos = (uint64_t)to;
        return to;
    default:
        return -L_EINVAL;
    }
    if (__builtin_add_overflow(base, offset, &to) || to < 0)
        return -L_EINVAL;
    file->pos = (uint64_t)to;
    return to;
}

int64_t file_seek(struct file *file, int64_t offset, int whence)
{
    if (file->kind & FILE_STREAM)
        return -L_ESPIPE;
    int64_t result = turn_take(&file->position);
    if (result)
        return result;
    result = file->ops->seek ? file->ops->seek(file, offset, whence)
                             : seek_by_size(file, offset, whence);
    turn_give(&file->position);
    return result;
}

uint32_t file_poll(struct file *file, struct poll_table *table)
{
    if (file->ops->poll)
        return file->ops->poll(file, table);
    return L_POLLIN | L_POLLOUT | L_POLLRDNORM | L_POLLWRNORM;
}

/* Keep the name for /proc/PID/maps. */
static void remember_name(struct file *file)
{
    char text[PATH_LENGTH_MAX];
    struct path root = mount_root();
    char *name = path_text(file->path, root, text, sizeof(text), false, NULL);
    path_put(root);
    if (!name)
        return;
    struct inode *inode = file->inode;
    host_mutex_lock(&inode->state);
    if (!inode->map_name || strcmp(inode->map_name, name) != 0) {
        free(inode->map_name);
        inode->map_name = strdup(name);
    }
    host_mutex_unlock(&inode->state);
}

int file_mmap(struct file *file, uint32_t prot, bool shared, struct mapping **out, uint64_t *offset)
{
    if (!file_readable(file))
        return -L_EACCES;
    if (shared && (prot & L_PROT_WRITE) && !file_writable(file))
        return -L_EACCES;
    if ((prot & L_PROT_EXEC) && (file->path.mount->flags & L_MS_NOEXEC))
        return -L_EPERM;
    if (file->ops->mmap)
        return file->ops->mmap(file, out, offset);
    if ((file->inode->mode & L_S_IFMT) != L_S_IFREG || !(file->ops->kind_flags & FILE_OPS_PAGED))
        return -L_ENODEV;
    remember_name(file);
    *out = pagecache_map(file->inode);
    return 0;
}

int file_fsync(struct file *file, bool data_only)
{
    if (file->ops->fsync)
        return file->ops->fsync(file, data_only);
    struct inode *inode = file->inode;
    uint32_t type = inode->mode & L_S_IFMT;
    if (type != L_S_IFREG && type != L_S_IFDIR)
        return -L_EINVAL;
    int error = pagecache_write_back(inode);
    if (!error && inode->ops->fsync)
        error = inode->ops->fsync(inode, data_only);
    return error;
}

int file_truncate(struct file *file, uint64_t size)
{
    if (file->ops->truncate)
        return file->ops->truncate(file, size);
    if ((file->inode->mode & L_S_IFMT) != L_S_IFREG)
        return -L_EINVAL;
    int error = inode_truncate(file->inode, size);
    if (!error)
        inotify_file(file->path.dentry, L_IN_MODIFY);
    return error;
}

/* --- regular files over the page cache --- */

static int64_t generic_read(struct file *file, void *buffer, size_t n, uint64_t *pos)
{
    int64_t result = pagecache_read(file->inode, buffer, n, *pos);
    if (result > 0) {
        *pos += (uint64_t)result;
        if (!(atomic_load(&file->flags) & L_O_NOATIME) &&
            !(file->path.mount->flags & (L_MS_NOATIME | L_MS_RDONLY)))
            inode_touch_accessed(file->inode);
    }
    return result;
}

int64_t file_write_limit(struct task *task, uint64_t pos, size_t n)
{
    if (!task || n == 0)
        return (int64_t)n;
    uint64_t limit = task->process->rlimits[L_RLIMIT_FSIZE].rlim_cur;
    if (limit == L_RLIM_INFINITY || (pos < limit && n <= limit - pos))
        return (int64_t)n;
    if (pos < limit)
        return (int64_t)(limit - pos);
    signal_send_task(task, L_SIGXFSZ, NULL);
    return -L_EFBIG;
}

bool task_has_fsetid(void)
{
    struct task *t = task_current();
    return !t || cred_capable(&t->process->cred, L_CAP_FSETID);
}

static void strip_caps(struct inode *inode)
{
    if (atomic_load_explicit(&inode->no_caps, memory_order_relaxed))
        return;
    atomic_store(&inode->no_caps, true);
    if (inode->ops->getxattr && inode->ops->removexattr &&
        inode->ops->getxattr(inode, L_XATTR_CAPS, NULL, 0) > 0)
        inode->ops->removexattr(inode, L_XATTR_CAPS);
}

void inode_strip_privileges(struct inode *inode, bool keep_ids)
{
    uint32_t mode = inode->mode;
    if ((mode & L_S_IFMT) == L_S_IFREG)
        strip_caps(inode);
    if (keep_ids || !(mode & (L_S_ISUID | L_S_ISGID)))
        return;
    struct attr attr = {.valid = ATTR_MODE, .mode = mode & 07777 & ~(uint32_t)L_S_ISUID};
    if (attr.mode & 010)
        attr.mode &= ~(uint32_t)L_S_ISGID;
    if (attr.mode == (mode & 07777))
        return;
    if (inode->ops->setattr)
        inode->ops->setattr(inode, &attr);
    else
        inode_setattr(inode, &attr);
}

static int64_t generic_write(struct file *file, const void *buffer, size_t n, uint64_t *pos)
{
    struct inode *inode = file->inode;
    host_mutex_lock(&inode->lock);
    int64_t result = file_write_limit(task_current(), *pos, n);
    if (result > 0) {
        inode_strip_privileges(inode, task_has_fsetid());
        result = pagecache_write(inode, buffer, (size_t)result, *pos);
    }
    if (result > 0) {
        *pos += (uint64_t)result;
        inode_touch_modified(inode);
    }
    host_mutex_unlock(&inode->lock);
    return result;
}

static int generic_fallocate(struct file *file, int mode, uint64_t offset, uint64_t length)
{
    struct inode *inode = file->inode;
    int keep = mode & L_FALLOC_FL_KEEP_SIZE, error;
    if (mode & ~(L_FALLOC_FL_KEEP_SIZE | L_FALLOC_FL_PUNCH_HOLE | L_FALLOC_FL_ZERO_RANGE))
        return -L_EOPNOTSUPP;
    if (offset + length > inode->super->max_size)
        return -L_EFBIG;
    host_mutex_lock(&inode->lock);
    if (mode & L_FALLOC_FL_PUNCH_HOLE)
        error = keep ? pagecache_punch(inode, offset, length) : -L_EOPNOTSUPP;
    else if (mode & L_FALLOC_FL_ZERO_RANGE)
        error = pagecache_punch(inode, offset, length);
    else if (inode->ops->claim)
        error = inode->ops->claim(inode, offset >> FS_BLOCK_SHIFT, length, 0);
    else
        error = inode->ops->read_block ? 0 : pagecache_allocate(inode, offset, length);
    if (!error && !keep && offset + length > inode->size) {
        struct attr attr = {.valid = ATTR_SIZE, .size = offset + length};
        error =
            inode->ops->setattr ? inode->ops->setattr(inode, &attr) : inode_setattr(inode, &attr);
    }
    if (!error)
        inode_touch_modified(inode);
    host_mutex_unlock(&inode->lock);
    return error;
}

const struct file_ops generic_file_ops = {
    .kind_flags = FILE_OPS_PAGED,
    .read = generic_read,
    .write = generic_write,
    .fallocate = generic_fallocate,
};

static int directory_readdir(struct file *file, dir_emit *emit, void *arg)
{
    struct inode *dir = file->inode;
    if (!dir->ops->readdir)
        return -L_ENOTDIR;
    if (dir->nlink == 0)
        return -L_ENOENT;
    uint64_t cookie = file->pos;
    if (cookie == 0) {
        if (!emit(arg, ".", 1, dir->ino, L_S_IFDIR, 1))
            return 0;
        cookie = 1;
    }
    if (cookie == 1) {
        struct dentry *parent = dentry_parent(file->path.dentry);
        bool more = emit(arg, "..", 2, parent->inode->ino, L_S_IFDIR, 2);
        dentry_put(parent);
        if (!more)
            return 0;
        cookie = 2;
    }
    host_mutex_lock(&dir->lock);
    int error = dir->ops->readdir(dir, cookie == 2 ? 0 : cookie, emit, arg);
    host_mutex_unlock(&dir->lock);
    return error;
}

static int64_t directory_seek(struct file *file, int64_t offset, int whence)
{
    int64_t base = whence == L_SEEK_CUR ? (int64_t)file->pos : 0, to;
    if (whence == L_SEEK_END)
        to = INT64_MAX;
    else if ((whence != L_SEEK_SET && whence != L_SEEK_CUR) ||
             __builtin_add_overflow(base, offset, &to) || to < 0)
        return -L_EINVAL;
    file->pos = (uint64_t)to;
    return to;
}

const struct file_ops directory_file_ops = {
    .seek = directory_seek,
    .readdir = directory_readdir,
};

const struct file_ops path_file_ops = {.read = NULL};

/* --- files without a name --- */

static const struct inode_ops anonymous_inode_ops = {.lookup = NULL};

static struct mount *anonymous_mount(void)
{
    static struct host_mutex lock = HOST_MUTEX_INIT(RANK_FILE_SUPER);
    static struct mount *mount;
    host_mutex_lock(&lock);
    if (!mount) {
        struct superblock *super =
            super_new("anon_inodefs", "none", L_ANON_INODE_FS_MAGIC, NULL, NULL);
        struct mount *made = super ? calloc(1, sizeof(*made)) : NULL;
        if (made) {
            atomic_init(&made->refs, 1);
            made->super = super;
            mount = made;
        }
    }
    host_mutex_unlock(&lock);
    return mount;
}

#define ANONYMOUS_FIRST 1000 /* inode numbers below are of the mount itself */

struct file *file_anonymous(const char *name, uint32_t mode, uint32_t flags,
                            const struct file_ops *ops, void *priv)
{
    struct mount *mount = anonymous_mount();
    if (!mount)
        return NULL;
    uint64_t ino = atomic_fetch_add(&mount->super->next_ino, 1) + ANONYMOUS_FIRST;
    struct inode *inode = inode_new(mount->super, ino, mode, &anonymous_inode_ops);
    if (!inode)
        return NULL;
    char text[64];
    size_t length = strlen(name);
    if (length && name[length - 1] == ':')
        snprintf(text, sizeof(text), "%s[%llu]", name, (unsigned long long)ino);
    else
        snprintf(text, sizeof(text), "%s", name);
    struct dentry *d = dentry_anonymous(mount->super, inode, text);
    if (!d)
        return NULL;
    struct path path = {mount_get(mount), d};
    struct file *file = file_new(path, flags, ops, priv);
    if (file)
        file->kind |= FILE_STREAM;
    return file;
}
