/* timerfd_create(2). */
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/poll.h"
#include "runtime/fs/vfs/fdtable.h"
#include "runtime/host/heap.h"
#include "runtime/host/time.h"
#include "runtime/kernel/kernel_calls.h"
#include "runtime/memory/access.h"
#include "runtime/task/clock.h"
#include "runtime/task/process.h"
#include "runtime/task/timer.h"

struct timerfd {
    struct timer timer;
    struct host_mutex lock;
    int32_t clock;
    uint64_t next_ns; /* monotonic time of the next expiration; 0 when disarmed */
    uint64_t interval_ns;
    uint64_t expirations; /* not read yet */
    struct waitq queue;
};

/* With the lock: counts what has expired up to now. */
static void advance(struct timerfd *f)
{
    uint64_t now = host_clock_monotonic_ns();
    if (!f->next_ns || f->next_ns > now)
        return;
    if (!f->interval_ns) {
        f->expirations++;
        f->next_ns = 0;
        return;
    }
    uint64_t n = (now - f->next_ns) / f->interval_ns + 1;
    f->expirations += n;
    f->next_ns += n * f->interval_ns;
}

static void timerfd_fire(struct timer *timer)
{
    struct timerfd *f = (struct timerfd *)timer;
    host_mutex_lock(&f->lock);
    advance(f);
    uint64_t next = f->next_ns;
    /* Nobody hears the ones after the first until it has been read, which rearms. */
    if (next && !f->expirations)
        timer_arm(timer, next);
    host_mutex_unlock(&f->lock);
    waitq_wake(&f->queue, L_POLLIN);
}

struct take {
    struct timerfd *f;
    uint64_t count;
};

static bool take_count(void *arg)
{
    struct take *k = arg;
    struct timerfd *f = k->f;
    host_mutex_lock(&f->lock);
    advance(f);
    k->count = f->expirations;
    f->expirations = 0;
    if (k->count && f->next_ns)
        timer_arm(&f->timer, f->next_ns);
    host_mutex_unlock(&f->lock);
    return k->count;
}

static int64_t timerfd_read(struct file *file, void *buffer, size_t n, uint64_t *pos)
{
    (void)pos;
    struct take k = {.f = file->priv};
    if (n < 8)
        return -L_EINVAL;
    int error = 0;
    if (atomic_load(&file->flags) & L_O_NONBLOCK)
        error = take_count(&k) ? 0 : -L_EAGAIN;
    else
        error = wait_until(&k.f->queue, take_count, &k, WAIT_FOREVER);
    if (error)
        return error;
    memcpy(buffer, &k.count, 8);
    return 8;
}

static uint32_t timerfd_poll(struct file *file, struct poll_table *table)
{
    struct timerfd *f = file->priv;
    poll_wait(table, &f->queue);
    host_mutex_lock(&f->lock);
    advance(f);
    bool ready = f->expirations;
    host_mutex_unlock(&f->lock);
    return ready ? L_POLLIN : 0;
}

static void timerfd_release(struct file *file)
{
    struct timerfd *f = file->priv;
    timer_cancel(&f->timer);
    free(f);
}

static const struct file_ops timerfd_ops = {
    .read = timerfd_read, .poll = timerfd_poll, .release = timerfd_release};

int64_t sys_timerfd_create(struct task *t, uint64_t clock, uint64_t flags)
{
    int32_t id = (int32_t)clock;
    if (flags & ~(uint64_t)(L_TFD_CLOEXEC | L_TFD_NONBLOCK))
        return -L_EINVAL;
    if (id != L_CLOCK_REALTIME && id != L_CLOCK_MONOTONIC && id != L_CLOCK_BOOTTIME &&
        id != L_CLOCK_REALTIME_ALARM && id != L_CLOCK_BOOTTIME_ALARM)
        return -L_EINVAL;
    struct timerfd *f = calloc(1, sizeof(*f));
    if (!f)
        return -L_ENOMEM;
    host_mutex_init(&f->lock, RANK_TIMERFD);
    waitq_init(&f->queue);
    f->timer.fire = timerfd_fire;
    f->clock = id;
    return install_anonymous(t, "anon_inode:[timerfd]", L_O_RDWR | (flags & L_TFD_NONBLOCK),
                             &timerfd_ops, f, flags & L_TFD_CLOEXEC);
}

static struct l_itimerspec describe_timer(struct timerfd *f)
{
    struct l_itimerspec its;
    host_mutex_lock(&f->lock);
    advance(f);
    uint64_t now = host_clock_monotonic_ns();
    uint64_t left = f->next_ns > now ? f->next_ns - now : f->next_ns ? 1 : 0;
    its.it_value = ns_to_timespec(left);
    its.it_interval = ns_to_timespec(f->interval_ns);
    host_mutex_unlock(&f->lock);
    return its;
}

static int set_timer(struct task *t, struct timerfd *f, uint32_t flags,
                     const struct l_itimerspec *want)
{
    uint64_t value, interval, deadline = 0, missed = 0;
    if (timespec_to_ns(&want->it_value, &value) || timespec_to_ns(&want->it_interval, &interval))
        return -L_EINVAL;
    if (value) {
        int error = clock_timer_start(t, f->clock, value, interval, flags & L_TFD_TIMER_ABSTIME,
                                      &deadline, &missed);
        if (error)
            return error;
        if (!deadline)
            deadline = 1;
    }
    timer_cancel(&f->timer);
    host_mutex_lock(&f->lock);
    f->next_ns = deadline;
    f->interval_ns = interval;
    f->expirations = missed;
    int error = deadline && deadline != WAIT_FOREVER ? timer_arm(&f->timer, deadline) : 0;
    host_mutex_unlock(&f->lock);
    return error;
}

static struct file *get_timerfd(struct task *t, int fd, int *error)
{
    struct file *file = files_get(t->files, fd);
    *error = file ? -L_EINVAL : -L_EBADF;
    if (file && file->ops == &timerfd_ops)
        return file;
    if (file)
        file_put(file);
    return NULL;
}

int64_t sys_timerfd_settime(struct task *t, uint64_t fd, uint64_t flags, uint64_t unew,
                            uint64_t uold)
{
    struct space *space = t->process->space;
    struct l_itimerspec want;
    int error;
    if (copy_from_guest(space, &want, unew, sizeof(want)))
        return -L_EFAULT;
    if (flags & ~(uint64_t)(L_TFD_TIMER_ABSTIME | L_TFD_TIMER_CANCEL_ON_SET))
        return -L_EINVAL;
    struct file *file = get_timerfd(t, (int)fd, &error);
    if (!file)
        return error;
    struct l_itimerspec old = describe_timer(file->priv);
    error = set_timer(t, file->priv, (uint32_t)flags, &want);
    file_put(file);
    if (!error && uold)
        error = copy_to_guest(space, uold, &old, sizeof(old));
    return error;
}

int64_t sys_timerfd_gettime(struct task *t, uint64_t fd, uint64_t ucur)
{
    int error;
    struct file *file = get_timerfd(t, (int)fd, &error);
    if (!file)
        return error;
    struct l_itimerspec now = describe_timer(file->priv);
    file_put(file);
    return copy_to_guest(t->process->space, ucur, &now, sizeof(now));
}
