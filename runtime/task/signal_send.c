/* Sending signals: who is chosen, what is dropped, what ends a process at once. */
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/poll.h"
#include "runtime/abi/process.h"
#include "runtime/task/process.h"
#include "runtime/task/process_tree.h"
#include "runtime/task/thread_group.h"

#define STOP_SIGNALS                                                                               \
    (L_SIGBIT(L_SIGSTOP) | L_SIGBIT(L_SIGTSTP) | L_SIGBIT(L_SIGTTIN) | L_SIGBIT(L_SIGTTOU))
#define IGNORED_BY_DEFAULT                                                                         \
    (L_SIGBIT(L_SIGCONT) | L_SIGBIT(L_SIGCHLD) | L_SIGBIT(L_SIGWINCH) | L_SIGBIT(L_SIGURG))
#define CORE_SIGNALS                                                                               \
    (L_SIGBIT(L_SIGQUIT) | L_SIGBIT(L_SIGILL) | L_SIGBIT(L_SIGTRAP) | L_SIGBIT(L_SIGABRT) |        \
     L_SIGBIT(L_SIGFPE) | L_SIGBIT(L_SIGSEGV) | L_SIGBIT(L_SIGBUS) | L_SIGBIT(L_SIGSYS) |          \
     L_SIGBIT(L_SIGXCPU) | L_SIGBIT(L_SIGXFSZ))

struct waitq signal_queued = WAITQ_INIT;

bool signal_default_ignores(int sig)
{
    return IGNORED_BY_DEFAULT & L_SIGBIT(sig);
}

bool signal_default_stops(int sig)
{
    return STOP_SIGNALS & L_SIGBIT(sig);
}

void signal_recalc_locked(struct task *t)
{
    uint64_t pending = (t->pending.set | t->process->pending.set) & ~t->mask;
    if (pending)
        atomic_fetch_or(&t->work, TASK_WORK_SIGNAL);
    else
        atomic_fetch_and(&t->work, ~(uint32_t)TASK_WORK_SIGNAL);
}

static bool is_ignored(struct process *p, int sig)
{
    uint64_t handler = p->sighand->action[sig - 1].handler;
    return handler == L_SIG_IGN || (handler == L_SIG_DFL && signal_default_ignores(sig));
}

/* A blocked signal is kept even if ignored: the mask may change before the action is looked at. */
static bool is_dropped(struct process *p, struct task *t, int sig)
{
    uint64_t bit = L_SIGBIT(sig);
    if (p == process_init())
        return true;
    if (t && ((t->mask | t->wait_set) & bit))
        return false;
    return is_ignored(p, sig);
}

static void remove_from_all(struct process *p, uint64_t set)
{
    sigqueue_remove(&p->pending, set, &p->sigqueue_count);
    for (struct task *t = p->threads; t; t = t->next)
        sigqueue_remove(&t->pending, set, &p->sigqueue_count);
}

static bool wants(const struct task *t, int sig)
{
    uint64_t bit = L_SIGBIT(sig);
    /* To a stopped process only SIGKILL is delivered; the others wait for SIGCONT. */
    if (atomic_load(&t->state) == TASK_STOPPED && sig != L_SIGKILL)
        return false;
    return !t->exiting && (!(t->mask & bit) || (t->wait_set & bit));
}

static void notify(struct process *p, struct task *directed, int sig)
{
    struct task *target = NULL;
    if (directed) {
        target = wants(directed, sig) ? directed : NULL;
    } else {
        struct task *leader = process_leader(p);
        struct task *self = task_current();
        if (self && self->process == p && wants(self, sig))
            target = self; /* saves a switch; POSIX leaves the choice open */
        else if (leader && wants(leader, sig))
            target = leader;
        for (struct task *t = p->threads; t && !target; t = t->next)
            target = wants(t, sig) ? t : NULL;
    }
    if (!target)
        return;
    const struct l_sigaction *action = &p->sighand->action[sig - 1];
    bool fatal = action->handler == L_SIG_DFL && !(STOP_SIGNALS & L_SIGBIT(sig)) &&
                 !signal_default_ignores(sig) && !(target->mask & L_SIGBIT(sig));
    if (sig == L_SIGKILL || (fatal && !(CORE_SIGNALS & L_SIGBIT(sig)))) {
        group_exit_locked(p, sig);
        return;
    }
    if (!(target->mask & L_SIGBIT(sig)))
        atomic_fetch_or(&target->work, TASK_WORK_SIGNAL);
    task_kick_locked(target);
}

static int send_locked(struct process *p, struct task *directed, int sig,
                       const struct l_siginfo *info)
{
    static const struct l_siginfo from_kernel = {.si_code = L_SI_KERNEL};
    if (!sig || p->state == PROCESS_ZOMBIE || p->group_exit)
        return 0;
    if (STOP_SIGNALS & L_SIGBIT(sig)) {
        remove_from_all(p, L_SIGBIT(L_SIGCONT));
    } else if (sig == L_SIGCONT) {
        remove_from_all(p, STOP_SIGNALS);
        group_continue_locked(p);
    }
    struct task *judge = directed ? directed : process_leader(p);
    if (is_dropped(p, judge ? judge : p->threads, sig))
        return 0;
    struct sigqueue *q = directed ? &directed->pending : &p->pending;
    uint64_t limit = p->rlimits[L_RLIMIT_SIGPENDING].rlim_cur;
    int error = sigqueue_push(q, sig, info ? info : &from_kernel, &p->sigqueue_count, limit);
    if (error)
        return error;
    waitq_wake(&signal_queued, L_POLLIN);
    notify(p, directed, sig);
    return 0;
}

int signal_send_task_locked(struct task *t, int sig, const struct l_siginfo *info)
{
    return t->exiting ? 0 : send_locked(t->process, t, sig, info);
}

int signal_send_process_locked(struct process *p, int sig, const struct l_siginfo *info)
{
    return send_locked(p, NULL, sig, info);
}

int signal_send_pgrp_locked(struct pgrp *pgrp, int sig, const struct l_siginfo *info)
{
    int result = -L_ESRCH;
    for (struct process *p = pgrp->members; p; p = p->pgrp_next) {
        int error = send_locked(p, NULL, sig, info);
        if (result)
            result = error;
    }
    return result;
}

int signal_send_task(struct task *t, int sig, const struct l_siginfo *info)
{
    host_mutex_lock(&kernel_lock);
    int result = signal_send_task_locked(t, sig, info);
    host_mutex_unlock(&kernel_lock);
    return result;
}

int signal_send_process(struct process *p, int sig, const struct l_siginfo *info)
{
    host_mutex_lock(&kernel_lock);
    int result = signal_send_process_locked(p, sig, info);
    host_mutex_unlock(&kernel_lock);
    return result;
}

int signal_send_pgrp(struct pgrp *pgrp, int sig, const struct l_siginfo *info)
{
    host_mutex_lock(&kernel_lock);
    int result = signal_send_pgrp_locked(pgrp, sig, info);
    host_mutex_unlock(&kernel_lock);
    return result;
}

void signal_force(struct task *t, int sig, const struct l_siginfo *info)
{
    host_mutex_lock(&kernel_lock);
    struct l_sigaction *action = &t->process->sighand->action[sig - 1];
    bool blocked = t->mask & L_SIGBIT(sig);
    if (blocked || action->handler == L_SIG_IGN) {
        action->handler = L_SIG_DFL;
        t->mask &= ~L_SIGBIT(sig);
    }
    send_locked(t->process, t, sig, info);
    signal_recalc_locked(t);
    host_mutex_unlock(&kernel_lock);
}

bool signal_pending(struct task *t)
{
    return atomic_load(&t->work) & TASK_WORK_ANY;
}

bool signal_fatal_pending(struct task *t)
{
    return atomic_load(&t->work) & TASK_WORK_KILL;
}

bool signal_is_blocked(struct task *t, int sig)
{
    return t->mask & L_SIGBIT(sig);
}

bool signal_is_ignored(struct task *t, int sig)
{
    host_mutex_lock(&kernel_lock);
    bool ignored = t->process->sighand->action[sig - 1].handler == L_SIG_IGN;
    host_mutex_unlock(&kernel_lock);
    return ignored;
}

void signal_set_mask_locked(struct task *t, uint64_t mask)
{
    uint64_t newly_blocked = mask & ~SIGNAL_UNBLOCKABLE & ~t->mask;
    t->mask = mask & ~SIGNAL_UNBLOCKABLE;
    signal_recalc_locked(t);
    /* What was meant for this thread must not wait while another one could take it. */
    uint64_t orphaned = t->process->pending.set & newly_blocked;
    if (!orphaned)
        return;
    for (struct task *other = t->process->threads; other; other = other->next) {
        if (other != t && !other->exiting && (orphaned & ~other->mask)) {
            atomic_fetch_or(&other->work, TASK_WORK_SIGNAL);
            task_kick_locked(other);
        }
    }
}

void signal_set_mask(struct task *t, uint64_t mask)
{
    host_mutex_lock(&kernel_lock);
    signal_set_mask_locked(t, mask);
    host_mutex_unlock(&kernel_lock);
}

void signal_set_temporary_mask(struct task *t, uint64_t mask)
{
    if (!t->restore_mask)
        t->saved_mask = t->mask;
    t->restore_mask = true;
    signal_set_mask(t, mask);
}

void signal_restore_mask(struct task *t)
{
    if (!t->restore_mask)
        return;
    t->restore_mask = false;
    signal_set_mask(t, t->saved_mask);
}
