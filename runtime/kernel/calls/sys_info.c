/* What the system and the process say of themselves: uname(2), sysinfo(2), getrusage(2), ids ... */
#include <stdio.h>
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/process.h"
#include "runtime/host/env.h"
#include "runtime/host/random.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"
#include "runtime/kernel/kernel_calls.h"
#include "runtime/kernel/life/itimer.h"
#include "runtime/memory/access.h"
#include "runtime/memory/space.h"
#include "runtime/task/clock.h"
#include "runtime/task/loadavg.h"
#include "runtime/task/process.h"
#include "runtime/task/system.h"

int64_t sys_uname(struct task *t, uint64_t uname)
{
    struct l_utsname name;
    system_name(&name);
    return copy_to_guest(t->process->space, uname, &name, sizeof(name));
}

static int64_t set_name(struct task *t, void (*set)(const char name[SYSTEM_NAME_SIZE]),
                        uint64_t uname, uint64_t length)
{
    char text[SYSTEM_NAME_SIZE] = {0};
    if (!cred_capable(&t->process->cred, L_CAP_SYS_ADMIN))
        return -L_EPERM;
    if (length >= sizeof(text))
        return -L_EINVAL;
    if (copy_from_guest(t->process->space, text, uname, length))
        return -L_EFAULT;
    set(text);
    return 0;
}

int64_t sys_sethostname(struct task *t, uint64_t name, uint64_t length)
{
    return set_name(t, system_set_host, name, length);
}

int64_t sys_setdomainname(struct task *t, uint64_t name, uint64_t length)
{
    return set_name(t, system_set_domain, name, length);
}

/* One task in the loads of sysinfo(2). */
#define SYSINFO_LOAD_SHIFT 16

int64_t sys_sysinfo(struct task *t, uint64_t uinfo)
{
    struct l_sysinfo info;
    uint64_t loads[3];
    memset(&info, 0, sizeof(info));
    uint64_t total = memory_limit() ? memory_limit() : host_memory_size();
    uint64_t used = memory_used(), available = host_memory_available();
    uint64_t left = total > used ? total - used : 0;
    info.uptime = (int64_t)(host_clock_boottime_ns() / NS_PER_SEC);
    info.totalram = total;
    info.freeram = left < available ? left : available;
    load_averages(loads);
    for (int i = 0; i < 3; i++)
        info.loads[i] = loads[i] << (SYSINFO_LOAD_SHIFT - LOAD_SHIFT);
    info.procs = (uint16_t)process_count();
    info.mem_unit = 1;
    return copy_to_guest(t->process->space, uinfo, &info, sizeof(info));
}

int64_t sys_getrandom(struct task *t, uint64_t buffer, uint64_t length, uint64_t flags)
{
    struct space *space = t->process->space;
    uint8_t chunk[256];
    if (flags & ~(uint64_t)(L_GRND_NONBLOCK | L_GRND_RANDOM | L_GRND_INSECURE) ||
        (flags & (L_GRND_RANDOM | L_GRND_INSECURE)) == (L_GRND_RANDOM | L_GRND_INSECURE))
        return -L_EINVAL;
    if (length > INT32_MAX)
        length = INT32_MAX;
    for (uint64_t done = 0; done < length;) {
        size_t n = length - done < sizeof(chunk) ? length - done : sizeof(chunk);
        host_random(chunk, n);
        size_t copied = copy_to_guest_partial(space, buffer + done, chunk, n);
        done += copied;
        if (copied < n)
            return done ? (int64_t)done : -L_EFAULT;
        if (done % 4096 == 0 && signal_pending(t))
            return (int64_t)done;
    }
    return (int64_t)length;
}

static struct cpu_clock clock_of(struct process *p)
{
    host_mutex_lock(&kernel_lock);
    struct cpu_clock c = process_clock(p);
    host_mutex_unlock(&kernel_lock);
    return c;
}

int64_t sys_getrusage(struct task *t, uint64_t who, uint64_t uusage)
{
    struct process *p = t->process;
    struct l_rusage usage;
    struct space_usage memory;
    memset(&usage, 0, sizeof(usage));
    struct cpu_clock c;
    space_usage(p->space, &memory);
    uint64_t rss = memory.resident / 1024;
    switch ((int32_t)who) {
    case L_RUSAGE_SELF:
        c = clock_of(p);
        break;
    case L_RUSAGE_THREAD:
        c = task_clock(t);
        break;
    case L_RUSAGE_CHILDREN:
        host_mutex_lock(&kernel_lock);
        c = (struct cpu_clock){p->dead_children.user_ns, p->dead_children.system_ns};
        rss = p->dead_children.max_rss;
        host_mutex_unlock(&kernel_lock);
        break;
    default:
        return -L_EINVAL;
    }
    usage.ru_utime = ns_to_timeval(c.user_ns);
    usage.ru_stime = ns_to_timeval(c.system_ns);
    usage.ru_maxrss = (int64_t)rss;
    return copy_to_guest(p->space, uusage, &usage, sizeof(usage));
}

int64_t sys_times(struct task *t, uint64_t utms)
{
    const uint64_t tick = NS_PER_SEC / L_USER_HZ;
    struct process *p = t->process;
    host_mutex_lock(&kernel_lock);
    struct cpu_clock c = process_clock(p);
    struct l_tms tms = {(int64_t)(c.user_ns / tick), (int64_t)(c.system_ns / tick),
                        (int64_t)(p->dead_children.user_ns / tick),
                        (int64_t)(p->dead_children.system_ns / tick)};
    host_mutex_unlock(&kernel_lock);
    if (utms && copy_to_guest(p->space, utms, &tms, sizeof(tms)))
        return -L_EFAULT;
    return (int64_t)(host_clock_boottime_ns() / tick);
}

int64_t sys_getpid(struct task *t)
{
    return t->process->pid;
}

int64_t sys_gettid(struct task *t)
{
    return t->tid;
}

int64_t sys_getppid(struct task *t)
{
    return atomic_load_explicit(&t->process->ppid, memory_order_relaxed);
}

int64_t sys_set_tid_address(struct task *t, uint64_t address)
{
    t->clear_child_tid = address;
    return t->tid;
}

/* The ABI of Linux itself is the only one. */
int64_t sys_personality(struct task *t, uint64_t persona)
{
    (void)t;
    const uint32_t no_randomize = 0x0040000;
    if ((uint32_t)persona == UINT32_MAX || !persona)
        return 0;
    return (uint32_t)persona & ~no_randomize ? -L_EINVAL : 0;
}

static int64_t read_rlimit(struct task *t, struct process *p, uint64_t which, uint64_t uold)
{
    host_mutex_lock(&kernel_lock);
    struct l_rlimit limit = p->rlimits[which];
    host_mutex_unlock(&kernel_lock);
    return copy_to_guest(t->process->space, uold, &limit, sizeof(limit));
}

static int64_t write_rlimit(struct task *t, struct process *p, uint64_t which, uint64_t unew)
{
    const uint64_t nofile_max = 1048576;
    struct l_rlimit limit;
    if (copy_from_guest(t->process->space, &limit, unew, sizeof(limit)))
        return -L_EFAULT;
    if (limit.rlim_cur > limit.rlim_max)
        return -L_EINVAL;
    if (which == L_RLIMIT_NOFILE && limit.rlim_max > nofile_max)
        return -L_EPERM;
    host_mutex_lock(&kernel_lock);
    int64_t result = 0;
    if (limit.rlim_max > p->rlimits[which].rlim_max &&
        !cred_capable(&t->process->cred, L_CAP_SYS_RESOURCE))
        result = -L_EPERM;
    else
        p->rlimits[which] = limit;
    host_mutex_unlock(&kernel_lock);
    if (!result)
        process_apply_limits(p);
    if (!result && which == L_RLIMIT_CPU)
        timers_cpu_limit(p);
    return result;
}

int64_t sys_getrlimit(struct task *t, uint64_t which, uint64_t uold)
{
    return which < L_RLIM_NLIMITS ? read_rlimit(t, t->process, which, uold) : -L_EINVAL;
}

int64_t sys_setrlimit(struct task *t, uint64_t which, uint64_t unew)
{
    return which < L_RLIM_NLIMITS ? write_rlimit(t, t->process, which, unew) : -L_EINVAL;
}

static bool may_limit(struct task *t, const struct process *p)
{
    const struct cred *own = &t->process->cred, *c = &p->cred;
    return p == t->process || cred_capable(own, L_CAP_SYS_RESOURCE) ||
           (own->uid == c->euid && own->uid == c->suid && own->uid == c->uid &&
            own->gid == c->egid && own->gid == c->sgid && own->gid == c->gid);
}

int64_t sys_prlimit64(struct task *t, uint64_t pid, uint64_t which, uint64_t unew, uint64_t uold)
{
    if (which >= L_RLIM_NLIMITS)
        return -L_EINVAL;
    struct process *p = pid ? process_find((int32_t)pid) : t->process;
    if (!p)
        return -L_ESRCH;
    int64_t result = may_limit(t, p) ? 0 : -L_EPERM;
    if (!result && uold)
        result = read_rlimit(t, p, which, uold);
    if (!result && unew)
        result = write_rlimit(t, p, which, unew);
    if (pid)
        process_put(p);
    return result;
}

int64_t sys_syslog(struct task *t, uint64_t type, uint64_t buffer, uint64_t length)
{
    const uint64_t read_all = 3, size_unread = 9, size_buffer = 10;
    (void)t;
    (void)buffer;
    (void)length;
    /* There is a log, and it is empty. */
    if (type == read_all || type == size_unread)
        return 0;
    return type == size_buffer ? 65536 : -L_EPERM;
}

int64_t sys_reboot(struct task *t, uint64_t magic)
{
    (void)magic;
    return cred_capable(&t->process->cred, L_CAP_SYS_BOOT) ? -L_EINVAL : -L_EPERM;
}

/* The host's, or the lowest of the set where the host does not keep to that. */
static unsigned processor_of(const struct task *t)
{
    unsigned now = host_thread_processor();
    now = now < host_cpu_count() && now < TASK_CPUS_MAX ? now : 0;
    if (!t->has_affinity || (t->affinity[now / 64] >> now % 64 & 1))
        return now;
    for (now = 0; now < TASK_CPUS_MAX - 1 && !(t->affinity[now / 64] >> now % 64 & 1);)
        now++;
    return now;
}

int64_t sys_getcpu(struct task *t, uint64_t ucpu, uint64_t unode)
{
    struct space *space = t->process->space;
    unsigned now = processor_of(t);
    if ((ucpu && put_guest_u32(space, ucpu, now)) || (unode && put_guest_u32(space, unode, 0)))
        return -L_EFAULT;
    return 0;
}
