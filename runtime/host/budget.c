/* The count of what guests make this process hold. */
#include "runtime/host/budget.h"

#include <stdatomic.h>

/* A page of a pipe, a message, a descriptor: what a call that was refused asks for. */
#define LITTLE ((uint64_t)1 << 20)

static _Atomic uint64_t limit, guests, kernel;
_Atomic uint32_t memory_refusal_count;

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
    return atomic_load(&guests) + atomic_load(&kernel);
}

uint64_t memory_kernel_used(void)
{
    return atomic_load_explicit(&kernel, memory_order_relaxed);
}

/* Adds to one of the two counts, of which used is the sum: of two threads that add to both at once
 * the later sees either. */
static bool charge(_Atomic uint64_t *count, const _Atomic uint64_t *other, uint64_t bytes,
                   uint64_t most)
{
    uint64_t now = atomic_fetch_add(count, bytes) + bytes;
    if (!most || now + atomic_load(other) <= most)
        return true;
    atomic_fetch_sub(count, bytes);
    return false;
}

bool memory_charge(uint64_t bytes)
{
    return charge(&guests, &kernel, bytes, atomic_load_explicit(&limit, memory_order_relaxed));
}

void memory_uncharge(uint64_t bytes)
{
    atomic_fetch_sub_explicit(&guests, bytes, memory_order_relaxed);
}

static uint64_t kernel_limit(void)
{
    uint64_t most = atomic_load_explicit(&limit, memory_order_relaxed);
    return most - most / 16;
}

uint64_t memory_kernel_room(void)
{
    uint64_t most = kernel_limit(), now = memory_used();
    return !most ? UINT64_MAX : now < most ? most - now : 0;
}

static bool charge_kernel(uint64_t bytes, uint64_t most)
{
    if (charge(&kernel, &guests, bytes, most))
        return true;
    atomic_fetch_add_explicit(&memory_refusal_count, 1, memory_order_relaxed);
    return false;
}

bool memory_charge_kernel(uint64_t bytes)
{
    return charge_kernel(bytes, kernel_limit());
}

bool memory_charge_reserve(uint64_t bytes)
{
    return charge_kernel(bytes, atomic_load_explicit(&limit, memory_order_relaxed));
}

void memory_charge_always(uint64_t bytes)
{
    charge_kernel(bytes, 0);
}

void memory_uncharge_kernel(uint64_t bytes)
{
    atomic_fetch_sub_explicit(&kernel, bytes, memory_order_relaxed);
}

bool memory_kernel_is_short(void)
{
    uint64_t most = kernel_limit();
    return most && memory_used() + LITTLE > most;
}
