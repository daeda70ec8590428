/*
 * Each operation opens the directory that holds the name (openat2(2) with RESOLVE_NO_SYMLINKS, or
 * part by part where the kernel has no openat2 or a filter denies it) and then works on the last
 * part in it, which is never followed.
 */
#include "runtime/host/beneath.h"
#include "runtime/host/linux/files.h"
#include "runtime/host/sparse.h"
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PARTS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct host_root {
    int fd;
    bool resolves; /* the kernel has openat2 */
};

/* Where a name is: the directory, and the last part in it. */
struct place {
    int fd;
    bool own; /* fd is to be closed */
    const char *last;
};

static int open_beneath(const struct host_root *root, const char *name, int flags, mode_t mode)
{
    struct open_how how = {
        .flags = (uint64_t)flags,
        .mode = flags & O_CREAT ? mode & 07777 : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    int fd;
    do
        fd = (int)syscall(SYS_openat2, root->fd, name, &how, sizeof(how));
    while (fd < 0 && errno == EINTR);
    return fd;
}

/* The directory called by the first length bytes of name, one part after the other. */
static int walk_parts(int at, const char *name, size_t length)
{
    char part[NAME_MAX + 1];
    int fd = at;
    for (size_t from = 0; from < length;) {
        const char *slash = memchr(name + from, '/', length - from);
        size_t n = slash ? (size_t)(slash - name) - from : length - from;
        int next = -1;
        if (n > NAME_MAX) {
            errno = ENAMETOOLONG;
        } else {
            memcpy(part, name + from, n);
            part[n] = 0;
            next = openat(fd, part, PARTS);
        }
        int error = errno;
        if (fd != at)
            close(fd);
        errno = error;
        fd = next;
        if (fd < 0)
            return -1;
        from += n + 1;
    }
    return fd;
}

static int find_place(const struct host_root *root, const char *name, struct place *place)
{
    const char *slash = strrchr(name, '/');
    *place = (struct place){root->fd, false, *name ? name : "."};
    if (!slash)
        return 0;
    size_t length = (size_t)(slash - name);
    place->last = slash + 1;
    if (root->resolves) {
        char *text = strndup(name, length);
        if (!text)
            return -ENOMEM;
        place->fd = open_beneath(root, text, PARTS, 0);
        int error = errno;
        free(text);
        errno = error;
    } else {
        place->fd = walk_parts(root->fd, name, length);
    }
    place->own = place->fd >= 0;
    return host_result_of(place->fd);
}

/* Ends the use of a place: the result of the system call made there. */
static int leave_place(struct place *place, int result)
{
    int error = host_result_of(result);
    if (place->own)
        close(place->fd);
    return error;
}

static int open_at(const struct host_root *root, const char *name, int flags, mode_t mode)
{
    if (root->resolves && *name)
        return open_beneath(root, name, flags | O_NOFOLLOW, mode);
    struct place place;
    int error = find_place(root, name, &place);
    if (error) {
        errno = -error;
        return -1;
    }
    int fd = openat(place.fd, place.last, flags | O_NOFOLLOW, mode);
    error = leave_place(&place, fd);
    errno = -error;
    return fd;
}

int host_root_open(const char *path, struct host_root **out)
{
    *out = NULL;
    struct host_root *root = malloc(sizeof(*root));
    if (!root)
        return -ENOMEM;
    root->fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root->fd < 0) {
        int error = -errno;
        free(root);
        return error;
    }
    int probe = open_beneath(root, ".", PARTS, 0);
    root->resolves = probe >= 0;
    if (probe >= 0)
        close(probe);
    *out = root;
    return 0;
}

void host_root_close(struct host_root *root)
{
    if (!root)
        return;
    close(root->fd);
    free(root);
}

int host_root_statfs(struct host_root *root, struct host_fs_usage *out)
{
    struct statvfs usage;
    if (fstatvfs(root->fd, &usage) < 0)
        return -errno;
    host_usage_fill(out, &usage);
    return 0;
}

int host_at_stat(struct host_root *root, const char *name, struct host_stat *out)
{
    struct place place;
    struct stat stat;
    int error = find_place(root, name, &place);
    if (!error)
        error = leave_place(&place, fstatat(place.fd, place.last, &stat, AT_SYMLINK_NOFOLLOW));
    if (!error)
        host_stat_fill(out, &stat);
    return error;
}

int host_at_open(struct host_root *root, const char *name, uint32_t flags, uint32_t mode,
                 struct host_file **out)
{
    return host_file_wrap(open_at(root, name, host_open_flags(flags), mode), out);
}

int host_at_dir(struct host_root *root, const char *name, struct host_dir **out)
{
    return host_dir_wrap(open_at(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), out);
}

int host_at_mkdir(struct host_root *root, const char *name, uint32_t mode)
{
    struct place place;
    int error = find_place(root, name, &place);
    return error ? error : leave_place(&place, mkdirat(place.fd, place.last, mode));
}

int host_at_unlink(struct host_root *root, const char *name, bool open)
{
    struct place place;
    (void)open;
    int error = find_place(root, name, &place);
    return error ? error : leave_place(&place, unlinkat(place.fd, place.last, 0));
}

int host_at_rmdir(struct host_root *root, const char *name)
{
    struct place place;
    int error = find_place(root, name, &place);
    return error ? error : leave_place(&place, unlinkat(place.fd, place.last, AT_REMOVEDIR));
}

/* Both places, or none. */
static int find_two(const struct host_root *root, const char *from, const char *to,
                    struct place *source, struct place *target)
{
    int error = find_place(root, from, source);
    if (error)
        return error;
    error = find_place(root, to, target);
    if (error)
        leave_place(source, 0);
    return error;
}

static int rename_with(struct host_root *root, const char *from, const char *to, unsigned flags)
{
    struct place source, target;
    int error = find_two(root, from, to, &source, &target);
    if (error)
        return error;
    /* The plain call where it is enough: file systems may lack the other. */
    int result =
        flags ? (int)syscall(SYS_renameat2, source.fd, source.last, target.fd, target.last, flags)
              : renameat(source.fd, source.last, target.fd, target.last);
    error = leave_place(&source, result);
    leave_place(&target, 0);
    return error;
}

int host_at_rename(struct host_root *root, const char *from, const char *to, bool target_open)
{
    (void)target_open;
    return rename_with(root, from, to, 0);
}

int host_at_exchange(struct host_root *root, const char *from, const char *to)
{
    int error = rename_with(root, from, to, RENAME_EXCHANGE);
    /* EINVAL: the file system cannot. */
    return error == -EINVAL ? -ENOSYS : error;
}

int host_at_link(struct host_root *root, const char *from, const char *to)
{
    struct place source, target;
    int error = find_two(root, from, to, &source, &target);
    if (error)
        return error;
    error = leave_place(&source, linkat(source.fd, source.last, target.fd, target.last, 0));
    leave_place(&target, 0);
    return error;
}

int host_at_link_file(struct host_root *root, const char *file, const char *to)
{
    struct place target;
    int error = find_place(root, to, &target);
    return error ? error
                 : leave_place(&target,
                               linkat(AT_FDCWD, file, target.fd, target.last, AT_SYMLINK_FOLLOW));
}

int host_at_nameless(struct host_root *root, const char *directory, uint32_t mode,
                     struct host_file **out)
{
    int flags = O_TMPFILE | O_RDWR | O_CLOEXEC;
    struct host_file *above;
    int error = host_at_hold(root, directory, &above);
    *out = NULL;
    if (error)
        return error;
    error = host_file_wrap(openat(above->fd, ".", flags, mode & 07777), out);
    host_file_close(above);
    /* Where the flag is not known a directory is opened for writing. */
    return error == -EISDIR ? -EOPNOTSUPP : error;
}

int host_at_hold(struct host_root *root, const char *name, struct host_file **out)
{
    return host_file_wrap(open_at(root, name, O_PATH | O_CLOEXEC, 0), out);
}

int host_at_symlink(struct host_root *root, const char *target, const char *name)
{
    struct place place;
    int error = find_place(root, name, &place);
    return error ? error : leave_place(&place, symlinkat(target, place.fd, place.last));
}

int host_at_readlink(struct host_root *root, const char *name, char *target, size_t size)
{
    struct place place;
    int error = find_place(root, name, &place);
    if (error)
        return error;
    int length = (int)readlinkat(place.fd, place.last, target, size);
    error = leave_place(&place, length);
    return error ? error : length;
}

int host_at_mknod(struct host_root *root, const char *name, uint32_t mode, uint64_t rdev)
{
    struct place place;
    int error = find_place(root, name, &place);
    return error ? error : leave_place(&place, mknodat(place.fd, place.last, mode, (dev_t)rdev));
}

int host_at_chmod(struct host_root *root, const char *name, uint32_t mode)
{
    struct place place;
    int error = find_place(root, name, &place);
    return error ? error
                 : leave_place(&place, fchmodat(place.fd, place.last, mode, AT_SYMLINK_NOFOLLOW));
}

int host_file_chmod(struct host_file *file, uint32_t mode)
{
    return host_result_of(fchmod(file->fd, mode));
}

static uid_t user_of(uint32_t id)
{
    return id == UINT32_MAX ? (uid_t)-1 : host_id_meant(id, geteuid());
}

static gid_t group_of(uint32_t id)
{
    return id == UINT32_MAX ? (gid_t)-1 : host_id_meant(id, getegid());
}

int host_at_chown(struct host_root *root, const char *name, uint32_t uid, uint32_t gid)
{
    struct place place;
    int error = find_place(root, name, &place);
    return error ? error
                 : leave_place(&place, fchownat(place.fd, place.last, user_of(uid), group_of(gid),
                                                AT_SYMLINK_NOFOLLOW));
}

int host_file_chown(struct host_file *file, uint32_t uid, uint32_t gid)
{
    return host_result_of(fchown(file->fd, user_of(uid), group_of(gid)));
}

int host_at_utimes(struct host_root *root, const char *name, int64_t atime, int64_t mtime)
{
    const struct timespec times[2] = {host_time_spec(atime), host_time_spec(mtime)};
    struct place place;
    int error = find_place(root, name, &place);
    return error ? error
                 : leave_place(&place, utimensat(place.fd, place.last, times, AT_SYMLINK_NOFOLLOW));
}

int host_file_utimes(struct host_file *file, int64_t atime, int64_t mtime)
{
    const struct timespec times[2] = {host_time_spec(atime), host_time_spec(mtime)};
    return host_result_of(futimens(file->fd, times));
}

int host_file_reopen(struct host_file *file, uint32_t flags, struct host_file **out)
{
    char path[40];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file->fd);
    int error = host_file_wrap(open(path, host_open_flags(flags)), out);
    /* No /proc here. */
    return error == -ENOENT ? -ENOSYS : error;
}
