/* System calls of signals: rt_sigaction(2), kill(2), rt_sigtimedwait(2) ... */
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/time.h"
#include "runtime/host/time.h"
#include "runtime/kernel/events/pidfd.h"
#include "runtime/kernel/kernel_calls.h"
#include "runtime/memory/access.h"
#include "runtime/task/clock.h"
#include "runtime/task/pid.h"
#include "runtime/task/process_tree.h"
#include "runtime/task/sigframe.h"
#include "runtime/task/thread_group.h"
#include "runtime/translate/cpu.h"

#define SIGSET_SIZE 8

static bool valid_signal(int64_t sig)
{
    return sig >= 0 && sig <= L_NSIG;
}

int64_t sys_rt_sigaction(struct task *t, uint64_t signum, uint64_t act, uint64_t oldact,
                         uint64_t size)
{
    int sig = (int)signum;
    struct l_sigaction want, old;
    struct process *p = t->process;
    if (size != SIGSET_SIZE)
        return -L_EINVAL;
    if (act && copy_from_guest(p->space, &want, act, sizeof(want)))
        return -L_EFAULT;
    if (!valid_signal(sig) || !sig || (act && (sig == L_SIGKILL || sig == L_SIGSTOP)))
        return -L_EINVAL;
    host_mutex_lock(&kernel_lock);
    struct l_sigaction *slot = &p->sighand->action[sig - 1];
    old = *slot;
    if (act) {
        want.mask &= ~SIGNAL_UNBLOCKABLE;
        *slot = want;
        /* POSIX: setting a pending signal to "ignore" discards it. */
        if (want.handler == L_SIG_IGN ||
            (want.handler == L_SIG_DFL && signal_default_ignores(sig))) {
            sigqueue_remove(&p->pending, L_SIGBIT(sig), &p->sigqueue_count);
            for (struct task *o = p->threads; o; o = o->next)
                sigqueue_remove(&o->pending, L_SIGBIT(sig), &p->sigqueue_count);
        }
    }
    host_mutex_unlock(&kernel_lock);
    return oldact ? copy_to_guest(p->space, oldact, &old, sizeof(old)) : 0;
}

int64_t sys_rt_sigprocmask(struct task *t, uint64_t how, uint64_t set, uint64_t oldset,
                           uint64_t size)
{
    struct space *space = t->process->space;
    uint64_t old = t->mask, bits;
    if (size != SIGSET_SIZE)
        return -L_EINVAL;
    if (set) {
        if (get_guest_u64(space, set, &bits))
            return -L_EFAULT;
        switch ((int)how) {
        case L_SIG_BLOCK:
            bits = old | bits;
            break;
        case L_SIG_UNBLOCK:
            bits = old & ~bits;
            break;
        case L_SIG_SETMASK:
            break;
        default:
            return -L_EINVAL;
        }
        if ((bits & ~SIGNAL_UNBLOCKABLE) != old)
            signal_set_mask(t, bits);
    }
    return oldset ? put_guest_u64(space, oldset, old) : 0;
}

int64_t sys_rt_sigpending(struct task *t, uint64_t set, uint64_t size)
{
    if (size > SIGSET_SIZE)
        return -L_EINVAL;
    host_mutex_lock(&kernel_lock);
    uint64_t pending = (t->pending.set | t->process->pending.set) & t->mask;
    host_mutex_unlock(&kernel_lock);
    return copy_to_guest(t->process->space, set, &pending, size);
}

int64_t sys_rt_sigsuspend(struct task *t, uint64_t set, uint64_t size)
{
    uint64_t mask;
    if (size != SIGSET_SIZE)
        return -L_EINVAL;
    if (get_guest_u64(t->process->space, set, &mask))
        return -L_EFAULT;
    signal_set_temporary_mask(t, mask);
    wait_for_signal(WAIT_FOREVER);
    return -L_ERESTARTNOHAND;
}

int64_t sys_pause(struct task *t)
{
    (void)t;
    wait_for_signal(WAIT_FOREVER);
    return -L_ERESTARTNOHAND;
}

int64_t sys_rt_sigreturn(struct task *t)
{
    t->syscall = -1;
    if (sigframe_pop(t, t->cpu)) {
        signal_force(t, L_SIGSEGV, NULL);
        return 0;
    }
    return (int64_t)t->cpu->gpr[CPU_RAX];
}

int64_t sys_sigaltstack(struct task *t, uint64_t new_stack, uint64_t old_stack)
{
    struct space *space = t->process->space;
    struct l_stack want, old;
    if (new_stack && copy_from_guest(space, &want, new_stack, sizeof(want)))
        return -L_EFAULT;
    int64_t result = altstack_change(t, t->cpu->gpr[CPU_RSP], new_stack ? &want : NULL, &old);
    if (!result && old_stack && copy_to_guest(space, old_stack, &old, sizeof(old)))
        result = -L_EFAULT;
    return result;
}

static struct l_siginfo info_from(struct task *t, int sig, int code)
{
    struct l_siginfo info = {.si_signo = sig, .si_code = code};
    info.rt.pid = t->process->pid;
    info.rt.uid = t->process->cred.uid;
    return info;
}

/* Linux lets a process continue another one of its own session. */
static int send_checked(struct task *t, struct process *p, struct task *directed, int sig,
                        const struct l_siginfo *info)
{
    bool session = sig == L_SIGCONT && p->pgrp && p->pgrp->session == t->process->pgrp->session;
    if (p != t->process && !session && !process_may_signal(&t->process->cred, p))
        return -L_EPERM;
    if (!sig)
        return 0;
    return directed ? signal_send_task_locked(directed, sig, info)
                    : signal_send_process_locked(p, sig, info);
}

static int kill_pgrp(struct task *t, struct pgrp *pgrp, int sig, const struct l_siginfo *info)
{
    int result = -L_ESRCH;
    for (struct process *p = pgrp ? pgrp->members : NULL; p; p = p->pgrp_next) {
        int error = send_checked(t, p, NULL, sig, info);
        if (result)
            result = error;
    }
    return result;
}

/* That nobody may be signalled is no error here, unlike that there is nobody. */
static int kill_everyone(struct task *t, int sig, const struct l_siginfo *info)
{
    int result = 0;
    bool any = false;
    for (int32_t id = 2; id <= pid_highest(); id++) {
        struct process *p = pid_entry(id)->process;
        if (!p || p == t->process)
            continue;
        int error = send_checked(t, p, NULL, sig, info);
        any = true;
        if (error != -L_EPERM)
            result = error;
    }
    return any ? result : -L_ESRCH;
}

int64_t sys_kill(struct task *t, uint64_t pid_arg, uint64_t sig_arg)
{
    int32_t pid = (int32_t)pid_arg;
    int sig = (int)sig_arg;
    int64_t result;
    if (!valid_signal(sig))
        return -L_EINVAL;
    struct l_siginfo info = info_from(t, sig, L_SI_USER);
    host_mutex_lock(&kernel_lock);
    if (pid > 0) {
        struct pid *e = pid_entry(pid);
        struct process *p = e ? e->process : NULL;
        if (!p && e && e->task)
            p = e->task->process;
        result = p ? send_checked(t, p, NULL, sig, &info) : -L_ESRCH;
    } else if (pid == -1) {
        result = kill_everyone(t, sig, &info);
    } else if (pid == INT32_MIN) {
        result = -L_ESRCH;
    } else {
        struct pid *e = pid_entry(-pid);
        result = kill_pgrp(t, pid ? (e ? e->pgrp : NULL) : t->process->pgrp, sig, &info);
    }
    host_mutex_unlock(&kernel_lock);
    return result;
}

static int64_t send_to_thread(struct task *t, int32_t tgid, int32_t tid, int sig,
                              const struct l_siginfo *info)
{
    host_mutex_lock(&kernel_lock);
    struct pid *e = pid_entry(tid);
    struct task *target = e ? e->task : NULL;
    int64_t result = -L_ESRCH;
    if (target && (tgid <= 0 || target->process->pid == tgid))
        result = send_checked(t, target->process, target, sig, info);
    host_mutex_unlock(&kernel_lock);
    return result;
}

int64_t sys_tgkill(struct task *t, uint64_t tgid, uint64_t tid, uint64_t sig)
{
    if ((int32_t)tgid <= 0 || (int32_t)tid <= 0 || !valid_signal((int)sig))
        return -L_EINVAL;
    struct l_siginfo info = info_from(t, (int)sig, L_SI_TKILL);
    return send_to_thread(t, (int32_t)tgid, (int32_t)tid, (int)sig, &info);
}

int64_t sys_tkill(struct task *t, uint64_t tid, uint64_t sig)
{
    if ((int32_t)tid <= 0 || !valid_signal((int)sig))
        return -L_EINVAL;
    struct l_siginfo info = info_from(t, (int)sig, L_SI_TKILL);
    return send_to_thread(t, 0, (int32_t)tid, (int)sig, &info);
}

static int64_t read_info(struct task *t, uint64_t address, int sig, int32_t target,
                         struct l_siginfo *info)
{
    if (copy_from_guest(t->process->space, info, address, sizeof(*info)))
        return -L_EFAULT;
    info->si_signo = sig;
    /* Only the kernel's own voice may say that the kernel sent it. */
    if ((info->si_code >= 0 || info->si_code == L_SI_TKILL) && target != t->process->pid)
        return -L_EPERM;
    return 0;
}

int64_t sys_rt_sigqueueinfo(struct task *t, uint64_t pid, uint64_t sig, uint64_t uinfo)
{
    struct l_siginfo info;
    int64_t error = read_info(t, uinfo, (int)sig, (int32_t)pid, &info);
    if (error)
        return error;
    if (!valid_signal((int)sig))
        return -L_EINVAL;
    host_mutex_lock(&kernel_lock);
    struct pid *e = pid_entry((int32_t)pid);
    struct process *p = e ? e->process : NULL;
    int64_t result = p ? send_checked(t, p, NULL, (int)sig, &info) : -L_ESRCH;
    host_mutex_unlock(&kernel_lock);
    return result;
}

static int64_t send_to_process(struct task *t, struct process *p, int sig, uint64_t uinfo)
{
    struct l_siginfo info = info_from(t, sig, L_SI_USER);
    if (!valid_signal(sig))
        return -L_EINVAL;
    if (uinfo) {
        if (copy_from_guest(t->process->space, &info, uinfo, sizeof(info)))
            return -L_EFAULT;
        if (info.si_signo != sig)
            return -L_EINVAL;
        if (p != t->process && (info.si_code >= 0 || info.si_code == L_SI_TKILL))
            return -L_EPERM;
    }
    host_mutex_lock(&kernel_lock);
    bool here = pid_entry(p->pid)->process == p;
    int64_t result = here ? send_checked(t, p, NULL, sig, &info) : -L_ESRCH;
    host_mutex_unlock(&kernel_lock);
    return result;
}

int64_t sys_pidfd_send_signal(struct task *t, uint64_t fd, uint64_t sig, uint64_t uinfo,
                              uint64_t flags)
{
    struct process *p = pidfd_process(t, (int)fd, NULL);
    if (!p)
        return -L_EBADF;
    int64_t result = flags ? -L_EINVAL : send_to_process(t, p, (int)sig, uinfo);
    process_put(p);
    return result;
}

int64_t sys_rt_tgsigqueueinfo(struct task *t, uint64_t tgid, uint64_t tid, uint64_t sig,
                              uint64_t uinfo)
{
    struct l_siginfo info;
    if ((int32_t)tgid <= 0 || (int32_t)tid <= 0)
        return -L_EINVAL;
    int64_t error = read_info(t, uinfo, (int)sig, (int32_t)tgid, &info);
    if (error)
        return error;
    if (!valid_signal((int)sig))
        return -L_EINVAL;
    return send_to_thread(t, (int32_t)tgid, (int32_t)tid, (int)sig, &info);
}

struct sigwait {
    struct task *task;
    uint64_t set;
    int sig;
    struct l_siginfo info;
};

static bool sigwait_ready(void *arg)
{
    struct sigwait *w = arg;
    struct process *p = w->task->process;
    host_mutex_lock(&kernel_lock);
    if (!w->sig)
        w->sig = sigqueue_pop(&w->task->pending, w->set, &w->info, &p->sigqueue_count);
    if (!w->sig)
        w->sig = sigqueue_pop(&p->pending, w->set, &w->info, &p->sigqueue_count);
    if (w->sig)
        signal_recalc_locked(w->task);
    host_mutex_unlock(&kernel_lock);
    return w->sig;
}

int64_t sys_rt_sigtimedwait(struct task *t, uint64_t uset, uint64_t uinfo, uint64_t utimeout,
                            uint64_t size)
{
    struct space *space = t->process->space;
    struct sigwait w = {.task = t};
    uint64_t deadline = WAIT_FOREVER;
    if (size != SIGSET_SIZE)
        return -L_EINVAL;
    if (get_guest_u64(space, uset, &w.set))
        return -L_EFAULT;
    w.set &= ~SIGNAL_UNBLOCKABLE;
    int64_t error = time_deadline_from_guest(space, utimeout, &deadline);
    if (error)
        return error;
    host_mutex_lock(&kernel_lock);
    t->wait_set = w.set;
    host_mutex_unlock(&kernel_lock);
    int result = wait_until(NULL, sigwait_ready, &w, deadline);
    host_mutex_lock(&kernel_lock);
    t->wait_set = 0;
    host_mutex_unlock(&kernel_lock);
    /* One may have come while the wait was being given up. */
    if (result && !sigwait_ready(&w))
        return result == -L_ETIMEDOUT ? -L_EAGAIN : -L_EINTR;
    if (uinfo && copy_to_guest(space, uinfo, &w.info, sizeof(w.info)))
        return -L_EFAULT;
    return w.sig;
}
