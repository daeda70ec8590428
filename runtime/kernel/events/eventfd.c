/* eventfd(2). */
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/poll.h"
#include "runtime/fs/vfs/fdtable.h"
#include "runtime/host/heap.h"
#include "runtime/kernel/kernel_calls.h"
#include "runtime/task/process.h"

#define COUNT_MAX (UINT64_MAX - 1)

struct eventfd {
    struct host_mutex lock;
    uint64_t count;
    bool semaphore;
    struct waitq queue;
};

struct transfer {
    struct eventfd *e;
    uint64_t value;
};

static bool take_count(void *arg)
{
    struct transfer *x = arg;
    struct eventfd *e = x->e;
    host_mutex_lock(&e->lock);
    bool ok = e->count;
    if (ok) {
        x->value = e->semaphore ? 1 : e->count;
        e->count -= x->value;
    }
    host_mutex_unlock(&e->lock);
    return ok;
}

static bool give(void *arg)
{
    struct transfer *x = arg;
    struct eventfd *e = x->e;
    host_mutex_lock(&e->lock);
    bool ok = x->value <= COUNT_MAX - e->count;
    if (ok)
        e->count += x->value;
    host_mutex_unlock(&e->lock);
    return ok;
}

static int move_count(struct file *file, bool (*step)(void *), struct transfer *x)
{
    if (atomic_load(&file->flags) & L_O_NONBLOCK)
        return step(x) ? 0 : -L_EAGAIN;
    return wait_until(&x->e->queue, step, x, WAIT_FOREVER);
}

static int64_t eventfd_read(struct file *file, void *buffer, size_t n, uint64_t *pos)
{
    (void)pos;
    struct transfer x = {.e = file->priv};
    if (n < 8)
        return -L_EINVAL;
    int error = move_count(file, take_count, &x);
    if (error)
        return error;
    memcpy(buffer, &x.value, 8);
    waitq_wake(&x.e->queue, L_POLLOUT);
    return 8;
}

static int64_t eventfd_write(struct file *file, const void *buffer, size_t n, uint64_t *pos)
{
    (void)pos;
    struct transfer x = {.e = file->priv};
    if (n < 8)
        return -L_EINVAL;
    memcpy(&x.value, buffer, 8);
    if (x.value == UINT64_MAX)
        return -L_EINVAL;
    int error = move_count(file, give, &x);
    if (error)
        return error;
    waitq_wake(&x.e->queue, L_POLLIN);
    return 8;
}

static uint32_t eventfd_poll(struct file *file, struct poll_table *table)
{
    struct eventfd *e = file->priv;
    poll_wait(table, &e->queue);
    host_mutex_lock(&e->lock);
    uint64_t count = e->count;
    host_mutex_unlock(&e->lock);
    return (count ? L_POLLIN : 0) | (count < COUNT_MAX ? L_POLLOUT : 0);
}

static void eventfd_release(struct file *file)
{
    free(file->priv);
}

static const struct file_ops eventfd_ops = {
    .read = eventfd_read, .write = eventfd_write, .poll = eventfd_poll, .release = eventfd_release};

int64_t sys_eventfd2(struct task *t, uint64_t initial, uint64_t flags)
{
    if (flags & ~(uint64_t)(L_EFD_SEMAPHORE | L_EFD_CLOEXEC | L_EFD_NONBLOCK))
        return -L_EINVAL;
    struct eventfd *e = calloc(1, sizeof(*e));
    if (!e)
        return -L_ENOMEM;
    host_mutex_init(&e->lock, RANK_EVENTFD);
    waitq_init(&e->queue);
    e->count = (uint32_t)initial;
    e->semaphore = flags & L_EFD_SEMAPHORE;
    return install_anonymous(t, "anon_inode:[eventfd]", L_O_RDWR | (flags & L_EFD_NONBLOCK),
                             &eventfd_ops, e, flags & L_EFD_CLOEXEC);
}

int64_t sys_eventfd(struct task *t, uint64_t initial)
{
    return sys_eventfd2(t, initial, 0);
}

int64_t install_anonymous(struct task *t, const char *name, uint64_t flags,
                          const struct file_ops *ops, void *priv, bool cloexec)
{
    struct file *file = file_anonymous(name, 0600, (uint32_t)flags, ops, priv);
    if (!file) {
        free(priv);
        return -L_ENOMEM;
    }
    file->kind |= FILE_STREAM;
    return files_install(t->files, file, 0, cloexec, t->process->rlimits[L_RLIMIT_NOFILE].rlim_cur);
}
