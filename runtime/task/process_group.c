/* Process groups. */
#include "runtime/task/process_group.h"

#include "runtime/host/heap.h"
#include "runtime/task/pid.h"
#include "runtime/task/process_tree.h"

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
