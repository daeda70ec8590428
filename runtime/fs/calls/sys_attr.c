/* chmod(2), chown(2), utimensat(2), truncate(2), fallocate(2), fsync(2), sync(2). */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/calls/fs_calls.h"
#include "runtime/fs/calls/sys.h"
#include "runtime/fs/vfs/permission.h"
#include "runtime/host/time.h"

#define CWD ((uint64_t)L_AT_FDCWD)

static int64_t chmod_at(struct task *t, uint64_t dirfd, uint64_t name, uint64_t mode,
                        uint32_t flags)
{
    struct vfs_caller caller;
    struct path path;
    int error = sys_walk(t, dirfd, name, flags, true, &caller, &path);
    if (error)
        return error;
    error = vfs_chmod(&caller, path, (uint32_t)mode);
    path_put(path);
    return error;
}

int64_t sys_fchmodat(struct task *t, uint64_t dirfd, uint64_t name, uint64_t mode)
{
    return chmod_at(t, dirfd, name, mode, 0);
}

int64_t sys_fchmodat2(struct task *t, uint64_t dirfd, uint64_t name, uint64_t mode, uint64_t flags)
{
    if (flags & ~(uint64_t)(L_AT_SYMLINK_NOFOLLOW | L_AT_EMPTY_PATH))
        return -L_EINVAL;
    return chmod_at(t, dirfd, name, mode, (uint32_t)flags);
}

int64_t sys_chmod(struct task *t, uint64_t name, uint64_t mode)
{
    return chmod_at(t, CWD, name, mode, 0);
}

int64_t sys_fchmod(struct task *t, uint64_t fd, uint64_t mode)
{
    struct vfs_caller caller;
    struct file *file = sys_file(t, fd);
    if (!file)
        return -L_EBADF;
    vfs_caller_of(t, &caller);
    int64_t error = vfs_chmod(&caller, file->path, (uint32_t)mode);
    file_put(file);
    return error;
}

int64_t sys_fchownat(struct task *t, uint64_t dirfd, uint64_t name, uint64_t uid, uint64_t gid,
                     uint64_t flags)
{
    struct vfs_caller caller;
    struct path path;
    if (flags & ~(uint64_t)(L_AT_SYMLINK_NOFOLLOW | L_AT_EMPTY_PATH))
        return -L_EINVAL;
    int error = sys_walk(t, dirfd, name, (uint32_t)flags, true, &caller, &path);
    if (error)
        return error;
    error = vfs_chown(&caller, path, (uint32_t)uid, (uint32_t)gid);
    path_put(path);
    return error;
}

int64_t sys_chown(struct task *t, uint64_t name, uint64_t uid, uint64_t gid)
{
    return sys_fchownat(t, CWD, name, uid, gid, 0);
}

int64_t sys_lchown(struct task *t, uint64_t name, uint64_t uid, uint64_t gid)
{
    return sys_fchownat(t, CWD, name, uid, gid, L_AT_SYMLINK_NOFOLLOW);
}

int64_t sys_fchown(struct task *t, uint64_t fd, uint64_t uid, uint64_t gid)
{
    struct vfs_caller caller;
    struct file *file = sys_file(t, fd);
    if (!file)
        return -L_EBADF;
    vfs_caller_of(t, &caller);
    int64_t error = vfs_chown(&caller, file->path, (uint32_t)uid, (uint32_t)gid);
    file_put(file);
    return error;
}

/* --- times --- */

struct times {
    fs_time atime, mtime;
    bool set_atime, set_mtime;
    bool now; /* both are the current time */
};

static int64_t set_times(struct task *t, uint64_t dirfd, uint64_t name, uint32_t flags,
                         const struct times *times)
{
    struct vfs_caller caller;
    struct path path;
    int error;
    if (name == 0) {
        struct file *file = flags ? NULL : sys_file(t, dirfd);
        if (!file)
            return flags ? -L_EINVAL : -L_EBADF;
        path = path_get(file->path);
        file_put(file);
        vfs_caller_of(t, &caller);
    } else {
        error = sys_walk(t, dirfd, name, flags, true, &caller, &path);
        if (error)
            return error;
    }
    error = vfs_utimes(&caller, path, times->set_atime ? &times->atime : NULL,
                       times->set_mtime ? &times->mtime : NULL, times->now);
    path_put(path);
    return error;
}

static struct times times_now(void)
{
    fs_time now = fs_now();
    return (struct times){now, now, true, true, true};
}

static int one_time(const struct l_timespec *ts, fs_time now, fs_time *time, bool *set)
{
    *set = true;
    if (ts->tv_nsec == L_UTIME_NOW) {
        *time = now;
        return 0;
    }
    if (ts->tv_nsec == L_UTIME_OMIT) {
        *set = false;
        return 0;
    }
    if (ts->tv_nsec < 0 || ts->tv_nsec >= 1000000000)
        return -L_EINVAL;
    *time = host_time_in_ns(ts->tv_sec, ts->tv_nsec);
    return 0;
}

int64_t sys_utimensat(struct task *t, uint64_t dirfd, uint64_t name, uint64_t address,
                      uint64_t flags)
{
    struct times times = times_now();
    struct l_timespec ts[2];
    if (flags & ~(uint64_t)(L_AT_SYMLINK_NOFOLLOW | L_AT_EMPTY_PATH))
        return -L_EINVAL;
    if (address) {
        if (copy_from_guest(sys_space(t), ts, address, sizeof(ts)))
            return -L_EFAULT;
        fs_time now = times.atime;
        int error = one_time(&ts[0], now, &times.atime, &times.set_atime);
        if (!error)
            error = one_time(&ts[1], now, &times.mtime, &times.set_mtime);
        if (error)
            return error;
        times.now = ts[0].tv_nsec == L_UTIME_NOW && ts[1].tv_nsec == L_UTIME_NOW;
        if (!times.set_atime && !times.set_mtime)
            return 0;
    }
    return set_times(t, dirfd, name, (uint32_t)flags, &times);
}

int64_t sys_futimesat(struct task *t, uint64_t dirfd, uint64_t name, uint64_t address)
{
    struct times times = times_now();
    struct l_timeval tv[2];
    if (address) {
        if (copy_from_guest(sys_space(t), tv, address, sizeof(tv)))
            return -L_EFAULT;
        for (int i = 0; i < 2; i++) {
            bool set;
            if (tv[i].tv_usec < 0 || tv[i].tv_usec >= 1000000)
                return -L_EINVAL;
            struct l_timespec ts = {tv[i].tv_sec, tv[i].tv_usec * 1000};
            one_time(&ts, 0, i ? &times.mtime : &times.atime, &set);
        }
        times.now = false;
    }
    return set_times(t, dirfd, name, 0, &times);
}

int64_t sys_utimes(struct task *t, uint64_t name, uint64_t address)
{
    return sys_futimesat(t, CWD, name, address);
}

int64_t sys_utime(struct task *t, uint64_t name, uint64_t address)
{
    struct times times = times_now();
    int64_t seconds[2];
    if (address) {
        if (copy_from_guest(sys_space(t), seconds, address, sizeof(seconds)))
            return -L_EFAULT;
        struct l_timespec a = {seconds[0], 0}, m = {seconds[1], 0};
        one_time(&a, 0, &times.atime, &times.set_atime);
        one_time(&m, 0, &times.mtime, &times.set_mtime);
        times.now = false;
    }
    return set_times(t, CWD, name, 0, &times);
}

/* --- size --- */

static int check_limit(struct task *t, uint64_t size)
{
    if (size <= t->process->rlimits[L_RLIMIT_FSIZE].rlim_cur)
        return 0;
    signal_send_task(t, L_SIGXFSZ, NULL);
    return -L_EFBIG;
}

int64_t sys_truncate(struct task *t, uint64_t name, uint64_t size)
{
    struct vfs_caller caller;
    struct path path;
    if ((int64_t)size < 0)
        return -L_EINVAL;
    int error = sys_walk(t, CWD, name, 0, true, &caller, &path);
    if (error)
        return error;
    error = check_limit(t, size);
    if (!error)
        error = vfs_truncate(&caller, path, size);
    path_put(path);
    return error;
}

int64_t sys_ftruncate(struct task *t, uint64_t fd, uint64_t size)
{
    if ((int64_t)size < 0)
        return -L_EINVAL;
    struct file *file = sys_file(t, fd);
    if (!file)
        return -L_EBADF;
    int64_t error = file_writable(file) ? check_limit(t, size) : -L_EINVAL;
    if (!error)
        error = file_truncate(file, size);
    file_put(file);
    return error;
}

int64_t sys_fallocate(struct task *t, uint64_t fd, uint64_t mode, uint64_t offset, uint64_t length)
{
    if ((int64_t)offset < 0 || (int64_t)length <= 0)
        return -L_EINVAL;
    struct file *file = sys_file(t, fd);
    if (!file)
        return -L_EBADF;
    int64_t error = 0;
    uint32_t type = file->inode->mode & L_S_IFMT;
    if (!file_writable(file))
        error = -L_EBADF;
    else if (type == L_S_IFIFO)
        error = -L_ESPIPE;
    else if (type == L_S_IFDIR)
        error = -L_EISDIR;
    else if (type != L_S_IFREG)
        error = -L_ENODEV;
    else if ((int64_t)(offset + length) < 0)
        error = -L_EFBIG;
    else if (!file->ops->fallocate)
        error = -L_EOPNOTSUPP;
    if (!error && !((uint32_t)mode & L_FALLOC_FL_KEEP_SIZE))
        error = check_limit(t, offset + length);
    if (!error)
        error = turn_take(&file->inode->data);
    if (!error) {
        error = file->ops->fallocate(file, (int32_t)mode, offset, length);
        turn_give(&file->inode->data);
    }
    file_put(file);
    return error;
}

static int64_t sync_fd(struct task *t, uint64_t fd, bool data_only)
{
    struct file *file = sys_file(t, fd);
    if (!file)
        return -L_EBADF;
    int64_t error = file_fsync(file, data_only);
    file_put(file);
    return error;
}

int64_t sys_fsync(struct task *t, uint64_t fd)
{
    return sync_fd(t, fd, false);
}

int64_t sys_fdatasync(struct task *t, uint64_t fd)
{
    return sync_fd(t, fd, true);
}

int64_t sys_sync_file_range(struct task *t, uint64_t fd)
{
    return sync_fd(t, fd, true);
}

int64_t sys_sync(struct task *t)
{
    (void)t;
    super_sync_all();
    return 0;
}

int64_t sys_syncfs(struct task *t, uint64_t fd)
{
    struct file *file = sys_file(t, fd);
    if (!file)
        return -L_EBADF;
    int64_t error = super_sync(file->inode->super);
    file_put(file);
    return error;
}

int64_t sys_fadvise64(struct task *t, uint64_t fd, uint64_t offset, uint64_t length,
                      uint64_t advice)
{
    (void)offset;
    struct file *file = sys_file(t, fd);
    if (!file)
        return -L_EBADF;
    int64_t error = 0;
    if ((file->inode->mode & L_S_IFMT) == L_S_IFIFO)
        error = -L_ESPIPE;
    else if ((int64_t)length < 0 || (uint32_t)advice > 5)
        error = -L_EINVAL;
    file_put(file);
    return error;
}

int64_t sys_readahead(struct task *t, uint64_t fd)
{
    struct file *file = sys_file(t, fd);
    if (!file)
        return -L_EBADF;
    bool can = file_readable(file);
    bool regular = (file->inode->mode & L_S_IFMT) == L_S_IFREG;
    file_put(file);
    return !can ? -L_EBADF : regular ? 0 : -L_EINVAL;
}
