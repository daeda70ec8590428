/* mkdir(2), unlink(2), rename(2), link(2), symlink(2), mknod(2) and their *at forms. */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/calls/fs_calls.h"
#include "runtime/fs/calls/sys.h"
#include "runtime/fs/path/path.h"

#define CWD ((uint64_t)L_AT_FDCWD)

struct place {
    char name[PATH_LENGTH_MAX];
    struct sys_at at;
    struct vfs_caller caller;
};

/* name and where it starts; sys_at_end(&place->at) must follow success. */
static int get_place(struct task *t, uint64_t dirfd, uint64_t address, struct place *place)
{
    int error = sys_path(t, address, place->name);
    if (error)
        return error;
    vfs_caller_of(t, &place->caller);
    if (!place->name[0])
        return -L_ENOENT;
    return sys_at(t, dirfd, place->name, &place->at);
}

int64_t sys_mkdirat(struct task *t, uint64_t dirfd, uint64_t name, uint64_t mode)
{
    struct place p;
    int error = get_place(t, dirfd, name, &p);
    if (error)
        return error;
    error = vfs_mkdir(&p.caller, p.at.start, p.name, (uint32_t)mode);
    sys_at_end(&p.at);
    return error;
}

int64_t sys_mkdir(struct task *t, uint64_t name, uint64_t mode)
{
    return sys_mkdirat(t, CWD, name, mode);
}

int64_t sys_mknodat(struct task *t, uint64_t dirfd, uint64_t name, uint64_t mode, uint64_t dev)
{
    struct place p;
    int error = get_place(t, dirfd, name, &p);
    if (error)
        return error;
    error = vfs_mknod(&p.caller, p.at.start, p.name, (uint32_t)mode, (uint32_t)dev, NULL);
    sys_at_end(&p.at);
    return error;
}

int64_t sys_mknod(struct task *t, uint64_t name, uint64_t mode, uint64_t dev)
{
    return sys_mknodat(t, CWD, name, mode, dev);
}

int64_t sys_unlinkat(struct task *t, uint64_t dirfd, uint64_t name, uint64_t flags)
{
    struct place p;
    if (flags & ~(uint64_t)L_AT_REMOVEDIR)
        return -L_EINVAL;
    int error = get_place(t, dirfd, name, &p);
    if (error)
        return error;
    error = flags ? vfs_rmdir(&p.caller, p.at.start, p.name)
                  : vfs_unlink(&p.caller, p.at.start, p.name);
    sys_at_end(&p.at);
    return error;
}

int64_t sys_unlink(struct task *t, uint64_t name)
{
    return sys_unlinkat(t, CWD, name, 0);
}

int64_t sys_rmdir(struct task *t, uint64_t name)
{
    return sys_unlinkat(t, CWD, name, L_AT_REMOVEDIR);
}

int64_t sys_symlinkat(struct task *t, uint64_t target, uint64_t dirfd, uint64_t name)
{
    struct place p;
    char text[PATH_LENGTH_MAX];
    int error = sys_path(t, target, text);
    if (!error)
        error = get_place(t, dirfd, name, &p);
    if (error)
        return error;
    error = vfs_symlink(&p.caller, text, p.at.start, p.name);
    sys_at_end(&p.at);
    return error;
}

int64_t sys_symlink(struct task *t, uint64_t target, uint64_t name)
{
    return sys_symlinkat(t, target, CWD, name);
}

int64_t sys_linkat(struct task *t, uint64_t olddirfd, uint64_t old, uint64_t dirfd, uint64_t name,
                   uint64_t flags)
{
    struct place p;
    struct path from;
    if (flags & ~(uint64_t)(L_AT_SYMLINK_FOLLOW | L_AT_EMPTY_PATH))
        return -L_EINVAL;
    int error = sys_walk(t, olddirfd, old, (uint32_t)flags, false, &p.caller, &from);
    if (error)
        return error;
    error = get_place(t, dirfd, name, &p);
    if (!error) {
        error = vfs_link(&p.caller, from, p.at.start, p.name);
        sys_at_end(&p.at);
    }
    path_put(from);
    return error;
}

int64_t sys_link(struct task *t, uint64_t old, uint64_t name)
{
    return sys_linkat(t, CWD, old, CWD, name, 0);
}

int64_t sys_renameat2(struct task *t, uint64_t olddirfd, uint64_t old, uint64_t dirfd,
                      uint64_t name, uint64_t flags)
{
    struct place from, to;
    int error = get_place(t, olddirfd, old, &from);
    if (error)
        return error;
    error = get_place(t, dirfd, name, &to);
    if (!error) {
        error = vfs_rename(&from.caller, from.at.start, from.name, to.at.start, to.name,
                           (uint32_t)flags);
        sys_at_end(&to.at);
    }
    sys_at_end(&from.at);
    return error;
}

int64_t sys_renameat(struct task *t, uint64_t olddirfd, uint64_t old, uint64_t dirfd, uint64_t name)
{
    return sys_renameat2(t, olddirfd, old, dirfd, name, 0);
}

int64_t sys_rename(struct task *t, uint64_t old, uint64_t name)
{
    return sys_renameat2(t, CWD, old, CWD, name, 0);
}

int64_t sys_readlinkat(struct task *t, uint64_t dirfd, uint64_t name, uint64_t address,
                       uint64_t size)
{
    struct vfs_caller caller;
    struct path path;
    char text[PATH_LENGTH_MAX];
    if ((int32_t)size <= 0)
        return -L_EINVAL;
    int error = sys_walk(t, dirfd, name, L_AT_EMPTY_PATH, false, &caller, &path);
    if (error)
        return error;
    bool link = (path.dentry->inode->mode & L_S_IFMT) == L_S_IFLNK;
    int64_t length = link ? vfs_readlink(path, text, sizeof(text)) : -L_EINVAL;
    path_put(path);
    if (length > (int32_t)size)
        length = (int32_t)size;
    if (length > 0 && copy_to_guest(sys_space(t), address, text, (size_t)length))
        return -L_EFAULT;
    return length;
}

int64_t sys_readlink(struct task *t, uint64_t name, uint64_t address, uint64_t size)
{
    return sys_readlinkat(t, CWD, name, address, size);
}
