/* getdents(2), chdir(2), getcwd(2), chroot(2). */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/calls/fs_calls.h"
#include "runtime/fs/calls/sys.h"
#include <string.h>

#define CWD ((uint64_t)L_AT_FDCWD)

struct filling {
    struct file *file;
    uint8_t *buffer;
    size_t size, used;
    bool old;       /* struct linux_dirent of getdents(2) */
    bool too_small; /* not even one entry fits */
};

/* struct linux_dirent: two longs, the length, the name, and the type in the last byte. */
#define OLD_NAME_AT 18u
#define NEW_NAME_AT 19u

static bool fill_dirent(void *arg, const char *name, size_t length, uint64_t ino, uint32_t type,
                        uint64_t cookie)
{
    struct filling *f = arg;
    size_t name_at = f->old ? OLD_NAME_AT : NEW_NAME_AT;
    size_t reclen = (name_at + length + 1 + (f->old ? 1 : 0) + 7) & ~(size_t)7;
    if (reclen > f->size - f->used) {
        f->too_small = f->used == 0;
        return false;
    }
    uint8_t *at = f->buffer + f->used;
    uint16_t reclen16 = (uint16_t)reclen;
    uint8_t dtype = (uint8_t)((type & L_S_IFMT) >> 12);
    memset(at, 0, reclen);
    memcpy(at, &ino, 8);
    memcpy(at + 8, &cookie, 8);
    memcpy(at + 16, &reclen16, 2);
    memcpy(at + name_at, name, length);
    at[f->old ? reclen - 1 : 18] = dtype;
    f->used += reclen;
    f->file->pos = cookie;
    return true;
}

/* The position is ours, and goes back when the guest does not get the entries. */
static int64_t read_entries(struct task *t, struct filling *f, uint64_t address)
{
    struct file *file = f->file;
    uint64_t before = file->pos;
    int64_t result = file->ops->readdir(file, fill_dirent, f);
    if (f->used)
        result = (int64_t)f->used;
    else if (f->too_small)
        result = -L_EINVAL;
    if (result > 0 && copy_to_guest(sys_space(t), address, f->buffer, f->used)) {
        file->pos = before;
        result = -L_EFAULT;
    }
    turn_give(&file->position);
    return result;
}

static int64_t getdents(struct task *t, uint64_t fd, uint64_t address, uint64_t size, bool old)
{
    struct file *file = sys_file(t, fd);
    if (!file)
        return -L_EBADF;
    struct filling f = {
        .file = file, .size = (uint32_t)size < 65536 ? (uint32_t)size : 65536, .old = old};
    f.buffer = sys_bounce(t, f.size);
    int64_t result = -L_ENOTDIR;
    if (!f.buffer) {
        result = -L_ENOMEM;
    } else if (file->ops->readdir) {
        result = turn_take(&file->position);
        if (!result)
            result = read_entries(t, &f, address);
    }
    file_put(file);
    return result;
}

int64_t sys_getdents64(struct task *t, uint64_t fd, uint64_t address, uint64_t size)
{
    return getdents(t, fd, address, size, false);
}

int64_t sys_getdents(struct task *t, uint64_t fd, uint64_t address, uint64_t size)
{
    return getdents(t, fd, address, size, true);
}

static int64_t change_directory(struct task *t, struct vfs_caller *caller, struct path path)
{
    if ((path.dentry->inode->mode & L_S_IFMT) != L_S_IFDIR)
        return -L_ENOTDIR;
    int error = inode_permission(&caller->cred, path.dentry->inode, 1);
    if (!error)
        fs_context_set_cwd(t->fs, path);
    return error;
}

int64_t sys_chdir(struct task *t, uint64_t name)
{
    struct vfs_caller caller;
    struct path path;
    int64_t error = sys_walk(t, CWD, name, 0, true, &caller, &path);
    if (error)
        return error;
    error = change_directory(t, &caller, path);
    path_put(path);
    return error;
}

int64_t sys_fchdir(struct task *t, uint64_t fd)
{
    struct vfs_caller caller;
    struct file *file = sys_file_any(t, fd);
    if (!file)
        return -L_EBADF;
    vfs_caller_of(t, &caller);
    int64_t error = change_directory(t, &caller, file->path);
    file_put(file);
    return error;
}

int64_t sys_chroot(struct task *t, uint64_t name)
{
    struct vfs_caller caller;
    struct path path;
    int error = sys_walk(t, CWD, name, 0, true, &caller, &path);
    if (error)
        return error;
    if ((path.dentry->inode->mode & L_S_IFMT) != L_S_IFDIR)
        error = -L_ENOTDIR;
    if (!error)
        error = inode_permission(&caller.cred, path.dentry->inode, 1);
    if (!error && !cred_capable(&t->process->cred, L_CAP_SYS_CHROOT))
        error = -L_EPERM;
    if (!error)
        fs_context_set_root(t->fs, path);
    path_put(path);
    return error;
}

int64_t sys_getcwd(struct task *t, uint64_t address, uint64_t size)
{
    static const char outside[] = "(unreachable)";
    char buffer[sizeof(outside) + PATH_LENGTH_MAX];
    bool unreachable;
    struct path root = fs_context_root(t->fs), cwd = fs_context_cwd(t->fs);
    bool gone = dentry_unlinked(cwd.dentry);
    char *text =
        path_text(cwd, root, buffer + sizeof(outside), PATH_LENGTH_MAX, false, &unreachable);
    path_put(cwd);
    path_put(root);
    if (gone)
        return -L_ENOENT;
    if (!text)
        return -L_ENAMETOOLONG;
    if (unreachable) {
        text -= sizeof(outside) - 1;
        memcpy(text, outside, sizeof(outside) - 1);
    }
    size_t length = strlen(text) + 1;
    if (length > size)
        return -L_ERANGE;
    return copy_to_guest(sys_space(t), address, text, length) ? -L_EFAULT : (int64_t)length;
}
