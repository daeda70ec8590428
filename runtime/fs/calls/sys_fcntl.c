/* fcntl(2), flock(2), and the ioctl(2) commands every file has. */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/inet.h"
#include "runtime/abi/signal.h"
#include "runtime/abi/termios.h"
#include "runtime/fs/calls/fs_calls.h"
#include "runtime/fs/calls/sys.h"
#include "runtime/fs/pipe/pipe.h"
#include "runtime/fs/tmpfs/memfd.h"
#include "runtime/fs/vfs/file_lock.h"
#include "runtime/fs/vfs/sigio.h"

#define SETFL_BITS (L_O_APPEND | L_O_NONBLOCK | L_O_ASYNC | L_O_DIRECT | L_O_NOATIME)

static int64_t set_flags(struct task *t, struct file *file, int fd, uint32_t flags)
{
    uint32_t before = atomic_load(&file->flags);
    if ((flags & ~before & L_O_NOATIME) && !cred_capable(&t->process->cred, L_CAP_FOWNER) &&
        t->process->cred.fsuid != file->inode->uid)
        return -L_EPERM;
    if (((flags ^ before) & L_O_ASYNC) && (file->ops->kind_flags & FILE_OPS_ASYNC)) {
        int error = async_set(file, fd, flags & L_O_ASYNC);
        if (error)
            return error;
    }
    while (!atomic_compare_exchange_weak(&file->flags, &before,
                                         (before & ~(uint32_t)SETFL_BITS) | (flags & SETFL_BITS)))
        ;
    return 0;
}

/* l_whence, l_start, l_len to absolute offsets. */
static int lock_range_of(struct file *file, const struct l_flock *l, struct lock_range *out)
{
    int64_t start = l->l_start, end;
    switch (l->l_whence) {
    case L_SEEK_SET:
        break;
    case L_SEEK_CUR:
        if (__builtin_add_overflow(start, (int64_t)file->pos, &start))
            return -L_EOVERFLOW;
        break;
    case L_SEEK_END:
        if (__builtin_add_overflow(start, (int64_t)file->inode->size, &start))
            return -L_EOVERFLOW;
        break;
    default:
        return -L_EINVAL;
    }
    if (start < 0)
        return -L_EINVAL;
    end = INT64_MAX;
    if (l->l_len > 0) {
        if (__builtin_add_overflow(start, l->l_len - 1, &end))
            return -L_EOVERFLOW;
    } else if (l->l_len < 0) {
        end = start - 1;
        start += l->l_len;
        if (start < 0)
            return -L_EINVAL;
    }
    *out = (struct lock_range){l->l_type, start, end};
    return 0;
}

static int64_t get_lock(struct task *t, struct file *file, uint64_t address, bool ofd)
{
    struct l_flock l;
    struct lock_range want, found;
    int32_t pid = 0;
    if (copy_from_guest(sys_space(t), &l, address, sizeof(l)))
        return -L_EFAULT;
    if (l.l_type != L_F_RDLCK && l.l_type != L_F_WRLCK)
        return -L_EINVAL;
    if (ofd && l.l_pid != 0)
        return -L_EINVAL;
    int error = lock_range_of(file, &l, &want);
    if (error)
        return error;
    lock_test(file, t->files, ofd, &want, &found, &pid);
    l.l_type = (int16_t)found.type;
    if (found.type != L_F_UNLCK) {
        l.l_whence = L_SEEK_SET;
        l.l_start = found.start;
        l.l_len = found.end == INT64_MAX ? 0 : found.end - found.start + 1;
        l.l_pid = pid;
    }
    return copy_to_guest(sys_space(t), address, &l, sizeof(l));
}

static int64_t set_lock(struct task *t, struct file *file, uint64_t address, bool ofd, bool wait)
{
    struct l_flock l;
    struct lock_range want;
    if (copy_from_guest(sys_space(t), &l, address, sizeof(l)))
        return -L_EFAULT;
    if (ofd && l.l_pid != 0)
        return -L_EINVAL;
    int error = lock_range_of(file, &l, &want);
    if (error)
        return error;
    switch (l.l_type) {
    case L_F_RDLCK:
        if (!file_readable(file))
            return -L_EBADF;
        break;
    case L_F_WRLCK:
        if (!file_writable(file))
            return -L_EBADF;
        break;
    case L_F_UNLCK:
        break;
    default:
        return -L_EINVAL;
    }
    return lock_set(file, t->files, t->process->pid, ofd, &want, wait);
}

struct owner_ex {
    int32_t type, pid;
};

static bool owner_exists(int32_t type, int32_t id)
{
    struct task *t = type == FILE_OWNER_TID ? task_find(id) : NULL;
    struct process *p = type == FILE_OWNER_PID ? process_find(id) : NULL;
    struct pgrp *group = type == FILE_OWNER_PGRP ? pgrp_find(id, NULL) : NULL;
    bool there = t || p || group;
    task_put(t);
    if (p)
        process_put(p);
    if (group)
        pgrp_put(group);
    return there;
}

static int64_t set_owner(struct task *t, struct file *file, int32_t type, int32_t id)
{
    if (type < 0 || type > FILE_OWNER_PGRP)
        return -L_EINVAL;
    if (id && !owner_exists(type, id))
        return -L_ESRCH;
    host_mutex_lock(&file->owner_lock);
    file->owner.type = type;
    file->owner.id = id;
    file->owner.uid = t->process->cred.uid;
    file->owner.euid = t->process->cred.euid;
    host_mutex_unlock(&file->owner_lock);
    return 0;
}

/* F_SETOWN: a process, or less than 0 a process group. */
static int64_t set_owner_of(struct task *t, struct file *file, int32_t id)
{
    if (id == INT32_MIN)
        return -L_EINVAL;
    return set_owner(t, file, id < 0 ? FILE_OWNER_PGRP : FILE_OWNER_PID, id < 0 ? -id : id);
}

static int32_t owner_of(const struct file *file)
{
    return file->owner.type == FILE_OWNER_PGRP ? -file->owner.id : file->owner.id;
}

/* The same by ioctl, which sockets have (socket(7)). */
static bool socket_owner_request(uint32_t command)
{
    return command == L_SIOCSPGRP || command == L_FIOSETOWN || command == L_SIOCGPGRP ||
           command == L_FIOGETOWN;
}

static int64_t socket_owner(struct task *t, struct file *file, uint32_t command, uint64_t arg)
{
    uint32_t id;
    if (command == L_SIOCGPGRP || command == L_FIOGETOWN)
        return put_guest_u32(sys_space(t), arg, (uint32_t)owner_of(file));
    return get_guest_u32(sys_space(t), arg, &id) ? -L_EFAULT : set_owner_of(t, file, (int32_t)id);
}

static int64_t owner_call(struct task *t, struct file *file, uint32_t command, uint64_t arg)
{
    struct owner_ex ex;
    int32_t id = (int32_t)arg;
    switch (command) {
    case L_F_SETOWN:
        return set_owner_of(t, file, id);
    case L_F_GETOWN:
        return owner_of(file);
    case L_F_SETOWN_EX:
        if (copy_from_guest(sys_space(t), &ex, arg, sizeof(ex)))
            return -L_EFAULT;
        return set_owner(t, file, ex.type, ex.pid);
    default:
        ex = (struct owner_ex){file->owner.type, file->owner.id};
        return copy_to_guest(sys_space(t), arg, &ex, sizeof(ex));
    }
}

static int64_t pipe_call(struct task *t, struct file *file, uint32_t command, uint64_t arg)
{
    struct pipe *pipe = pipe_of(file);
    if (!pipe)
        return -L_EBADF;
    if (command == L_F_GETPIPE_SZ)
        return pipe_get_size(pipe);
    return pipe_set_size(pipe, (uint32_t)arg, cred_capable(&t->process->cred, L_CAP_SYS_RESOURCE));
}

static int64_t fcntl_file(struct task *t, struct file *file, int fd, uint32_t command, uint64_t arg)
{
    switch (command) {
    case L_F_SETFL:
        return set_flags(t, file, fd, (uint32_t)arg);
    case L_F_GETLK:
    case L_F_OFD_GETLK:
        return get_lock(t, file, arg, command == L_F_OFD_GETLK);
    case L_F_SETLK:
    case L_F_SETLKW:
        return set_lock(t, file, arg, false, command == L_F_SETLKW);
    case L_F_OFD_SETLK:
    case L_F_OFD_SETLKW:
        return set_lock(t, file, arg, true, command == L_F_OFD_SETLKW);
    case L_F_SETOWN:
    case L_F_GETOWN:
    case L_F_SETOWN_EX:
    case L_F_GETOWN_EX:
        return owner_call(t, file, command, arg);
    case L_F_SETSIG:
        if (arg > L_NSIG)
            return -L_EINVAL;
        host_mutex_lock(&file->owner_lock);
        file->owner.signal = (int32_t)arg;
        host_mutex_unlock(&file->owner_lock);
        return 0;
    case L_F_GETSIG:
        return file->owner.signal;
    case L_F_SETPIPE_SZ:
    case L_F_GETPIPE_SZ:
        return pipe_call(t, file, command, arg);
    case L_F_ADD_SEALS:
        return memfd_add_seals(file, (uint32_t)arg);
    case L_F_GET_SEALS:
        return memfd_get_seals(file);
    case L_F_GETLEASE:
        return L_F_UNLCK;
    default:
        return -L_EINVAL;
    }
}

int64_t sys_fcntl(struct task *t, uint64_t fd, uint64_t command, uint64_t arg)
{
    uint32_t what = (uint32_t)command;
    int64_t result;
    switch (what) {
    case L_F_GETFD:
        return files_get_flags(t->files, (int32_t)fd);
    case L_F_SETFD:
        return files_set_flags(t->files, (int32_t)fd, arg & L_FD_CLOEXEC);
    }
    struct file *file = sys_file_any(t, fd);
    if (!file)
        return -L_EBADF;
    switch (what) {
    case L_F_DUPFD:
    case L_F_DUPFD_CLOEXEC:
        if (arg >= sys_fd_limit(t)) {
            file_put(file);
            return -L_EINVAL;
        }
        return files_install(t->files, file, (int32_t)arg, what == L_F_DUPFD_CLOEXEC,
                             sys_fd_limit(t));
    case L_F_GETFL:
        result = atomic_load(&file->flags);
        break;
    default:
        result = atomic_load(&file->flags) & L_O_PATH ? -L_EBADF
                                                      : fcntl_file(t, file, (int32_t)fd, what, arg);
    }
    file_put(file);
    return result;
}

int64_t sys_flock(struct task *t, uint64_t fd, uint64_t operation)
{
    struct file *file = sys_file(t, fd);
    if (!file)
        return -L_EBADF;
    int64_t result = lock_flock(file, (int32_t)operation);
    file_put(file);
    return result;
}

/* FIONREAD of a file with a position: what is left. */
static int64_t bytes_left(struct task *t, struct file *file, uint64_t arg)
{
    uint64_t size = file->inode->size, pos = file->pos;
    uint64_t left = pos < size ? size - pos : 0;
    return put_guest_u32(sys_space(t), arg, left > INT32_MAX ? INT32_MAX : (uint32_t)left);
}

static int64_t set_async(struct file *file, int fd, bool on)
{
    bool before = atomic_load(&file->flags) & L_O_ASYNC;
    if (on == before)
        return 0;
    if (!(file->ops->kind_flags & FILE_OPS_ASYNC))
        return -L_ENOTTY;
    int error = async_set(file, fd, on);
    if (!error && on)
        atomic_fetch_or(&file->flags, L_O_ASYNC);
    else if (!error)
        atomic_fetch_and(&file->flags, ~(uint32_t)L_O_ASYNC);
    return error;
}

static int64_t ioctl_file(struct task *t, struct file *file, int fd, uint32_t command, uint64_t arg)
{
    uint32_t value;
    switch (command) {
    case L_FIONBIO:
        if (get_guest_u32(sys_space(t), arg, &value))
            return -L_EFAULT;
        if (value)
            atomic_fetch_or(&file->flags, L_O_NONBLOCK);
        else
            atomic_fetch_and(&file->flags, ~(uint32_t)L_O_NONBLOCK);
        return 0;
    case L_FIOASYNC:
        if (get_guest_u32(sys_space(t), arg, &value))
            return -L_EFAULT;
        return set_async(file, fd, value);
    case L_FIONREAD:
        if ((file->inode->mode & L_S_IFMT) == L_S_IFREG)
            return bytes_left(t, file, arg);
        break;
    }
    if (file->ops->socket && socket_owner_request(command))
        return socket_owner(t, file, command, arg);
    return file->ops->ioctl ? file->ops->ioctl(file, t, command, arg) : -L_ENOTTY;
}

int64_t sys_ioctl(struct task *t, uint64_t fd, uint64_t command, uint64_t arg)
{
    struct file *file = sys_file(t, fd);
    if (!file)
        return -L_EBADF;
    int64_t result;
    if ((uint32_t)command == L_FIOCLEX || (uint32_t)command == L_FIONCLEX)
        result = files_set_flags(t->files, (int32_t)fd, (uint32_t)command == L_FIOCLEX);
    else
        result = ioctl_file(t, file, (int32_t)fd, (uint32_t)command, arg);
    file_put(file);
    return result;
}
