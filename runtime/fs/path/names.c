/* Operations that make, remove and move names. */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/path/walk.h"
#include "runtime/fs/vfs/inotify.h"
#include "runtime/fs/vfs/permission.h"
#include "runtime/host/heap.h"
#include <string.h>

/* Renames between directories, one at a time: the tree does not change while two parents are
 * locked. */
static struct host_mutex rename_lock = HOST_MUTEX_INIT(RANK_RENAME);

struct making {
    struct path dir;
    struct last_name last;
    struct dentry *d; /* absent */
};

/* Find the place for a new name and lock its directory. 0: making_end must follow. */
static int making_begin(struct vfs_caller *caller, const struct path *at, const char *name,
                        bool directory, struct making *m)
{
    int error = vfs_walk_parent(caller, at, name, &m->dir, &m->last);
    if (error)
        return error;
    struct inode *dir = m->dir.dentry->inode;
    host_mutex_lock(&dir->lock);
    m->d = NULL;
    if (m->last.dots)
        error = -L_EEXIST;
    if (!error)
        error = lookup_name(m->dir, m->last.text, m->last.length, true, &m->d);
    if (!error && m->d->inode)
        error = -L_EEXIST;
    if (!error && m->last.trailing_slash && !directory)
        error = -L_ENOENT;
    if (!error)
        error = may_create(&caller->cred, m->dir);
    if (!error)
        return 0;
    host_mutex_unlock(&dir->lock);
    if (m->d)
        dentry_put(m->d);
    path_put(m->dir);
    return error;
}

/* made: the new inode (reference taken over) when error is 0. */
static void making_end(struct making *m, int error, struct inode *made, uint32_t mask)
{
    struct inode *dir = m->dir.dentry->inode;
    if (!error)
        dentry_instantiate(m->d, made);
    host_mutex_unlock(&dir->lock);
    if (!error)
        inotify_name(dir, m->last.text, mask, 0);
    dentry_put(m->d);
    path_put(m->dir);
}

int vfs_mkdir(struct vfs_caller *caller, const struct path *at, const char *name, uint32_t mode)
{
    struct making m;
    int error = making_begin(caller, at, name, true, &m);
    if (error)
        return error;
    struct inode *dir = m.dir.dentry->inode, *made = NULL;
    struct new_inode attr;
    prepare_new(caller, dir, L_S_IFDIR | (mode & 01777), &attr);
    error = dir->ops->mkdir ? dir->ops->mkdir(dir, m.last.text, &attr, &made) : -L_EPERM;
    making_end(&m, error, made, L_IN_CREATE | L_IN_ISDIR);
    return error;
}

int vfs_mknod(struct vfs_caller *caller, const struct path *at, const char *name, uint32_t mode,
              uint64_t dev, struct path *out)
{
    uint32_t type = mode & L_S_IFMT;
    if (type == 0)
        mode |= type = L_S_IFREG;
    if (type == L_S_IFDIR)
        return -L_EPERM;
    if (type != L_S_IFREG && type != L_S_IFIFO && type != L_S_IFSOCK && type != L_S_IFCHR &&
        type != L_S_IFBLK)
        return -L_EINVAL;
    if ((type == L_S_IFCHR || type == L_S_IFBLK) && !caller->cred.mknod)
        return -L_EPERM;
    struct making m;
    int error = making_begin(caller, at, name, false, &m);
    if (error)
        return error;
    struct inode *dir = m.dir.dentry->inode, *made = NULL;
    struct new_inode attr;
    prepare_new(caller, dir, type | (mode & 07777), &attr);
    attr.rdev = type == L_S_IFCHR || type == L_S_IFBLK ? dev : 0;
    error = dir->ops->create ? dir->ops->create(dir, m.last.text, &attr, &made) : -L_EPERM;
    if (!error && out)
        *out = (struct path){mount_get(m.dir.mount), dentry_get(m.d)};
    making_end(&m, error, made, L_IN_CREATE);
    return error;
}

int vfs_symlink(struct vfs_caller *caller, const char *target, const struct path *at,
                const char *name)
{
    if (!*target)
        return -L_ENOENT;
    struct making m;
    int error = making_begin(caller, at, name, false, &m);
    if (error)
        return error;
    struct inode *dir = m.dir.dentry->inode, *made = NULL;
    struct new_inode attr;
    prepare_new(caller, dir, L_S_IFLNK | 0777, &attr);
    error =
        dir->ops->symlink ? dir->ops->symlink(dir, m.last.text, target, &attr, &made) : -L_EPERM;
    making_end(&m, error, made, L_IN_CREATE);
    return error;
}

int vfs_link(struct vfs_caller *caller, struct path old, const struct path *at, const char *name)
{
    struct inode *inode = old.dentry->inode, *dir;
    struct making m;
    int error = making_begin(caller, at, name, false, &m);
    if (error)
        return error;
    dir = m.dir.dentry->inode;
    if (m.dir.mount != old.mount || dir->super != inode->super)
        error = -L_EXDEV;
    else if (!may_link_to(&caller->cred, inode) || (inode->mode & L_S_IFMT) == L_S_IFDIR ||
             !dir->ops->link)
        error = -L_EPERM;
    else {
        host_mutex_lock(&inode->lock);
        /* A file that lost its last name stays lost. */
        if (inode->nlink == 0 && !inode->linkable)
            error = -L_ENOENT;
        else
            error = dir->ops->link(dir, m.last.text, inode);
        if (!error)
            inode->linkable = false;
        host_mutex_unlock(&inode->lock);
    }
    making_end(&m, error, error ? NULL : inode_get(inode), L_IN_CREATE);
    if (!error)
        inotify_inode(inode, L_IN_ATTRIB);
    return error;
}

static int check_victim(struct vfs_caller *caller, const struct making *m, bool directory)
{
    struct inode *victim = m->d->inode;
    if (!victim)
        return -L_ENOENT;
    int error = may_delete(&caller->cred, m->dir, victim);
    if (error)
        return error;
    bool is_dir = (victim->mode & L_S_IFMT) == L_S_IFDIR;
    if (directory && !is_dir)
        return -L_ENOTDIR;
    if (!directory && is_dir)
        return -L_EISDIR;
    if (!directory && m->last.trailing_slash)
        return -L_ENOTDIR;
    return m->d->mounted_on ? -L_EBUSY : 0;
}

/* dir->lock is held. */
static int remove_locked(struct making *m, bool directory)
{
    struct inode *dir = m->dir.dentry->inode, *victim = m->d->inode;
    int (*op)(struct inode *, const char *, struct inode *) =
        directory ? dir->ops->rmdir : dir->ops->unlink;
    if (!op)
        return -L_EPERM;
    host_mutex_lock(&victim->lock);
    int error = op(dir, m->last.text, victim);
    host_mutex_unlock(&victim->lock);
    if (!error)
        dentry_remove(m->d);
    return error;
}

static int remove_name(struct vfs_caller *caller, const struct path *at, const char *name,
                       bool directory)
{
    struct making m;
    int error = vfs_walk_parent(caller, at, name, &m.dir, &m.last);
    if (error)
        return error;
    if (m.last.dots) {
        path_put(m.dir);
        if (!directory)
            return -L_EISDIR;
        if (m.last.length == 0)
            return -L_EBUSY;
        return m.last.length == 1 ? -L_EINVAL : -L_ENOTEMPTY;
    }
    struct inode *dir = m.dir.dentry->inode, *victim = NULL;
    host_mutex_lock(&dir->lock);
    error = lookup_name(m.dir, m.last.text, m.last.length, true, &m.d);
    if (error)
        m.d = NULL;
    if (!error)
        error = check_victim(caller, &m, directory);
    if (!error) {
        victim = inode_get(m.d->inode);
        error = remove_locked(&m, directory);
    }
    host_mutex_unlock(&dir->lock);
    if (!error) {
        inotify_name(dir, m.last.text, L_IN_DELETE | (directory ? L_IN_ISDIR : 0), 0);
        if (victim->marks && !directory && victim->nlink)
            inotify_inode(victim, L_IN_ATTRIB);
        if (victim->marks && (directory || victim->nlink == 0))
            inotify_inode(victim, L_IN_DELETE_SELF);
        /* Names that were looked for in vain would keep it. */
        if (directory)
            dentry_prune(m.d);
    }
    if (m.d)
        dentry_put(m.d);
    if (victim)
        inode_put(victim);
    path_put(m.dir);
    return error;
}

int vfs_unlink(struct vfs_caller *caller, const struct path *at, const char *name)
{
    return remove_name(caller, at, name, false);
}

int vfs_rmdir(struct vfs_caller *caller, const struct path *at, const char *name)
{
    return remove_name(caller, at, name, true);
}

struct renaming {
    struct path olddir, newdir;
    struct last_name oldlast, newlast;
    struct dentry *source, *target;
};

/* Ancestors first; otherwise by address. rename_lock is held if they differ. */
static void lock_two(struct path a, struct path b)
{
    struct inode *first = a.dentry->inode, *second = b.dentry->inode;
    if (first == second) {
        host_mutex_lock(&first->lock);
        return;
    }
    bool swap = first > second;
    if (dentry_is_ancestor(a.dentry, b.dentry))
        swap = false;
    else if (dentry_is_ancestor(b.dentry, a.dentry))
        swap = true;
    host_mutex_lock(swap ? &second->lock : &first->lock);
    host_mutex_lock(swap ? &first->lock : &second->lock);
}

static void unlock_two(struct path a, struct path b)
{
    host_mutex_unlock(&a.dentry->inode->lock);
    if (a.dentry->inode != b.dentry->inode)
        host_mutex_unlock(&b.dentry->inode->lock);
}

static bool is_directory(const struct inode *inode)
{
    return inode && (inode->mode & L_S_IFMT) == L_S_IFDIR;
}

/* A slash at the end wants a directory. */
static int check_slashes(const struct renaming *r, uint32_t flags)
{
    struct inode *source = r->source->inode, *target = r->target->inode;
    bool exchange = flags & L_RENAME_EXCHANGE;
    if (!is_directory(source)) {
        if (r->oldlast.trailing_slash || (!exchange && r->newlast.trailing_slash))
            return -L_ENOTDIR;
    }
    return exchange && r->newlast.trailing_slash && !is_directory(target) ? -L_ENOTDIR : 0;
}

static int check_types(const struct renaming *r, uint32_t flags)
{
    struct inode *source = r->source->inode, *target = r->target->inode;
    if (!target || (flags & L_RENAME_EXCHANGE))
        return 0;
    if (is_directory(source) && !is_directory(target))
        return -L_ENOTDIR;
    return !is_directory(source) && is_directory(target) ? -L_EISDIR : 0;
}

static int check_rename(struct vfs_caller *caller, const struct renaming *r, uint32_t flags)
{
    struct inode *source = r->source->inode, *target = r->target->inode;
    if (!source)
        return -L_ENOENT;
    if ((flags & L_RENAME_NOREPLACE) && target)
        return -L_EEXIST;
    if ((flags & L_RENAME_EXCHANGE) && !target)
        return -L_ENOENT;
    int error = check_slashes(r, flags);
    if (error)
        return error;
    /* A directory cannot go below itself. */
    if (dentry_is_ancestor(r->source, r->newdir.dentry))
        return -L_EINVAL;
    if (dentry_is_ancestor(r->target, r->olddir.dentry))
        return flags & L_RENAME_EXCHANGE ? -L_EINVAL : -L_ENOTEMPTY;
    error = may_delete(&caller->cred, r->olddir, source);
    if (!error)
        error = target ? may_delete(&caller->cred, r->newdir, target)
                       : may_create(&caller->cred, r->newdir);
    if (!error)
        error = check_types(r, flags);
    if (!error && is_directory(source) && r->olddir.dentry != r->newdir.dentry)
        error = inode_permission(&caller->cred, source, 2);
    if (!error && (r->source->mounted_on || r->target->mounted_on))
        error = -L_EBUSY;
    return error;
}

static int rename_locked(struct vfs_caller *caller, struct renaming *r, uint32_t flags, bool *same)
{
    int error = lookup_name(r->olddir, r->oldlast.text, r->oldlast.length, true, &r->source);
    if (error)
        return error;
    error = lookup_name(r->newdir, r->newlast.text, r->newlast.length, true, &r->target);
    if (error)
        return error;
    error = check_rename(caller, r, flags);
    if (error)
        return error;
    struct inode *olddir = r->olddir.dentry->inode, *newdir = r->newdir.dentry->inode;
    struct inode *source = r->source->inode, *target = r->target->inode;
    bool exchange = flags & L_RENAME_EXCHANGE;
    if (source == target && olddir == newdir && (source->super->flags & SUPER_CASE_FOLDS) &&
        strcmp(r->oldlast.text, r->newlast.text) != 0 && source->nlink == 1) {
        target = NULL; /* the same name in other letters */
    } else if (source == target) {
        *same = true;
        return 0;
    }
    if (!olddir->ops->rename)
        return -L_EPERM;
    char *name = exchange ? NULL : dentry_copy_name(r->target);
    if (!exchange && !name)
        return -L_ENOMEM;
    if (target)
        host_mutex_lock(&target->lock);
    error = olddir->ops->rename(olddir, r->oldlast.text, source, newdir, r->newlast.text, target,
                                exchange);
    if (target)
        host_mutex_unlock(&target->lock);
    if (error)
        free(name);
    else if (exchange)
        dentry_exchange(r->source, r->target);
    else
        dentry_replace(r->source, r->target, name);
    return error;
}

static void tell_renamed(const struct renaming *r, struct inode *source, struct inode *target,
                         uint32_t flags)
{
    struct inode *olddir = r->olddir.dentry->inode, *newdir = r->newdir.dentry->inode;
    uint32_t isdir = is_directory(source) ? L_IN_ISDIR : 0;
    uint32_t cookie = inotify_cookie();
    inotify_name(olddir, r->oldlast.text, L_IN_MOVED_FROM | isdir, cookie);
    inotify_name(newdir, r->newlast.text, L_IN_MOVED_TO | isdir, cookie);
    inotify_inode(source, L_IN_MOVE_SELF);
    if (target && !(flags & L_RENAME_EXCHANGE) && (target->nlink == 0 || is_directory(target)))
        inotify_inode(target, L_IN_DELETE_SELF);
}

static int rename_found(struct vfs_caller *caller, struct renaming *r, uint32_t flags)
{
    if (r->olddir.mount != r->newdir.mount)
        return -L_EXDEV;
    if (r->oldlast.dots || r->newlast.dots)
        return -L_EBUSY;
    bool apart = r->olddir.dentry != r->newdir.dentry, same = false;
    if (apart)
        host_mutex_lock(&rename_lock);
    lock_two(r->olddir, r->newdir);
    int error = rename_locked(caller, r, flags, &same);
    struct inode *source = NULL, *target = NULL;
    if (!error && !same) {
        source = inode_get(r->source->inode);
        target = r->target->inode ? inode_get(r->target->inode) : NULL;
    }
    unlock_two(r->olddir, r->newdir);
    if (apart)
        host_mutex_unlock(&rename_lock);
    if (source)
        tell_renamed(r, source, target, flags);
    if (target && is_directory(target) && !(flags & L_RENAME_EXCHANGE))
        dentry_prune(r->target);
    if (r->source)
        dentry_put(r->source);
    if (r->target)
        dentry_put(r->target);
    if (source)
        inode_put(source);
    if (target)
        inode_put(target);
    return error;
}

int vfs_rename(struct vfs_caller *caller, const struct path *oldat, const char *oldname,
               const struct path *newat, const char *newname, uint32_t flags)
{
    if (flags & ~(uint32_t)(L_RENAME_NOREPLACE | L_RENAME_EXCHANGE))
        return -L_EINVAL;
    if ((flags & L_RENAME_NOREPLACE) && (flags & L_RENAME_EXCHANGE))
        return -L_EINVAL;
    struct renaming r = {.source = NULL, .target = NULL};
    int error = vfs_walk_parent(caller, oldat, oldname, &r.olddir, &r.oldlast);
    if (error)
        return error;
    error = vfs_walk_parent(caller, newat, newname, &r.newdir, &r.newlast);
    if (!error) {
        error = rename_found(caller, &r, flags);
        path_put(r.newdir);
    }
    path_put(r.olddir);
    return error;
}
