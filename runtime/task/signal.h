/*
 * Signals: queues, sending, and delivery on the way out of the kernel (signal(7)).
 *
 * Sending only marks: it queues, wakes a chosen thread and interrupts running guest code. The
 * target itself acts in signal_deliver, on its own stack, just before it would run guest code
 * again.
 */
#ifndef RUNTIME_TASK_SIGNAL_H
#define RUNTIME_TASK_SIGNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/abi/signal.h"
#include "runtime/host/lock.h"

struct cpu;
struct cpu_fault;
struct pgrp;
struct process;
struct task;
struct waitq;

struct sigentry {
    struct sigentry *next;
    struct l_siginfo info;
};

/* Pending signals of a thread or of a process. set has the bit of every queued signal, also of one
 * whose information could not be kept. Guarded by kernel_lock. */
struct sigqueue {
    uint64_t set;
    struct sigentry *first, *last;
};

/* Handlers; shared by CLONE_SIGHAND. Guarded by kernel_lock. */
struct sighand {
    uint32_t refs;
    struct l_sigaction action[L_NSIG];
};

/* Woken when a signal was queued anywhere: for whoever takes signals otherwise than by delivery. */
extern struct waitq signal_queued;

/* Signals that no mask holds back and no handler catches. */
#define SIGNAL_UNBLOCKABLE (L_SIGBIT(L_SIGKILL) | L_SIGBIT(L_SIGSTOP))

/*
 * Send; info NULL means from the kernel (SI_KERNEL). 0 or -L_EAGAIN (a real-time signal with
 * information, and the queue is at RLIMIT_SIGPENDING). Permission is the caller's business. The
 * plain forms take kernel_lock, the _locked ones are called with it. sig 0 sends nothing.
 */
int signal_send_task(struct task *t, int sig, const struct l_siginfo *info);
int signal_send_process(struct process *p, int sig, const struct l_siginfo *info);
int signal_send_pgrp(struct pgrp *pgrp, int sig, const struct l_siginfo *info);
int signal_send_task_locked(struct task *t, int sig, const struct l_siginfo *info);
int signal_send_process_locked(struct process *p, int sig, const struct l_siginfo *info);
int signal_send_pgrp_locked(struct pgrp *pgrp, int sig, const struct l_siginfo *info);

/* A synchronous signal to the calling thread that cannot be ignored or blocked: if it is, the
 * action becomes the default first. */
void signal_force(struct task *t, int sig, const struct l_siginfo *info);

/* True when the calling thread has to leave the kernel: a deliverable signal, a stop, or death.
 * Cheap and without a lock. */
bool signal_pending(struct task *t);
bool signal_fatal_pending(struct task *t);

/* The state of a signal for the calling thread, as the tty layer asks for SIGTTIN and SIGTTOU. */
bool signal_is_blocked(struct task *t, int sig);
bool signal_is_ignored(struct task *t, int sig);

/* Replaces the mask for the length of a system call (ppoll, sigsuspend ...): the old one comes back
 * when the call returns, after the handler if one runs. */
void signal_set_temporary_mask(struct task *t, uint64_t mask);
void signal_restore_mask(struct task *t);
void signal_set_mask(struct task *t, uint64_t mask);

/* Acts on everything pending, on the way out. Returns false when the thread has to die: the task is
 * then marked to exit with the status in process. */
bool signal_deliver(struct task *t, struct cpu *cpu);

/* When not NULL it is told of each signal that is delivered, before that acts, without a lock: the
 * trace. Set before the first process starts. */
extern void (*signal_watcher)(struct task *t, const struct l_siginfo *info);

/* Queue operations, with kernel_lock or on a private queue. */
int sigqueue_push(struct sigqueue *q, int sig, const struct l_siginfo *info, uint32_t *count,
                  uint64_t limit);
/* Takes the next signal that is in the set `wanted`: synchronous ones first, then by number, each
 * in the order sent. 0 when there is none. count as in sigqueue_push. */
int sigqueue_pop(struct sigqueue *q, uint64_t wanted, struct l_siginfo *info, uint32_t *count);
void sigqueue_remove(struct sigqueue *q, uint64_t set, uint32_t *count);

/* Builds the frame for a handler, or restores it (runtime/task/sigframe.c). 0 or -L_EFAULT. */
int sigframe_push(struct task *t, struct cpu *cpu, int sig, const struct l_sigaction *action,
                  const struct l_siginfo *info, uint64_t mask);
int sigframe_pop(struct task *t, struct cpu *cpu);

#endif
