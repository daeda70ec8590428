/* Parkers: one thread sleeps, any wakes it. */
#include "runtime/host/park.h"

#include "runtime/host/env.h"

/* Sleeping and waking a processor costs more than most answers of another thread take to come, so
 * a parker looks for its token a moment longer (some 10 us) before it sleeps, while a processor is
 * left for the one who is to answer. */
#define LOOKS 150

static _Atomic uint32_t lookers;

enum { NOTHING, TOKEN, ASLEEP };

void host_parker_init(struct host_parker *parker)
{
    atomic_init(&parker->token, NOTHING);
}

static bool take_permit(struct host_parker *parker)
{
    uint32_t seen = TOKEN;
    return atomic_compare_exchange_strong(&parker->token, &seen, NOTHING);
}

static bool look_for_permit(struct host_parker *parker)
{
    static _Atomic unsigned processors;
    bool taken = false;
    if (!atomic_load_explicit(&processors, memory_order_relaxed))
        atomic_store(&processors, host_cpu_count());
    if (atomic_fetch_add(&lookers, 1) + 1 < atomic_load(&processors)) {
        for (int i = 0; i < LOOKS && !taken; i++) {
            __builtin_ia32_pause();
            taken = atomic_load_explicit(&parker->token, memory_order_relaxed) == TOKEN;
        }
    }
    atomic_fetch_sub(&lookers, 1);
    return taken && take_permit(parker);
}

bool host_park(struct host_parker *parker, uint64_t deadline_ns)
{
    if (take_permit(parker) || look_for_permit(parker))
        return true;
    /* Only an unpark can have come between: then the token is there. */
    uint32_t seen = NOTHING;
    if (!atomic_compare_exchange_strong(&parker->token, &seen, ASLEEP)) {
        atomic_store(&parker->token, NOTHING);
        return true;
    }
    bool in_time = true;
    while (in_time && atomic_load(&parker->token) == ASLEEP)
        in_time = host_wait_on(&parker->token, ASLEEP, deadline_ns);
    return atomic_exchange(&parker->token, NOTHING) == TOKEN;
}

void host_unpark(struct host_parker *parker)
{
    if (host_unpark_mark(parker))
        host_unpark_wake(parker);
}

bool host_unpark_mark(struct host_parker *parker)
{
    return atomic_exchange(&parker->token, TOKEN) == ASLEEP;
}

void host_unpark_wake(struct host_parker *parker)
{
    host_wake_one(&parker->token);
}
