/* What the system calls on files share: descriptors, paths and buffers of a task. */
#include "runtime/fs/calls/sys.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/path/path.h"
#include "runtime/host/heap.h"
#include <string.h>

struct file *sys_file_any(struct task *t, uint64_t fd)
{
    return files_get(t->files, (int32_t)fd);
}

struct file *sys_file(struct task *t, uint64_t fd)
{
    struct file *file = files_get(t->files, (int32_t)fd);
    if (file && (atomic_load(&file->flags) & L_O_PATH)) {
        file_put(file);
        return NULL;
    }
    return file;
}

#define BOUNCE_LEAST 16384u

uint8_t *sys_bounce(struct task *t, size_t size)
{
    if (t->bounce_size >= size)
        return t->bounce;
    uint32_t larger = BOUNCE_LEAST;
    while (larger < size)
        larger *= 2;
    /* The least that read and write work with is there whatever else is not. */
    uint8_t *buffer = heap_alloc(larger == BOUNCE_LEAST ? HEAP_ALWAYS : HEAP_RESERVE, larger);
    if (!buffer)
        return NULL;
    free(t->bounce);
    t->bounce = buffer;
    t->bounce_size = larger;
    return buffer;
}

int sys_path(struct task *t, uint64_t address, char name[PATH_LENGTH_MAX])
{
    int64_t length = guest_string(sys_space(t), address, name, PATH_LENGTH_MAX);
    return length < 0 ? (int)length : 0;
}

int sys_at(struct task *t, uint64_t dirfd, const char *name, struct sys_at *out)
{
    out->at = path_none();
    out->start = NULL;
    if (name[0] == '/' || (int32_t)dirfd == L_AT_FDCWD)
        return 0;
    struct file *file = sys_file_any(t, dirfd);
    if (!file)
        return -L_EBADF;
    int error = 0;
    if (name[0] && (file->inode->mode & L_S_IFMT) != L_S_IFDIR)
        error = -L_ENOTDIR;
    if (!error) {
        out->at = path_get(file->path);
        out->start = &out->at;
    }
    file_put(file);
    return error;
}

void sys_at_end(struct sys_at *at)
{
    if (at->start)
        path_put(at->at);
}

int sys_walk_as(struct task *t, uint64_t dirfd, uint64_t address, uint32_t flags, bool follow,
                struct vfs_caller *caller, struct path *out)
{
    char name[PATH_LENGTH_MAX];
    int error = sys_path(t, address, name);
    if (error)
        return error;
    struct sys_at at;
    if (!name[0] && !(flags & L_AT_EMPTY_PATH))
        return -L_ENOENT;
    error = sys_at(t, dirfd, name, &at);
    if (error)
        return error;
    if (flags & L_AT_SYMLINK_NOFOLLOW)
        follow = false;
    if (flags & L_AT_SYMLINK_FOLLOW)
        follow = true;
    error = vfs_walk(caller, at.start, name,
                     (follow ? WALK_FOLLOW : 0) | (flags & L_AT_EMPTY_PATH ? WALK_EMPTY : 0), out);
    sys_at_end(&at);
    return error;
}

int sys_walk(struct task *t, uint64_t dirfd, uint64_t address, uint32_t flags, bool follow,
             struct vfs_caller *caller, struct path *out)
{
    vfs_caller_of(t, caller);
    return sys_walk_as(t, dirfd, address, flags, follow, caller, out);
}

uint64_t sys_fd_limit(struct task *t)
{
    return t->process->rlimits[L_RLIMIT_NOFILE].rlim_cur;
}

int64_t sys_install(struct task *t, struct file *file, bool cloexec)
{
    return files_install(t->files, file, 0, cloexec, sys_fd_limit(t));
}

int64_t sys_reserve(struct task *t)
{
    return files_reserve(t->files, 0, sys_fd_limit(t));
}

int64_t sys_install_pair(struct task *t, struct file *a, struct file *b, bool cloexec,
                         uint64_t address)
{
    int32_t fds[2] = {(int32_t)sys_reserve(t), -1};
    fds[1] = fds[0] < 0 ? fds[0] : (int32_t)sys_reserve(t);
    int64_t error = fds[1] < 0 ? fds[1] : copy_to_guest(sys_space(t), address, fds, sizeof(fds));
    struct file *files[2] = {a, b};
    for (int i = 0; i < 2; i++) {
        if (!error)
            files_fill(t->files, fds[i], files[i], cloexec);
        else if (fds[i] >= 0)
            files_release(t->files, fds[i]);
        if (error)
            file_put(files[i]);
    }
    return error;
}
