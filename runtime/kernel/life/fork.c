/* clone(2), clone3(2), fork(2), vfork(2): new tasks and processes. */
#include "runtime/kernel/life/fork.h"

#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/sched.h"
#include "runtime/fs/vfs/fdtable.h"
#include "runtime/fs/vfs/vfs.h"
#include "runtime/host/heap.h"
#include "runtime/host/log.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"
#include "runtime/kernel/events/pidfd.h"
#include "runtime/kernel/kernel_calls.h"
#include "runtime/kernel/life/exit.h"
#include "runtime/kernel/life/itimer.h"
#include "runtime/memory/access.h"
#include "runtime/memory/space.h"
#include "runtime/task/pid.h"
#include "runtime/task/process_tree.h"
#include "runtime/task/thread_group.h"
#include "runtime/translate/cpu.h"

const struct life_ops *life_ops;

struct birth *birth_new(struct task *t)
{
    const size_t align = _Alignof(struct cpu);
    struct birth *birth = calloc(1, sizeof(*birth));
    if (!birth)
        return NULL;
    birth->memory = calloc(1, sizeof(struct cpu) + align);
    if (!birth->memory) {
        free(birth);
        return NULL;
    }
    birth->cpu = (struct cpu *)(((uintptr_t)birth->memory + align - 1) & ~(uintptr_t)(align - 1));
    birth->task = t;
    return birth;
}

void birth_free(struct birth *birth)
{
    free(birth->memory);
    free(birth);
}

/* On the task's own thread, inside cpu_start's init: joins the two and sets the address space. */
static void task_attach_cpu(struct task *t, struct cpu *cpu)
{
    struct space *space = t->process->space;
    cpu->task = t;
    space_thread_enter(space);
    cpu_set_view(cpu, space_codeview(space), space_base(space));
    /* Who looks at its clock from now on has to know what the host thread had used before. */
    task_clock_start(t);
    host_mutex_lock(&kernel_lock);
    t->cpu = cpu;
    t->host = host_thread_self();
    /* Who wanted something of it until now had no thread to interrupt. */
    if (atomic_load(&t->work))
        cpu_interrupt(cpu);
    if (t->has_affinity)
        host_thread_processors(t->host, t->affinity, TASK_CPUS_MAX / 64);
    host_mutex_unlock(&kernel_lock);
}

static void birth_init(struct cpu *cpu, void *arg)
{
    struct birth *birth = arg;
    struct task *t = birth->task;
    cpu_copy_state(cpu, birth->cpu);
    task_attach_cpu(t, cpu);
    if (birth->child_settid)
        put_guest_u32(t->process->space, birth->child_settid, (uint32_t)t->tid);
    birth_free(birth);
}

void birth_run(struct birth *birth)
{
    struct task *t = birth->task;
    int result = cpu_start(birth_init, birth, life_ops->service);
    if (result < 0) {
        /* There was no memory for the thread; init has not run. */
        birth_free(birth);
        host_log_error("%s[%d]: no memory for a thread", t->comm, (int)t->tid);
        host_mutex_lock(&kernel_lock);
        group_exit_locked(t->process, L_SIGKILL);
        host_mutex_unlock(&kernel_lock);
        task_exit(t, L_SIGKILL);
    }
    host_current_set(NULL);
    task_put(t);
}

static void thread_main(void *arg)
{
    struct birth *birth = arg;
    host_current_set(birth->task);
    birth_run(birth);
}

struct task *task_new(struct process *p, const struct task *from)
{
    struct task *t = calloc(1, sizeof(*t));
    if (!t)
        return NULL;
    atomic_store(&t->refs, 1);
    host_parker_init(&t->parker);
    t->process = p;
    t->syscall = -1;
    t->start_ns = host_clock_boottime_ns();
    t->timer_slack = 50000;
    t->altstack.ss_flags = 2; /* SS_DISABLE */
    if (from) {
        memcpy(t->comm, from->comm, sizeof(t->comm));
        t->mask = from->mask;
        t->nice = from->nice;
        t->sched_policy = from->sched_policy;
        t->sched_priority = from->sched_priority;
        t->timer_slack = from->timer_slack;
        t->has_affinity = from->has_affinity;
        memcpy(t->affinity, from->affinity, sizeof(t->affinity));
    }
    process_get(p);
    return t;
}

struct process *process_new(const struct process *from)
{
    struct process *p = calloc(1, sizeof(*p));
    if (!p)
        return NULL;
    waitq_init(&p->child_wait);
    waitq_init(&p->thread_wait);
    waitq_init(&p->exit_wait);
    p->start_ns = host_clock_boottime_ns();
    p->exit_signal = L_SIGCHLD;
    p->dumpable = 1;
    cred_init(&p->cred);
    if (!from)
        return p;
    p->cred = from->cred;
    memcpy(p->rlimits, from->rlimits, sizeof(p->rlimits));
    p->no_new_privs = from->no_new_privs;
    p->dumpable = from->dumpable;
    p->oom_score_adj = from->oom_score_adj;
    p->arg_start = from->arg_start;
    p->arg_end = from->arg_end;
    p->env_start = from->env_start;
    p->env_end = from->env_end;
    p->brk_start = from->brk_start;
    p->stack_start = from->stack_start;
    memcpy(p->auxv, from->auxv, sizeof(p->auxv));
    p->auxv_size = from->auxv_size;
    return p;
}

static struct sighand *sighand_copy(struct process *parent, uint64_t flags)
{
    host_mutex_lock(&kernel_lock);
    struct sighand *from = parent->sighand;
    if (flags & L_CLONE_SIGHAND) {
        from->refs++;
        host_mutex_unlock(&kernel_lock);
        return from;
    }
    struct sighand *to = malloc(sizeof(*to));
    if (to) {
        *to = *from;
        to->refs = 1;
        for (int i = 0; i < L_NSIG && (flags & L_CLONE_CLEAR_SIGHAND); i++) {
            if (to->action[i].handler != L_SIG_IGN)
                memset(&to->action[i], 0, sizeof(to->action[i]));
        }
    }
    host_mutex_unlock(&kernel_lock);
    return to;
}

void sighand_put(struct sighand *sighand)
{
    if (!sighand)
        return;
    host_mutex_lock(&kernel_lock);
    bool last = --sighand->refs == 0;
    host_mutex_unlock(&kernel_lock);
    if (last)
        free(sighand);
}

/* In the order of Linux's tests. */
static int64_t check_flags(const struct clone_request *r)
{
    const uint64_t namespaces = L_CLONE_NEWNS | L_CLONE_NEWCGROUP | L_CLONE_NEWUTS |
                                L_CLONE_NEWIPC | L_CLONE_NEWUSER | L_CLONE_NEWPID | L_CLONE_NEWNET |
                                L_CLONE_NEWTIME;
    uint64_t f = r->flags;
    if ((f & L_CLONE_THREAD) && !(f & L_CLONE_SIGHAND))
        return -L_EINVAL;
    if ((f & L_CLONE_SIGHAND) && !(f & L_CLONE_VM))
        return -L_EINVAL;
    if ((f & L_CLONE_SIGHAND) && (f & L_CLONE_CLEAR_SIGHAND))
        return -L_EINVAL;
    if (f & (namespaces | L_CLONE_INTO_CGROUP))
        return -L_EINVAL;
    if ((f & L_CLONE_PIDFD) && (f & L_CLONE_DETACHED))
        return -L_EINVAL;
    return 0;
}

static int copy_files(struct task *child, struct task *parent, uint64_t flags)
{
    if (flags & L_CLONE_FILES)
        child->files_shared = parent->files_shared = true;
    child->files = flags & L_CLONE_FILES ? files_share(parent->files) : files_copy(parent->files);
    child->fs = flags & L_CLONE_FS ? fs_context_share(parent->fs) : fs_context_copy(parent->fs);
    return child->files && child->fs ? 0 : -L_ENOMEM;
}

static void drop_unborn(struct task *child, bool thread)
{
    struct process *p = child->process;
    if (child->files)
        files_put(child->files);
    if (child->fs)
        fs_context_put(child->fs);
    if (!thread) {
        space_put(p->space);
        sighand_put(p->sighand);
        if (p->exe)
            file_put(p->exe);
    }
    task_put(child);
}

/* One that never had a task. */
static void drop_process(struct process *p)
{
    space_put(p->space);
    sighand_put(p->sighand);
    if (p->exe)
        file_put(p->exe);
    free(p);
}

/* Nobody goes on without its stack and what belongs to the thread. */
static struct space *fork_space(struct task *t, int *error)
{
    struct space *space = t->process->space;
    space_expect_write(space, t->cpu->gpr[CPU_RSP]);
    space_expect_write(space, t->cpu->fs_base);
    return space_fork(space, error);
}

static struct process *new_process(struct task *t, const struct clone_request *r, int *error)
{
    struct process *from = t->process;
    struct process *p = process_new(from);
    *error = -L_ENOMEM;
    if (!p)
        return NULL;
    p->exit_signal = (int32_t)r->exit_signal;
    p->sighand = sighand_copy(from, r->flags);
    p->exe = process_exe(from);
    if (r->flags & L_CLONE_VM)
        p->space = space_get(from->space);
    else if (p->sighand)
        p->space = fork_space(t, error);
    if (p->sighand && p->space)
        return p;
    drop_process(p);
    return NULL;
}

/* RLIMIT_NPROC counts the threads of a user. */
static bool over_limit(const struct process *p)
{
    uint64_t limit = p->rlimits[L_RLIMIT_NPROC].rlim_cur;
    return p->cred.uid && !cred_capable(&p->cred, L_CAP_SYS_RESOURCE) &&
           !cred_capable(&p->cred, L_CAP_SYS_ADMIN) &&
           process_user_tasks_locked(p->cred.uid) >= limit;
}

/* Makes the child findable and part of the tree. */
static int64_t enter_tree(struct task *t, struct task *child, const struct clone_request *r)
{
    struct process *self = t->process, *p = child->process;
    bool thread = r->flags & L_CLONE_THREAD;
    if (signal_fatal_pending(t))
        return -L_ERESTARTNOINTR;
    /* A signal that came before the fork is for the parent alone, so it is handled first. */
    if (!thread && (atomic_load(&t->work) & TASK_WORK_SIGNAL))
        return -L_ERESTARTNOINTR;
    if (over_limit(self))
        return -L_EAGAIN;
    int32_t tid = pid_alloc();
    if (tid < 0)
        return tid;
    child->tid = tid;
    pid_entry(tid)->task = child;
    if (!thread) {
        struct process *parent = r->flags & L_CLONE_PARENT ? self->parent : self;
        /* A sibling ends as its maker does. */
        if (r->flags & L_CLONE_PARENT)
            p->exit_signal = self->exit_signal;
        p->pid = tid;
        process_enter_locked(p);
        process_link_locked(p, parent);
        pgrp_join_locked(self->pgrp, p);
    }
    child->next = p->threads;
    p->threads = child;
    p->live_threads++;
    p->users++;
    task_get(child); /* of the list; the thread's own is the first */
    if (r->flags & L_CLONE_VFORK)
        child->vfork_parent = t;
    if (p->stop_signal && thread)
        atomic_fetch_or(&child->work, TASK_WORK_STOP);
    signal_recalc_locked(child);
    return tid;
}

static bool vfork_done(void *arg)
{
    struct task *child = arg;
    host_mutex_lock(&kernel_lock);
    bool done = !child->vfork_parent;
    host_mutex_unlock(&kernel_lock);
    return done;
}

void vfork_release(struct task *t)
{
    host_mutex_lock(&kernel_lock);
    struct task *parent = t->vfork_parent;
    t->vfork_parent = NULL;
    if (parent)
        host_unpark(&parent->parker);
    host_mutex_unlock(&kernel_lock);
}

static void wait_vfork(struct task *t, struct task *child)
{
    if (!wait_until_killable(NULL, vfork_done, child, WAIT_FOREVER)) {
        process_apply_limits(t->process);
        return;
    }
    host_mutex_lock(&kernel_lock);
    child->vfork_parent = NULL;
    host_mutex_unlock(&kernel_lock);
}

static struct birth *prepare_birth(struct task *t, struct task *child,
                                   const struct clone_request *r)
{
    struct birth *birth = birth_new(child);
    if (!birth)
        return NULL;
    birth->child_settid = r->flags & L_CLONE_CHILD_SETTID ? r->child_tid : 0;
    cpu_copy_state(birth->cpu, t->cpu);
    birth->cpu->gpr[CPU_RAX] = 0;
    if (r->stack)
        birth->cpu->gpr[CPU_RSP] = r->stack;
    if (r->flags & L_CLONE_SETTLS) {
        birth->cpu->selector[CPU_FS] = 0;
        birth->cpu->fs_base = r->tls;
    }
    return birth;
}

static int64_t start_child(struct task *t, struct task *child, const struct clone_request *r)
{
    struct pidfd pidfd = {-1, NULL};
    int error = 0;
    if (r->flags & L_CLONE_PIDFD)
        error = pidfd_prepare(t, child->process, r->pidfd, &pidfd);
    if (error)
        return error;
    /* Before the task can be found, so that nothing can fail once it can. */
    struct birth *birth = prepare_birth(t, child, r);
    struct host_thread *thread = birth ? host_thread_reserve() : NULL;
    int64_t tid = birth ? -L_EAGAIN : -L_ENOMEM;
    if (thread) {
        host_mutex_lock(&kernel_lock);
        tid = enter_tree(t, child, r);
        host_mutex_unlock(&kernel_lock);
    }
    if (tid < 0) {
        pidfd_cancel(t, &pidfd);
        if (thread)
            host_thread_return(thread);
        if (birth)
            birth_free(birth);
        return tid;
    }
    pidfd_install(t, &pidfd);
    if (child->process != t->process &&
        child->process->rlimits[L_RLIMIT_CPU].rlim_cur != L_RLIM_INFINITY)
        timers_cpu_limit(child->process);
    if (r->flags & L_CLONE_PARENT_SETTID)
        put_guest_u32(t->process->space, r->parent_tid, (uint32_t)tid);
    host_thread_give(thread, thread_main, birth);
    return tid;
}

/* The new thread id, or a negative errno. For CLONE_VFORK returns after the child's exec or exit.
 */
static int64_t clone_task(struct task *t, const struct clone_request *r)
{
    bool thread = r->flags & L_CLONE_THREAD;
    int64_t result = check_flags(r);
    if (result)
        return result;
    if (!thread && signal_pending(t))
        return -L_ERESTARTNOINTR;
    int error = 0;
    struct process *p = thread ? t->process : new_process(t, r, &error);
    if (!p)
        return error;
    struct task *child = task_new(p, t);
    if (!child) {
        if (!thread)
            drop_process(p);
        return -L_ENOMEM;
    }
    if (!thread && !(r->flags & L_CLONE_VM) && t->altstack.ss_size)
        child->altstack = t->altstack;
    if ((r->flags & L_CLONE_VFORK) && t->altstack.ss_size)
        child->altstack = t->altstack;
    if (r->flags & L_CLONE_CHILD_CLEARTID)
        child->clear_child_tid = r->child_tid;
    result = copy_files(child, t, r->flags);
    if (!result) {
        task_get(child);
        result = start_child(t, child, r);
        if (result > 0 && (r->flags & L_CLONE_VFORK))
            wait_vfork(t, child);
        task_put(child);
    }
    if (result < 0)
        drop_unborn(child, thread);
    return result;
}

int64_t sys_clone(struct task *t, uint64_t flags, uint64_t stack, uint64_t parent_tid,
                  uint64_t child_tid, uint64_t tls)
{
    struct clone_request r = {
        .flags = (uint32_t)flags & ~(uint64_t)L_CSIGNAL,
        .exit_signal = flags & L_CSIGNAL,
        .stack = stack,
        .parent_tid = parent_tid,
        .child_tid = child_tid,
        .tls = tls,
        .pidfd = parent_tid,
    };
    if ((r.flags & L_CLONE_PIDFD) && (r.flags & L_CLONE_PARENT_SETTID))
        return -L_EINVAL;
    return clone_task(t, &r);
}

int64_t sys_fork(struct task *t)
{
    struct clone_request r = {.exit_signal = L_SIGCHLD};
    return clone_task(t, &r);
}

int64_t sys_vfork(struct task *t)
{
    struct clone_request r = {.flags = L_CLONE_VM | L_CLONE_VFORK, .exit_signal = L_SIGCHLD};
    return clone_task(t, &r);
}

int64_t sys_clone3(struct task *t, uint64_t uargs, uint64_t size)
{
    struct l_clone_args args;
    memset(&args, 0, sizeof(args));
    if (size > SPACE_PAGE)
        return -L_E2BIG;
    if (size < L_CLONE_ARGS_SIZE_VER0)
        return -L_EINVAL;
    uint64_t known = size < sizeof(args) ? size : sizeof(args);
    if (copy_from_guest(t->process->space, &args, uargs, known))
        return -L_EFAULT;
    for (uint64_t i = known; i < size; i++) {
        uint8_t byte;
        if (get_guest_u8(t->process->space, uargs + i, &byte))
            return -L_EFAULT;
        if (byte)
            return -L_E2BIG;
    }
    if (args.set_tid_size || args.set_tid || args.exit_signal > L_NSIG)
        return -L_EINVAL;
    if ((args.flags & (L_CLONE_DETACHED | L_CSIGNAL)) ||
        ((args.flags & (L_CLONE_THREAD | L_CLONE_PARENT)) && args.exit_signal))
        return -L_EINVAL;
    if (!args.stack != !args.stack_size)
        return -L_EINVAL;
    if (args.stack && (args.stack >= SPACE_END || args.stack_size > SPACE_END - args.stack))
        return -L_EINVAL;
    struct clone_request r = {
        .flags = args.flags,
        .exit_signal = args.exit_signal,
        .stack = args.stack ? args.stack + args.stack_size : 0,
        .parent_tid = args.parent_tid,
        .child_tid = args.child_tid,
        .tls = args.tls,
        .pidfd = args.pidfd,
    };
    return clone_task(t, &r);
}
