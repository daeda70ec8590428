/* Scheduling: kept as Linux reports it; who runs when is the host's business. */
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/sched.h"
#include "runtime/host/env.h"
#include "runtime/host/thread.h"
#include "runtime/kernel/kernel_calls.h"
#include "runtime/memory/access.h"
#include "runtime/task/clock.h"
#include "runtime/task/process.h"

int64_t sys_sched_yield(struct task *t)
{
    (void)t;
    host_thread_yield();
    return 0;
}

/* The task a pid argument means, counted. */
static struct task *task_of(struct task *t, uint64_t pid)
{
    if ((int32_t)pid) {
        return task_find((int32_t)pid);
    }
    task_get(t);
    return t;
}

/* Whoever has the same user id, or CAP_SYS_NICE. */
static bool may_schedule(const struct cred *own, const struct cred *target)
{
    return own->euid == target->euid || own->euid == target->uid ||
           cred_capable(own, L_CAP_SYS_NICE);
}

static unsigned processors(void)
{
    unsigned n = host_cpu_count();
    return n < TASK_CPUS_MAX ? n : TASK_CPUS_MAX;
}

int64_t sys_sched_getaffinity(struct task *t, uint64_t pid, uint64_t length, uint64_t umask)
{
    uint64_t mask[TASK_CPUS_MAX / 64] = {0};
    unsigned cpus = processors();
    uint64_t size = (cpus + 63) / 64 * 8;
    if (length * 8 < cpus || (length & 7))
        return -L_EINVAL;
    struct task *target = task_of(t, pid);
    if (!target)
        return -L_ESRCH;
    host_mutex_lock(&kernel_lock);
    for (unsigned i = 0; i < cpus; i++) {
        if (!target->has_affinity || (target->affinity[i / 64] >> i % 64 & 1))
            mask[i / 64] |= (uint64_t)1 << i % 64;
    }
    host_mutex_unlock(&kernel_lock);
    task_put(target);
    if (size > length)
        size = length;
    if (copy_to_guest(t->process->space, umask, mask, size))
        return -L_EFAULT;
    return (int64_t)size;
}

int64_t sys_sched_setaffinity(struct task *t, uint64_t pid, uint64_t length, uint64_t umask)
{
    uint64_t mask[TASK_CPUS_MAX / 64] = {0};
    unsigned cpus = processors();
    if (copy_from_guest(t->process->space, mask, umask,
                        length < sizeof(mask) ? length : sizeof(mask)))
        return -L_EFAULT;
    struct task *target = task_of(t, pid);
    if (!target)
        return -L_ESRCH;
    unsigned have = 0;
    for (unsigned i = 0; i < TASK_CPUS_MAX; i++) {
        if (i < cpus)
            have += mask[i / 64] >> i % 64 & 1;
        else
            mask[i / 64] &= ~((uint64_t)1 << i % 64);
    }
    int64_t result = 0;
    host_mutex_lock(&kernel_lock);
    if (!may_schedule(&t->process->cred, &target->process->cred))
        result = -L_EPERM;
    else if (!have)
        result = -L_EINVAL;
    if (!result) {
        memcpy(target->affinity, mask, sizeof(mask));
        target->has_affinity = true;
        if (target->host)
            host_thread_processors(target->host, mask, TASK_CPUS_MAX / 64);
    }
    host_mutex_unlock(&kernel_lock);
    task_put(target);
    return result;
}

static bool valid_policy(int32_t policy, int32_t priority)
{
    switch (policy) {
    case L_SCHED_OTHER:
    case L_SCHED_BATCH:
    case L_SCHED_IDLE:
        return !priority;
    case L_SCHED_FIFO:
    case L_SCHED_RR:
        return priority >= 1 && priority <= 99;
    default:
        return false;
    }
}

/* Lower values only as far as RLIMIT_NICE says. */
static bool may_be_nice(struct task *t, const struct task *target, int32_t nice)
{
    const struct process *p = target->process;
    return nice >= target->nice || (uint64_t)(20 - nice) <= p->rlimits[L_RLIMIT_NICE].rlim_cur ||
           cred_capable(&t->process->cred, L_CAP_SYS_NICE);
}

static bool may_set_policy(struct task *t, const struct task *target, int32_t policy,
                           int32_t priority)
{
    const struct cred *own = &t->process->cred;
    if (cred_capable(own, L_CAP_SYS_NICE))
        return true;
    if (!may_schedule(own, &target->process->cred))
        return false;
    if (policy == L_SCHED_FIFO || policy == L_SCHED_RR) {
        uint64_t limit = target->process->rlimits[L_RLIMIT_RTPRIO].rlim_cur;
        if (policy != target->sched_policy && !limit)
            return false;
        return priority <= target->sched_priority || (uint64_t)priority <= limit;
    }
    if (target->sched_policy == L_SCHED_IDLE && policy != L_SCHED_IDLE)
        return (uint64_t)(20 - target->nice) <= target->process->rlimits[L_RLIMIT_NICE].rlim_cur;
    return true;
}

static int64_t set_policy(struct task *t, uint64_t pid, int32_t policy, int32_t priority)
{
    policy &= ~L_SCHED_RESET_ON_FORK;
    if ((int32_t)pid < 0 || !valid_policy(policy, priority))
        return -L_EINVAL;
    struct task *target = task_of(t, pid);
    if (!target)
        return -L_ESRCH;
    host_mutex_lock(&kernel_lock);
    int64_t result = may_set_policy(t, target, policy, priority) ? 0 : -L_EPERM;
    if (!result) {
        target->sched_policy = policy;
        target->sched_priority = priority;
    }
    host_mutex_unlock(&kernel_lock);
    task_put(target);
    return result;
}

int64_t sys_sched_setscheduler(struct task *t, uint64_t pid, uint64_t policy, uint64_t uparam)
{
    uint32_t priority;
    if (!uparam || (int32_t)policy < 0)
        return -L_EINVAL;
    if (get_guest_u32(t->process->space, uparam, &priority))
        return -L_EFAULT;
    return set_policy(t, pid, (int32_t)policy, (int32_t)priority);
}

int64_t sys_sched_getscheduler(struct task *t, uint64_t pid)
{
    struct task *target = (int32_t)pid < 0 ? NULL : task_of(t, pid);
    if (!target)
        return (int32_t)pid < 0 ? -L_EINVAL : -L_ESRCH;
    int64_t policy = target->sched_policy;
    task_put(target);
    return policy;
}

int64_t sys_sched_setparam(struct task *t, uint64_t pid, uint64_t uparam)
{
    int64_t policy = sys_sched_getscheduler(t, pid);
    return policy < 0 ? policy : sys_sched_setscheduler(t, pid, (uint64_t)policy, uparam);
}

int64_t sys_sched_getparam(struct task *t, uint64_t pid, uint64_t uparam)
{
    struct task *target = !uparam || (int32_t)pid < 0 ? NULL : task_of(t, pid);
    if (!target)
        return !uparam || (int32_t)pid < 0 ? -L_EINVAL : -L_ESRCH;
    uint32_t priority = (uint32_t)target->sched_priority;
    task_put(target);
    return put_guest_u32(t->process->space, uparam, priority);
}

int64_t sys_sched_get_priority_max(struct task *t, uint64_t policy)
{
    (void)t;
    if (policy == L_SCHED_FIFO || policy == L_SCHED_RR)
        return 99;
    return policy <= L_SCHED_DEADLINE && policy != 4 ? 0 : -L_EINVAL;
}

int64_t sys_sched_get_priority_min(struct task *t, uint64_t policy)
{
    (void)t;
    if (policy == L_SCHED_FIFO || policy == L_SCHED_RR)
        return 1;
    return policy <= L_SCHED_DEADLINE && policy != 4 ? 0 : -L_EINVAL;
}

int64_t sys_sched_rr_get_interval(struct task *t, uint64_t pid, uint64_t uts)
{
    int64_t policy = sys_sched_getscheduler(t, pid);
    if (policy < 0)
        return policy;
    struct l_timespec ts = {0, policy == L_SCHED_FIFO ? 0
                               : policy == L_SCHED_RR ? 100000000
                                                      : 4000000};
    return copy_to_guest(t->process->space, uts, &ts, sizeof(ts));
}

int64_t sys_sched_getattr(struct task *t, uint64_t pid, uint64_t uattr, uint64_t size)
{
    struct l_sched_attr attr;
    const uint64_t least = sizeof(attr);
    if (size < least || size > 4096)
        return -L_EINVAL;
    struct task *target = task_of(t, pid);
    if (!target)
        return -L_ESRCH;
    memset(&attr, 0, sizeof(attr));
    attr.size = sizeof(attr);
    attr.sched_policy = (uint32_t)target->sched_policy;
    attr.sched_nice = target->nice;
    attr.sched_priority = (uint32_t)target->sched_priority;
    task_put(target);
    return copy_to_guest(t->process->space, uattr, &attr, sizeof(attr));
}

struct priority {
    struct task *caller;
    int32_t nice;
    int64_t result;
};

/* Calls fn for every process that (which, who) of setpriority(2) means; kernel_lock is held. */
static int64_t each_target(struct priority *pr, uint64_t which, uint64_t who,
                           void (*fn)(struct task *, struct priority *))
{
    struct task *t = pr->caller;
    int32_t id = (int32_t)who;
    struct process *self = t->process;
    pr->result = -L_ESRCH;
    if (which > L_PRIO_USER)
        return -L_EINVAL;
    struct process *p = NULL;
    for (int32_t pid = 1; (p = process_next(pid)); pid = p->pid, process_put(p)) {
        host_mutex_lock(&kernel_lock);
        for (struct task *o = p->threads; o; o = o->next) {
            bool match;
            if (which == L_PRIO_PROCESS)
                match = o->tid == (id ? id : t->tid);
            else if (which == L_PRIO_PGRP)
                match = p->pgrp && p->pgrp->id == (id ? id : self->pgrp->id);
            else
                match = p->cred.uid == (id ? (uint32_t)id : self->cred.uid);
            if (match)
                fn(o, pr);
        }
        host_mutex_unlock(&kernel_lock);
    }
    return pr->result;
}

static void least_nice(struct task *o, struct priority *pr)
{
    if (o->nice < pr->nice)
        pr->nice = o->nice;
    pr->result = 0;
}

/* What fails for one of them is told in the end, whatever became of the others. */
static void set_nice(struct task *o, struct priority *pr)
{
    struct task *t = pr->caller;
    if (!may_schedule(&t->process->cred, &o->process->cred)) {
        pr->result = -L_EPERM;
    } else if (!may_be_nice(t, o, pr->nice)) {
        pr->result = -L_EACCES;
    } else {
        o->nice = pr->nice;
        if (pr->result == -L_ESRCH)
            pr->result = 0;
    }
}

int64_t sys_getpriority(struct task *t, uint64_t which, uint64_t who)
{
    struct priority pr = {t, 19, 0};
    int64_t result = each_target(&pr, which, who, least_nice);
    return result ? result : 20 - pr.nice;
}

int64_t sys_setpriority(struct task *t, uint64_t which, uint64_t who, uint64_t value)
{
    int32_t nice = (int32_t)value;
    struct priority pr = {t, nice < -20 ? -20 : nice > 19 ? 19 : nice, 0};
    return each_target(&pr, which, who, set_nice);
}

int64_t sys_membarrier(struct task *t, uint64_t command, uint64_t flags)
{
    const int supported = L_MEMBARRIER_CMD_GLOBAL | L_MEMBARRIER_CMD_GLOBAL_EXPEDITED |
                          L_MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED |
                          L_MEMBARRIER_CMD_PRIVATE_EXPEDITED |
                          L_MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
    (void)t;
    if (flags)
        return -L_EINVAL;
    switch ((int)command) {
    case L_MEMBARRIER_CMD_QUERY:
        return supported;
    case L_MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
    case L_MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
        return 0;
    case L_MEMBARRIER_CMD_GLOBAL:
    case L_MEMBARRIER_CMD_GLOBAL_EXPEDITED:
    case L_MEMBARRIER_CMD_PRIVATE_EXPEDITED:
        host_memory_barrier_all();
        return 0;
    default:
        return -L_EINVAL;
    }
}

/* Left out on purpose: restartable sequences would need every signal and migration to look at them,
 * and the C library does without. */
int64_t sys_rseq(struct task *t)
{
    (void)t;
    return -L_ENOSYS;
}
