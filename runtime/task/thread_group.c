/* What happens to all threads of a process together. */
#include "runtime/task/thread_group.h"

#include <string.h>

#include "runtime/host/time.h"
#include "runtime/task/process.h"
#include "runtime/task/process_tree.h"

void group_exit_locked(struct process *p, int32_t status)
{
    if (p->group_exit)
        return;
    p->group_exit = true;
    p->group_code = status;
    p->stop_signal = 0;
    if (p->state == PROCESS_STOPPED)
        p->state = PROCESS_LIVE;
    for (struct task *t = p->threads; t; t = t->next) {
        atomic_fetch_or(&t->work, TASK_WORK_KILL);
        task_kick_locked(t);
    }
}

void group_kill_others_locked(struct task *self)
{
    for (struct task *t = self->process->threads; t; t = t->next) {
        if (t != self) {
            atomic_fetch_or(&t->work, TASK_WORK_KILL);
            task_kick_locked(t);
        }
    }
}

void group_stop_locked(struct process *p, int sig)
{
    if (p->stop_signal || p->group_exit)
        return;
    p->stop_signal = sig;
    p->stop_generation++;
    p->stopped_threads = 0;
    p->continued = false;
    for (struct task *t = p->threads; t; t = t->next) {
        if (!t->exiting) {
            atomic_fetch_or(&t->work, TASK_WORK_STOP);
            task_kick_locked(t);
        }
    }
}

void group_continue_locked(struct process *p)
{
    if (!p->stop_signal)
        return;
    bool stopped = p->state == PROCESS_STOPPED;
    p->stop_signal = 0;
    p->stopped_threads = 0;
    p->state = PROCESS_LIVE;
    for (struct task *t = p->threads; t; t = t->next) {
        atomic_fetch_and(&t->work, ~(uint32_t)TASK_WORK_STOP);
        task_kick_locked(t);
    }
    if (stopped) {
        p->continued = true;
        p->stop_reported = false;
        group_notify_parent_locked(p, L_CLD_CONTINUED, L_SIGCONT);
    }
}

static void check_all_stopped(struct process *p)
{
    if (!p->stop_signal || p->state != PROCESS_LIVE || !p->live_threads ||
        p->stopped_threads < p->live_threads)
        return;
    p->state = PROCESS_STOPPED;
    p->stop_reported = false;
    group_notify_parent_locked(p, L_CLD_STOPPED, p->stop_signal);
}

void group_thread_gone_locked(struct process *p)
{
    check_all_stopped(p);
}

void group_stop_here_locked(struct task *t)
{
    struct process *p = t->process;
    uint32_t counted = p->stop_generation - 1;
    atomic_store(&t->state, TASK_STOPPED);
    for (;;) {
        uint32_t work = atomic_load(&t->work);
        if (!(work & TASK_WORK_STOP) || (work & TASK_WORK_KILL))
            break;
        /* Continued and stopped again before this thread ran: that is another stop to join. */
        if (counted != p->stop_generation) {
            counted = p->stop_generation;
            p->stopped_threads++;
            check_all_stopped(p);
        }
        host_mutex_unlock(&kernel_lock);
        host_park(&t->parker, WAIT_FOREVER);
        host_mutex_lock(&kernel_lock);
    }
    atomic_store(&t->state, TASK_RUNNING);
}

bool group_notify_parent_locked(struct process *p, int32_t code, int32_t status)
{
    struct process *parent = p->parent;
    if (!parent)
        return false;
    int sig = code == L_CLD_CONTINUED || code == L_CLD_STOPPED ? L_SIGCHLD : p->exit_signal;
    if (sig > L_NSIG)
        sig = 0; /* clone(2) takes any number */
    const struct l_sigaction *action = &parent->sighand->action[L_SIGCHLD - 1];
    bool dead = p->state == PROCESS_ZOMBIE;
    bool forget = false;
    if (dead && sig == L_SIGCHLD) {
        forget = action->handler == L_SIG_IGN || (action->flags & L_SA_NOCLDWAIT);
        if (action->handler == L_SIG_IGN)
            sig = 0;
    }
    if (!dead && (action->handler == L_SIG_IGN || (action->flags & L_SA_NOCLDSTOP)))
        sig = 0;
    if (parent == process_init()) {
        forget = dead;
        sig = 0;
    }
    if (sig) {
        struct l_siginfo info = {.si_signo = sig, .si_code = code};
        info.chld.pid = p->pid;
        info.chld.uid = p->cred.uid;
        info.chld.status = status;
        struct cpu_clock clock = process_clock(p);
        info.chld.utime = (int64_t)(clock.user_ns / (NS_PER_SEC / L_USER_HZ));
        info.chld.stime = (int64_t)(clock.system_ns / (NS_PER_SEC / L_USER_HZ));
        signal_send_process_locked(parent, sig, &info);
    }
    waitq_wake(&parent->child_wait, 0);
    return forget;
}
