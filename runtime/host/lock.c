/* Mutexes and condition variables over the host's wait for a word. */
#include "runtime/host/lock.h"

void host_mutex_init(struct host_mutex *mutex, enum lock_rank rank)
{
    atomic_init(&mutex->state, 0);
#ifdef FORELAND_CHECK_LOCKS
    mutex->rank = rank;
#else
    (void)rank;
#endif
}

static bool take_free(struct host_mutex *mutex)
{
    uint32_t free = 0;
    return atomic_compare_exchange_strong_explicit(&mutex->state, &free, 1, memory_order_acquire,
                                                   memory_order_relaxed);
}

bool host_mutex_trylock(struct host_mutex *mutex)
{
    if (!take_free(mutex))
        return false;
    lockcheck_took(mutex);
    return true;
}

void host_mutex_lock(struct host_mutex *mutex)
{
    lockcheck_take(mutex);
    /* Sections are short: a little patience is cheaper than a sleep. */
    for (int i = 0; i < 40; i++) {
        if (take_free(mutex))
            return;
        __builtin_ia32_pause();
    }
    while (atomic_exchange_explicit(&mutex->state, 2, memory_order_acquire) != 0)
        host_wait_on(&mutex->state, 2, HOST_FOREVER);
}

void host_mutex_unlock(struct host_mutex *mutex)
{
    lockcheck_release(mutex);
    if (atomic_exchange_explicit(&mutex->state, 0, memory_order_release) == 2)
        host_wake_one(&mutex->state);
}

bool host_mutex_held(struct host_mutex *mutex)
{
    return atomic_load_explicit(&mutex->state, memory_order_relaxed) != 0;
}

bool host_cond_wait(struct host_cond *cond, struct host_mutex *mutex, uint64_t deadline_ns)
{
    uint32_t sequence = atomic_load(&cond->sequence);
    atomic_fetch_add(&cond->waiters, 1);
    host_mutex_unlock(mutex);
    bool in_time = host_wait_on(&cond->sequence, sequence, deadline_ns);
    atomic_fetch_sub(&cond->waiters, 1);
    host_mutex_lock(mutex);
    return in_time;
}

void host_cond_signal(struct host_cond *cond)
{
    atomic_fetch_add(&cond->sequence, 1);
    if (atomic_load(&cond->waiters) != 0)
        host_wake_one(&cond->sequence);
}

void host_cond_broadcast(struct host_cond *cond)
{
    atomic_fetch_add(&cond->sequence, 1);
    if (atomic_load(&cond->waiters) != 0)
        host_wake_all(&cond->sequence);
}
