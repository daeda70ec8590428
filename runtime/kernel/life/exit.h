/* The end of tasks and processes. */
#ifndef RUNTIME_KERNEL_LIFE_EXIT_H
#define RUNTIME_KERNEL_LIFE_EXIT_H

#include <stdbool.h>
#include <stdint.h>

struct process;
struct task;

/* Ends the calling task: gives up everything it holds, tells parent and joiners. status is the wait
 * status of the process if this is its last thread and no other end was decided. Afterwards the
 * service function returns non-zero; the task is not in the tree any more. */
void task_exit(struct task *t, int32_t status);

/* The address space is left by exit or exec: robust futexes, clear_child_tid, vfork. */
void task_leave_space(struct task *t);

/* Waits until the calling thread is the only one of its process: for exec. Takes over the leader's
 * id. -L_EAGAIN when the process is being killed instead. */
int task_become_only(struct task *t);

#endif
