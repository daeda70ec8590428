#include "runtime/host/park.h"

enum { NOTHING, TOKEN, ASLEEP };

void host_parker_init(struct host_parker *parker)
{
    atomic_init(&parker->token, NOTHING);
}

bool host_park(struct host_parker *parker, uint64_t deadline_ns)
{
    uint32_t seen = TOKEN;
    if (atomic_compare_exchange_strong(&parker->token, &seen, NOTHING))
        return true;
    /* Only an unpark can have come between: then the token is there. */
    seen = NOTHING;
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
