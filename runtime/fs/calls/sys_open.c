/* Descriptors: open(2), close(2), dup(2), pipe(2), memfd_create(2). */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/calls/fs_calls.h"
#include "runtime/fs/calls/sys.h"
#include "runtime/fs/path/path.h"
#include "runtime/fs/pipe/pipe.h"
#include "runtime/fs/tmpfs/memfd.h"
#include <string.h>

/* Bits open(2) knows; it ignores others, openat2(2) refuses them. */
#define OPEN_BITS                                                                                  \
    (L_O_ACCMODE | L_O_CREAT | L_O_EXCL | L_O_NOCTTY | L_O_TRUNC | L_O_APPEND | L_O_NONBLOCK |     \
     L_O_SYNC | L_O_ASYNC | L_O_DIRECT | L_O_LARGEFILE | L_O_DIRECTORY | L_O_NOFOLLOW |            \
     L_O_NOATIME | L_O_CLOEXEC | L_O_PATH | L_O_TMPFILE)

static int64_t open_at(struct task *t, uint64_t dirfd, uint64_t address, uint32_t flags,
                       uint32_t mode, uint32_t resolve)
{
    char name[PATH_LENGTH_MAX];
    int error = sys_path(t, address, name);
    if (error)
        return error;
    struct sys_at at;
    error = sys_at(t, dirfd, name, &at);
    if (error)
        return error;
    struct vfs_caller caller;
    struct file *file;
    vfs_caller_of(t, &caller);
    error = vfs_open(&caller, at.start, name, flags, mode, resolve, &file);
    sys_at_end(&at);
    return error ? error : sys_install(t, file, flags & L_O_CLOEXEC);
}

int64_t sys_openat(struct task *t, uint64_t dirfd, uint64_t name, uint64_t flags, uint64_t mode)
{
    return open_at(t, dirfd, name, (uint32_t)flags & OPEN_BITS, (uint32_t)mode & 07777, 0);
}

int64_t sys_open(struct task *t, uint64_t name, uint64_t flags, uint64_t mode)
{
    return sys_openat(t, (uint64_t)L_AT_FDCWD, name, flags, mode);
}

int64_t sys_creat(struct task *t, uint64_t name, uint64_t mode)
{
    return sys_openat(t, (uint64_t)L_AT_FDCWD, name, L_O_CREAT | L_O_WRONLY | L_O_TRUNC, mode);
}

struct open_how {
    uint64_t flags, mode, resolve;
};

int64_t sys_openat2(struct task *t, uint64_t dirfd, uint64_t name, uint64_t address, uint64_t size)
{
    static const uint32_t walk_flags[5] = {WALK_NO_XDEV, WALK_NO_MAGICLINKS, WALK_NO_SYMLINKS,
                                           WALK_BENEATH, WALK_IN_ROOT};
    struct open_how how;
    if (size < sizeof(how))
        return -L_EINVAL;
    if (size > 4096)
        return -L_E2BIG;
    if (copy_from_guest(sys_space(t), &how, address, sizeof(how)))
        return -L_EFAULT;
    for (uint64_t at = sizeof(how); at < size; at++) {
        uint8_t byte;
        if (get_guest_u8(sys_space(t), address + at, &byte))
            return -L_EFAULT;
        if (byte)
            return -L_E2BIG;
    }
    bool creates = how.flags & (L_O_CREAT | (L_O_TMPFILE & ~L_O_DIRECTORY));
    if ((how.flags & ~(uint64_t)OPEN_BITS) || (how.resolve & ~(uint64_t)0x3f) ||
        (how.mode & ~(uint64_t)07777) || (how.mode && !creates))
        return -L_EINVAL;
    if ((how.resolve & L_RESOLVE_BENEATH) && (how.resolve & L_RESOLVE_IN_ROOT))
        return -L_EINVAL;
    if ((how.flags & L_O_PATH) &&
        (how.flags & ~(uint64_t)(L_O_PATH | L_O_DIRECTORY | L_O_NOFOLLOW | L_O_CLOEXEC)))
        return -L_EINVAL;
    if (how.resolve & L_RESOLVE_CACHED)
        return -L_EAGAIN;
    uint32_t resolve = 0;
    for (int i = 0; i < 5; i++)
        resolve |= how.resolve >> i & 1 ? walk_flags[i] : 0;
    return open_at(t, dirfd, name, (uint32_t)how.flags, (uint32_t)how.mode, resolve);
}

int64_t sys_close(struct task *t, uint64_t fd)
{
    return files_close(t->files, (int32_t)fd);
}

#define CLOSE_RANGE_UNSHARE 2u
#define CLOSE_RANGE_CLOEXEC 4u

int64_t sys_close_range(struct task *t, uint64_t first, uint64_t last, uint64_t flags)
{
    if (flags & ~(uint64_t)(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC))
        return -L_EINVAL;
    if ((uint32_t)first > (uint32_t)last)
        return -L_EINVAL;
    if (flags & CLOSE_RANGE_UNSHARE) {
        struct files *own = files_copy(t->files);
        if (!own)
            return -L_ENOMEM;
        host_mutex_lock(&kernel_lock);
        struct files *before = t->files;
        t->files = own;
        host_mutex_unlock(&kernel_lock);
        files_put(before);
    }
    files_close_range(t->files, (uint32_t)first, (uint32_t)last, flags & CLOSE_RANGE_CLOEXEC);
    return 0;
}

int64_t sys_dup(struct task *t, uint64_t fd)
{
    struct file *file = sys_file_any(t, fd);
    return file ? sys_install(t, file, false) : -L_EBADF;
}

static int64_t dup_to(struct task *t, uint64_t old, uint64_t new, bool cloexec)
{
    struct file *file = sys_file_any(t, old);
    if (!file)
        return -L_EBADF;
    return files_replace(t->files, (int32_t) new, file, cloexec, sys_fd_limit(t));
}

int64_t sys_dup2(struct task *t, uint64_t old, uint64_t new)
{
    if ((int32_t)old == (int32_t) new) {
        int flags = files_get_flags(t->files, (int32_t)old);
        return flags < 0 ? flags : (int32_t)old;
    }
    return dup_to(t, old, new, false);
}

int64_t sys_dup3(struct task *t, uint64_t old, uint64_t new, uint64_t flags)
{
    if ((flags & ~(uint64_t)L_O_CLOEXEC) || (int32_t)old == (int32_t) new)
        return -L_EINVAL;
    return dup_to(t, old, new, flags & L_O_CLOEXEC);
}

int64_t sys_pipe2(struct task *t, uint64_t address, uint64_t flags)
{
    if (flags & ~(uint64_t)(L_O_CLOEXEC | L_O_NONBLOCK | L_O_DIRECT))
        return -L_EINVAL;
    struct file *reader, *writer;
    int error = pipe_create((uint32_t)flags, &reader, &writer);
    if (error)
        return error;
    return sys_install_pair(t, reader, writer, flags & L_O_CLOEXEC, address);
}

int64_t sys_pipe(struct task *t, uint64_t address)
{
    return sys_pipe2(t, address, 0);
}

int64_t sys_memfd_create(struct task *t, uint64_t address, uint64_t flags)
{
    char name[256];
    if (flags & ~(uint64_t)(L_MFD_CLOEXEC | L_MFD_ALLOW_SEALING | L_MFD_NOEXEC_SEAL | L_MFD_EXEC))
        return -L_EINVAL;
    if ((flags & L_MFD_EXEC) && (flags & L_MFD_NOEXEC_SEAL))
        return -L_EINVAL;
    int64_t length = guest_string(sys_space(t), address, name, 250);
    if (length < 0)
        return length == -L_ENAMETOOLONG ? -L_EINVAL : length;
    struct file *file = memfd_create_file(name, (uint32_t)flags);
    return file ? sys_install(t, file, flags & L_MFD_CLOEXEC) : -L_ENOMEM;
}

int64_t sys_umask(struct task *t, uint64_t mask)
{
    host_mutex_lock(&t->fs->lock);
    uint32_t before = t->fs->umask;
    t->fs->umask = (uint32_t)mask & 0777;
    host_mutex_unlock(&t->fs->lock);
    return before;
}
