/* Who may do what with an inode. */
#include "runtime/fs/vfs/permission.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/mount.h"
#include "runtime/fs/vfs/vfs.h"

static bool in_group(const struct fs_cred *cred, uint32_t gid)
{
    if (cred->gid == gid)
        return true;
    for (uint32_t i = 0; i < cred->group_count; i++) {
        if (cred->groups[i] == gid)
            return true;
    }
    return false;
}

bool cred_has_group(const struct fs_cred *cred, uint32_t gid)
{
    return in_group(cred, gid);
}

int inode_permission(const struct fs_cred *cred, struct inode *inode, uint32_t mask)
{
    return inode->ops->permission ? inode->ops->permission(inode, mask)
                                  : mode_permission(cred, inode, mask);
}

int mode_permission(const struct fs_cred *cred, const struct inode *inode, uint32_t mask)
{
    uint32_t mode = inode->mode, granted;
    if (cred->dac_override) {
        /* The superuser may do anything but execute what nobody may execute. */
        bool executable = (mode & L_S_IFMT) == L_S_IFDIR || (mode & 0111);
        return (mask & 1) && !executable ? -L_EACCES : 0;
    }
    if (cred->uid == inode->uid)
        granted = mode >> 6;
    else if (in_group(cred, inode->gid))
        granted = mode >> 3;
    else
        granted = mode;
    if (!(mask & ~granted & 7))
        return 0;
    bool reads = mask == 4 || ((mode & L_S_IFMT) == L_S_IFDIR && !(mask & 2));
    return cred->dac_read && reads ? 0 : -L_EACCES;
}

bool path_read_only(struct path path)
{
    return (path.mount->flags & L_MS_RDONLY) || (path.dentry->super->flags & SUPER_READ_ONLY);
}

int vfs_permission(const struct fs_cred *cred, struct path path, uint32_t mask)
{
    struct inode *inode = path.dentry->inode;
    uint32_t type = inode->mode & L_S_IFMT;
    bool stored = type == L_S_IFREG || type == L_S_IFDIR || type == L_S_IFLNK;
    if ((mask & 2) && stored && path_read_only(path))
        return -L_EROFS;
    if ((mask & 1) && type == L_S_IFREG && (path.mount->flags & L_MS_NOEXEC))
        return -L_EACCES;
    return inode_permission(cred, inode, mask);
}

bool cred_owns(const struct fs_cred *cred, const struct inode *inode)
{
    return cred->owner || cred->uid == inode->uid;
}

bool may_link_to(const struct fs_cred *cred, struct inode *inode)
{
    uint32_t mode = inode->mode;
    if (cred_owns(cred, inode))
        return true;
    return (mode & L_S_IFMT) == L_S_IFREG && !(mode & L_S_ISUID) &&
           (mode & (L_S_ISGID | 010)) != (L_S_ISGID | 010) && !inode_permission(cred, inode, 6);
}

/* Somebody else's file where all may write, yet only owners remove what is theirs. */
static bool is_planted(const struct fs_cred *cred, const struct inode *directory,
                       const struct inode *inode)
{
    return cred->uid != inode->uid && directory->uid != inode->uid &&
           (directory->mode & (L_S_ISVTX | 02)) == (L_S_ISVTX | 02);
}

bool may_follow(const struct fs_cred *cred, const struct inode *directory, const struct inode *link)
{
    return !is_planted(cred, directory, link);
}

bool may_reuse(const struct fs_cred *cred, const struct inode *directory, const struct inode *found)
{
    uint32_t type = found->mode & L_S_IFMT;
    return (type != L_S_IFREG && type != L_S_IFIFO) || !is_planted(cred, directory, found);
}

int may_delete(const struct fs_cred *cred, struct path dir, struct inode *victim)
{
    if (path_read_only(dir))
        return -L_EROFS;
    struct inode *inode = dir.dentry->inode;
    int error = inode_permission(cred, inode, 3);
    if (error)
        return error;
    if ((inode->mode & L_S_ISVTX) && !cred->owner && cred->uid != victim->uid &&
        cred->uid != inode->uid)
        return -L_EPERM;
    return 0;
}

int may_create(const struct fs_cred *cred, struct path dir)
{
    if (dir.dentry->inode->nlink == 0)
        return -L_ENOENT;
    if (path_read_only(dir))
        return -L_EROFS;
    return inode_permission(cred, dir.dentry->inode, 3);
}

void prepare_new(const struct vfs_caller *caller, struct inode *dir, uint32_t mode,
                 struct new_inode *out)
{
    uint32_t type = mode & L_S_IFMT;
    *out = (struct new_inode){.mode = mode, .uid = caller->cred.uid, .gid = caller->cred.gid};
    if (type != L_S_IFLNK)
        out->mode &= ~caller->fs->umask;
    if (dir->mode & L_S_ISGID) {
        out->gid = dir->gid;
        if (type == L_S_IFDIR)
            out->mode |= L_S_ISGID;
        else if ((mode & (L_S_ISGID | 010)) == (L_S_ISGID | 010) && !caller->cred.fsetid &&
                 !in_group(&caller->cred, dir->gid))
            out->mode &= ~(uint32_t)L_S_ISGID;
    }
}
