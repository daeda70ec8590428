#include "runtime/host/env.h"
#include "runtime/memory/space.h"
#include <stdatomic.h>

/* The most that one step of a fault charges, and what is left of the host's memory when it is said
 * to be used up. */
#define STEP_BYTES ((uint64_t)128 << 10)
#define HOST_LEAST ((uint64_t)16 << 20)

static _Atomic uint64_t limit, used;

void memory_limit_set(uint64_t bytes)
{
    atomic_store(&limit, bytes);
}

uint64_t memory_limit(void)
{
    return atomic_load(&limit);
}

uint64_t memory_used(void)
{
    return atomic_load(&used);
}

bool memory_charge(uint64_t bytes)
{
    uint64_t most = atomic_load_explicit(&limit, memory_order_relaxed);
    uint64_t now = atomic_fetch_add_explicit(&used, bytes, memory_order_relaxed) + bytes;
    if (!most || now <= most)
        return true;
    atomic_fetch_sub_explicit(&used, bytes, memory_order_relaxed);
    return false;
}

void memory_uncharge(uint64_t bytes)
{
    atomic_fetch_sub_explicit(&used, bytes, memory_order_relaxed);
}

bool memory_is_short(void)
{
    uint64_t most = atomic_load(&limit);
    return (most && atomic_load(&used) + STEP_BYTES > most) || host_memory_available() < HOST_LEAST;
}

static memory_short_fn *hook;
static memory_dying_fn *dying;

void memory_short_set(memory_short_fn *fn)
{
    hook = fn;
}

bool memory_short(void)
{
    return hook && hook();
}

void memory_dying_set(memory_dying_fn *fn)
{
    dying = fn;
}

bool memory_dying(void)
{
    return dying && dying();
}
