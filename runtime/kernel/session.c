#include "runtime/kernel/session.h"

#include "runtime/abi/errno.h"
#include "runtime/host/heap.h"
#include "runtime/kernel/pid.h"
#include "runtime/kernel/tree.h"

void (*session_leader_exit_hook)(struct session *session);

struct session *session_create_locked(int32_t id)
{
    struct session *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->refs = 1;
    s->id = id;
    pid_entry(id)->session = s;
    return s;
}

struct pgrp *pgrp_create_locked(int32_t id, struct session *session)
{
    struct pgrp *g = calloc(1, sizeof(*g));
    if (!g)
        return NULL;
    g->id = id;
    g->session = session;
    pid_entry(id)->pgrp = g;
    return g;
}

static void session_put_locked(struct session *s)
{
    if (!s || --s->refs)
        return;
    pid_entry(s->id)->session = NULL;
    free(s);
}

void pgrp_get_locked(struct pgrp *pgrp)
{
    pgrp->refs++;
}

void pgrp_put_locked(struct pgrp *pgrp)
{
    if (!pgrp || --pgrp->refs)
        return;
    pid_entry(pgrp->id)->pgrp = NULL;
    session_put_locked(pgrp->session);
    free(pgrp);
}

void pgrp_get(struct pgrp *pgrp)
{
    host_mutex_lock(&kernel_lock);
    pgrp_get_locked(pgrp);
    host_mutex_unlock(&kernel_lock);
}

void pgrp_put(struct pgrp *pgrp)
{
    host_mutex_lock(&kernel_lock);
    pgrp_put_locked(pgrp);
    host_mutex_unlock(&kernel_lock);
}

void session_get(struct session *session)
{
    host_mutex_lock(&kernel_lock);
    session->refs++;
    host_mutex_unlock(&kernel_lock);
}

void session_put(struct session *session)
{
    host_mutex_lock(&kernel_lock);
    session_put_locked(session);
    host_mutex_unlock(&kernel_lock);
}

void pgrp_join_locked(struct pgrp *pgrp, struct process *p)
{
    pgrp_get_locked(pgrp);
    p->pgrp = pgrp;
    p->pgrp_next = pgrp->members;
    pgrp->members = p;
}

void pgrp_leave_locked(struct process *p)
{
    struct pgrp *pgrp = p->pgrp;
    struct process **link = &pgrp->members;
    while (*link != p)
        link = &(*link)->pgrp_next;
    *link = p->pgrp_next;
    p->pgrp = NULL;
    p->pgrp_next = NULL;
    pgrp_put_locked(pgrp);
}

bool pgrp_orphaned_locked(const struct pgrp *pgrp, const struct process *without)
{
    for (const struct process *p = pgrp->members; p; p = p->pgrp_next) {
        if (p == without || p->state == PROCESS_ZOMBIE || !p->parent || p->parent == process_init())
            continue;
        const struct pgrp *above = p->parent->pgrp;
        if (above != pgrp && above->session == pgrp->session)
            return false;
    }
    return true;
}

bool pgrp_has_stopped_locked(const struct pgrp *pgrp)
{
    for (const struct process *p = pgrp->members; p; p = p->pgrp_next) {
        if (p->state == PROCESS_STOPPED)
            return true;
    }
    return false;
}

bool pgrp_is_orphaned(struct pgrp *pgrp)
{
    host_mutex_lock(&kernel_lock);
    bool orphaned = pgrp_orphaned_locked(pgrp, NULL);
    host_mutex_unlock(&kernel_lock);
    return orphaned;
}

struct pgrp *pgrp_find(int32_t id, const struct session *session)
{
    host_mutex_lock(&kernel_lock);
    struct pid *e = pid_entry(id);
    struct pgrp *pgrp = e ? e->pgrp : NULL;
    if (pgrp && session && pgrp->session != session)
        pgrp = NULL;
    if (pgrp)
        pgrp_get_locked(pgrp);
    host_mutex_unlock(&kernel_lock);
    return pgrp;
}

struct pgrp *pgrp_current(struct task *t)
{
    host_mutex_lock(&kernel_lock);
    struct pgrp *pgrp = t->process->pgrp;
    pgrp_get_locked(pgrp);
    host_mutex_unlock(&kernel_lock);
    return pgrp;
}

struct session *session_current(struct task *t)
{
    host_mutex_lock(&kernel_lock);
    struct session *session = t->process->pgrp->session;
    session->refs++;
    host_mutex_unlock(&kernel_lock);
    return session;
}

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
