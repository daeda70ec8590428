/* Operations on what a path leads to: attributes, size, link text. */
#include "runtime/abi/errno.h"
#include "runtime/fs/vfs/inotify.h"
#include "runtime/fs/vfs/permission.h"
#include <string.h>

int vfs_stat(struct path path, struct kstat *out)
{
    struct inode *inode = path.dentry->inode;
    if (inode->ops->getattr)
        return inode->ops->getattr(inode, out);
    inode_getattr(inode, out);
    return 0;
}

int vfs_readlink(struct path path, char *text, size_t size)
{
    struct inode *inode = path.dentry->inode;
    if ((inode->mode & L_S_IFMT) != L_S_IFLNK || !inode->ops->readlink)
        return -L_EINVAL;
    return inode->ops->readlink(inode, text, size);
}

/* inode->lock is held. */
static int set_locked(struct inode *inode, struct attr *attr)
{
    attr->valid |= ATTR_CTIME;
    attr->ctime = fs_now();
    if (inode->ops->setattr)
        return inode->ops->setattr(inode, attr);
    return inode_setattr(inode, attr);
}

static int set_attributes(struct path path, struct attr *attr)
{
    struct inode *inode = path.dentry->inode;
    host_mutex_lock(&inode->lock);
    int error = set_locked(inode, attr);
    host_mutex_unlock(&inode->lock);
    if (!error)
        inotify_file(path.dentry, attr->valid & ATTR_SIZE ? L_IN_MODIFY : L_IN_ATTRIB);
    return error;
}

int vfs_chmod(struct vfs_caller *caller, struct path path, uint32_t mode)
{
    struct inode *inode = path.dentry->inode;
    if (path_read_only(path))
        return -L_EROFS;
    if ((inode->mode & L_S_IFMT) == L_S_IFLNK)
        return -L_EOPNOTSUPP;
    if (!cred_owns(&caller->cred, inode))
        return -L_EPERM;
    struct attr attr = {.valid = ATTR_MODE, .mode = mode & 07777};
    if ((mode & L_S_ISGID) && (inode->mode & L_S_IFMT) != L_S_IFDIR && !caller->cred.fsetid &&
        !cred_has_group(&caller->cred, inode->gid))
        attr.mode &= ~(uint32_t)L_S_ISGID;
    return set_attributes(path, &attr);
}

int vfs_chown(struct vfs_caller *caller, struct path path, uint32_t uid, uint32_t gid)
{
    struct inode *inode = path.dentry->inode;
    const struct fs_cred *cred = &caller->cred;
    struct attr attr = {.uid = uid, .gid = gid};
    if (path_read_only(path))
        return -L_EROFS;
    if (uid != UINT32_MAX) {
        if (!cred->chown && !(cred->uid == inode->uid && uid == inode->uid))
            return -L_EPERM;
        attr.valid |= ATTR_UID;
    }
    if (gid != UINT32_MAX) {
        if (!cred->chown &&
            !(cred->uid == inode->uid && (gid == inode->gid || cred_has_group(cred, gid))))
            return -L_EPERM;
        attr.valid |= ATTR_GID;
    }
    if ((inode->mode & L_S_IFMT) != L_S_IFDIR && (inode->mode & (L_S_ISUID | L_S_ISGID))) {
        attr.valid |= ATTR_MODE;
        attr.mode = inode->mode & 07777 & ~(uint32_t)L_S_ISUID;
        if (attr.mode & 010)
            attr.mode &= ~(uint32_t)L_S_ISGID;
    }
    host_mutex_lock(&inode->lock);
    inode_strip_privileges(inode, true);
    host_mutex_unlock(&inode->lock);
    return set_attributes(path, &attr);
}

int inode_truncate(struct inode *inode, uint64_t size)
{
    if (size > inode->super->max_size)
        return -L_EFBIG;
    int error = turn_take(&inode->data);
    if (error)
        return error;
    fs_time now = fs_now();
    struct attr attr = {.valid = ATTR_SIZE | ATTR_MTIME, .size = size, .mtime = now};
    host_mutex_lock(&inode->lock);
    inode_strip_privileges(inode, task_has_fsetid());
    error = set_locked(inode, &attr);
    host_mutex_unlock(&inode->lock);
    turn_give(&inode->data);
    return error;
}

int vfs_truncate(struct vfs_caller *caller, struct path path, uint64_t size)
{
    struct inode *inode = path.dentry->inode;
    uint32_t type = inode->mode & L_S_IFMT;
    if (type == L_S_IFDIR)
        return -L_EISDIR;
    if (type != L_S_IFREG)
        return -L_EINVAL;
    int error = vfs_permission(&caller->cred, path, 2);
    if (!error)
        error = inode_get_writer(inode);
    if (error)
        return error;
    error = inode_truncate(inode, size);
    inode_put_writer(inode);
    if (!error)
        inotify_file(path.dentry, L_IN_MODIFY);
    return error;
}

int vfs_utimes(struct vfs_caller *caller, struct path path, const fs_time *atime,
               const fs_time *mtime, bool now)
{
    struct inode *inode = path.dentry->inode;
    if (!atime && !mtime)
        return 0;
    if (path_read_only(path))
        return -L_EROFS;
    if (!cred_owns(&caller->cred, inode)) {
        if (!now)
            return -L_EPERM;
        if (inode_permission(&caller->cred, inode, 2))
            return -L_EACCES;
    }
    struct attr attr = {0};
    if (atime) {
        attr.valid |= ATTR_ATIME;
        attr.atime = *atime;
    }
    if (mtime) {
        attr.valid |= ATTR_MTIME;
        attr.mtime = *mtime;
    }
    return set_attributes(path, &attr);
}
