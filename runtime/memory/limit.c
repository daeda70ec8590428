#include "runtime/memory/space.h"
#include <stdatomic.h>

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
