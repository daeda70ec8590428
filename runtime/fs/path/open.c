/* Opening: by path, by what a path led to, for exec. */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/mount.h"
#include "runtime/fs/path/walk.h"
#include "runtime/fs/pipe/pipe.h"
#include "runtime/fs/vfs/chrdev.h"
#include "runtime/fs/vfs/inotify.h"
#include "runtime/fs/vfs/permission.h"
#include "runtime/task/task.h"
#include <string.h>

/* The bit of O_TMPFILE that is not O_DIRECTORY. */
#define TMPFILE_BIT (L_O_TMPFILE & ~L_O_DIRECTORY)

/* Flags that only direct the open itself. */
#define OPEN_ONLY (L_O_CREAT | L_O_EXCL | L_O_NOCTTY | L_O_TRUNC | L_O_CLOEXEC | OPEN_EXECUTED)

/* A flag of our own, as Linux has one. */
#define OPEN_EXECUTED 0x20u

static uint32_t wanted_access(uint32_t flags)
{
    static const uint32_t masks[4] = {4, 2, 6, 6};
    uint32_t mask = masks[flags & L_O_ACCMODE];
    return flags & L_O_TRUNC ? mask | 2 : mask;
}

static int may_open(struct vfs_caller *caller, struct path path, uint32_t flags)
{
    struct inode *inode = path.dentry->inode;
    uint32_t mask = wanted_access(flags);
    switch (inode->mode & L_S_IFMT) {
    case L_S_IFLNK:
        return -L_ELOOP;
    case L_S_IFDIR:
        if (mask & 2)
            return -L_EISDIR;
        break;
    case L_S_IFCHR:
    case L_S_IFBLK:
        if (path.mount->flags & L_MS_NODEV)
            return -L_EACCES;
        break;
    case L_S_IFSOCK:
        return -L_ENXIO;
    }
    int error = vfs_permission(&caller->cred, path, mask);
    if (error)
        return error;
    if ((flags & L_O_NOATIME) && !cred_owns(&caller->cred, inode))
        return -L_EPERM;
    return 0;
}

/* The file's operations by the inode's type. */
static int start_file(struct file *file)
{
    struct inode *inode = file->inode;
    switch (inode->mode & L_S_IFMT) {
    case L_S_IFCHR:
        return chrdev_open_file(inode, file, task_current());
    case L_S_IFBLK:
        return -L_ENXIO;
    case L_S_IFIFO:
        return fifo_open(inode, file);
    }
    if (inode->file_ops)
        file->ops = inode->file_ops;
    return inode->ops->open ? inode->ops->open(inode, file) : 0;
}

/* A regular file that is executed is not written to (ETXTBSY), and the other way round. */
static int count_file(struct file *file, uint32_t flags)
{
    uint32_t kind = flags & OPEN_EXECUTED ? FILE_EXECUTED : FILE_WRITER;
    bool counts = flags & (OPEN_EXECUTED | L_O_ACCMODE | L_O_TRUNC);
    if (!counts || (file->inode->mode & L_S_IFMT) != L_S_IFREG)
        return 0;
    int error =
        kind == FILE_EXECUTED ? inode_get_executed(file->inode) : inode_get_writer(file->inode);
    if (!error)
        file->kind |= kind;
    return error;
}

/* Make the description; permission has been checked. flags may have OPEN_EXECUTED. */
static int finish_open(struct path path, uint32_t flags, struct file **out)
{
    struct inode *inode = path.dentry->inode;
    bool is_dir = (inode->mode & L_S_IFMT) == L_S_IFDIR;
    struct file *file = file_new(path_get(path), flags & L_O_PATH ? flags : flags | L_O_LARGEFILE,
                                 is_dir ? &directory_file_ops : &generic_file_ops, NULL);
    if (!file)
        return -L_ENOMEM;
    if (flags & L_O_PATH) {
        file->ops = &path_file_ops;
        *out = file;
        return 0;
    }
    int error = count_file(file, flags);
    if (!error)
        error = start_file(file);
    if (!error && (flags & L_O_TRUNC) && (inode->mode & L_S_IFMT) == L_S_IFREG)
        error = file_truncate(file, 0);
    if (error) {
        file->ops = &path_file_ops; /* nothing was started: nothing to release */
        file_put(file);
        return error;
    }
    atomic_fetch_and(&file->flags, ~(uint32_t)OPEN_ONLY);
    inotify_file(path.dentry, L_IN_OPEN);
    *out = file;
    return 0;
}

int vfs_open_path(struct vfs_caller *caller, struct path path, uint32_t flags, struct file **out)
{
    if (!(flags & L_O_PATH)) {
        int error = may_open(caller, path, flags);
        if (error)
            return error;
    }
    return finish_open(path, flags, out);
}

static int create_file(struct vfs_caller *caller, struct path dir, struct dentry *d, uint32_t mode)
{
    struct inode *inode = dir.dentry->inode, *made;
    int error = may_create(&caller->cred, dir);
    if (error)
        return error;
    if (!inode->ops->create)
        return -L_EACCES;
    struct new_inode attr;
    prepare_new(caller, inode, L_S_IFREG | (mode & 07777), &attr);
    attr.opens = true;
    error = inode->ops->create(inode, d->name, &attr, &made);
    if (error)
        return error;
    dentry_instantiate(d, made);
    return 0;
}

/* The last component of an open with O_CREAT. Leaves what was found or made in *to (referenced);
 * 1 says a symbolic link was followed and the walk goes on. */
static int open_last(struct walk *walk, const struct last_name *last, uint32_t flags, uint32_t mode,
                     struct path *to, bool *created)
{
    struct inode *dir = walk->at.dentry->inode;
    struct dentry *d;
    host_mutex_lock(&dir->lock);
    int error = lookup_name(walk->at, last->text, last->length, true, &d);
    if (!error && !d->inode) {
        error = create_file(walk->caller, walk->at, d, mode);
        *created = error == 0;
        if (error)
            dentry_put(d);
    } else if (!error && (flags & L_O_EXCL)) {
        dentry_put(d);
        error = -L_EEXIST;
    }
    host_mutex_unlock(&dir->lock);
    if (error)
        return error;
    if (*created)
        inotify_name(dir, last->text, L_IN_CREATE, 0);
    struct path found = {mount_get(walk->at.mount), d};
    cross_mounts(&found);
    if ((found.dentry->inode->mode & L_S_IFMT) == L_S_IFLNK) {
        if (flags & L_O_NOFOLLOW)
            error = -L_ELOOP;
        else
            error = walk_follow(walk, found);
        path_put(found);
        return error ? error : 1;
    }
    if (!*created && !may_reuse(&walk->caller->cred, dir, found.dentry->inode)) {
        path_put(found);
        return -L_EACCES;
    }
    *to = found;
    return 0;
}

static int open_create(struct walk *walk, uint32_t flags, uint32_t mode, struct file **out)
{
    struct path to;
    bool created = false;
    for (;;) {
        struct last_name last;
        int error = walk_run(walk, &last);
        if (error)
            return error;
        if (walk->jumped && last.length == 0) {
            to = path_get(walk->at);
            break;
        }
        if (last.dots || last.trailing_slash)
            return last.dots && (flags & L_O_EXCL) ? -L_EEXIST : -L_EISDIR;
        error = open_last(walk, &last, flags, mode, &to, &created);
        if (error < 0)
            return error;
        if (error == 0)
            break;
        if (walk->jumped) {
            to = path_get(walk->at);
            break;
        }
    }
    int error = 0;
    if (!created && (to.dentry->inode->mode & L_S_IFMT) == L_S_IFDIR)
        error = -L_EISDIR;
    if (!error && !created)
        error = may_open(walk->caller, to, flags);
    if (!error)
        error = finish_open(to, created ? flags & ~(uint32_t)L_O_TRUNC : flags, out);
    path_put(to);
    return error;
}

static int open_existing(struct walk *walk, uint32_t flags, struct file **out)
{
    int error = walk_run(walk, NULL);
    if (error)
        return error;
    if ((flags & L_O_DIRECTORY) && (walk->at.dentry->inode->mode & L_S_IFMT) != L_S_IFDIR)
        return -L_ENOTDIR;
    return vfs_open_path(walk->caller, walk->at, flags, out);
}

static int open_tmpfile(struct walk *walk, uint32_t flags, uint32_t mode, struct file **out)
{
    int error = walk_run(walk, NULL);
    if (error)
        return error;
    struct inode *dir = walk->at.dentry->inode, *made;
    if ((dir->mode & L_S_IFMT) != L_S_IFDIR)
        return -L_ENOTDIR;
    error = may_create(&walk->caller->cred, walk->at);
    if (error)
        return error;
    if (!dir->ops->tmpfile)
        return -L_EOPNOTSUPP;
    struct new_inode attr;
    prepare_new(walk->caller, dir, L_S_IFREG | (mode & 07777), &attr);
    error = dir->ops->tmpfile(dir, &attr, &made);
    if (error)
        return error;
    made->linkable = !(flags & L_O_EXCL);
    struct dentry *d = dentry_anonymous(dir->super, made, "/tmpfile");
    if (!d)
        return -L_ENOMEM;
    struct path path = {mount_get(walk->at.mount), d};
    error = finish_open(path, flags & ~(uint32_t)(TMPFILE_BIT | L_O_DIRECTORY), out);
    path_put(path);
    return error;
}

static int open_once(struct vfs_caller *caller, const struct path *at, const char *name,
                     uint32_t flags, uint32_t mode, uint32_t resolve, struct file **out)
{
    if (flags & L_O_PATH)
        flags &= L_O_PATH | L_O_DIRECTORY | L_O_NOFOLLOW | L_O_CLOEXEC;
    if ((flags & (L_O_CREAT | L_O_DIRECTORY)) == (L_O_CREAT | L_O_DIRECTORY))
        return -L_EINVAL;
    if ((flags & L_O_TMPFILE) == L_O_TMPFILE && !(flags & L_O_ACCMODE))
        return -L_EINVAL;
    struct walk walk;
    uint32_t how = resolve;
    if (!(flags & L_O_NOFOLLOW) && (flags & (L_O_CREAT | L_O_EXCL)) != (L_O_CREAT | L_O_EXCL))
        how |= WALK_FOLLOW;
    int error = walk_begin(&walk, caller, at, name, how);
    if (error)
        return error;
    if ((flags & L_O_TMPFILE) == L_O_TMPFILE)
        error = open_tmpfile(&walk, flags, mode, out);
    else if (flags & L_O_CREAT)
        error = open_create(&walk, flags, mode, out);
    else
        error = open_existing(&walk, flags, out);
    walk_end(&walk);
    return error;
}

/* Each time a name was taken from a file between the walk and the open (path_resolution is not one
 * step where files are the host's), so another thread got on. */
#define STALE_MAX 100

int vfs_open(struct vfs_caller *caller, const struct path *at, const char *name, uint32_t flags,
             uint32_t mode, uint32_t resolve, struct file **out)
{
    int error = -L_ESTALE;
    for (int i = 0; i < STALE_MAX && error == -L_ESTALE; i++)
        error = open_once(caller, at, name, flags, mode, resolve, out);
    return error;
}

static int exec_once(struct vfs_caller *caller, const struct path *at, const char *name,
                     uint32_t flags, struct file **out)
{
    struct path path;
    uint32_t how = flags & L_AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW;
    if (flags & L_AT_EMPTY_PATH)
        how |= WALK_EMPTY;
    int error = vfs_walk(caller, at, name, how, &path);
    if (error)
        return error;
    uint32_t type = path.dentry->inode->mode & L_S_IFMT;
    if (type == L_S_IFLNK)
        error = -L_ELOOP;
    else if (type != L_S_IFREG)
        error = -L_EACCES;
    if (!error)
        error = vfs_permission(&caller->cred, path, 1);
    if (!error)
        error = finish_open(path, L_O_RDONLY | OPEN_EXECUTED, out);
    path_put(path);
    return error;
}

int vfs_open_exec(struct vfs_caller *caller, const struct path *at, const char *name,
                  uint32_t flags, struct file **out)
{
    int error = -L_ESTALE;
    for (int i = 0; i < STALE_MAX && error == -L_ESTALE; i++)
        error = exec_once(caller, at, name, flags, out);
    return error;
}
