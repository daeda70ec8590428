/* getxattr(2) and its kin. */
#include "runtime/abi/capability.h"
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/calls/fs_calls.h"
#include "runtime/fs/calls/sys.h"
#include "runtime/fs/vfs/permission.h"
#include <string.h>

#define CWD        ((uint64_t)L_AT_FDCWD)
#define NAME_MOST  256
#define VALUE_MOST 65536u

/* The three ways to name the file. */
static int by_path(struct task *t, uint64_t name, bool follow, struct path *out)
{
    struct vfs_caller caller;
    return sys_walk(t, CWD, name, 0, follow, &caller, out);
}

static int by_fd(struct task *t, uint64_t fd, struct path *out)
{
    struct file *file = sys_file(t, fd);
    if (!file)
        return -L_EBADF;
    *out = path_get(file->path);
    file_put(file);
    return 0;
}

static int get_name(struct task *t, uint64_t address, char name[NAME_MOST])
{
    int64_t length = guest_string(sys_space(t), address, name, NAME_MOST);
    if (length == -L_ENAMETOOLONG || length == 0)
        return -L_ERANGE;
    return length < 0 ? (int)length : 0;
}

/* Who may use an attribute, by its name space (xattr(7)). For reading, what may not be seen is not
 * there. */
static int check_access(struct task *t, struct inode *inode, const char *name, bool write)
{
    struct vfs_caller caller;
    const struct cred *cred = &t->process->cred;
    bool admin = cred_capable(cred, L_CAP_SYS_ADMIN);
    vfs_caller_of(t, &caller);
    if (!strncmp(name, "trusted.", 8))
        return admin ? 0 : write ? -L_EPERM : -L_ENODATA;
    if (!strcmp(name, L_XATTR_CAPS))
        return !write || cred_capable(cred, L_CAP_SETFCAP) ? 0 : -L_EPERM;
    if (!strncmp(name, "security.", 9))
        return !write || admin ? 0 : -L_EPERM;
    if (strncmp(name, "user.", 5) != 0)
        return !write || !inode->ops->setxattr || cred_owns(&caller.cred, inode) ? 0 : -L_EPERM;
    uint32_t type = inode->mode & L_S_IFMT;
    if (type != L_S_IFREG && type != L_S_IFDIR)
        return write ? -L_EPERM : -L_ENODATA;
    if (write && type == L_S_IFDIR && (inode->mode & L_S_ISVTX) && !cred_owns(&caller.cred, inode))
        return -L_EPERM;
    return inode_permission(&caller.cred, inode, write ? 2 : 4);
}

static int64_t get(struct task *t, struct path path, uint64_t nameaddr, uint64_t address,
                   uint64_t size)
{
    char name[NAME_MOST];
    struct inode *inode = path.dentry->inode;
    int64_t result = get_name(t, nameaddr, name);
    if (!result)
        result = check_access(t, inode, name, false);
    if (!result) {
        if (size > VALUE_MOST)
            size = VALUE_MOST;
        uint8_t *buffer = sys_bounce(t, VALUE_MOST);
        if (!buffer)
            result = -L_ENOMEM;
        else
            result = inode->ops->getxattr ? inode->ops->getxattr(inode, name, buffer, (size_t)size)
                                          : -L_EOPNOTSUPP;
        if (result > 0 && size && copy_to_guest(sys_space(t), address, buffer, (size_t)result))
            result = -L_EFAULT;
    }
    path_put(path);
    return result;
}

static bool valid_caps(const uint8_t *value, uint64_t size)
{
    uint32_t magic = 0;
    if (size >= sizeof(magic))
        memcpy(&magic, value, sizeof(magic));
    magic &= L_VFS_CAP_REVISION_MASK;
    return (size == L_VFS_CAP_SIZE_2 && magic == L_VFS_CAP_REVISION_2) ||
           (size == L_VFS_CAP_SIZE_3 && magic == L_VFS_CAP_REVISION_3);
}

static int64_t set_value(struct task *t, struct path path, uint64_t nameaddr, uint64_t address,
                         uint64_t size, uint64_t flags)
{
    char name[NAME_MOST];
    struct inode *inode = path.dentry->inode;
    uint8_t *buffer = NULL;
    int64_t result = flags & ~(uint64_t)(L_XATTR_CREATE | L_XATTR_REPLACE)
                         ? -L_EINVAL
                         : get_name(t, nameaddr, name);
    if (!result && size > VALUE_MOST)
        result = -L_E2BIG;
    if (!result && !(buffer = sys_bounce(t, VALUE_MOST)))
        result = -L_ENOMEM;
    if (!result && copy_from_guest(sys_space(t), buffer, address, (size_t)size))
        result = -L_EFAULT;
    if (!result && path_read_only(path))
        result = -L_EROFS;
    bool caps = !result && !strcmp(name, L_XATTR_CAPS);
    if (caps && !valid_caps(buffer, size))
        result = -L_EINVAL;
    if (!result)
        result = check_access(t, inode, name, true);
    if (!result) {
        host_mutex_lock(&inode->lock);
        if (caps)
            atomic_store(&inode->no_caps, false);
        result = inode->ops->setxattr
                     ? inode->ops->setxattr(inode, name, buffer, (size_t)size, (int)flags)
                     : -L_EOPNOTSUPP;
        host_mutex_unlock(&inode->lock);
    }
    path_put(path);
    return result;
}

/* Without trusted ones for those who may not read them. */
static int64_t list_seen(struct task *t, struct inode *inode, char *names, size_t size)
{
    if (cred_capable(&t->process->cred, L_CAP_SYS_ADMIN))
        return inode->ops->listxattr(inode, names, size);
    int64_t all = inode->ops->listxattr(inode, names, VALUE_MOST), kept = 0;
    for (int64_t at = 0; at < all;) {
        int64_t n = (int64_t)strlen(names + at) + 1;
        if (strncmp(names + at, "trusted.", 8) != 0) {
            memmove(names + kept, names + at, (size_t)n);
            kept += n;
        }
        at += n;
    }
    return all < 0 ? all : size && kept > (int64_t)size ? -L_ERANGE : kept;
}

static int64_t list(struct task *t, struct path path, uint64_t address, uint64_t size)
{
    struct inode *inode = path.dentry->inode;
    int64_t result = 0;
    uint8_t *buffer = sys_bounce(t, VALUE_MOST);
    if (size > VALUE_MOST)
        size = VALUE_MOST;
    if (!buffer)
        result = -L_ENOMEM;
    else if (inode->ops->listxattr)
        result = list_seen(t, inode, (char *)buffer, (size_t)size);
    if (result > 0 && size && copy_to_guest(sys_space(t), address, buffer, (size_t)result))
        result = -L_EFAULT;
    path_put(path);
    return result;
}

static int64_t remove_xattr(struct task *t, struct path path, uint64_t nameaddr)
{
    char name[NAME_MOST];
    struct inode *inode = path.dentry->inode;
    int64_t result = get_name(t, nameaddr, name);
    if (!result && path_read_only(path))
        result = -L_EROFS;
    if (!result)
        result = check_access(t, inode, name, true);
    if (!result) {
        host_mutex_lock(&inode->lock);
        result = inode->ops->removexattr ? inode->ops->removexattr(inode, name) : -L_EOPNOTSUPP;
        host_mutex_unlock(&inode->lock);
    }
    path_put(path);
    return result;
}

int64_t sys_getxattr(struct task *t, uint64_t path, uint64_t name, uint64_t value, uint64_t size)
{
    struct path p;
    int error = by_path(t, path, true, &p);
    return error ? error : get(t, p, name, value, size);
}

int64_t sys_lgetxattr(struct task *t, uint64_t path, uint64_t name, uint64_t value, uint64_t size)
{
    struct path p;
    int error = by_path(t, path, false, &p);
    return error ? error : get(t, p, name, value, size);
}

int64_t sys_fgetxattr(struct task *t, uint64_t fd, uint64_t name, uint64_t value, uint64_t size)
{
    struct path p;
    int error = by_fd(t, fd, &p);
    return error ? error : get(t, p, name, value, size);
}

int64_t sys_setxattr(struct task *t, uint64_t path, uint64_t name, uint64_t value, uint64_t size,
                     uint64_t flags)
{
    struct path p;
    int error = by_path(t, path, true, &p);
    return error ? error : set_value(t, p, name, value, size, flags);
}

int64_t sys_lsetxattr(struct task *t, uint64_t path, uint64_t name, uint64_t value, uint64_t size,
                      uint64_t flags)
{
    struct path p;
    int error = by_path(t, path, false, &p);
    return error ? error : set_value(t, p, name, value, size, flags);
}

int64_t sys_fsetxattr(struct task *t, uint64_t fd, uint64_t name, uint64_t value, uint64_t size,
                      uint64_t flags)
{
    struct path p;
    int error = by_fd(t, fd, &p);
    return error ? error : set_value(t, p, name, value, size, flags);
}

int64_t sys_listxattr(struct task *t, uint64_t path, uint64_t address, uint64_t size)
{
    struct path p;
    int error = by_path(t, path, true, &p);
    return error ? error : list(t, p, address, size);
}

int64_t sys_llistxattr(struct task *t, uint64_t path, uint64_t address, uint64_t size)
{
    struct path p;
    int error = by_path(t, path, false, &p);
    return error ? error : list(t, p, address, size);
}

int64_t sys_flistxattr(struct task *t, uint64_t fd, uint64_t address, uint64_t size)
{
    struct path p;
    int error = by_fd(t, fd, &p);
    return error ? error : list(t, p, address, size);
}

int64_t sys_removexattr(struct task *t, uint64_t path, uint64_t name)
{
    struct path p;
    int error = by_path(t, path, true, &p);
    return error ? error : remove_xattr(t, p, name);
}

int64_t sys_lremovexattr(struct task *t, uint64_t path, uint64_t name)
{
    struct path p;
    int error = by_path(t, path, false, &p);
    return error ? error : remove_xattr(t, p, name);
}

int64_t sys_fremovexattr(struct task *t, uint64_t fd, uint64_t name)
{
    struct path p;
    int error = by_fd(t, fd, &p);
    return error ? error : remove_xattr(t, p, name);
}
