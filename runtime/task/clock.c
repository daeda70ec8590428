/* Clocks and conversions. */
#include "runtime/task/clock.h"

#include "runtime/abi/errno.h"
#include "runtime/host/time.h"
#include "runtime/memory/access.h"
#include "runtime/task/process.h"

int timespec_to_ns(const struct l_timespec *ts, uint64_t *ns)
{
    if (ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= (int64_t)NS_PER_SEC)
        return -L_EINVAL;
    if ((uint64_t)ts->tv_sec >= NS_MAX / NS_PER_SEC)
        *ns = NS_MAX;
    else
        *ns = (uint64_t)ts->tv_sec * NS_PER_SEC + (uint64_t)ts->tv_nsec;
    return 0;
}

int timeval_to_ns(const struct l_timeval *tv, uint64_t *ns)
{
    if (tv->tv_usec < 0 || tv->tv_usec >= (int64_t)(NS_PER_SEC / NS_PER_US))
        return -L_EINVAL;
    struct l_timespec ts = {tv->tv_sec, tv->tv_usec * (int64_t)NS_PER_US};
    return timespec_to_ns(&ts, ns);
}

struct l_timespec ns_to_timespec(uint64_t ns)
{
    return (struct l_timespec){(int64_t)(ns / NS_PER_SEC), (int64_t)(ns % NS_PER_SEC)};
}

struct l_timeval ns_to_timeval(uint64_t ns)
{
    return (struct l_timeval){(int64_t)(ns / NS_PER_SEC), (int64_t)(ns % NS_PER_SEC / NS_PER_US)};
}

uint64_t deadline_after(uint64_t ns)
{
    uint64_t now = host_clock_monotonic_ns();
    return ns >= NS_MAX - now ? WAIT_FOREVER : now + ns;
}

int time_from_guest(struct space *space, uint64_t address, uint64_t *ns)
{
    struct l_timespec ts;
    if (copy_from_guest(space, &ts, address, sizeof(ts)))
        return -L_EFAULT;
    return timespec_to_ns(&ts, ns);
}

int time_deadline_from_guest(struct space *space, uint64_t address, uint64_t *deadline)
{
    uint64_t ns;
    int error = address ? time_from_guest(space, address, &ns) : 0;
    if (address && !error)
        *deadline = deadline_after(ns);
    return error;
}

int time_poll_deadline(struct space *space, uint64_t address, uint64_t *deadline)
{
    uint64_t ns;
    *deadline = WAIT_FOREVER;
    int error = address ? time_from_guest(space, address, &ns) : 0;
    if (address && !error)
        *deadline = ns ? deadline_after(ns) : 0;
    return error;
}

/* Clock ids below zero name the CPU clock of a process or thread (clock_getcpuclockid(3)). */
static int read_cpu_clock(struct task *t, int32_t clock, uint64_t *ns)
{
    int32_t id = ~(clock >> 3);
    bool thread = clock & 4;
    struct cpu_clock c = {0, 0};
    int error = -L_EINVAL;
    if ((clock & 3) == 3)
        return -L_EINVAL;
    struct task *other = thread ? (id ? task_find(id) : t) : NULL;
    struct process *p = thread ? NULL : id ? process_find(id) : t->process;
    host_mutex_lock(&kernel_lock);
    if (other && other->process == t->process) {
        c = task_clock(other);
        error = 0;
    } else if (p) {
        c = process_clock(p);
        error = 0;
    }
    host_mutex_unlock(&kernel_lock);
    if (other && other != t)
        task_put(other);
    if (p && p != t->process)
        process_put(p);
    else if (p && id)
        process_put(p);
    *ns = c.user_ns + c.system_ns;
    return error;
}

int clock_read(struct task *t, int32_t clock, uint64_t *ns)
{
    switch (clock) {
    case L_CLOCK_REALTIME:
    case L_CLOCK_REALTIME_COARSE:
    case L_CLOCK_REALTIME_ALARM:
    case L_CLOCK_TAI:
        *ns = host_clock_realtime_ns();
        return 0;
    case L_CLOCK_MONOTONIC:
    case L_CLOCK_MONOTONIC_COARSE:
    case L_CLOCK_MONOTONIC_RAW:
        *ns = host_clock_monotonic_ns();
        return 0;
    case L_CLOCK_BOOTTIME:
    case L_CLOCK_BOOTTIME_ALARM:
        *ns = host_clock_boottime_ns();
        return 0;
    case L_CLOCK_PROCESS_CPUTIME_ID:
        return read_cpu_clock(t, -6 /* process 0: ~0 << 3 | 2 */, ns);
    case L_CLOCK_THREAD_CPUTIME_ID: {
        struct cpu_clock c = task_clock(t);
        *ns = c.user_ns + c.system_ns;
        return 0;
    }
    default:
        return clock < 0 ? read_cpu_clock(t, clock, ns) : -L_EINVAL;
    }
}

int clock_deadline(struct task *t, int32_t clock, uint64_t ns, bool absolute, uint64_t *deadline)
{
    uint64_t now;
    int error = clock_read(t, clock, &now);
    if (error)
        return error;
    if (absolute)
        ns = ns > now ? ns - now : 0;
    *deadline = deadline_after(ns);
    return 0;
}

int clock_timer_start(struct task *t, int32_t clock, uint64_t ns, uint64_t interval, bool absolute,
                      uint64_t *deadline, uint64_t *missed)
{
    uint64_t now, monotonic = host_clock_monotonic_ns();
    *missed = 0;
    int error = clock_read(t, clock, &now);
    if (error || !absolute || !interval || ns > now)
        return error ? error : clock_deadline(t, clock, ns, absolute, deadline);
    uint64_t ago = (now - ns) % interval;
    *missed = (now - ns) / interval;
    *deadline = ago < monotonic ? monotonic - ago : 1;
    return 0;
}
