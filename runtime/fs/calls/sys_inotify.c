/* inotify_init(2), inotify_add_watch(2), inotify_rm_watch(2). */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/calls/fs_calls.h"
#include "runtime/fs/calls/sys.h"
#include "runtime/fs/vfs/inotify_file.h"

int64_t sys_inotify_init1(struct task *t, uint64_t flags)
{
    if (flags & ~(uint64_t)(L_O_NONBLOCK | L_O_CLOEXEC))
        return -L_EINVAL;
    struct file *file = inotify_create((uint32_t)flags & L_O_NONBLOCK);
    return file ? sys_install(t, file, flags & L_O_CLOEXEC) : -L_ENOMEM;
}

int64_t sys_inotify_init(struct task *t)
{
    return sys_inotify_init1(t, 0);
}

int64_t sys_inotify_add_watch(struct task *t, uint64_t fd, uint64_t name, uint64_t mask)
{
    struct vfs_caller caller;
    struct path path;
    struct file *file = sys_file(t, fd);
    if (!file)
        return -L_EBADF;
    int64_t result =
        sys_walk(t, (uint64_t)L_AT_FDCWD, name, 0, !(mask & L_IN_DONT_FOLLOW), &caller, &path);
    if (!result) {
        struct inode *inode = path.dentry->inode;
        if ((mask & L_IN_ONLYDIR) && (inode->mode & L_S_IFMT) != L_S_IFDIR)
            result = -L_ENOTDIR;
        if (!result)
            result = inode_permission(&caller.cred, inode, 4);
        if (!result)
            result = inotify_watch(file, inode, (uint32_t)mask);
        path_put(path);
    }
    file_put(file);
    return result;
}

int64_t sys_inotify_rm_watch(struct task *t, uint64_t fd, uint64_t wd)
{
    struct file *file = sys_file(t, fd);
    if (!file)
        return -L_EBADF;
    int64_t result = inotify_unwatch(file, (int32_t)wd);
    file_put(file);
    return result;
}
