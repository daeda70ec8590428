/* A folder that only the user writes: owner and mode. */
#include "runtime/host/keep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/abi/errno.h"
#include "runtime/host/env.h"
#include "runtime/host/linux/files.h"
#include "runtime/host/random.h"

#define FOR_OTHERS (S_IWGRP | S_IWOTH)

struct host_keep {
    int fd;
    char *path;
};

/* Of the user's own folders others are locked out of; those of others are refused. */
static int open_own(int above, const char *name)
{
    struct stat st;
    int fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ELOOP || errno == ENOTDIR ? -EACCES : -errno;
    if (fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
        (!(st.st_mode & FOR_OTHERS) || fchmod(fd, st.st_mode & 07777 & ~(mode_t)FOR_OTHERS) == 0))
        return fd;
    close(fd);
    return -EACCES;
}

static int open_folder(const char *above, const char *name)
{
    int outer = open_own(AT_FDCWD, above);
    if (outer < 0)
        return outer;
    int inner = mkdirat(outer, name, 0700) == 0 || errno == EEXIST ? open_own(outer, name) : -errno;
    close(outer);
    return inner;
}

/* Takes above. */
static int open_in(char *above, const char *name, struct host_keep **out)
{
    struct host_keep *keep = above ? malloc(sizeof(*keep)) : NULL;
    int error = above ? -ENOMEM : -ENOENT;
    *out = NULL;
    if (keep && asprintf(&keep->path, "%s/%s", above, name) >= 0) {
        keep->fd = error = open_folder(above, name);
        if (error >= 0) {
            free(above);
            *out = keep;
            return 0;
        }
        free(keep->path);
    }
    free(above);
    free(keep);
    return error;
}

int host_keep_open(const char *name, struct host_keep **out)
{
    int error = open_in(host_beside_program(HOST_KEEP_BESIDE), name, out);
    return error ? open_in(host_cache_dir(), name, out) : 0;
}

void host_keep_close(struct host_keep *keep)
{
    if (!keep)
        return;
    close(keep->fd);
    free(keep->path);
    free(keep);
}

const char *host_keep_path(const struct host_keep *keep)
{
    return keep->path;
}

int host_keep_file(struct host_keep *keep, const char *name, struct host_file **out)
{
    struct stat st;
    *out = NULL;
    int fd = openat(keep->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ELOOP ? -EACCES : -errno;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink > 1 ||
        (st.st_mode & FOR_OTHERS)) {
        close(fd);
        return -EACCES;
    }
    return host_file_wrap(fd, out);
}

static int write_all(int fd, const char *data, size_t size)
{
    while (size) {
        ssize_t n = write(fd, data, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n ? -errno : -EIO;
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

int host_keep_store(struct host_keep *keep, const char *name, const void *data, size_t size)
{
    char temporary[HOST_KEEP_NAME_MAX + 32];
    snprintf(temporary, sizeof(temporary), "%s-%016llx", name,
             (unsigned long long)host_random_u64());
    int fd =
        openat(keep->fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    int error = write_all(fd, data, size);
    if (close(fd) && !error)
        error = -errno;
    if (!error && renameat(keep->fd, temporary, keep->fd, name))
        error = -errno;
    if (error)
        unlinkat(keep->fd, temporary, 0);
    return error;
}

int host_keep_touch(struct host_keep *keep, const char *name)
{
    return host_result_of(utimensat(keep->fd, name, NULL, AT_SYMLINK_NOFOLLOW));
}

int host_keep_remove(struct host_keep *keep, const char *name)
{
    return host_result_of(unlinkat(keep->fd, name, 0));
}

int host_keep_each(struct host_keep *keep,
                   int (*each)(void *arg, const char *name, uint64_t size, int64_t mtime),
                   void *arg)
{
    int fd = openat(keep->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), result = 0;
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    if (!stream) {
        result = -errno;
        if (fd >= 0)
            close(fd);
        return result;
    }
    for (struct dirent *entry; !result && (entry = readdir(stream));) {
        struct stat st;
        if (fstatat(keep->fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) || S_ISDIR(st.st_mode))
            continue;
        result = each(arg, entry->d_name, (uint64_t)st.st_size,
                      (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec);
    }
    closedir(stream);
    return result;
}
