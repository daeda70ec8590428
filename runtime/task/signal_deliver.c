/* What pending signals do to a thread on its way out of the kernel. */
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/syscall.h"
#include "runtime/task/process.h"
#include "runtime/task/process_tree.h"
#include "runtime/task/thread_group.h"
#include "runtime/translate/cpu.h"

#define SYSCALL_LENGTH 2

void (*signal_watcher)(struct task *t, const struct l_siginfo *info);

/* The call that a signal interrupted goes on, or ends with EINTR. action is NULL when no handler
 * runs. */
static void finish_interrupted_call(struct task *t, struct cpu *cpu,
                                    const struct l_sigaction *action)
{
    if (t->syscall < 0)
        return;
    bool again;
    uint64_t number = (uint64_t)t->syscall;
    switch (-(int64_t)cpu->gpr[CPU_RAX]) {
    case L_ERESTARTNOINTR:
        again = true;
        break;
    case L_ERESTARTSYS:
        again = !action || (action->flags & L_SA_RESTART);
        break;
    case L_ERESTARTNOHAND:
        again = !action;
        break;
    case L_ERESTART_RESTARTBLOCK:
        again = !action;
        number = L_SYS_restart_syscall;
        break;
    default:
        t->syscall = -1;
        return;
    }
    if (again) {
        cpu->gpr[CPU_RAX] = number;
        cpu->rip -= SYSCALL_LENGTH;
    } else {
        cpu->gpr[CPU_RAX] = (uint64_t)-L_EINTR;
    }
    t->syscall = -1;
}

/* The default action of a signal without a handler. False when the process dies of it. */
static bool act_by_default(struct task *t, int sig)
{
    struct process *p = t->process;
    if (signal_default_ignores(sig))
        return true;
    if (signal_default_stops(sig)) {
        if (sig == L_SIGSTOP || !pgrp_orphaned_locked(p->pgrp, NULL))
            group_stop_locked(p, sig);
        return true;
    }
    group_exit_locked(p, sig);
    return false;
}

enum next { NEXT_NOTHING, NEXT_AGAIN, NEXT_DIE, NEXT_HANDLER };

/* Looks at the work of the thread under the lock; for NEXT_HANDLER sig, info and action say what to
 * call. */
static enum next take_work(struct task *t, int *sig, struct l_siginfo *info,
                           struct l_sigaction *action)
{
    struct process *p = t->process;
    uint32_t work = atomic_load(&t->work);
    if (work & TASK_WORK_KILL)
        return NEXT_DIE;
    if (work & TASK_WORK_STOP) {
        group_stop_here_locked(t);
        return NEXT_AGAIN;
    }
    *sig = sigqueue_pop(&t->pending, ~t->mask, info, &p->sigqueue_count);
    if (!*sig)
        *sig = sigqueue_pop(&p->pending, ~t->mask, info, &p->sigqueue_count);
    signal_recalc_locked(t);
    if (!*sig)
        return NEXT_NOTHING;
    struct l_sigaction *current = &p->sighand->action[*sig - 1];
    *action = *current;
    if (action->handler == L_SIG_IGN && *sig != L_SIGKILL && *sig != L_SIGSTOP)
        return NEXT_AGAIN;
    if (action->handler == L_SIG_DFL || *sig == L_SIGKILL || *sig == L_SIGSTOP)
        return act_by_default(t, *sig) ? NEXT_AGAIN : NEXT_DIE;
    if (action->flags & L_SA_RESETHAND)
        current->handler = L_SIG_DFL;
    return NEXT_HANDLER;
}

static void call_handler(struct task *t, struct cpu *cpu, int sig, struct l_siginfo *info,
                         const struct l_sigaction *action)
{
    finish_interrupted_call(t, cpu, action);
    uint64_t old_mask = t->restore_mask ? t->saved_mask : t->mask;
    t->restore_mask = false;
    if (sigframe_push(t, cpu, sig, action, info, old_mask)) {
        host_mutex_lock(&kernel_lock);
        if (sig == L_SIGSEGV)
            t->process->sighand->action[sig - 1].handler = L_SIG_DFL;
        host_mutex_unlock(&kernel_lock);
        signal_force(t, L_SIGSEGV, NULL);
        return;
    }
    uint64_t mask = t->mask | action->mask;
    if (!(action->flags & L_SA_NODEFER))
        mask |= L_SIGBIT(sig);
    signal_set_mask(t, mask);
}

bool signal_deliver(struct task *t, struct cpu *cpu)
{
    for (;;) {
        int sig = 0;
        struct l_siginfo info;
        struct l_sigaction action;
        host_mutex_lock(&kernel_lock);
        enum next next = take_work(t, &sig, &info, &action);
        host_mutex_unlock(&kernel_lock);
        if (sig && signal_watcher)
            signal_watcher(t, &info);
        if (next == NEXT_DIE)
            return false;
        if (next == NEXT_HANDLER)
            call_handler(t, cpu, sig, &info, &action);
        if (next == NEXT_NOTHING) {
            finish_interrupted_call(t, cpu, NULL);
            signal_restore_mask(t);
            if (!signal_pending(t))
                return true;
        }
    }
}
