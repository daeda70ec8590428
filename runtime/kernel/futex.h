/*
 * futex(2).
 *
 * Guest memory is never touched with a bucket locked. A waiter therefore queues itself first and
 * compares the word afterwards: a waker that changes the word and then looks at the queue either
 * sees the waiter or has changed the word before the comparison.
 */
#ifndef FORELAND_KERNEL_FUTEX_H
#define FORELAND_KERNEL_FUTEX_H

#include <stdint.h>

struct space;
struct task;

/* Wakes up to n waiters on the word; for clear_child_tid. Returns how many. */
int futex_wake_address(struct space *space, uint64_t address, int n);

/* The thread is about to leave, and can still be found. With kernel_lock. */
void futex_exit_begin(struct task *t);
/* The thread dies: words it owned according to its robust list are marked L_FUTEX_OWNER_DIED. */
void futex_robust_exit(struct task *t);
/* ... and waiters for its priority-inheritance futexes try again. */
void futex_pi_exit(struct task *t);
/* Likewise for a thread id that nobody has any more. */
void futex_owner_gone(int32_t tid);

#endif
