/* Clocks, conversions, and the calls that read or sleep on them. */
#include "runtime/kernel/time.h"

#include "runtime/abi/errno.h"
#include "runtime/host/env.h"
#include "runtime/host/time.h"
#include "runtime/kernel/process.h"
#include "runtime/kernel/syscalls.h"
#include "runtime/memory/access.h"

/* Longer waits than this (292 years) are as good as for ever. */
#define NS_MAX ((uint64_t)INT64_MAX)

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
    if (tv->tv_usec < 0 || tv->tv_usec >= 1000000)
        return -L_EINVAL;
    struct l_timespec ts = {tv->tv_sec, tv->tv_usec * 1000};
    return timespec_to_ns(&ts, ns);
}

struct l_timespec ns_to_timespec(uint64_t ns)
{
    return (struct l_timespec){(int64_t)(ns / NS_PER_SEC), (int64_t)(ns % NS_PER_SEC)};
}

struct l_timeval ns_to_timeval(uint64_t ns)
{
    return (struct l_timeval){(int64_t)(ns / NS_PER_SEC), (int64_t)(ns % NS_PER_SEC / 1000)};
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

int64_t sys_clock_gettime(struct task *t, uint64_t clock, uint64_t uts)
{
    uint64_t ns;
    int error = clock_read(t, (int32_t)clock, &ns);
    if (error)
        return error;
    struct l_timespec ts = ns_to_timespec(ns);
    return copy_to_guest(t->process->space, uts, &ts, sizeof(ts));
}

int64_t sys_clock_getres(struct task *t, uint64_t clock, uint64_t uts)
{
    uint64_t ns;
    int32_t id = (int32_t)clock;
    int error = clock_read(t, id, &ns);
    if (error || !uts)
        return error;
    bool coarse = id == L_CLOCK_REALTIME_COARSE || id == L_CLOCK_MONOTONIC_COARSE;
    struct l_timespec ts = {0, coarse ? 4000000 : 1};
    return copy_to_guest(t->process->space, uts, &ts, sizeof(ts));
}

/* The machine's clock belongs to the host. */
int64_t sys_clock_settime(struct task *t, uint64_t clock, uint64_t uts)
{
    struct l_timespec ts;
    if (copy_from_guest(t->process->space, &ts, uts, sizeof(ts)))
        return -L_EFAULT;
    return (int32_t)clock == L_CLOCK_REALTIME ? -L_EPERM : -L_EINVAL;
}

int64_t sys_settimeofday(struct task *t, uint64_t utv, uint64_t utz)
{
    struct l_timeval tv;
    (void)utz;
    if (utv && copy_from_guest(t->process->space, &tv, utv, sizeof(tv)))
        return -L_EFAULT;
    return -L_EPERM;
}

int64_t sys_gettimeofday(struct task *t, uint64_t utv, uint64_t utz)
{
    if (utv) {
        struct l_timeval tv = ns_to_timeval(host_clock_realtime_ns());
        if (copy_to_guest(t->process->space, utv, &tv, sizeof(tv)))
            return -L_EFAULT;
    }
    if (utz) {
        struct l_timezone tz = {0, 0};
        if (copy_to_guest(t->process->space, utz, &tz, sizeof(tz)))
            return -L_EFAULT;
    }
    return 0;
}

int64_t sys_time(struct task *t, uint64_t ut)
{
    int64_t now = (int64_t)(host_clock_realtime_ns() / NS_PER_SEC);
    if (ut && put_guest_u64(t->process->space, ut, (uint64_t)now))
        return -L_EFAULT;
    return now;
}

static int64_t sleep_until(struct task *t, uint64_t deadline, uint64_t remain);

static int64_t sleep_again(struct task *t, struct restart_block *r)
{
    return sleep_until(t, r->deadline_ns, r->args[0]);
}

/* Sleeps; when a signal ends it, tells how much is left and prepares restart_syscall(2). */
static int64_t sleep_until(struct task *t, uint64_t deadline, uint64_t remain)
{
    if (wait_for_signal(deadline) == -L_ETIMEDOUT)
        return 0;
    if (remain) {
        uint64_t now = host_clock_monotonic_ns();
        struct l_timespec ts = ns_to_timespec(deadline > now ? deadline - now : 0);
        if (copy_to_guest(t->process->space, remain, &ts, sizeof(ts)))
            return -L_EFAULT;
    }
    t->restart.fn = sleep_again;
    t->restart.deadline_ns = deadline;
    t->restart.args[0] = remain;
    return -L_ERESTART_RESTARTBLOCK;
}

/* How long to wait at least before a CPU clock can have come so far. */
#define CPU_STEP_NS 1000000u

static uint64_t soonest(const struct task *t, int32_t clock, uint64_t left)
{
    bool thread = clock < 0 && (clock & 4);
    unsigned threads = t->process->live_threads, cpus = host_cpu_count();
    uint64_t at_once = thread ? 1 : threads < cpus ? threads : cpus;
    left = at_once ? left / at_once : left;
    return deadline_after(left > CPU_STEP_NS ? left : CPU_STEP_NS);
}

static int64_t cpu_sleep(struct task *t, int32_t clock, uint64_t until, bool absolute,
                         uint64_t remain);

static int64_t cpu_sleep_again(struct task *t, struct restart_block *r)
{
    return cpu_sleep(t, (int32_t)r->args[0], r->args[1], false, r->args[2]);
}

/* Sleeps until a CPU clock shows that time. */
static int64_t cpu_sleep(struct task *t, int32_t clock, uint64_t until, bool absolute,
                         uint64_t remain)
{
    uint64_t now;
    for (;;) {
        int error = clock_read(t, clock, &now);
        if (error || now >= until)
            return error;
        if (wait_for_signal(soonest(t, clock, until - now)) != -L_ETIMEDOUT)
            break;
    }
    if (absolute)
        return -L_ERESTARTNOHAND;
    if (remain) {
        struct l_timespec ts = ns_to_timespec(until - now);
        if (copy_to_guest(t->process->space, remain, &ts, sizeof(ts)))
            return -L_EFAULT;
    }
    t->restart = (struct restart_block){cpu_sleep_again, {(uint64_t)clock, until, remain}, 0};
    return -L_ERESTART_RESTARTBLOCK;
}

static int64_t start_cpu_sleep(struct task *t, int32_t clock, uint64_t ns, bool absolute,
                               uint64_t remain)
{
    uint64_t now;
    int32_t id = ~(clock >> 3);
    if (clock < 0 && (clock & 4) && (!id || id == t->tid))
        return -L_EINVAL;
    int error = clock_read(t, clock, &now);
    if (error)
        return error;
    if (!absolute)
        ns = ns < NS_MAX - now ? now + ns : NS_MAX;
    return cpu_sleep(t, clock, ns, absolute, remain);
}

int64_t sys_nanosleep(struct task *t, uint64_t ureq, uint64_t urem)
{
    uint64_t deadline = 0;
    if (!ureq)
        return -L_EFAULT;
    int error = time_deadline_from_guest(t->process->space, ureq, &deadline);
    return error ? error : sleep_until(t, deadline, urem);
}

int64_t sys_clock_nanosleep(struct task *t, uint64_t clock, uint64_t flags, uint64_t ureq,
                            uint64_t urem)
{
    uint64_t ns, deadline;
    int32_t id = (int32_t)clock;
    bool absolute = flags & L_TIMER_ABSTIME;
    if (id == L_CLOCK_THREAD_CPUTIME_ID)
        return -L_EINVAL;
    if (id == L_CLOCK_MONOTONIC_COARSE || id == L_CLOCK_REALTIME_COARSE ||
        id == L_CLOCK_MONOTONIC_RAW)
        return -L_ENOTSUP;
    int error = time_from_guest(t->process->space, ureq, &ns);
    if (!error && (id < 0 || id == L_CLOCK_PROCESS_CPUTIME_ID))
        return start_cpu_sleep(t, id, ns, absolute, urem);
    if (!error)
        error = clock_deadline(t, id, ns, absolute, &deadline);
    if (error)
        return error;
    if (!absolute)
        return sleep_until(t, deadline, urem);
    return wait_for_signal(deadline) == -L_ETIMEDOUT ? 0 : -L_ERESTARTNOHAND;
}

int64_t sys_restart_syscall(struct task *t)
{
    int64_t (*fn)(struct task *, struct restart_block *) = t->restart.fn;
    t->restart.fn = NULL;
    return fn ? fn(t, &t->restart) : -L_EINTR;
}
