/* The end of threads and processes. */
#include "runtime/kernel/life/exit.h"

#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/fs/vfs/fdtable.h"
#include "runtime/fs/vfs/vfs.h"
#include "runtime/kernel/kernel_calls.h"
#include "runtime/kernel/life/fork.h"
#include "runtime/kernel/life/itimer.h"
#include "runtime/memory/access.h"
#include "runtime/memory/space.h"
#include "runtime/task/futex.h"
#include "runtime/task/pid.h"
#include "runtime/task/process_tree.h"
#include "runtime/task/thread_group.h"
#include "runtime/translate/cpu.h"

void task_leave_space(struct task *t)
{
    struct space *space = t->process->space;
    if (t->robust_list)
        futex_robust_exit(t);
    futex_pi_exit(t);
    if (t->clear_child_tid && space) {
        uint64_t address = t->clear_child_tid;
        t->clear_child_tid = 0;
        if (!put_guest_u32(space, address, 0))
            futex_wake_address(space, address, 1);
    }
    vfork_release(t);
}

/* Nearest living ancestor that asked for orphans, else process 1. */
static struct process *new_parent(struct process *p)
{
    for (struct process *a = p->parent; a && a != process_init(); a = a->parent) {
        if (a->subreaper && a->state != PROCESS_ZOMBIE && a->live_threads)
            return a;
    }
    return process_init();
}

/* A group that loses its last connection and has stopped members is told (POSIX job control). */
static void check_orphaned(struct pgrp *pgrp, const struct process *without)
{
    if (pgrp_orphaned_locked(pgrp, without) && pgrp_has_stopped_locked(pgrp)) {
        signal_send_pgrp_locked(pgrp, L_SIGHUP, NULL);
        signal_send_pgrp_locked(pgrp, L_SIGCONT, NULL);
    }
}

static void reparent_children(struct process *p)
{
    struct process *to = new_parent(p);
    while (p->children) {
        struct process *c = p->children;
        struct pgrp *pgrp = c->pgrp;
        bool was_link = pgrp != p->pgrp && pgrp->session == p->pgrp->session;
        process_unlink_locked(c);
        process_link_locked(c, to);
        c->exit_signal = L_SIGCHLD;
        for (struct task *t = c->threads; t; t = t->next) {
            if (t->pdeath_signal)
                signal_send_task_locked(t, t->pdeath_signal, NULL);
        }
        pgrp_get_locked(pgrp);
        if (c->state == PROCESS_ZOMBIE && group_notify_parent_locked(c, L_CLD_EXITED, 0))
            process_reap_locked(c);
        if (was_link)
            check_orphaned(pgrp, NULL);
        pgrp_put_locked(pgrp);
    }
}

/* A hangup may have come after the session's terminal was given up. */
static void leave_as_leader(struct process *p)
{
    struct session *session = p->pgrp->session;
    if (session->leader != p)
        return;
    struct pgrp *group = session->hung_up;
    session->leader = NULL;
    session->hung_up = NULL;
    if (group) {
        signal_send_pgrp_locked(group, L_SIGHUP, NULL);
        signal_send_pgrp_locked(group, L_SIGCONT, NULL);
    }
    pgrp_put_locked(group);
}

static void become_zombie(struct process *p)
{
    int32_t status = p->group_code;
    p->state = PROCESS_ZOMBIE;
    reparent_children(p);
    leave_as_leader(p);
    struct process *parent = p->parent;
    if (parent != process_init() && parent->pgrp != p->pgrp &&
        parent->pgrp->session == p->pgrp->session)
        check_orphaned(p->pgrp, p);
    sigqueue_remove(&p->pending, ~0ull, &p->sigqueue_count);
    int32_t code = status & 0x7f ? (status & 0x80 ? L_CLD_DUMPED : L_CLD_KILLED) : L_CLD_EXITED;
    bool forget = group_notify_parent_locked(
        p, code, code == L_CLD_EXITED ? status >> 8 & 0xff : status & 0x7f);
    waitq_wake(&p->exit_wait, 0);
    if (forget)
        process_reap_locked(p);
}

static void unlink_thread(struct task *t, struct cpu_clock c)
{
    struct process *p = t->process;
    struct task **link = &p->threads;
    while (*link != t)
        link = &(*link)->next;
    *link = t->next;
    t->next = NULL;
    if (pid_entry(t->tid)->task == t)
        pid_entry(t->tid)->task = NULL;
    p->dead_threads.user_ns += c.user_ns;
    p->dead_threads.system_ns += c.system_ns;
}

/* The end of a session's leader frees its terminal. */
static void leave_session(struct task *t)
{
    struct process *p = t->process;
    struct session *session = session_current(t);
    host_mutex_lock(&kernel_lock);
    bool leads = session->leader == p && (session->tty || session->hung_up);
    host_mutex_unlock(&kernel_lock);
    if (leads && session_leader_exit_hook)
        session_leader_exit_hook(session);
    session_put(session);
}

/* What the last thread takes down with it, before anyone is told that the process is gone. */
static void leave_process(struct task *t)
{
    struct process *p = t->process;
    timers_process_exit(p);
    leave_session(t);
    struct space_usage usage = {.resident = 0};
    if (p->space)
        space_usage(p->space, &usage);
    host_mutex_lock(&kernel_lock);
    struct space *space = p->space;
    struct file *exe = p->exe;
    p->space = NULL;
    p->exe = NULL;
    if (usage.resident / 1024 > p->dead_threads.max_rss)
        p->dead_threads.max_rss = usage.resident / 1024;
    host_mutex_unlock(&kernel_lock);
    space_put(space);
    if (exe)
        file_put(exe);
}

/* kernel_lock held; clock is the task's own. */
static void detach(struct task *t, struct cpu_clock clock)
{
    struct process *p = t->process;
    sigqueue_remove(&t->pending, ~0ull, &p->sigqueue_count);
    unlink_thread(t, clock);
    t->cpu = NULL;
    t->host = NULL;
}

static void end_process(struct task *t)
{
    struct process *p = t->process;
    leave_process(t);
    struct cpu_clock clock = task_clock(t);
    host_mutex_lock(&kernel_lock);
    struct sighand *sighand = p->sighand;
    detach(t, clock);
    become_zombie(p);
    p->sighand = NULL;
    host_mutex_unlock(&kernel_lock);
    sighand_put(sighand);
}

void task_exit(struct task *t, int32_t status)
{
    struct process *p = t->process;
    host_mutex_lock(&kernel_lock);
    futex_exit_begin(t);
    t->exiting = true;
    /* Who joins it may look for it as soon as clear_child_tid is written. */
    if (t->tid != p->pid)
        pid_entry(t->tid)->task = NULL;
    t->mask = ~0ull;
    bool last = --p->live_threads == 0;
    if (last && !p->group_exit) {
        p->group_exit = true;
        p->group_code = status;
    }
    struct files *files = t->files;
    struct fs_context *fs = t->fs;
    t->files = NULL;
    t->fs = NULL;
    atomic_fetch_and(&t->work, ~(uint32_t)(TASK_WORK_STOP | TASK_WORK_SIGNAL));
    group_thread_gone_locked(p);
    host_mutex_unlock(&kernel_lock);
    life_ops->exits(t, last);

    task_leave_space(t);
    if (p->space)
        space_thread_leave(p->space);
    if (t->cpu)
        cpu_set_view(t->cpu, NULL, 0);
    files_put(files);
    fs_context_put(fs);

    /* Only when the last one is through with all this may the process go. */
    process_get(p);
    host_mutex_lock(&kernel_lock);
    last = --p->users == 0;
    if (!last)
        detach(t, task_clock(t));
    host_mutex_unlock(&kernel_lock);
    if (last)
        end_process(t);
    waitq_wake(&p->thread_wait, 0);
    task_put(t); /* of the list */
    process_put(p);
}

static bool is_only(void *arg)
{
    struct process *p = ((struct task *)arg)->process;
    host_mutex_lock(&kernel_lock);
    bool only = p->live_threads == 1 && p->threads && !p->threads->next;
    host_mutex_unlock(&kernel_lock);
    return only;
}

int task_become_only(struct task *t)
{
    struct process *p = t->process;
    if (is_only(t) && t->tid == p->pid)
        return 0;
    host_mutex_lock(&kernel_lock);
    if (p->group_exit || p->group_exec) {
        host_mutex_unlock(&kernel_lock);
        return -L_EAGAIN;
    }
    p->group_exec = true;
    group_kill_others_locked(t);
    host_mutex_unlock(&kernel_lock);
    int error = wait_until_killable(&p->thread_wait, is_only, t, WAIT_FOREVER);
    host_mutex_lock(&kernel_lock);
    p->group_exec = false;
    int32_t old = t->tid;
    if (!error && old != p->pid) {
        pid_entry(old)->task = NULL;
        t->tid = p->pid;
        pid_entry(t->tid)->task = t;
    }
    host_mutex_unlock(&kernel_lock);
    if (old != t->tid)
        futex_owner_gone(old);
    return error ? -L_EAGAIN : 0;
}

int64_t sys_exit(struct task *t, uint64_t code)
{
    t->exit_status = (int32_t)(code & 0xff) << 8;
    atomic_fetch_or(&t->work, TASK_WORK_KILL);
    return 0;
}

int64_t sys_exit_group(struct task *t, uint64_t code)
{
    host_mutex_lock(&kernel_lock);
    group_exit_locked(t->process, (int32_t)(code & 0xff) << 8);
    host_mutex_unlock(&kernel_lock);
    return 0;
}
