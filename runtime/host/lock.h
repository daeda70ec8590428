/*
 * Mutexes and condition variables, four bytes each, and the wait they are made of.
 *
 * A mutex is initialised with its rank in the order of locks (lockcheck.h), statically or by
 * host_mutex_init; a condition variable may also be zeroed memory. Neither needs destruction.
 * Deadlines are absolute host_clock_monotonic_ns() values; HOST_FOREVER means none. A deadline may
 * be met late by the host's timer tick (up to 16 ms on Windows).
 */
#ifndef RUNTIME_HOST_LOCK_H
#define RUNTIME_HOST_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/host/lockcheck.h"

#define HOST_FOREVER UINT64_MAX

struct host_mutex {
    _Atomic uint32_t state; /* 0 free, 1 held, 2 held and waited for */
#ifdef FORELAND_CHECK_LOCKS
    enum lock_rank rank;
#endif
};

#ifdef FORELAND_CHECK_LOCKS
#define HOST_MUTEX_INIT(rank)                                                                      \
    {                                                                                              \
        0, rank                                                                                    \
    }
#else
#define HOST_MUTEX_INIT(rank)                                                                      \
    {                                                                                              \
        0                                                                                          \
    }
#endif

void host_mutex_init(struct host_mutex *mutex, enum lock_rank rank);
void host_mutex_lock(struct host_mutex *mutex);
bool host_mutex_trylock(struct host_mutex *mutex);
void host_mutex_unlock(struct host_mutex *mutex);
/* Somebody holds it; for assertions. */
bool host_mutex_held(struct host_mutex *mutex);

struct host_cond {
    _Atomic uint32_t sequence;
    _Atomic uint32_t waiters;
};

#define HOST_COND_INIT                                                                             \
    {                                                                                              \
        0, 0                                                                                       \
    }

/* Releases mutex, waits for a signal, takes mutex again. May return without a signal: test the
 * condition in a loop. False when the deadline has passed. */
bool host_cond_wait(struct host_cond *cond, struct host_mutex *mutex, uint64_t deadline_ns);
void host_cond_signal(struct host_cond *cond);
void host_cond_broadcast(struct host_cond *cond);

/* Sleeps while *word == expected, until a wake, the deadline, or for no reason at all. False when
 * the deadline has passed. (futex(2); WaitOnAddress) */
bool host_wait_on(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns);
/* True where a deadline of a wait may be met some 15 ms late, and a struct host_timer is better. */
bool host_waits_coarsely(void);
void host_wake_one(_Atomic uint32_t *word);
void host_wake_all(_Atomic uint32_t *word);

#endif
