/* Who may do what; shared by the files that implement the operations of vfs.h. */
#ifndef FORELAND_FS_PERMISSION_H
#define FORELAND_FS_PERMISSION_H

#include "runtime/fs/vfs.h"

bool cred_has_group(const struct fs_cred *cred, uint32_t gid);
/* Owns the file or may act as if. */
bool cred_owns(const struct fs_cred *cred, const struct inode *inode);
bool path_read_only(struct path path);
/* Remove victim's name from dir: -L_EROFS, -L_EACCES, -L_EPERM (sticky directory). */
int may_delete(const struct fs_cred *cred, struct path dir, struct inode *victim);
/* Make a name in dir: -L_ENOENT when dir itself was removed, -L_EROFS, -L_EACCES. */
int may_create(const struct fs_cred *cred, struct path dir);
/* Owner, group and mode of a new file: umask, set-group-ID directories. mode has type bits. */
void prepare_new(const struct vfs_caller *caller, struct inode *dir, uint32_t mode,
                 struct new_inode *out);

#endif
