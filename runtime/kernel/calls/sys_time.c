/* The calls that read clocks or sleep on them. */
#include "runtime/abi/errno.h"
#include "runtime/host/env.h"
#include "runtime/host/time.h"
#include "runtime/kernel/kernel_calls.h"
#include "runtime/memory/access.h"
#include "runtime/task/clock.h"
#include "runtime/task/process.h"

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
