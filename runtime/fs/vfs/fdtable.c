/* Tables of descriptors. */
#include "runtime/fs/vfs/fdtable.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/vfs/file_lock.h"
#include "runtime/host/heap.h"
#include <string.h>

struct files {
    atomic_uint refs;
    struct host_mutex lock;
    struct file **slots;
    uint64_t *cloexec;  /* one bit a slot */
    uint64_t *reserved; /* likewise: taken, without a file yet */
    uint32_t size;      /* a multiple of 64 */
    uint32_t lowest;    /* no slot below is free */
};

static int grow_bits(uint64_t **bits, uint32_t from, uint32_t to)
{
    uint64_t *more = realloc(*bits, to / 64 * sizeof(*more));
    if (!more)
        return -L_ENOMEM;
    memset(more + from / 64, 0, (to - from) / 64 * sizeof(*more));
    *bits = more;
    return 0;
}

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
    memset(slots + files->size, 0, (size - files->size) * sizeof(*slots));
    if (grow_bits(&files->cloexec, files->size, size) ||
        grow_bits(&files->reserved, files->size, size))
        return -L_ENOMEM;
    files->size = size;
    return 0;
}

static void set_bit(uint64_t *bits, uint32_t fd, bool on)
{
    uint64_t bit = (uint64_t)1 << (fd % 64);
    if (on)
        bits[fd / 64] |= bit;
    else
        bits[fd / 64] &= ~bit;
}

static bool get_bit(const uint64_t *bits, uint32_t fd)
{
    return bits[fd / 64] >> (fd % 64) & 1;
}

struct files *files_new(void)
{
    struct files *files = calloc(1, sizeof(*files));
    if (!files)
        return NULL;
    atomic_init(&files->refs, 1);
    host_mutex_init(&files->lock, RANK_FILES);
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
    host_mutex_init(&copy->lock, RANK_FILES);
    host_mutex_lock(&files->lock);
    int error = grow_locked(copy, files->size - 1);
    if (!error) {
        /* What is reserved is the other table's business: free here. */
        copy->lowest = files->lowest;
        for (uint32_t fd = files->size; fd-- > 0;) {
            if (get_bit(files->reserved, fd) && fd < copy->lowest)
                copy->lowest = fd;
        }
        for (uint32_t fd = 0; fd < files->size; fd++)
            copy->slots[fd] = files->slots[fd] ? file_get(files->slots[fd]) : NULL;
        memcpy(copy->cloexec, files->cloexec, files->size / 64 * sizeof(*copy->cloexec));
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
    free(files->reserved);
    free(files);
}

/* Take a file out of its slot. lock is held. */
static struct file *take_locked(struct files *files, uint32_t fd)
{
    if (fd >= files->size || !files->slots[fd])
        return NULL;
    struct file *file = files->slots[fd];
    files->slots[fd] = NULL;
    set_bit(files->cloexec, fd, false);
    if (fd < files->lowest)
        files->lowest = fd;
    return file;
}

void files_close_on_exec(struct files *files)
{
    for (uint32_t fd = 0;; fd++) {
        host_mutex_lock(&files->lock);
        while (fd < files->size && !(files->slots[fd] && get_bit(files->cloexec, fd)))
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

/* The lowest free descriptor, reserved. lock is held. */
static int reserve_locked(struct files *files, int from, uint64_t limit)
{
    uint32_t fd = (uint32_t)from > files->lowest ? (uint32_t)from : files->lowest;
    while (fd < files->size && (files->slots[fd] || get_bit(files->reserved, fd)))
        fd++;
    if (fd >= limit || fd >= FILES_MAX)
        return -L_EMFILE;
    int error = grow_locked(files, fd);
    if (error)
        return error;
    set_bit(files->reserved, fd, true);
    if (fd == files->lowest)
        files->lowest++;
    return (int)fd;
}

static void fill_locked(struct files *files, int fd, struct file *file, bool cloexec)
{
    files->slots[fd] = file;
    set_bit(files->reserved, (uint32_t)fd, false);
    set_bit(files->cloexec, (uint32_t)fd, cloexec);
    if ((uint32_t)fd == files->lowest)
        files->lowest++;
}

int files_reserve(struct files *files, int from, uint64_t limit)
{
    if (from < 0 || (uint64_t)from >= limit)
        return from == 0 ? -L_EMFILE : -L_EINVAL;
    host_mutex_lock(&files->lock);
    int fd = reserve_locked(files, from, limit);
    host_mutex_unlock(&files->lock);
    return fd;
}

void files_fill(struct files *files, int fd, struct file *file, bool cloexec)
{
    host_mutex_lock(&files->lock);
    fill_locked(files, fd, file, cloexec);
    host_mutex_unlock(&files->lock);
}

void files_release(struct files *files, int fd)
{
    host_mutex_lock(&files->lock);
    set_bit(files->reserved, (uint32_t)fd, false);
    if ((uint32_t)fd < files->lowest)
        files->lowest = (uint32_t)fd;
    host_mutex_unlock(&files->lock);
}

int files_install(struct files *files, struct file *file, int from, bool cloexec, uint64_t limit)
{
    int fd = files_reserve(files, from, limit);
    if (fd >= 0)
        files_fill(files, fd, file, cloexec);
    else
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
    if (!error && get_bit(files->reserved, (uint32_t)fd))
        error = -L_EBUSY;
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
            set_bit(files->cloexec, fd, true);
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
        flags = get_bit(files->cloexec, (uint32_t)fd) ? L_FD_CLOEXEC : 0;
    host_mutex_unlock(&files->lock);
    return flags;
}

int files_set_flags(struct files *files, int fd, bool cloexec)
{
    int error = -L_EBADF;
    host_mutex_lock(&files->lock);
    if (fd >= 0 && (uint32_t)fd < files->size && files->slots[fd]) {
        set_bit(files->cloexec, (uint32_t)fd, cloexec);
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
