/* memfd_create(2): files of a tmpfs without a name, and their seals. */
#include "runtime/fs/tmpfs/memfd.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/tmpfs/tmpfs.h"
#include "runtime/fs/vfs/vfs.h"
#include "runtime/host/heap.h"
#include <stdio.h>

static const struct file_ops memfd_ops;

/* inode->ipc of a memfd counts nothing: it holds the seals. Guarded by inode->lock. */
static uint32_t seals_of(const struct inode *inode)
{
    return (uint32_t)(uintptr_t)inode->ipc;
}

static struct superblock *memfd_super(struct mount **mount)
{
    static struct host_mutex lock = HOST_MUTEX_INIT(RANK_MEMFD);
    static struct superblock *super;
    static struct mount *only;
    int error;
    host_mutex_lock(&lock);
    if (!super) {
        struct mount *made = calloc(1, sizeof(*made));
        super = made ? tmpfs_new("memfd", 0700, &error) : NULL;
        if (super) {
            tmpfs_bound(super, 0, 0);
            atomic_init(&made->refs, 1);
            made->super = super;
            only = made;
        } else {
            free(made);
        }
    }
    host_mutex_unlock(&lock);
    *mount = only;
    return super;
}

struct file *memfd_create_file(const char *name, uint32_t flags)
{
    char text[300];
    struct mount *mount;
    struct superblock *super = memfd_super(&mount);
    uint32_t mode = flags & L_MFD_NOEXEC_SEAL ? 0666 : 0777;
    struct inode *inode = super ? tmpfs_inode(super, L_S_IFREG | mode) : NULL;
    if (!inode)
        return NULL;
    uint32_t seals = flags & (L_MFD_ALLOW_SEALING | L_MFD_NOEXEC_SEAL) ? 0 : L_F_SEAL_SEAL;
    inode->ipc = (void *)(uintptr_t)seals;
    inode->file_ops = &memfd_ops; /* also when opened again through /proc/PID/fd */
    snprintf(text, sizeof(text), "/memfd:%s (deleted)", name);
    struct dentry *d = dentry_anonymous(super, inode, text);
    if (!d)
        return NULL;
    struct path path = {mount_get(mount), d};
    return file_new(path, L_O_RDWR | L_O_LARGEFILE, &memfd_ops, NULL);
}

int memfd_get_seals(struct file *file)
{
    if (file->ops != &memfd_ops)
        return -L_EINVAL;
    host_mutex_lock(&file->inode->lock);
    uint32_t seals = seals_of(file->inode);
    host_mutex_unlock(&file->inode->lock);
    return (int)seals;
}

int memfd_add_seals(struct file *file, uint32_t seals)
{
    if (file->ops != &memfd_ops || (seals & ~0x1fu))
        return -L_EINVAL;
    if (!file_writable(file))
        return -L_EPERM;
    struct inode *inode = file->inode;
    int error = 0;
    host_mutex_lock(&inode->lock);
    uint32_t before = seals_of(inode);
    if (before & L_F_SEAL_SEAL)
        error = -L_EPERM;
    else if ((seals & ~before & L_F_SEAL_WRITE) && atomic_load(&inode->pages.mapping.mapped))
        error = -L_EBUSY;
    else
        inode->ipc = (void *)(uintptr_t)(before | seals);
    host_mutex_unlock(&inode->lock);
    return error;
}

static int64_t memfd_write(struct file *file, const void *buffer, size_t n, uint64_t *pos)
{
    struct inode *inode = file->inode;
    uint32_t seals = seals_of(inode);
    if (seals & (L_F_SEAL_WRITE | L_F_SEAL_FUTURE_WRITE))
        return -L_EPERM;
    if (seals & L_F_SEAL_GROW) {
        if (*pos >= inode->size)
            return n ? -L_EPERM : 0;
        if (n > inode->size - *pos)
            n = (size_t)(inode->size - *pos);
    }
    return generic_file_ops.write(file, buffer, n, pos);
}

static int64_t memfd_read(struct file *file, void *buffer, size_t n, uint64_t *pos)
{
    return generic_file_ops.read(file, buffer, n, pos);
}

static int memfd_truncate(struct file *file, uint64_t size)
{
    struct inode *inode = file->inode;
    uint32_t seals = seals_of(inode);
    if ((size < inode->size && (seals & L_F_SEAL_SHRINK)) ||
        (size > inode->size && (seals & L_F_SEAL_GROW)))
        return -L_EPERM;
    return inode_truncate(inode, size);
}

static int memfd_fallocate(struct file *file, int mode, uint64_t offset, uint64_t length)
{
    uint32_t seals = seals_of(file->inode);
    if ((mode & L_FALLOC_FL_PUNCH_HOLE) && (seals & L_F_SEAL_WRITE))
        return -L_EPERM;
    if ((seals & L_F_SEAL_GROW) && offset + length > file->inode->size)
        return -L_EPERM;
    return generic_file_ops.fallocate(file, mode, offset, length);
}

static const struct file_ops memfd_ops = {
    .kind_flags = FILE_OPS_PAGED,
    .read = memfd_read,
    .write = memfd_write,
    .truncate = memfd_truncate,
    .fallocate = memfd_fallocate,
};
