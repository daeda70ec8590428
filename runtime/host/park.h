/*
 * A parker: one thread sleeps, any thread wakes it. An unpark that comes first makes the next park
 * return at once; several unparks count as one.
 */
#ifndef RUNTIME_HOST_PARK_H
#define RUNTIME_HOST_PARK_H

#include "runtime/host/lock.h"

struct host_parker {
    _Atomic uint32_t token; /* 0 nothing, 1 unparked, 2 asleep */
};

#define HOST_PARKER_INIT                                                                           \
    {                                                                                              \
        0                                                                                          \
    }

void host_parker_init(struct host_parker *parker);
/* Only the owning thread. True when unparked, false when the deadline passed first. */
bool host_park(struct host_parker *parker, uint64_t deadline_ns);
void host_unpark(struct host_parker *parker);

/* host_unpark in two steps, so that a lock the thread is going to want can be let go in between:
 * mark gives the token and returns true when the thread sleeps; wake then ends its sleep. The
 * parker may be gone by the time of wake, only its address is used. */
bool host_unpark_mark(struct host_parker *parker);
void host_unpark_wake(struct host_parker *parker);

#endif
