/*
 * Waiting: queues, the one blocking primitive, and the table that poll and epoll use.
 *
 * A queue is a lock and a list of entries; waking calls every entry. It holds nothing and may be
 * part of any object. Nothing here polls: a waiter tests, parks, and is
 * unparked.
 *
 * Locks: a queue's own lock is the last one taken, except that an epoll entry may go on to lock the
 * epoll's ready list and queue. So waitq_wake may be called with any other lock held.
 */
#ifndef RUNTIME_TASK_WAITQ_H
#define RUNTIME_TASK_WAITQ_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/host/lock.h"

struct host_parker;
struct waitq;

struct wait_entry {
    struct wait_entry *next, *prev;
    struct waitq *queue; /* NULL when on none */
    /* Called with the queue's lock held; must not add to or remove from a queue. events is what
     * waitq_wake got. Whether that woke somebody. */
    bool (*wake)(struct wait_entry *, uint32_t events);
    struct host_parker *parker; /* for whoever wakes a thread */
    /* Called only while no other of these has woken somebody, the oldest first, and after all that
     * are not exclusive. Set before it is added. */
    bool exclusive;
};

struct waitq {
    struct host_mutex lock;
    _Atomic(struct wait_entry *) first; /* changed with the lock; waitq_wake asks without it */
    struct wait_entry *last;
};

#define WAIT_FOREVER UINT64_MAX

#define WAITQ_INIT                                                                                 \
    {                                                                                              \
        .lock = HOST_MUTEX_INIT(RANK_WAITQ)                                                        \
    }

void waitq_init(struct waitq *q);
/* One that is woken from the wake function of an entry of another queue (epoll's). */
void waitq_init_nested(struct waitq *q);

/* An entry is on one queue at most. Removing is idempotent, and after it the entry is not called
 * any more. */
void waitq_add(struct waitq *q, struct wait_entry *entry);
void waitq_remove(struct wait_entry *entry);

/* Calls the entries; events are L_POLL* bits that may have become true (0: unknown, all). */
void waitq_wake(struct waitq *q, uint32_t events);

/* Whether there is an entry, for who has executed a full barrier after making something ready. */
static inline bool waitq_is_waited_for(struct waitq *q)
{
    return atomic_load(&q->first);
}

/*
 * Waits until ready(arg) is true. ready is called on the waiting thread without the queue's lock
 * and takes its own locks; whoever makes it true calls waitq_wake afterwards. deadline_ns is on the
 * host's monotonic clock. No lock may be held. 0; -L_ERESTARTSYS when a signal is pending (test
 * ready first, so data wins over a signal); -L_ETIMEDOUT when the deadline has passed.
 */
int wait_until(struct waitq *q, bool (*ready)(void *), void *arg, uint64_t deadline_ns);

/* The same, ended only by a fatal signal (then -L_ERESTARTSYS). */
int wait_until_killable(struct waitq *q, bool (*ready)(void *), void *arg, uint64_t deadline_ns);

/* Waits for nothing but a signal or the deadline. */
int wait_for_signal(uint64_t deadline_ns);

/* host_park with a deadline that is met within a millisecond on every host. */
void wait_park(struct host_parker *parker, uint64_t deadline_ns);

/* A wake function that unparks entry->parker. */
bool wait_entry_unpark(struct wait_entry *entry, uint32_t events);

/*
 * What poll, select and epoll pass to file_ops.poll. The operation calls poll_wait for every queue
 * that is woken when its answer can change, then computes and returns the L_POLL* mask. A NULL
 * table means "only tell".
 */
struct poll_table {
    void (*add)(struct poll_table *, struct waitq *);
};

static inline void poll_wait(struct poll_table *pt, struct waitq *q)
{
    if (pt && pt->add)
        pt->add(pt, q);
}

#endif
