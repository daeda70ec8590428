/*
 * A process (thread group) and the tree of them; credentials and limits.
 */
#ifndef RUNTIME_TASK_PROCESS_H
#define RUNTIME_TASK_PROCESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/abi/resource.h"
#include "runtime/task/cred.h"
#include "runtime/task/process_group.h"
#include "runtime/task/process_session.h"
#include "runtime/task/signal.h"
#include "runtime/task/task.h"
#include "runtime/task/waitq.h"

struct file;
struct space;
struct posix_timer;

#define PID_MAX 32768

enum process_state { PROCESS_LIVE, PROCESS_STOPPED, PROCESS_ZOMBIE };

/* CPU times of the dead: threads of this process, or children waited for. */
struct cpu_times {
    uint64_t user_ns;
    uint64_t system_ns;
    uint64_t max_rss; /* KiB */
};

/* Fields are guarded by kernel_lock unless they say otherwise. */
struct process {
    _Atomic uint32_t refs;
    int32_t pid;
    struct process *parent; /* NULL only for the first */
    _Atomic int32_t ppid;   /* its id, for readers without the lock */
    struct process *children, *sibling_next, *sibling_prev;
    struct process *all_next, **all_link; /* in the list of all processes */
    struct task *threads;                 /* by task.next; the leader is the one whose tid is pid */
    uint32_t live_threads;                /* not exiting */
    uint32_t users;                       /* threads that have not let go of space and files yet */
    struct pgrp *pgrp;                    /* counted */
    struct process *pgrp_next;
    bool did_exec; /* setpgid by the parent is over */

    struct space *space; /* counted; NULL after exit */
    struct sighand *sighand;
    struct sigqueue pending; /* directed to the process */
    uint32_t sigqueue_count; /* entries queued, against RLIMIT_SIGPENDING */

    struct cred cred; /* changed by the process itself only, with kernel_lock */
    struct l_rlimit rlimits[L_RLIM_NLIMITS];

    enum process_state state;
    bool group_exit;     /* all threads must die with group_code */
    bool group_exec;     /* all other threads must die: exec */
    int32_t group_code;  /* wait status */
    int32_t exit_signal; /* to the parent; 0, or no signal's number: none */
    int32_t stop_signal; /* while stopping or stopped */
    uint32_t stopped_threads;
    uint32_t stop_generation;      /* counts stops */
    bool stop_reported, continued; /* for wait4 */
    struct waitq child_wait;       /* woken when a child changes state */
    struct waitq thread_wait;      /* woken when a thread of this process dies or stops */
    struct waitq exit_wait;        /* woken when the process becomes a zombie (pidfd) */

    bool subreaper, no_new_privs;
    bool over_processes; /* set*uid went beyond RLIMIT_NPROC: exec is to fail */
    int32_t dumpable;
    int32_t oom_score_adj;
    uint64_t start_ns; /* monotonic */
    struct cpu_times dead_threads, dead_children;

    /* What /proc shows; written by exec and prctl. */
    struct file *exe; /* counted */
    uint64_t arg_start, arg_end, env_start, env_end, brk_start, stack_start;
    uint8_t auxv[512];
    uint32_t auxv_size;

    struct posix_timer *timers;
    struct posix_timer *itimer_real;
    uint32_t enosys_logged[16]; /* one bit per system call number; the last: all beyond */
};

void process_get(struct process *p);
void process_put(struct process *p);

/* The process with this id (also a zombie), with a reference, or NULL. Process 1, which only adopts
 * orphans, is not found. */
struct process *process_find(int32_t pid);

/* Walks all processes by id: the one with the lowest id above pid, with a reference, or NULL. */
struct process *process_next(int32_t pid);
/* Likewise the threads of a process. */
struct task *process_next_task(struct process *p, int32_t tid);
uint32_t process_count(void);
/* Threads, and zombies, of a real user id. kernel_lock held. */
uint32_t process_user_tasks_locked(uint32_t uid);

/* The thread whose tid is the pid; NULL when it is gone. kernel_lock held. */
struct task *process_leader(struct process *p);

/* The space of a process with a reference, or NULL. */
struct space *process_space(struct process *p);

/* Makes the limits of a process those of its space; a vfork's child may have set its own. */
void process_apply_limits(struct process *p);
void space_limits_set(struct space *space, const struct l_rlimit *limits);

/* CPU time of a process including its dead threads. kernel_lock held. */
struct cpu_clock process_clock(struct process *p);
uint64_t process_cpu_ns(struct process *p); /* both together */

#endif
