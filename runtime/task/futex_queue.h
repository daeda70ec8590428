/* Who waits for a word: what the files of futexes share. */
#ifndef RUNTIME_TASK_FUTEX_QUEUE_H
#define RUNTIME_TASK_FUTEX_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/memory/space.h"

struct futex_bucket;
struct task;

struct futex_waiter {
    struct futex_waiter *next, *prev;
    struct space_key key;
    struct futex_bucket
        *bucket;    /* NULL once woken; atomic reads without the lock are for the waiter */
    uint64_t order; /* when it queued */
    uint32_t bitset;
    bool pi;
    int32_t owner; /* of the word when a PI waiter went to sleep */
    struct task *task;
};

/* What names the word in all address spaces, or in this one. 0, -L_EINVAL, -L_EFAULT. */
int futex_key(struct task *t, uint64_t address, bool private, struct space_key *key);

void futex_enqueue(struct futex_waiter *w);
/* False when a waker had taken it out already. */
bool futex_dequeue(struct futex_waiter *w);
/* For wait_until; arg is the waiter. */
bool futex_is_woken(void *arg);
/* Wakes up to n waiters that share a bit of bitset; returns how many. */
int futex_wake_key(const struct space_key *key, int n, uint32_t bitset);

/* A PI waiter says whom it waits for ... */
void futex_note_owner(struct futex_waiter *w, int32_t owner);
/* ... and is woken when that one is gone. */
void futex_wake_owned(int32_t owner);

#endif
