/*
 * A task: one guest thread, which is one host thread (runtime/task/process.h has the thread
 * group).
 *
 * kernel_lock guards the tree of processes, groups and sessions, signals, wait states and every
 * field here marked [k]. It is held shortly, never while guest memory is touched, a host call
 * blocks, or a file system works. Unmarked fields belong to the task's own thread.
 */
#ifndef RUNTIME_TASK_TASK_H
#define RUNTIME_TASK_TASK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/host/lock.h"
#include "runtime/host/park.h"
#include "runtime/task/signal.h"

struct cpu;
struct files;
struct fs_context;
struct host_thread;
struct process;
struct space;

#define TASK_COMM_SIZE 16
#define TASK_CPUS_MAX  1024u /* processors an affinity can name */

extern struct host_mutex kernel_lock;

/* What a task is doing, for /proc/PID/stat. */
enum task_state { TASK_RUNNING, TASK_SLEEPING, TASK_UNINTERRUPTIBLE, TASK_STOPPED, TASK_ZOMBIE };

struct restart_block {
    int64_t (*fn)(struct task *, struct restart_block *);
    uint64_t args[4];
    uint64_t deadline_ns;
};

/* In the list of tasks that leave their futexes (futex.c). */
struct futex_leaving {
    struct futex_leaving *next, **link;
    int32_t tid;
};

struct task {
    _Atomic uint32_t refs;
    int32_t tid;              /* [k]; changes when another thread than the leader calls exec */
    struct process *process;  /* fixed; counted */
    struct task *next;        /* [k] in process->threads */
    struct cpu *cpu;          /* [k] NULL outside cpu_start */
    struct host_thread *host; /* [k] likewise */
    struct host_parker parker;
    _Atomic uint32_t work;     /* TASK_WORK_*: tested on the way out and by every wait */
    _Atomic uint32_t state;    /* enum task_state */
    char comm[TASK_COMM_SIZE]; /* [k] */

    bool files_shared;     /* made or joined with CLONE_FILES */
    struct files *files;   /* [k] to change; counted, shared by CLONE_FILES */
    struct fs_context *fs; /* [k] to change; counted, shared by CLONE_FS */

    uint64_t mask;       /* [k] blocked signals */
    uint64_t saved_mask; /* what signal_set_temporary_mask replaced */
    bool restore_mask;
    int32_t exit_status;     /* as wait shows it, for the last thread */
    bool exiting;            /* [k] */
    struct sigqueue pending; /* [k] directed to this thread */
    struct l_stack altstack;
    uint64_t wait_set; /* [k] signals that sigtimedwait waits for, blocked or not */

    int64_t syscall;   /* number of the call being served, -1 when none (restart) */
    const void *asked; /* the file of which the call asked the host last, or NULL (hostfs) */
    struct restart_block restart;

    uint64_t clear_child_tid; /* set_tid_address(2) */
    uint64_t robust_list;     /* set_robust_list(2) */
    struct futex_leaving leaving;
    int32_t pdeath_signal;            /* [k] */
    struct task *vfork_parent;        /* [k] waits until this one has called exec or exited */
    uint64_t start_ns;                /* on the boot clock */
    uint64_t base_ns, base_system_ns; /* what the host thread had used before */
    int32_t nice;                     /* [k] */
    int32_t sched_policy;             /* [k] */
    int32_t sched_priority;           /* [k] */
    uint64_t timer_slack;
    bool has_affinity;                     /* [k] false: every processor */
    uint64_t affinity[TASK_CPUS_MAX / 64]; /* [k] */

    uint8_t *bounce; /* buffer for file system calls, made on demand, freed at exit */
    uint32_t bounce_size;
    struct trace_line *trace; /* the call that is traced; made on demand, freed at exit */
};

enum {
    TASK_WORK_SIGNAL = 1, /* a deliverable signal may be pending */
    TASK_WORK_STOP = 2,   /* the process is stopping */
    TASK_WORK_KILL = 4,   /* the thread must die: nothing else matters */
    TASK_WORK_ANY = 7,
};

/* The task of the calling host thread; NULL on a thread that is none. */
struct task *task_current(void);

void task_get(struct task *t);
void task_put(struct task *t);

/* The task with this thread id, with a reference, or NULL. Takes kernel_lock. */
struct task *task_find(int32_t tid);

/* Wakes the task out of any wait and any guest code so that it looks at `work`. kernel_lock held.
 */
void task_kick_locked(struct task *t);

/*
 * CPU time of threads. Host threads are used again, so a task counts from what its thread had used
 * before. task_clock works for any task and needs kernel_lock unless it is the caller's own.
 */
struct cpu_clock {
    uint64_t user_ns, system_ns;
};
void task_clock_start(struct task *t);
struct cpu_clock task_clock(struct task *t);
uint64_t task_cpu_ns(struct task *t); /* both together */

#endif
