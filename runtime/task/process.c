/* Processes and their list. */
#include "runtime/task/process.h"

#include <string.h>

#include "runtime/host/heap.h"
#include "runtime/memory/space.h"
#include "runtime/task/pid.h"
#include "runtime/task/process_tree.h"

static struct process init_process = {
    .child_wait = WAITQ_INIT, .thread_wait = WAITQ_INIT, .exit_wait = WAITQ_INIT};
static uint32_t processes;
static struct process *all;

struct process *process_init(void)
{
    return &init_process;
}

void process_tree_init(void)
{
    struct process *p = &init_process;
    atomic_store(&p->refs, 1);
    p->pid = 1;
    cred_init(&p->cred);
    static struct sighand sighand = {.refs = 1};
    p->sighand = &sighand;
    host_mutex_lock(&kernel_lock);
    pid_entry(1)->process = p;
    struct session *session = session_create_locked(1);
    p->pgrp = session ? pgrp_create_locked(1, session) : NULL;
    if (p->pgrp)
        pgrp_get_locked(p->pgrp); /* it is no member: signals to the group are not for it */
    host_mutex_unlock(&kernel_lock);
}

void process_get(struct process *p)
{
    atomic_fetch_add(&p->refs, 1);
}

void process_put(struct process *p)
{
    if (!p || atomic_fetch_sub(&p->refs, 1) != 1)
        return;
    free(p);
}

struct process *process_find(int32_t pid)
{
    host_mutex_lock(&kernel_lock);
    struct pid *e = pid_entry(pid);
    struct process *p = e && e->process != &init_process ? e->process : NULL;
    if (p)
        process_get(p);
    host_mutex_unlock(&kernel_lock);
    return p;
}

struct process *process_next(int32_t pid)
{
    struct process *p = NULL;
    host_mutex_lock(&kernel_lock);
    for (int32_t id = pid < 1 ? 2 : pid + 1; id <= pid_highest() && !p; id++)
        p = pid_entry(id)->process;
    if (p)
        process_get(p);
    host_mutex_unlock(&kernel_lock);
    return p;
}

struct task *process_next_task(struct process *p, int32_t tid)
{
    struct task *best = NULL;
    host_mutex_lock(&kernel_lock);
    for (struct task *t = p->threads; t; t = t->next) {
        if (t->tid > tid && (!best || t->tid < best->tid))
            best = t;
    }
    if (best)
        task_get(best);
    host_mutex_unlock(&kernel_lock);
    return best;
}

uint32_t process_count(void)
{
    host_mutex_lock(&kernel_lock);
    uint32_t n = processes;
    host_mutex_unlock(&kernel_lock);
    return n;
}

uint32_t process_user_tasks_locked(uint32_t uid)
{
    uint32_t n = 0;
    for (const struct process *p = all; p; p = p->all_next) {
        if (p->cred.uid == uid)
            n += p->live_threads ? p->live_threads : 1;
    }
    return n;
}

struct task *process_leader(struct process *p)
{
    for (struct task *t = p->threads; t; t = t->next) {
        if (t->tid == p->pid)
            return t;
    }
    return NULL;
}

struct space *process_space(struct process *p)
{
    host_mutex_lock(&kernel_lock);
    struct space *space = p->space ? space_get(p->space) : NULL;
    host_mutex_unlock(&kernel_lock);
    return space;
}

void space_limits_set(struct space *space, const struct l_rlimit *limits)
{
    space_set_data_limit(space, limits[L_RLIMIT_DATA].rlim_cur);
    space_set_address_limit(space, limits[L_RLIMIT_AS].rlim_cur);
    space_set_stack_limit(space, limits[L_RLIMIT_STACK].rlim_cur);
}

void process_apply_limits(struct process *p)
{
    struct l_rlimit limits[L_RLIM_NLIMITS];
    host_mutex_lock(&kernel_lock);
    memcpy(limits, p->rlimits, sizeof(limits));
    struct space *space = p->space ? space_get(p->space) : NULL;
    host_mutex_unlock(&kernel_lock);
    if (space)
        space_limits_set(space, limits);
    space_put(space);
}

void process_link_locked(struct process *p, struct process *parent)
{
    p->parent = parent;
    atomic_store(&p->ppid, parent->pid);
    p->sibling_prev = NULL;
    p->sibling_next = parent->children;
    if (parent->children)
        parent->children->sibling_prev = p;
    parent->children = p;
}

void process_unlink_locked(struct process *p)
{
    if (p->sibling_prev)
        p->sibling_prev->sibling_next = p->sibling_next;
    else
        p->parent->children = p->sibling_next;
    if (p->sibling_next)
        p->sibling_next->sibling_prev = p->sibling_prev;
    p->sibling_next = p->sibling_prev = NULL;
}

void process_enter_locked(struct process *p)
{
    process_get(p);
    pid_entry(p->pid)->process = p;
    processes++;
    p->all_next = all;
    p->all_link = &all;
    if (all)
        all->all_link = &p->all_next;
    all = p;
}

void process_reap_locked(struct process *p)
{
    process_unlink_locked(p);
    pgrp_leave_locked(p);
    pid_entry(p->pid)->process = NULL;
    processes--;
    *p->all_link = p->all_next;
    if (p->all_next)
        p->all_next->all_link = p->all_link;
    process_put(p);
}

struct cpu_clock process_clock(struct process *p)
{
    struct cpu_clock sum = {p->dead_threads.user_ns, p->dead_threads.system_ns};
    for (struct task *t = p->threads; t; t = t->next) {
        struct cpu_clock c = task_clock(t);
        sum.user_ns += c.user_ns;
        sum.system_ns += c.system_ns;
    }
    return sum;
}

uint64_t process_cpu_ns(struct process *p)
{
    struct cpu_clock c = process_clock(p);
    return c.user_ns + c.system_ns;
}
