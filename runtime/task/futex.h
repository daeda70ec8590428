/*
 * futex(2).
 *
 * Guest memory is never touched with a bucket locked. A waiter therefore queues itself first and
 * compares the word afterwards: a waker that changes the word and then looks at the queue either
 * sees the waiter or has changed the word before the comparison.
 */
#ifndef RUNTIME_TASK_FUTEX_H
#define RUNTIME_TASK_FUTEX_H

#include <stdbool.h>
#include <stdint.h>

struct space;
struct task;

/*
 * The operations of futex(2) for the calling thread. A private word is known in its address space
 * only. Results are those of the call, -L_ERESTART* among them.
 */

/* restartable: after a signal it goes on for what is left of the deadline. */
int64_t futex_wait(struct task *t, uint64_t address, uint32_t value, bool private,
                   uint64_t deadline, uint32_t bitset, bool restartable);
int64_t futex_wake(struct task *t, uint64_t address, int n, bool private, uint32_t bitset);
/* Wakes some and moves others to another word. expected, unless NULL, is what the first one must
 * hold. pi: those that are moved are woken and lock the other word themselves. */
int64_t futex_requeue(struct task *t, uint64_t from, uint64_t to, int wakes, int moves,
                      const uint32_t *expected, bool private, bool pi);
/* encoded: FUTEX_OP of futex(2). */
int64_t futex_wake_op(struct task *t, uint64_t first, uint64_t second, int n, int n2,
                      uint32_t encoded, bool private);
int64_t futex_lock_pi(struct task *t, uint64_t address, bool private, uint64_t deadline,
                      bool only_try);
int64_t futex_unlock_pi(struct task *t, uint64_t address, bool private);
int64_t futex_wait_requeue_pi(struct task *t, uint64_t from, uint32_t value, bool private,
                              uint64_t deadline, uint64_t to);

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
