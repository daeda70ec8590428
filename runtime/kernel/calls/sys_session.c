/* Which group and session a process is in: setsid(2), setpgid(2) and those that ask. */
#include "runtime/abi/errno.h"
#include "runtime/kernel/kernel_calls.h"
#include "runtime/task/pid.h"
#include "runtime/task/process_tree.h"

static int64_t setsid_locked(struct process *p)
{
    struct pid *e = pid_entry(p->pid);
    if (e->pgrp || e->session)
        return -L_EPERM;
    struct session *session = session_create_locked(p->pid);
    struct pgrp *pgrp = session ? pgrp_create_locked(p->pid, session) : NULL;
    if (!pgrp) {
        session_put_locked(session);
        return -L_ENOMEM;
    }
    session->leader = p;
    pgrp_leave_locked(p);
    pgrp_join_locked(pgrp, p);
    return p->pid;
}

int64_t sys_setsid(struct task *t)
{
    host_mutex_lock(&kernel_lock);
    int64_t result = setsid_locked(t->process);
    host_mutex_unlock(&kernel_lock);
    return result;
}

/* The process an id argument means; 0 is the caller. */
static struct process *process_of(struct task *t, int32_t pid)
{
    if (!pid)
        return t->process;
    struct pid *e = pid_entry(pid);
    if (!e)
        return NULL;
    return e->process ? e->process : e->task ? e->task->process : NULL;
}

int64_t sys_getsid(struct task *t, uint64_t pid)
{
    host_mutex_lock(&kernel_lock);
    struct process *p = process_of(t, (int32_t)pid);
    int64_t id = p ? p->pgrp->session->id : -L_ESRCH;
    host_mutex_unlock(&kernel_lock);
    return id;
}

int64_t sys_getpgid(struct task *t, uint64_t pid)
{
    host_mutex_lock(&kernel_lock);
    struct process *p = process_of(t, (int32_t)pid);
    int64_t id = p ? p->pgrp->id : -L_ESRCH;
    host_mutex_unlock(&kernel_lock);
    return id;
}

int64_t sys_getpgrp(struct task *t)
{
    return sys_getpgid(t, 0);
}

/* In the order of Linux's tests, so that the errno is the same. */
static int64_t setpgid_locked(struct process *self, int32_t pid, int32_t pgid)
{
    if (!pid)
        pid = self->pid;
    if (!pgid)
        pgid = pid;
    if (pgid < 0)
        return -L_EINVAL;
    struct pid *e = pid_entry(pid);
    struct process *p = e ? e->process : NULL;
    if (!p)
        return e && e->task ? -L_EINVAL : -L_ESRCH;
    if (p != self) {
        if (p->parent != self)
            return -L_ESRCH;
        if (p->pgrp->session != self->pgrp->session)
            return -L_EPERM;
        if (p->did_exec)
            return -L_EACCES;
    }
    if (p->pgrp->session->leader == p)
        return -L_EPERM;
    struct pid *target = pid_entry(pgid);
    struct pgrp *pgrp = target ? target->pgrp : NULL;
    if (pgid != pid && (!pgrp || pgrp->session != self->pgrp->session))
        return -L_EPERM;
    if (pgrp == p->pgrp)
        return 0;
    if (!pgrp) {
        pgrp = pgrp_create_locked(pgid, p->pgrp->session);
        if (!pgrp)
            return -L_ENOMEM;
        pgrp->session->refs++;
    }
    pgrp_get_locked(pgrp);
    pgrp_leave_locked(p);
    pgrp_join_locked(pgrp, p);
    pgrp_put_locked(pgrp);
    return 0;
}

int64_t sys_setpgid(struct task *t, uint64_t pid, uint64_t pgid)
{
    host_mutex_lock(&kernel_lock);
    int64_t result = setpgid_locked(t->process, (int32_t)pid, (int32_t)pgid);
    host_mutex_unlock(&kernel_lock);
    return result;
}
