/* poll(2), ppoll(2), select(2), pselect6(2). */
#define HEAP_TIER HEAP_RESERVE
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/poll.h"
#include "runtime/fs/vfs/fdtable.h"
#include "runtime/host/heap.h"
#include "runtime/host/time.h"
#include "runtime/kernel/kernel_calls.h"
#include "runtime/memory/access.h"
#include "runtime/task/clock.h"
#include "runtime/task/process.h"

#define ALWAYS   (L_POLLERR | L_POLLHUP | L_POLLNVAL)
#define FD_LIMIT 1048576u

struct poll_entry {
    struct wait_entry wait;
    struct poll_entry *next;
};

/* The queues a poll waits on. */
struct poller {
    struct poll_table table;
    struct task *task;
    struct poll_entry *entries;
    bool failed; /* out of memory: wait in short steps instead of missing an event */
};

static void poller_add(struct poll_table *table, struct waitq *q)
{
    struct poller *p = (struct poller *)table;
    struct poll_entry *e = malloc(sizeof(*e));
    if (!e) {
        p->failed = true;
        return;
    }
    memset(e, 0, sizeof(*e));
    e->wait.wake = wait_entry_unpark;
    e->wait.parker = &p->task->parker;
    e->next = p->entries;
    p->entries = e;
    waitq_add(q, &e->wait);
}

static void poller_free(struct poller *p)
{
    while (p->entries) {
        struct poll_entry *e = p->entries;
        p->entries = e->next;
        waitq_remove(&e->wait);
        free(e);
    }
}

struct poll_set {
    struct task *task;
    struct l_pollfd *fds;
    struct file **files; /* counted; NULL where none is open */
    uint32_t count;
};

static int check_all(struct poll_set *set, struct poll_table *table)
{
    int ready = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        struct l_pollfd *p = &set->fds[i];
        p->revents = 0;
        if (p->fd < 0)
            continue;
        uint32_t events = L_POLLNVAL;
        if (set->files[i])
            events = file_poll(set->files[i], ready ? NULL : table);
        p->revents = (int16_t)(events & ((uint16_t)p->events | ALWAYS));
        if (p->revents)
            ready++;
    }
    return ready;
}

/* The number of ready ones, 0 at the deadline, or -L_ERESTARTNOHAND when a signal came first. */
static int poll_wait_all(struct poll_set *set, uint64_t deadline)
{
    struct task *t = set->task;
    struct poller poller = {.table = {poller_add}, .task = t};
    set->files = calloc(set->count ? set->count : 1, sizeof(struct file *));
    if (!set->files)
        return -L_ENOMEM;
    for (uint32_t i = 0; i < set->count; i++) {
        if (set->fds[i].fd >= 0)
            set->files[i] = files_get(t->files, set->fds[i].fd);
    }
    struct poll_table *table = deadline ? &poller.table : NULL;
    int result;
    for (;;) {
        result = check_all(set, table);
        table = NULL;
        if (result || !deadline)
            break;
        if (signal_pending(t)) {
            result = -L_ERESTARTNOHAND;
            break;
        }
        uint64_t now = host_clock_monotonic_ns();
        if (now >= deadline)
            break;
        uint64_t until = poller.failed && deadline > now + 10000000 ? now + 10000000 : deadline;
        atomic_store(&t->state, TASK_SLEEPING);
        wait_park(&t->parker, until);
        atomic_store(&t->state, TASK_RUNNING);
    }
    poller_free(&poller);
    for (uint32_t i = 0; i < set->count; i++) {
        if (set->files[i])
            file_put(set->files[i]);
    }
    free(set->files);
    return result;
}

static int64_t do_poll(struct task *t, uint64_t ufds, uint64_t nfds, uint64_t deadline)
{
    struct space *space = t->process->space;
    struct l_pollfd small[16];
    if (nfds > t->process->rlimits[L_RLIMIT_NOFILE].rlim_cur || nfds > FD_LIMIT)
        return -L_EINVAL;
    struct poll_set set = {.task = t, .count = (uint32_t)nfds, .fds = small};
    size_t size = nfds * sizeof(struct l_pollfd);
    if (nfds > 16)
        set.fds = malloc(size);
    if (!set.fds)
        return -L_ENOMEM;
    int64_t result = -L_EFAULT;
    if (!copy_from_guest(space, set.fds, ufds, size)) {
        result = poll_wait_all(&set, deadline);
        for (uint32_t i = 0; i < set.count && result >= 0; i++) {
            uint64_t at = ufds + i * sizeof(struct l_pollfd) + offsetof(struct l_pollfd, revents);
            if (put_guest_u16(space, at, (uint16_t)set.fds[i].revents))
                result = -L_EFAULT;
        }
    }
    if (set.fds != small)
        free(set.fds);
    return result;
}

static int64_t poll_again(struct task *t, struct restart_block *r)
{
    return do_poll(t, r->args[0], r->args[1], r->deadline_ns);
}

int64_t sys_poll(struct task *t, uint64_t ufds, uint64_t nfds, uint64_t timeout)
{
    int32_t ms = (int32_t)timeout;
    uint64_t deadline = ms < 0 ? WAIT_FOREVER : ms ? deadline_after(ms * 1000000ull) : 0;
    int64_t result = do_poll(t, ufds, (uint32_t)nfds, deadline);
    if (result == -L_ERESTARTNOHAND) {
        t->restart = (struct restart_block){poll_again, {ufds, (uint32_t)nfds}, deadline};
        result = -L_ERESTART_RESTARTBLOCK;
    }
    return result;
}

/* Linux tells how much of the timeout is left; a failure to write it is not an error. */
static void write_left(struct space *space, uint64_t address, uint64_t deadline, bool micro)
{
    if (!address || deadline == WAIT_FOREVER)
        return;
    uint64_t now = host_clock_monotonic_ns();
    uint64_t left = deadline > now ? deadline - now : 0;
    struct l_timespec ts = ns_to_timespec(left);
    if (micro)
        ts.tv_nsec /= 1000;
    (void)!copy_to_guest(space, address, &ts, sizeof(ts));
}

static int64_t set_mask_from(struct task *t, uint64_t umask, uint64_t size)
{
    uint64_t mask;
    if (!umask)
        return 0;
    if (size != 8)
        return -L_EINVAL;
    if (get_guest_u64(t->process->space, umask, &mask))
        return -L_EFAULT;
    signal_set_temporary_mask(t, mask);
    return 0;
}

/* Without a signal the mask comes back at once; with one, after its handler has started. */
static int64_t finish_mask(struct task *t, int64_t result)
{
    if (result != -L_ERESTARTNOHAND)
        signal_restore_mask(t);
    return result;
}

int64_t sys_ppoll(struct task *t, uint64_t ufds, uint64_t nfds, uint64_t uts, uint64_t umask,
                  uint64_t size)
{
    struct space *space = t->process->space;
    uint64_t deadline;
    int64_t error = time_poll_deadline(space, uts, &deadline);
    if (!error)
        error = set_mask_from(t, umask, size);
    if (error)
        return error;
    int64_t result = do_poll(t, ufds, (uint32_t)nfds, deadline);
    write_left(space, uts, deadline, false);
    return finish_mask(t, result);
}

#define IN_SET  (L_POLLRDNORM | L_POLLRDBAND | L_POLLIN | L_POLLHUP | L_POLLERR)
#define OUT_SET (L_POLLWRBAND | L_POLLWRNORM | L_POLLOUT | L_POLLERR)
#define EX_SET  L_POLLPRI

struct select_sets {
    uint8_t *in[3];  /* NULL when not given */
    uint8_t *out[3]; /* results */
    uint64_t address[3];
    uint32_t bytes;
};

static int load_sets(struct space *space, struct select_sets *s)
{
    for (int i = 0; i < 3; i++) {
        if (!s->address[i])
            continue;
        s->in[i] = calloc(2, s->bytes ? s->bytes : 1);
        if (!s->in[i])
            return -L_ENOMEM;
        s->out[i] = s->in[i] + s->bytes;
        if (copy_from_guest(space, s->in[i], s->address[i], s->bytes))
            return -L_EFAULT;
    }
    return 0;
}

static bool in_set(const struct select_sets *s, int which, uint32_t fd)
{
    return s->in[which] && (s->in[which][fd / 8] >> (fd % 8) & 1);
}

static uint32_t wanted(const struct select_sets *s, uint32_t fd)
{
    return (in_set(s, 0, fd) ? IN_SET : 0) | (in_set(s, 1, fd) ? OUT_SET : 0) |
           (in_set(s, 2, fd) ? EX_SET : 0);
}

static int64_t collect_sets(struct select_sets *s, const struct poll_set *set)
{
    static const uint32_t masks[3] = {IN_SET, OUT_SET, EX_SET};
    int64_t n = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        uint32_t fd = (uint32_t)set->fds[i].fd, events = (uint16_t)set->fds[i].revents;
        if (events & L_POLLNVAL)
            return -L_EBADF;
        for (int k = 0; k < 3; k++) {
            if (in_set(s, k, fd) && (events & masks[k])) {
                s->out[k][fd / 8] |= (uint8_t)(1u << (fd % 8));
                n++;
            }
        }
    }
    return n;
}

static int64_t select_sets(struct task *t, struct select_sets *s, uint32_t nfds, uint64_t deadline)
{
    struct poll_set set = {.task = t};
    set.fds = malloc((nfds ? nfds : 1) * sizeof(struct l_pollfd));
    if (!set.fds)
        return -L_ENOMEM;
    for (uint32_t fd = 0; fd < nfds; fd++) {
        uint32_t events = wanted(s, fd);
        if (events)
            set.fds[set.count++] = (struct l_pollfd){(int32_t)fd, (int16_t)events, 0};
    }
    int64_t result = poll_wait_all(&set, deadline);
    if (result >= 0)
        result = collect_sets(s, &set);
    free(set.fds);
    return result;
}

static int64_t do_select(struct task *t, uint64_t n, const uint64_t sets[3], uint64_t deadline)
{
    struct space *space = t->process->space;
    int32_t nfds = (int32_t)n;
    if (nfds < 0)
        return -L_EINVAL;
    if ((uint32_t)nfds > FD_LIMIT)
        nfds = FD_LIMIT;
    struct select_sets s = {.bytes = ((uint32_t)nfds + 63) / 64 * 8,
                            .address = {sets[0], sets[1], sets[2]}};
    int64_t result = load_sets(space, &s);
    if (!result)
        result = select_sets(t, &s, (uint32_t)nfds, deadline);
    for (int i = 0; i < 3; i++) {
        if (result >= 0 && s.in[i] && copy_to_guest(space, s.address[i], s.out[i], s.bytes))
            result = -L_EFAULT;
        free(s.in[i]);
    }
    return result;
}

int64_t sys_select(struct task *t, uint64_t n, uint64_t in, uint64_t out, uint64_t ex, uint64_t utv)
{
    struct space *space = t->process->space;
    uint64_t deadline = WAIT_FOREVER;
    if (utv) {
        struct l_timeval tv;
        if (copy_from_guest(space, &tv, utv, sizeof(tv)))
            return -L_EFAULT;
        if (tv.tv_sec < 0 || tv.tv_usec < 0)
            return -L_EINVAL;
        uint64_t sec = (uint64_t)tv.tv_sec + (uint64_t)tv.tv_usec / 1000000;
        uint64_t ns = sec > INT32_MAX ? UINT64_MAX : sec * NS_PER_SEC;
        if (ns != UINT64_MAX)
            ns += (uint64_t)tv.tv_usec % 1000000 * 1000;
        deadline = ns ? deadline_after(ns) : 0;
    }
    int64_t result = do_select(t, n, (const uint64_t[]){in, out, ex}, deadline);
    write_left(space, utv, deadline, true);
    return result;
}

int64_t sys_pselect6(struct task *t, uint64_t n, uint64_t in, uint64_t out, uint64_t ex,
                     uint64_t uts, uint64_t usig)
{
    struct space *space = t->process->space;
    uint64_t deadline, packed[2] = {0, 0};
    int64_t error = time_poll_deadline(space, uts, &deadline);
    if (!error && usig && copy_from_guest(space, packed, usig, sizeof(packed)))
        error = -L_EFAULT;
    if (!error)
        error = set_mask_from(t, packed[0], packed[1]);
    if (error)
        return error;
    int64_t result = do_select(t, n, (const uint64_t[]){in, out, ex}, deadline);
    write_left(space, uts, deadline, false);
    return finish_mask(t, result);
}
