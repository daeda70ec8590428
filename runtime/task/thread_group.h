/*
 * What happens to all threads of a process together: death, stop, continuation. With kernel_lock
 * held. status is a wait status as wait4(2) reports it.
 */
#ifndef RUNTIME_TASK_THREAD_GROUP_H
#define RUNTIME_TASK_THREAD_GROUP_H

#include <stdbool.h>
#include <stdint.h>

struct process;
struct task;

/* All threads are to die; the first status given counts. */
void group_exit_locked(struct process *p, int32_t status);
/* All other threads are to die: exec. */
void group_kill_others_locked(struct task *t);

/* All threads are to stop. */
void group_stop_locked(struct process *p, int sig);
/* SIGCONT was sent. */
void group_continue_locked(struct process *p);
/* The calling thread stops until continued or killed. Drops the lock and takes it again. */
void group_stop_here_locked(struct task *t);
/* A thread is going: others may have been waiting for it to stop. */
void group_thread_gone_locked(struct process *p);

/* SIGCHLD (or the signal of clone) to the parent, and waiters woken; code is L_CLD_*. Returns true
 * when the parent does not want to know and the zombie is to go at once. */
bool group_notify_parent_locked(struct process *p, int32_t code, int32_t status);

/* Used between the files of signals. */
void signal_recalc_locked(struct task *t);
void signal_set_mask_locked(struct task *t, uint64_t mask);
bool signal_default_ignores(int sig);
bool signal_default_stops(int sig);

#endif
