/*
 * Interval timers of a process: setitimer(2), alarm(2), timer_create(2).
 *
 * The list process->timers and every field of a timer is guarded by kernel_lock; a timer that fires
 * takes it. setitimer's three are members with negative ids. CPU-time timers are checked by
 * rearming: the CPU time still missing is the soonest that they can expire.
 */
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/host/env.h"
#include "runtime/host/heap.h"
#include "runtime/host/time.h"
#include "runtime/kernel/kernel_calls.h"
#include "runtime/kernel/life/itimer.h"
#include "runtime/memory/access.h"
#include "runtime/task/clock.h"
#include "runtime/task/pid.h"
#include "runtime/task/process.h"
#include "runtime/task/timer.h"

#define TIMERS_MAX  32
#define OVERRUN_MAX INT32_MAX
#define CPU_STEP_NS 1000000u
#define CPU_LIMIT   (-4) /* the id of the timer for RLIMIT_CPU */

struct posix_timer {
    struct timer timer;
    struct posix_timer *next;
    struct process *process; /* counted while armed or listed */
    int32_t id;              /* -1 - which for setitimer's */
    int32_t clock;
    int32_t notify, signo, tid;
    uint64_t value;
    uint64_t next_ns; /* on the clock that is waited for; 0 when disarmed */
    uint64_t interval_ns;
    uint64_t missed; /* expirations before next_ns that no signal was sent for */
    int32_t overrun; /* of the last signal delivered */
};

static bool is_cpu_clock(int32_t clock)
{
    return clock < 0 || clock == L_CLOCK_PROCESS_CPUTIME_ID || clock == L_CLOCK_THREAD_CPUTIME_ID;
}

/* The clock a timer counts on: monotonic time, or CPU time of its process. kernel_lock held. */
static uint64_t now_of(const struct posix_timer *pt)
{
    if (!is_cpu_clock(pt->clock))
        return host_clock_monotonic_ns();
    struct cpu_clock c = process_clock(pt->process);
    return pt->id == -1 - L_ITIMER_VIRTUAL ? c.user_ns : c.user_ns + c.system_ns;
}

static void rearm(struct posix_timer *pt)
{
    if (!pt->next_ns || pt->next_ns == WAIT_FOREVER)
        return;
    uint64_t deadline = pt->next_ns;
    if (is_cpu_clock(pt->clock)) {
        uint64_t now = now_of(pt), left = deadline > now ? deadline - now : 0;
        unsigned cpus = host_cpu_count();
        left = pt->process->live_threads > 1 && cpus ? left / cpus : left;
        deadline = host_clock_monotonic_ns() + (left > CPU_STEP_NS ? left : CPU_STEP_NS);
    }
    timer_arm(&pt->timer, deadline);
}

/* RLIMIT_CPU: at the soft limit a signal every second, at the hard one the end. kernel_lock held.
 */
static uint64_t next_cpu_limit(const struct process *p)
{
    const struct l_rlimit *limit = &p->rlimits[L_RLIMIT_CPU];
    uint64_t seconds = limit->rlim_cur < limit->rlim_max ? limit->rlim_cur : limit->rlim_max;
    if (seconds >= WAIT_FOREVER / NS_PER_SEC)
        return 0;
    return (seconds ? seconds : 1) * NS_PER_SEC;
}

static void expire_cpu_limit(struct posix_timer *pt, uint64_t now)
{
    struct process *p = pt->process;
    struct l_rlimit *limit = &p->rlimits[L_RLIMIT_CPU];
    uint64_t seconds = now / NS_PER_SEC;
    if (seconds >= limit->rlim_max) {
        pt->next_ns = 0;
        signal_send_process_locked(p, L_SIGKILL, NULL);
        return;
    }
    if (seconds >= limit->rlim_cur) {
        signal_send_process_locked(p, L_SIGXCPU, NULL);
        limit->rlim_cur = seconds + 1;
    }
    pt->next_ns = next_cpu_limit(p);
}

/* With kernel_lock. A timer whose last signal is still queued only counts overruns. */
static void expire(struct posix_timer *pt)
{
    struct process *p = pt->process;
    struct l_siginfo info = {.si_signo = pt->signo, .si_code = L_SI_TIMER};
    uint64_t now = now_of(pt), missed = 0;
    if (pt->id == CPU_LIMIT) {
        expire_cpu_limit(pt, now);
        return;
    }
    if (pt->interval_ns) {
        missed = (now - pt->next_ns) / pt->interval_ns;
        pt->next_ns += (missed + 1) * pt->interval_ns;
    } else {
        pt->next_ns = 0;
    }
    missed += pt->missed;
    pt->missed = 0;
    if (pt->notify == L_SIGEV_NONE)
        return;
    if (pt->id < 0) {
        info.si_code = L_SI_KERNEL;
        signal_send_process_locked(p, pt->signo, &info);
        return;
    }
    struct task *target = NULL;
    if (pt->notify == L_SIGEV_THREAD_ID) {
        struct pid *e = pid_entry(pt->tid);
        target = e && e->task && e->task->process == p ? e->task : NULL;
        if (!target)
            return;
    }
    const struct sigqueue *q = target ? &target->pending : &p->pending;
    for (const struct sigentry *s = q->first; s; s = s->next) {
        if (s->info.si_code == L_SI_TIMER && s->info.timer.id == pt->id) {
            struct sigentry *queued = (struct sigentry *)s;
            uint64_t sum = (uint64_t)queued->info.timer.overrun + missed + 1;
            pt->overrun = queued->info.timer.overrun =
                (int32_t)(sum > OVERRUN_MAX ? OVERRUN_MAX : sum);
            return;
        }
    }
    pt->overrun = (int32_t)(missed > OVERRUN_MAX ? OVERRUN_MAX : missed);
    info.timer.id = pt->id;
    info.timer.overrun = pt->overrun;
    info.timer.value = pt->value;
    if (target)
        signal_send_task_locked(target, pt->signo, &info);
    else
        signal_send_process_locked(p, pt->signo, &info);
}

static void fire(struct timer *timer)
{
    struct posix_timer *pt = (struct posix_timer *)timer;
    host_mutex_lock(&kernel_lock);
    if (pt->next_ns && pt->next_ns <= now_of(pt))
        expire(pt);
    rearm(pt);
    host_mutex_unlock(&kernel_lock);
}

/* Without locks: stops it and frees it; it is on no list any more. */
static void destroy(struct posix_timer *pt)
{
    timer_cancel(&pt->timer);
    process_put(pt->process);
    free(pt);
}

static struct posix_timer *find(struct process *p, int32_t id)
{
    for (struct posix_timer *pt = p->timers; pt; pt = pt->next) {
        if (pt->id == id)
            return pt;
    }
    return NULL;
}

static struct posix_timer *add(struct process *p, int32_t id, int32_t clock)
{
    struct posix_timer *pt = calloc(1, sizeof(*pt));
    if (!pt)
        return NULL;
    process_get(p);
    pt->timer.fire = fire;
    pt->process = p;
    pt->id = id;
    pt->clock = clock;
    pt->next = p->timers;
    p->timers = pt;
    return pt;
}

static void remove_all(struct process *p, bool keep_itimers)
{
    struct posix_timer *gone = NULL;
    host_mutex_lock(&kernel_lock);
    struct posix_timer **link = &p->timers;
    while (*link) {
        struct posix_timer *pt = *link;
        if (keep_itimers && pt->id < 0) {
            link = &pt->next;
        } else {
            *link = pt->next;
            pt->next_ns = 0;
            pt->next = gone;
            gone = pt;
        }
    }
    host_mutex_unlock(&kernel_lock);
    while (gone) {
        struct posix_timer *pt = gone;
        gone = pt->next;
        destroy(pt);
    }
}

void timers_process_exit(struct process *p)
{
    remove_all(p, false);
}

void timers_process_exec(struct process *p)
{
    remove_all(p, true);
}

void timers_cpu_limit(struct process *p)
{
    host_mutex_lock(&kernel_lock);
    struct posix_timer *pt = find(p, CPU_LIMIT);
    uint64_t next = next_cpu_limit(p);
    if (!pt && next && p->state != PROCESS_ZOMBIE)
        pt = add(p, CPU_LIMIT, L_CLOCK_PROCESS_CPUTIME_ID);
    if (pt) {
        pt->next_ns = next;
        rearm(pt);
    }
    host_mutex_unlock(&kernel_lock);
}

struct setting {
    uint64_t value_ns, interval_ns;
};

/* kernel_lock held. What is left, and the interval. */
static struct setting get_setting(const struct posix_timer *pt)
{
    struct setting s = {0, 0};
    if (!pt)
        return s;
    s.interval_ns = pt->interval_ns;
    if (pt->next_ns) {
        uint64_t now = now_of(pt);
        s.value_ns = pt->next_ns > now ? pt->next_ns - now : 1;
    }
    return s;
}

/* kernel_lock held; at is on the timer's clock, 0 disarms. */
static void set_to(struct posix_timer *pt, uint64_t at, uint64_t interval_ns)
{
    pt->next_ns = at;
    pt->interval_ns = interval_ns;
    pt->overrun = 0;
    rearm(pt);
}

static int set_itimer(struct process *p, int which, const struct setting *want, struct setting *old)
{
    static const int signals[] = {L_SIGALRM, L_SIGVTALRM, L_SIGPROF};
    int error = 0;
    host_mutex_lock(&kernel_lock);
    struct posix_timer *pt = find(p, -1 - which);
    *old = get_setting(pt);
    if (!pt && want && want->value_ns) {
        pt = add(p, -1 - which,
                 which == L_ITIMER_REAL ? L_CLOCK_MONOTONIC : L_CLOCK_PROCESS_CPUTIME_ID);
        error = pt ? 0 : -L_ENOMEM;
        if (pt)
            pt->signo = signals[which];
    }
    if (pt && want)
        set_to(pt, want->value_ns ? now_of(pt) + want->value_ns : 0, want->interval_ns);
    host_mutex_unlock(&kernel_lock);
    return error;
}

static struct l_itimerval to_itimerval(const struct setting *s)
{
    /* Rounded up: a running timer never shows zero. */
    return (struct l_itimerval){.it_interval = ns_to_timeval(s->interval_ns),
                                .it_value = ns_to_timeval(s->value_ns ? s->value_ns + 999 : 0)};
}

int64_t sys_setitimer(struct task *t, uint64_t which, uint64_t unew, uint64_t uold)
{
    struct space *space = t->process->space;
    struct l_itimerval value = {{0, 0}, {0, 0}};
    struct setting want, old;
    if (unew && copy_from_guest(space, &value, unew, sizeof(value)))
        return -L_EFAULT;
    if (which > L_ITIMER_PROF || timeval_to_ns(&value.it_value, &want.value_ns) ||
        timeval_to_ns(&value.it_interval, &want.interval_ns))
        return -L_EINVAL;
    int error = set_itimer(t->process, (int)which, &want, &old);
    if (error || !uold)
        return error;
    value = to_itimerval(&old);
    return copy_to_guest(space, uold, &value, sizeof(value));
}

int64_t sys_getitimer(struct task *t, uint64_t which, uint64_t ucur)
{
    struct setting now;
    if (which > L_ITIMER_PROF)
        return -L_EINVAL;
    set_itimer(t->process, (int)which, NULL, &now);
    struct l_itimerval value = to_itimerval(&now);
    return copy_to_guest(t->process->space, ucur, &value, sizeof(value));
}

int64_t sys_alarm(struct task *t, uint64_t seconds)
{
    struct setting want = {(uint32_t)seconds * NS_PER_SEC, 0}, old;
    int error = set_itimer(t->process, L_ITIMER_REAL, &want, &old);
    if (error)
        return error;
    /* Rounded to the nearest second, but never to 0. */
    uint64_t left = (old.value_ns + NS_PER_SEC / 2) / NS_PER_SEC;
    return (int64_t)(old.value_ns && !left ? 1 : left);
}

static int read_sigevent(struct task *t, uint64_t address, struct l_sigevent *ev)
{
    memset(ev, 0, sizeof(*ev));
    ev->sigev_notify = L_SIGEV_SIGNAL;
    ev->sigev_signo = L_SIGALRM;
    if (!address)
        return 0;
    if (copy_from_guest(t->process->space, ev, address, sizeof(*ev)))
        return -L_EFAULT;
    bool thread = ev->sigev_notify == L_SIGEV_THREAD_ID;
    if (!thread && ev->sigev_notify != L_SIGEV_SIGNAL && ev->sigev_notify != L_SIGEV_NONE &&
        ev->sigev_notify != L_SIGEV_THREAD)
        return -L_EINVAL;
    if (ev->sigev_notify != L_SIGEV_NONE && (ev->sigev_signo <= 0 || ev->sigev_signo > L_NSIG))
        return -L_EINVAL;
    if (thread) {
        struct task *target = task_find(ev->sigev_tid);
        bool ours = target && target->process == t->process;
        task_put(target);
        if (!ours)
            return -L_EINVAL;
    }
    return 0;
}

static int32_t free_id(struct process *p)
{
    for (int32_t id = 0; id < TIMERS_MAX * 32; id++) {
        if (!find(p, id))
            return id;
    }
    return -L_EAGAIN;
}

int64_t sys_timer_create(struct task *t, uint64_t clock, uint64_t uevent, uint64_t uid)
{
    struct process *p = t->process;
    struct l_sigevent ev;
    uint64_t now;
    int error = clock_read(t, (int32_t)clock, &now);
    if (!error)
        error = read_sigevent(t, uevent, &ev);
    if (error)
        return error;
    host_mutex_lock(&kernel_lock);
    int32_t id = free_id(p);
    struct posix_timer *pt = id >= 0 ? add(p, id, (int32_t)clock) : NULL;
    if (pt) {
        pt->notify = ev.sigev_notify;
        pt->signo = ev.sigev_signo;
        pt->tid = ev.sigev_tid;
        pt->value = uevent ? ev.sigev_value : (uint64_t)id;
    }
    host_mutex_unlock(&kernel_lock);
    if (id < 0)
        return id;
    if (!pt)
        return -L_ENOMEM;
    if (put_guest_u32(p->space, uid, (uint32_t)id)) {
        sys_timer_delete(t, (uint64_t)id);
        return -L_EFAULT;
    }
    return 0;
}

int64_t sys_timer_delete(struct task *t, uint64_t id)
{
    struct process *p = t->process;
    host_mutex_lock(&kernel_lock);
    struct posix_timer *pt = (int32_t)id >= 0 ? find(p, (int32_t)id) : NULL;
    if (pt) {
        struct posix_timer **link = &p->timers;
        while (*link != pt)
            link = &(*link)->next;
        *link = pt->next;
        pt->next_ns = 0;
    }
    host_mutex_unlock(&kernel_lock);
    if (!pt)
        return -L_EINVAL;
    destroy(pt);
    return 0;
}

static struct l_itimerspec to_itimerspec(const struct setting *s)
{
    return (struct l_itimerspec){ns_to_timespec(s->interval_ns), ns_to_timespec(s->value_ns)};
}

/* The guest's absolute time on its clock as a time on the one the timer counts on. */
static int start_time(struct task *t, struct posix_timer *pt, const struct setting *want,
                      bool absolute, uint64_t *at)
{
    pt->missed = 0;
    if (!absolute || is_cpu_clock(pt->clock)) {
        *at = absolute ? want->value_ns : now_of(pt) + want->value_ns;
        return 0;
    }
    return clock_timer_start(t, pt->clock, want->value_ns, want->interval_ns, true, at,
                             &pt->missed);
}

int64_t sys_timer_settime(struct task *t, uint64_t id, uint64_t flags, uint64_t unew, uint64_t uold)
{
    struct process *p = t->process;
    struct l_itimerspec its;
    struct setting want, old = {0, 0};
    uint64_t at = 0;
    if (!unew)
        return -L_EINVAL;
    if (copy_from_guest(p->space, &its, unew, sizeof(its)))
        return -L_EFAULT;
    if (timespec_to_ns(&its.it_value, &want.value_ns) ||
        timespec_to_ns(&its.it_interval, &want.interval_ns))
        return -L_EINVAL;
    host_mutex_lock(&kernel_lock);
    struct posix_timer *pt = (int32_t)id >= 0 ? find(p, (int32_t)id) : NULL;
    int error = pt ? 0 : -L_EINVAL;
    if (pt) {
        old = get_setting(pt);
        if (want.value_ns)
            error = start_time(t, pt, &want, flags & L_TIMER_ABSTIME, &at);
        if (!error)
            set_to(pt, at, want.interval_ns);
    }
    host_mutex_unlock(&kernel_lock);
    if (error || !uold)
        return error;
    its = to_itimerspec(&old);
    return copy_to_guest(p->space, uold, &its, sizeof(its));
}

int64_t sys_timer_gettime(struct task *t, uint64_t id, uint64_t ucur)
{
    struct process *p = t->process;
    host_mutex_lock(&kernel_lock);
    struct posix_timer *pt = (int32_t)id >= 0 ? find(p, (int32_t)id) : NULL;
    struct setting now = get_setting(pt);
    host_mutex_unlock(&kernel_lock);
    if (!pt)
        return -L_EINVAL;
    struct l_itimerspec its = to_itimerspec(&now);
    return copy_to_guest(p->space, ucur, &its, sizeof(its));
}

int64_t sys_timer_getoverrun(struct task *t, uint64_t id)
{
    host_mutex_lock(&kernel_lock);
    struct posix_timer *pt = (int32_t)id >= 0 ? find(t->process, (int32_t)id) : NULL;
    int64_t overrun = pt ? pt->overrun : -L_EINVAL;
    host_mutex_unlock(&kernel_lock);
    return overrun;
}
