/* mount(2) and umount2(2) for the file systems there are; inotify_init(2) and its kin are in
 * sys_inotify.c. */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/mount.h"
#include "runtime/fs/calls/fs_calls.h"
#include "runtime/fs/calls/sys.h"
#include "runtime/fs/tmpfs/tmpfs.h"
#include "runtime/proc/proc.h"
#include <string.h>

#define CWD         ((uint64_t)L_AT_FDCWD)
#define PROPAGATION (L_MS_SHARED | L_MS_PRIVATE | L_MS_SLAVE | L_MS_UNBINDABLE)
#define KEPT        (L_MS_RDONLY | L_MS_NOSUID | L_MS_NODEV | L_MS_NOEXEC | L_MS_NOATIME)

static struct superblock *make_super(const char *type, const char *source, int *error)
{
    if (strcmp(type, "tmpfs") == 0)
        return tmpfs_new(source, 01777, error);
    if (strcmp(type, "proc") == 0)
        return proc_new(error);
    if (strcmp(type, "sysfs") == 0)
        return sysfs_new(error);
    if (strcmp(type, "devtmpfs") == 0)
        return devfs_new(error);
    *error = -L_ENODEV;
    return NULL;
}

static int bind(struct task *t, uint64_t source, struct path at, uint32_t flags)
{
    struct vfs_caller caller;
    struct path from;
    int error = sys_walk(t, CWD, source, 0, true, &caller, &from);
    if (error)
        return error;
    bool from_dir = (from.dentry->inode->mode & L_S_IFMT) == L_S_IFDIR;
    bool to_dir = (at.dentry->inode->mode & L_S_IFMT) == L_S_IFDIR;
    error = from_dir != to_dir ? -L_ENOTDIR : mount_bind(from, &at, flags & KEPT);
    path_put(from);
    return error;
}

/* The options of a tmpfs; other file systems have none. */
static int set_options(struct task *t, struct superblock *super, uint64_t data)
{
    char options[1024] = "";
    int64_t length = data ? guest_string(sys_space(t), data, options, sizeof(options)) : 0;
    if (length < 0)
        return length == -L_ENAMETOOLONG ? -L_EINVAL : (int)length;
    return strcmp(super->type, "tmpfs") == 0 ? tmpfs_set_options(super, options) : 0;
}

static int mount_type(struct task *t, uint64_t source, uint64_t type, struct path at,
                      uint32_t flags, uint64_t data)
{
    char name[64], from[256] = "none";
    int64_t length = guest_string(sys_space(t), type, name, sizeof(name));
    if (length < 0)
        return length == -L_ENAMETOOLONG ? -L_ENODEV : (int)length;
    if (source) {
        length = guest_string(sys_space(t), source, from, sizeof(from));
        if (length < 0)
            return (int)length;
    }
    if ((at.dentry->inode->mode & L_S_IFMT) != L_S_IFDIR)
        return -L_ENOTDIR;
    int error;
    struct superblock *super = make_super(name, from, &error);
    if (!super)
        return error;
    error = set_options(t, super, data);
    if (error) {
        super_put(super);
        return error;
    }
    return mount_add(super, &at, flags & KEPT, NULL);
}

int64_t sys_mount(struct task *t, uint64_t source, uint64_t target, uint64_t type, uint64_t flags,
                  uint64_t data)
{
    struct vfs_caller caller;
    struct path at;
    if (!cred_capable(&t->process->cred, L_CAP_SYS_ADMIN))
        return -L_EPERM;
    int error = sys_walk(t, CWD, target, 0, true, &caller, &at);
    if (error)
        return error;
    if (flags & L_MS_REMOUNT) {
        error = at.dentry == at.mount->root ? 0 : -L_EINVAL;
        if (!error && !(flags & L_MS_BIND))
            error = set_options(t, at.mount->super, data);
        if (!error)
            mount_set_flags(at.mount, (uint32_t)flags & KEPT);
    } else if (flags & L_MS_BIND) {
        error = bind(t, source, at, (uint32_t)flags);
    } else if (flags & PROPAGATION) {
        /* There is one mount namespace: private is what every mount is. */
        error = flags & L_MS_PRIVATE ? 0 : -L_EINVAL;
    } else if (flags & L_MS_MOVE) {
        error = -L_EINVAL;
    } else {
        error = mount_type(t, source, type, at, (uint32_t)flags, data);
    }
    path_put(at);
    return error;
}

int64_t sys_umount2(struct task *t, uint64_t target, uint64_t flags)
{
    struct vfs_caller caller;
    struct path at;
    if (flags & ~(uint64_t)(L_MNT_FORCE | L_MNT_DETACH | L_MNT_EXPIRE | L_UMOUNT_NOFOLLOW))
        return -L_EINVAL;
    if (!cred_capable(&t->process->cred, L_CAP_SYS_ADMIN))
        return -L_EPERM;
    int error = sys_walk(t, CWD, target, 0, !(flags & L_UMOUNT_NOFOLLOW), &caller, &at);
    if (error)
        return error;
    error = mount_remove(at, flags & L_MNT_DETACH);
    path_put(at);
    return error;
}
