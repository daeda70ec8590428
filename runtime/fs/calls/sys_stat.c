/* stat(2), statx(2), access(2), statfs(2). */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/mount.h"
#include "runtime/fs/calls/fs_calls.h"
#include "runtime/fs/calls/sys.h"
#include "runtime/fs/vfs/permission.h"

#define CWD ((uint64_t)L_AT_FDCWD)

static struct l_timespec timespec_of(fs_time time)
{
    struct l_timespec ts = {time / 1000000000, time % 1000000000};
    if (ts.tv_nsec < 0) {
        ts.tv_nsec += 1000000000;
        ts.tv_sec--;
    }
    return ts;
}

static int64_t put_stat(struct task *t, struct path path, uint64_t address)
{
    struct kstat k;
    int error = vfs_stat(path, &k);
    if (error)
        return error;
    struct l_stat st = {
        .st_dev = k.dev,
        .st_ino = k.ino,
        .st_nlink = k.nlink,
        .st_mode = k.mode,
        .st_uid = k.uid,
        .st_gid = k.gid,
        .st_rdev = k.rdev,
        .st_size = (int64_t)k.size,
        .st_blksize = k.blksize,
        .st_blocks = (int64_t)k.blocks,
        .st_atim = timespec_of(k.atime),
        .st_mtim = timespec_of(k.mtime),
        .st_ctim = timespec_of(k.ctime),
    };
    return copy_to_guest(sys_space(t), address, &st, sizeof(st));
}

int64_t sys_newfstatat(struct task *t, uint64_t dirfd, uint64_t name, uint64_t address,
                       uint64_t flags)
{
    struct vfs_caller caller;
    struct path path;
    if (flags & ~(uint64_t)(L_AT_SYMLINK_NOFOLLOW | L_AT_NO_AUTOMOUNT | L_AT_EMPTY_PATH |
                            L_AT_STATX_SYNC_TYPE))
        return -L_EINVAL;
    int error = sys_walk(t, dirfd, name, (uint32_t)flags, true, &caller, &path);
    if (error)
        return error;
    int64_t result = put_stat(t, path, address);
    path_put(path);
    return result;
}

int64_t sys_stat(struct task *t, uint64_t name, uint64_t address)
{
    return sys_newfstatat(t, CWD, name, address, 0);
}

int64_t sys_lstat(struct task *t, uint64_t name, uint64_t address)
{
    return sys_newfstatat(t, CWD, name, address, L_AT_SYMLINK_NOFOLLOW);
}

int64_t sys_fstat(struct task *t, uint64_t fd, uint64_t address)
{
    struct file *file = sys_file_any(t, fd);
    if (!file)
        return -L_EBADF;
    int64_t result = put_stat(t, file->path, address);
    file_put(file);
    return result;
}

static struct l_statx_timestamp statx_time(fs_time time)
{
    struct l_timespec ts = timespec_of(time);
    return (struct l_statx_timestamp){ts.tv_sec, (uint32_t)ts.tv_nsec, 0};
}

int64_t sys_statx(struct task *t, uint64_t dirfd, uint64_t name, uint64_t flags, uint64_t mask,
                  uint64_t address)
{
    struct vfs_caller caller;
    struct path path;
    struct kstat k;
    if (mask & L_STATX__RESERVED)
        return -L_EINVAL;
    if ((flags & L_AT_STATX_SYNC_TYPE) == L_AT_STATX_SYNC_TYPE)
        return -L_EINVAL;
    if (flags & ~(uint64_t)(L_AT_SYMLINK_NOFOLLOW | L_AT_NO_AUTOMOUNT | L_AT_EMPTY_PATH |
                            L_AT_STATX_SYNC_TYPE))
        return -L_EINVAL;
    int error = sys_walk(t, dirfd, name, (uint32_t)flags, true, &caller, &path);
    if (error)
        return error;
    error = vfs_stat(path, &k);
    struct l_statx stx = {
        .stx_mask = L_STATX_BASIC_STATS | L_STATX_BTIME | L_STATX_MNT_ID,
        .stx_blksize = k.blksize,
        .stx_attributes = path.dentry == path.mount->root ? L_STATX_ATTR_MOUNT_ROOT : 0,
        .stx_attributes_mask = L_STATX_ATTR_MOUNT_ROOT,
        .stx_nlink = k.nlink,
        .stx_uid = k.uid,
        .stx_gid = k.gid,
        .stx_mode = (uint16_t)k.mode,
        .stx_ino = k.ino,
        .stx_size = k.size,
        .stx_blocks = k.blocks,
        .stx_atime = statx_time(k.atime),
        .stx_btime = statx_time(k.btime),
        .stx_ctime = statx_time(k.ctime),
        .stx_mtime = statx_time(k.mtime),
        .stx_rdev_major = l_major(k.rdev),
        .stx_rdev_minor = l_minor(k.rdev),
        .stx_dev_major = l_major(k.dev),
        .stx_dev_minor = l_minor(k.dev),
        .stx_mnt_id = path.mount->id,
    };
    path_put(path);
    return error ? error : copy_to_guest(sys_space(t), address, &stx, sizeof(stx));
}

static int64_t access_at(struct task *t, uint64_t dirfd, uint64_t name, uint64_t mode,
                         uint64_t flags)
{
    struct vfs_caller caller;
    struct path path;
    if ((mode & ~(uint64_t)7) ||
        (flags & ~(uint64_t)(L_AT_EACCESS | L_AT_SYMLINK_NOFOLLOW | L_AT_EMPTY_PATH)))
        return -L_EINVAL;
    if (flags & L_AT_EACCESS)
        vfs_caller_of(t, &caller);
    else
        vfs_real_caller_of(t, &caller);
    int error = sys_walk_as(t, dirfd, name, (uint32_t)flags & ~(uint32_t)L_AT_EACCESS, true,
                            &caller, &path);
    if (error)
        return error;
    error = vfs_permission(&caller.cred, path, (uint32_t)mode);
    path_put(path);
    return error;
}

int64_t sys_faccessat2(struct task *t, uint64_t dirfd, uint64_t name, uint64_t mode, uint64_t flags)
{
    return access_at(t, dirfd, name, (uint32_t)mode, (uint32_t)flags);
}

int64_t sys_faccessat(struct task *t, uint64_t dirfd, uint64_t name, uint64_t mode)
{
    return access_at(t, dirfd, name, (uint32_t)mode, 0);
}

int64_t sys_access(struct task *t, uint64_t name, uint64_t mode)
{
    return access_at(t, CWD, name, (uint32_t)mode, 0);
}

static int64_t put_statfs(struct task *t, struct path path, uint64_t address)
{
    struct superblock *super = path.dentry->super;
    struct fs_usage usage = {.block_size = 4096, .name_max = NAME_LENGTH_MAX};
    if (super->ops && super->ops->statfs) {
        int error = super->ops->statfs(super, &usage);
        if (error)
            return error;
    }
    uint32_t flags = path.mount->flags & (L_MS_RDONLY | L_MS_NOSUID | L_MS_NODEV | L_MS_NOEXEC);
    if (path_read_only(path))
        flags |= L_MS_RDONLY;
    struct l_statfs st = {
        .f_type = super->magic,
        .f_bsize = usage.block_size,
        .f_blocks = usage.blocks,
        .f_bfree = usage.free,
        .f_bavail = usage.available,
        .f_files = usage.files,
        .f_ffree = usage.files_free,
        .f_fsid = {(int32_t)super->dev, 0},
        .f_namelen = usage.name_max,
        .f_frsize = usage.block_size,
        .f_flags = flags | L_ST_VALID | L_ST_RELATIME,
    };
    return copy_to_guest(sys_space(t), address, &st, sizeof(st));
}

int64_t sys_statfs(struct task *t, uint64_t name, uint64_t address)
{
    struct vfs_caller caller;
    struct path path;
    int error = sys_walk(t, CWD, name, 0, true, &caller, &path);
    if (error)
        return error;
    int64_t result = put_statfs(t, path, address);
    path_put(path);
    return result;
}

int64_t sys_fstatfs(struct task *t, uint64_t fd, uint64_t address)
{
    struct file *file = sys_file_any(t, fd);
    if (!file)
        return -L_EBADF;
    int64_t result = put_statfs(t, file->path, address);
    file_put(file);
    return result;
}
