/*
 * What guests may make this process hold: one count of bytes for everything, and the limit on it
 * (--memory). Memory that guests can touch may use all of it; the kernel's own memory for them
 * (heap.h, stacks of threads) stops a sixteenth short of it, so that a guest whose kernel memory
 * fills everything can still be ended and the others go on.
 *
 * Any thread, any lock.
 */
#ifndef RUNTIME_HOST_BUDGET_H
#define RUNTIME_HOST_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The limit in bytes; 0 for none. */
void memory_limit_set(uint64_t bytes);
uint64_t memory_limit(void);
uint64_t memory_used(void);
/* Count bytes that hold guest data. False, and nothing counted, at the limit. */
bool memory_charge(uint64_t bytes);
void memory_uncharge(uint64_t bytes);

/* The same for the kernel's own memory, which is part of memory_used. */
bool memory_charge_kernel(uint64_t bytes);
/* Up to the limit itself: what is given back when a call ends. */
bool memory_charge_reserve(uint64_t bytes);
/* What cannot be refused, and has a bound of its own. */
void memory_charge_always(uint64_t bytes);
/* Ends each of the three. */
void memory_uncharge_kernel(uint64_t bytes);
uint64_t memory_kernel_used(void);
/* Bytes that memory_charge_kernel would not refuse now; UINT64_MAX without a limit. */
uint64_t memory_kernel_room(void);
/* Counts the refusals of memory_charge_kernel. Every system call asks. */
extern _Atomic uint32_t memory_refusal_count;
static inline uint32_t memory_refusals(void)
{
    return atomic_load_explicit(&memory_refusal_count, memory_order_relaxed);
}
/* A little more of the kernel's own memory would be refused. */
bool memory_kernel_is_short(void);

#endif
