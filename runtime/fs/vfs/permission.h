/* Who may do what; shared by the files that implement the operations of vfs.h. */
#ifndef RUNTIME_FS_VFS_PERMISSION_H
#define RUNTIME_FS_VFS_PERMISSION_H

#include "runtime/fs/vfs/vfs.h"

bool cred_has_group(const struct fs_cred *cred, uint32_t gid);
/* Owns the file or may act as if. */
bool cred_owns(const struct fs_cred *cred, const struct inode *inode);
bool path_read_only(struct path path);
/* What owner, group and mode say, without the file system's own idea. As inode_permission. */
int mode_permission(const struct fs_cred *cred, const struct inode *inode, uint32_t mask);
/* Whether a new name may be given to a file that is not the caller's (Linux's protected_hardlinks):
 * only to what it could read and write anyway, and not to programs that raise privileges. */
bool may_link_to(const struct fs_cred *cred, struct inode *inode);
/* Whether a link, the last component of a path, in that directory may be followed (Linux's
 * protected_symlinks): in a sticky directory that all may write to only the caller's own, or those
 * of the directory's owner. */
bool may_follow(const struct fs_cred *cred, const struct inode *directory,
                const struct inode *link);
/* Whether O_CREAT may open what is there already in that directory (Linux's protected_fifos and
 * protected_regular): in a sticky directory that all may write to no FIFO and no regular file but
 * the caller's own and those of the directory's owner. */
bool may_reuse(const struct fs_cred *cred, const struct inode *directory,
               const struct inode *found);
/* Remove victim's name from dir: -L_EROFS, -L_EACCES, -L_EPERM (sticky directory). */
int may_delete(const struct fs_cred *cred, struct path dir, struct inode *victim);
/* Make a name in dir: -L_ENOENT when dir itself was removed, -L_EROFS, -L_EACCES. */
int may_create(const struct fs_cred *cred, struct path dir);
/* Owner, group and mode of a new file: umask, set-group-ID directories. mode has type bits. */
void prepare_new(const struct vfs_caller *caller, struct inode *dir, uint32_t mode,
                 struct new_inode *out);

#endif
