/* signalfd(2). It shows the signals of whoever reads it, so it belongs to no process. */
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/poll.h"
#include "runtime/fs/vfs/fdtable.h"
#include "runtime/host/heap.h"
#include "runtime/kernel/kernel_calls.h"
#include "runtime/memory/access.h"
#include "runtime/task/process.h"
#include "runtime/task/thread_group.h"

struct signalfd {
    _Atomic uint64_t set;
};

struct take {
    uint64_t set;
    int sig;
    struct l_siginfo info;
};

static bool take_signal(void *arg)
{
    struct take *k = arg;
    struct task *t = task_current();
    host_mutex_lock(&kernel_lock);
    uint32_t *count = &t->process->sigqueue_count;
    k->sig = sigqueue_pop(&t->pending, k->set, &k->info, count);
    if (!k->sig)
        k->sig = sigqueue_pop(&t->process->pending, k->set, &k->info, count);
    if (k->sig)
        signal_recalc_locked(t);
    host_mutex_unlock(&kernel_lock);
    return k->sig;
}

static void convert(struct l_signalfd_siginfo *out, const struct l_siginfo *info)
{
    memset(out, 0, sizeof(*out));
    out->ssi_signo = (uint32_t)info->si_signo;
    out->ssi_errno = info->si_errno;
    out->ssi_code = info->si_code;
    switch (info->si_signo) {
    case L_SIGCHLD:
        out->ssi_status = info->chld.status;
        out->ssi_utime = (uint64_t)info->chld.utime;
        out->ssi_stime = (uint64_t)info->chld.stime;
        break;
    case L_SIGSEGV:
    case L_SIGBUS:
    case L_SIGFPE:
    case L_SIGILL:
        out->ssi_addr = info->fault.addr;
        if (info->si_code > 0)
            return;
        break;
    default:
        break;
    }
    if (info->si_code == L_SI_TIMER) {
        out->ssi_tid = (uint32_t)info->timer.id;
        out->ssi_overrun = (uint32_t)info->timer.overrun;
    } else {
        out->ssi_pid = (uint32_t)info->rt.pid;
        out->ssi_uid = info->rt.uid;
    }
    if (info->si_signo != L_SIGCHLD) {
        out->ssi_ptr = info->rt.value;
        out->ssi_int = (int32_t)info->rt.value;
    }
}

static int64_t signalfd_read(struct file *file, void *buffer, size_t n, uint64_t *pos)
{
    (void)pos;
    struct signalfd *s = file->priv;
    size_t done = 0;
    if (n < sizeof(struct l_signalfd_siginfo))
        return -L_EINVAL;
    while (n - done >= sizeof(struct l_signalfd_siginfo)) {
        struct take k = {.set = atomic_load(&s->set)};
        bool wait = !done && !(atomic_load(&file->flags) & L_O_NONBLOCK);
        int error = 0;
        if (wait)
            error = wait_until(&signal_queued, take_signal, &k, WAIT_FOREVER);
        else if (!take_signal(&k))
            error = -L_EAGAIN;
        if (error)
            return done ? (int64_t)done : error;
        convert((struct l_signalfd_siginfo *)((uint8_t *)buffer + done), &k.info);
        done += sizeof(struct l_signalfd_siginfo);
    }
    return (int64_t)done;
}

static uint32_t signalfd_poll(struct file *file, struct poll_table *table)
{
    struct signalfd *s = file->priv;
    struct task *t = task_current();
    poll_wait(table, &signal_queued);
    if (!t)
        return 0;
    host_mutex_lock(&kernel_lock);
    uint64_t pending = t->pending.set | t->process->pending.set;
    host_mutex_unlock(&kernel_lock);
    return pending & atomic_load(&s->set) ? L_POLLIN : 0;
}

static void signalfd_release(struct file *file)
{
    free(file->priv);
}

static const struct file_ops signalfd_ops = {
    .read = signalfd_read, .poll = signalfd_poll, .release = signalfd_release};

static int64_t change(struct task *t, int fd, uint64_t set)
{
    struct file *file = files_get(t->files, fd);
    int64_t result = fd;
    if (!file)
        return -L_EBADF;
    if (file->ops == &signalfd_ops)
        atomic_store(&((struct signalfd *)file->priv)->set, set);
    else
        result = -L_EINVAL;
    file_put(file);
    waitq_wake(&signal_queued, L_POLLIN);
    return result;
}

int64_t sys_signalfd4(struct task *t, uint64_t fd, uint64_t umask, uint64_t size, uint64_t flags)
{
    uint64_t set;
    if (size != 8 || (flags & ~(uint64_t)(L_SFD_CLOEXEC | L_SFD_NONBLOCK)))
        return -L_EINVAL;
    if (get_guest_u64(t->process->space, umask, &set))
        return -L_EFAULT;
    set &= ~SIGNAL_UNBLOCKABLE;
    if ((int)fd != -1)
        return change(t, (int)fd, set);
    struct signalfd *s = calloc(1, sizeof(*s));
    if (!s)
        return -L_ENOMEM;
    atomic_store(&s->set, set);
    return install_anonymous(t, "anon_inode:[signalfd]", L_O_RDWR | (flags & L_SFD_NONBLOCK),
                             &signalfd_ops, s, flags & L_SFD_CLOEXEC);
}

int64_t sys_signalfd(struct task *t, uint64_t fd, uint64_t umask, uint64_t size)
{
    return sys_signalfd4(t, fd, umask, size, 0);
}
