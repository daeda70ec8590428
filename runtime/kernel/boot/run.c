/* Starting guests from outside, and waiting for them. */
#include "runtime/kernel/boot/run.h"

#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/fs/vfs/fdtable.h"
#include "runtime/fs/vfs/vfs.h"
#include "runtime/host/heap.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"
#include "runtime/kernel/entry/service.h"
#include "runtime/kernel/life/exec.h"
#include "runtime/kernel/life/exit.h"
#include "runtime/kernel/life/fork.h"
#include "runtime/memory/space.h"
#include "runtime/task/pid.h"
#include "runtime/task/process_tree.h"
#include "runtime/task/thread_group.h"
#include "runtime/translate/cpu.h"
#include "runtime/tty/tty.h"

#define NOFILE_SOFT 1024
#define NOFILE_HARD 1048576
#define STACK_SOFT  ((uint64_t)8 << 20)
#define PATH_SIZE   4096

struct run {
    const struct process_start *start;
    struct task *task;
    struct birth *birth;
    struct host_parker done;
    int error;
};

static void default_limits(struct process *p)
{
    for (int i = 0; i < L_RLIM_NLIMITS; i++)
        p->rlimits[i] = (struct l_rlimit){L_RLIM_INFINITY, L_RLIM_INFINITY};
    p->rlimits[L_RLIMIT_STACK].rlim_cur = STACK_SOFT;
    p->rlimits[L_RLIMIT_CORE].rlim_cur = 0;
    p->rlimits[L_RLIMIT_NOFILE] = (struct l_rlimit){NOFILE_SOFT, NOFILE_HARD};
    p->rlimits[L_RLIMIT_NPROC] = (struct l_rlimit){PID_MAX / 2, PID_MAX / 2};
    p->rlimits[L_RLIMIT_SIGPENDING] = (struct l_rlimit){16384, 16384};
    p->rlimits[L_RLIMIT_MEMLOCK] = (struct l_rlimit){8 << 20, 8 << 20};
    p->rlimits[L_RLIMIT_MSGQUEUE] = (struct l_rlimit){819200, 819200};
    p->rlimits[L_RLIMIT_NICE] = (struct l_rlimit){0, 0};
    p->rlimits[L_RLIMIT_RTPRIO] = (struct l_rlimit){0, 0};
}

/* A task that is not in the tree, with what it was given. */
static void drop_task(struct task *t)
{
    files_put(t->files);
    fs_context_put(t->fs);
    sighand_put(t->process->sighand);
    task_put(t);
}

/* Takes over files and fs, also on failure (NULL). */
static struct task *make_task(const struct process_start *start)
{
    struct process *p = process_new(NULL);
    struct task *t = p ? task_new(p, NULL) : NULL;
    if (!t) {
        free(p);
        files_put(start->files);
        fs_context_put(start->fs);
        return NULL;
    }
    default_limits(p);
    t->files = start->files;
    t->fs = start->fs;
    p->sighand = calloc(1, sizeof(*p->sighand));
    if (!p->sighand) {
        drop_task(t);
        return NULL;
    }
    p->sighand->refs = 1;
    return t;
}

/* Into the tree, as leader of a session of its own. */
static int enter_tree(struct task *t)
{
    struct process *p = t->process;
    host_mutex_lock(&kernel_lock);
    int32_t id = pid_alloc();
    struct session *session = id > 0 ? session_create_locked(id) : NULL;
    struct pgrp *pgrp = session ? pgrp_create_locked(id, session) : NULL;
    if (pgrp) {
        p->pid = t->tid = id;
        session->leader = p;
        pid_entry(id)->task = t;
        p->threads = t;
        p->live_threads = p->users = 1;
        task_get(t);
        process_enter_locked(p);
        process_link_locked(p, process_init());
        pgrp_join_locked(pgrp, p);
    }
    host_mutex_unlock(&kernel_lock);
    if (!pgrp)
        session_put(session);
    return id < 0 ? id : pgrp ? 0 : -L_ENOMEM;
}

/* Out of it again; its thread never ran. */
static void leave_tree(struct task *t)
{
    struct process *p = t->process;
    host_mutex_lock(&kernel_lock);
    pid_entry(t->tid)->task = NULL;
    p->threads = NULL;
    p->live_threads = p->users = 0;
    process_reap_locked(p);
    host_mutex_unlock(&kernel_lock);
    task_put(t);
    waitq_wake(&process_init()->child_wait, 0);
}

static int add_all(struct exec_strings *s, const char *const *list)
{
    int error = 0;
    for (; list && *list && !error; list++)
        error = exec_strings_add(s, *list, strlen(*list));
    return error;
}

static int exec_named(struct run *run, struct cpu *cpu, const char *name)
{
    const struct process_start *start = run->start;
    struct exec ex = {.task = run->task, .filename = strdup(name)};
    int error = ex.filename ? add_all(&ex.argv, start->argv) : -L_ENOMEM;
    if (!error)
        error = add_all(&ex.envp, start->envp);
    if (error) {
        exec_strings_free(&ex.argv);
        exec_strings_free(&ex.envp);
        free(ex.filename);
        return error;
    }
    return exec_run(&ex, cpu, NULL, 0);
}

static const char *search_path(const struct process_start *start)
{
    for (const char *const *e = start->envp; e && *e; e++) {
        if (!strncmp(*e, "PATH=", 5))
            return *e + 5;
    }
    return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/* As execvp(3). */
static int exec_searched(struct run *run, struct cpu *cpu)
{
    const char *name = run->start->path;
    char full[PATH_SIZE];
    int error = -L_ENOENT;
    if (strchr(name, '/'))
        return exec_named(run, cpu, name);
    for (const char *p = search_path(run->start); p; p = strchr(p, ':')) {
        p += *p == ':';
        size_t n = strcspn(p, ":");
        if (!n || n + strlen(name) + 2 > sizeof(full))
            continue;
        memcpy(full, p, n);
        full[n] = '/';
        strcpy(full + n + 1, name);
        int e = exec_named(run, cpu, full);
        if (!e)
            return 0;
        if (e != -L_ENOENT && e != -L_ENOTDIR && error != -L_EACCES)
            error = e;
    }
    return error;
}

static void prepare_run(struct run *run)
{
    struct task *t = run->task;
    run->birth = birth_new(t);
    run->error = run->birth ? 0 : -L_ENOMEM;
    if (!run->error && run->start->tty)
        run->error = tty_set_controlling(t, run->start->tty);
    if (!run->error && run->start->started)
        run->start->started(t, run->start->arg);
    if (!run->error)
        run->error = exec_searched(run, run->birth->cpu);
}

static void run_main(void *arg)
{
    struct run *run = arg;
    struct task *t = run->task;
    host_current_set(t);
    task_clock_start(t);
    prepare_run(run);
    struct birth *birth = run->birth;
    bool failed = run->error;
    /* After this the caller may return, and run is gone. */
    host_unpark(&run->done);
    if (!failed) {
        birth_run(birth);
        return;
    }
    if (birth)
        birth_free(birth);
    task_exit(t, 127 << 8);
    host_current_set(NULL);
    task_put(t);
}

int process_run(const struct process_start *start, struct process **out)
{
    struct run run = {.start = start, .task = make_task(start)};
    if (!run.task)
        return -L_ENOMEM;
    host_parker_init(&run.done);
    int error = enter_tree(run.task);
    if (error) {
        drop_task(run.task);
        return error;
    }
    struct process *p = run.task->process;
    process_get(p);
    error = host_thread_start(run_main, &run);
    if (error) {
        leave_tree(run.task);
        drop_task(run.task);
        process_put(p);
        return error;
    }
    while (!host_park(&run.done, WAIT_FOREVER))
        ;
    if (run.error) {
        process_wait_exit(p);
        process_put(p);
        return run.error;
    }
    *out = p;
    return 0;
}

static bool has_exited(void *arg)
{
    struct process *p = arg;
    host_mutex_lock(&kernel_lock);
    bool dead = p->state == PROCESS_ZOMBIE;
    host_mutex_unlock(&kernel_lock);
    return dead;
}

int process_wait_exit(struct process *p)
{
    wait_until(&p->exit_wait, has_exited, p, WAIT_FOREVER);
    return p->group_code;
}

static bool all_gone(void *arg)
{
    (void)arg;
    return process_count() == 0;
}

bool process_wait_all(uint64_t deadline_ns)
{
    return wait_until(&process_init()->child_wait, all_gone, NULL, deadline_ns) == 0;
}

void process_kill_all(uint64_t deadline_ns)
{
    host_mutex_lock(&kernel_lock);
    for (int32_t id = 2; id <= pid_highest(); id++) {
        struct process *p = pid_entry(id)->process;
        if (p)
            signal_send_process_locked(p, L_SIGKILL, NULL);
    }
    host_mutex_unlock(&kernel_lock);
    wait_until(&process_init()->child_wait, all_gone, NULL, deadline_ns);
}
