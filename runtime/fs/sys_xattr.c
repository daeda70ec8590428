/* getxattr(2) and its kin. */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/permission.h"
#include "runtime/fs/sys.h"
#include "runtime/fs/syscalls.h"
#include <stdlib.h>
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

static int64_t get(struct task *t, struct path path, uint64_t nameaddr, uint64_t address,
                   uint64_t size)
{
    char name[NAME_MOST];
    struct inode *inode = path.dentry->inode;
    int64_t result = get_name(t, nameaddr, name);
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

static int64_t set(struct task *t, struct path path, uint64_t nameaddr, uint64_t address,
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
    if (!result) {
        host_mutex_lock(&inode->lock);
        result = inode->ops->setxattr
                     ? inode->ops->setxattr(inode, name, buffer, (size_t)size, (int)flags)
                     : -L_EOPNOTSUPP;
        host_mutex_unlock(&inode->lock);
    }
    path_put(path);
    return result;
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
        result = inode->ops->listxattr(inode, (char *)buffer, (size_t)size);
    if (result > 0 && size && copy_to_guest(sys_space(t), address, buffer, (size_t)result))
        result = -L_EFAULT;
    path_put(path);
    return result;
}

static int64_t remove_name(struct task *t, struct path path, uint64_t nameaddr)
{
    char name[NAME_MOST];
    struct inode *inode = path.dentry->inode;
    int64_t result = get_name(t, nameaddr, name);
    if (!result && path_read_only(path))
        result = -L_EROFS;
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
    return error ? error : set(t, p, name, value, size, flags);
}

int64_t sys_lsetxattr(struct task *t, uint64_t path, uint64_t name, uint64_t value, uint64_t size,
                      uint64_t flags)
{
    struct path p;
    int error = by_path(t, path, false, &p);
    return error ? error : set(t, p, name, value, size, flags);
}

int64_t sys_fsetxattr(struct task *t, uint64_t fd, uint64_t name, uint64_t value, uint64_t size,
                      uint64_t flags)
{
    struct path p;
    int error = by_fd(t, fd, &p);
    return error ? error : set(t, p, name, value, size, flags);
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
    return error ? error : remove_name(t, p, name);
}

int64_t sys_lremovexattr(struct task *t, uint64_t path, uint64_t name)
{
    struct path p;
    int error = by_path(t, path, false, &p);
    return error ? error : remove_name(t, p, name);
}

int64_t sys_fremovexattr(struct task *t, uint64_t fd, uint64_t name)
{
    struct path p;
    int error = by_fd(t, fd, &p);
    return error ? error : remove_name(t, p, name);
}
