#include "runtime/fs/fdtable.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/locks.h"
#include <stdlib.h>
#include <string.h>

struct files {
    atomic_uint refs;
    struct host_mutex lock;
    struct file **slots;
    uint64_t *cloexec; /* one bit a slot */
    uint32_t size;     /* a multiple of 64 */
    uint32_t lowest;   /* no slot below is free */
};

static int grow_locked(struct files *files, uint32_t fd)
{
    if (fd < files->size)
        return 0;
    uint32_t size = files->size ? files->size : 64;
    while (size <= fd)
        size *= 2;
    struct file **slots = realloc(files->slots, size * sizeof(*slots));
    if (!slots)
        return -L_ENOMEM;
    files->slots = slots;
    uint64_t *cloexec = realloc(files->cloexec, size / 64 * sizeof(*cloexec));
    if (!cloexec)
        return -L_ENOMEM;
    files->cloexec = cloexec;
    memset(slots + files->size, 0, (size - files->size) * sizeof(*slots));
    memset(cloexec + files->size / 64, 0, (size - files->size) / 64 * sizeof(*cloexec));
    files->size = size;
    return 0;
}

static void mark(struct files *files, uint32_t fd, bool cloexec)
{
    uint64_t bit = (uint64_t)1 << (fd % 64);
    if (cloexec)
        files->cloexec[fd / 64] |= bit;
    else
        files->cloexec[fd / 64] &= ~bit;
}

static bool marked(const struct files *files, uint32_t fd)
{
    return files->cloexec[fd / 64] >> (fd % 64) & 1;
}

struct files *files_new(void)
{
    struct files *files = calloc(1, sizeof(*files));
    if (!files)
        return NULL;
    atomic_init(&files->refs, 1);
    host_mutex_init(&files->lock);
    if (grow_locked(files, 0)) {
        files_put(files);
        return NULL;
    }
    return files;
}

struct files *files_copy(struct files *files)
{
    struct files *copy = calloc(1, sizeof(*copy));
    if (!copy)
        return NULL;
    atomic_init(&copy->refs, 1);
    host_mutex_init(&copy->lock);
    host_mutex_lock(&files->lock);
    int error = grow_locked(copy, files->size - 1);
    if (!error) {
        for (uint32_t fd = 0; fd < files->size; fd++)
            copy->slots[fd] = files->slots[fd] ? file_get(files->slots[fd]) : NULL;
        memcpy(copy->cloexec, files->cloexec, files->size / 64 * sizeof(*copy->cloexec));
        copy->lowest = files->lowest;
    }
    host_mutex_unlock(&files->lock);
    if (!error)
        return copy;
    files_put(copy);
    return NULL;
}

struct files *files_share(struct files *files)
{
    atomic_fetch_add(&files->refs, 1);
    return files;
}

static int drop(struct files *files, struct file *file)
{
    int error = file->ops->flush ? file->ops->flush(file) : 0;
    if (file->inode->locks)
        lock_release_owner(file->inode, files);
    file_put(file);
    return error;
}

void files_put(struct files *files)
{
    if (!files || atomic_fetch_sub(&files->refs, 1) != 1)
        return;
    for (uint32_t fd = 0; fd < files->size; fd++) {
        if (files->slots[fd])
            drop(files, files->slots[fd]);
    }
    free(files->slots);
    free(files->cloexec);
    free(files);
}

/* Take a file out of its slot. lock is held. */
static struct file *take_locked(struct files *files, uint32_t fd)
{
    if (fd >= files->size || !files->slots[fd])
        return NULL;
    struct file *file = files->slots[fd];
    files->slots[fd] = NULL;
    mark(files, fd, false);
    if (fd < files->lowest)
        files->lowest = fd;
    return file;
}

void files_close_on_exec(struct files *files)
{
    for (uint32_t fd = 0;; fd++) {
        host_mutex_lock(&files->lock);
        while (fd < files->size && !(files->slots[fd] && marked(files, fd)))
            fd++;
        struct file *file = take_locked(files, fd);
        host_mutex_unlock(&files->lock);
        if (!file)
            return;
        drop(files, file);
    }
}

struct file *files_get(struct files *files, int fd)
{
    struct file *file = NULL;
    host_mutex_lock(&files->lock);
    if (fd >= 0 && (uint32_t)fd < files->size && files->slots[fd])
        file = file_get(files->slots[fd]);
    host_mutex_unlock(&files->lock);
    return file;
}

/* The lowest free descriptor. lock is held. */
static int reserve_locked(struct files *files, int from, uint64_t limit)
{
    uint32_t fd = (uint32_t)from > files->lowest ? (uint32_t)from : files->lowest;
    while (fd < files->size && files->slots[fd])
        fd++;
    if (fd >= limit || fd >= FILES_MAX)
        return -L_EMFILE;
    int error = grow_locked(files, fd);
    return error ? error : (int)fd;
}

static void fill_locked(struct files *files, int fd, struct file *file, bool cloexec)
{
    files->slots[fd] = file;
    mark(files, (uint32_t)fd, cloexec);
    if ((uint32_t)fd == files->lowest)
        files->lowest++;
}

int files_install(struct files *files, struct file *file, int from, bool cloexec, uint64_t limit)
{
    int fd;
    if (from < 0 || (uint64_t)from >= limit) {
        fd = from == 0 ? -L_EMFILE : -L_EINVAL;
    } else {
        host_mutex_lock(&files->lock);
        fd = reserve_locked(files, from, limit);
        if (fd >= 0)
            fill_locked(files, fd, file, cloexec);
        host_mutex_unlock(&files->lock);
    }
    if (fd < 0)
        file_put(file);
    return fd;
}

int files_replace(struct files *files, int fd, struct file *file, bool cloexec, uint64_t limit)
{
    if (fd < 0 || (uint64_t)fd >= limit || fd >= (int)FILES_MAX) {
        file_put(file);
        return -L_EBADF;
    }
    host_mutex_lock(&files->lock);
    int error = grow_locked(files, (uint32_t)fd);
    struct file *before = NULL;
    if (!error) {
        before = take_locked(files, (uint32_t)fd);
        fill_locked(files, fd, file, cloexec);
    }
    host_mutex_unlock(&files->lock);
    if (error)
        file_put(file);
    if (before)
        drop(files, before);
    return error ? error : fd;
}

int files_install_pair(struct files *files, struct file *a, struct file *b, bool cloexec,
                       uint64_t limit, int fds[2])
{
    host_mutex_lock(&files->lock);
    int first = reserve_locked(files, 0, limit), second = -1;
    if (first >= 0) {
        fill_locked(files, first, a, cloexec);
        second = reserve_locked(files, 0, limit);
        if (second >= 0)
            fill_locked(files, second, b, cloexec);
        else
            take_locked(files, (uint32_t)first);
    }
    host_mutex_unlock(&files->lock);
    if (first < 0 || second < 0) {
        file_put(a);
        file_put(b);
        return first < 0 ? first : second;
    }
    fds[0] = first;
    fds[1] = second;
    return 0;
}

int files_close(struct files *files, int fd)
{
    if (fd < 0)
        return -L_EBADF;
    host_mutex_lock(&files->lock);
    struct file *file = take_locked(files, (uint32_t)fd);
    host_mutex_unlock(&files->lock);
    return file ? drop(files, file) : -L_EBADF;
}

void files_close_range(struct files *files, uint32_t first, uint32_t last, bool cloexec)
{
    for (uint32_t fd = first;; fd++) {
        host_mutex_lock(&files->lock);
        while (fd <= last && fd < files->size && !files->slots[fd])
            fd++;
        bool end = fd > last || fd >= files->size;
        struct file *file = NULL;
        if (!end && cloexec)
            mark(files, fd, true);
        else if (!end)
            file = take_locked(files, fd);
        host_mutex_unlock(&files->lock);
        if (end)
            return;
        if (file)
            drop(files, file);
    }
}

int files_get_flags(struct files *files, int fd)
{
    int flags = -L_EBADF;
    host_mutex_lock(&files->lock);
    if (fd >= 0 && (uint32_t)fd < files->size && files->slots[fd])
        flags = marked(files, (uint32_t)fd) ? L_FD_CLOEXEC : 0;
    host_mutex_unlock(&files->lock);
    return flags;
}

int files_set_flags(struct files *files, int fd, bool cloexec)
{
    int error = -L_EBADF;
    host_mutex_lock(&files->lock);
    if (fd >= 0 && (uint32_t)fd < files->size && files->slots[fd]) {
        mark(files, (uint32_t)fd, cloexec);
        error = 0;
    }
    host_mutex_unlock(&files->lock);
    return error;
}

int files_next(struct files *files, int fd)
{
    int found = -1;
    host_mutex_lock(&files->lock);
    for (uint32_t i = fd < 0 ? 0 : (uint32_t)fd; i < files->size && found < 0; i++) {
        if (files->slots[i])
            found = (int)i;
    }
    host_mutex_unlock(&files->lock);
    return found;
}
