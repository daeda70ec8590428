/* The counted heap. */
#define HEAP_PLAIN
#include "runtime/host/heap.h"

#include "runtime/host/budget.h"
#include "runtime/host/memory.h"

/* So much idle memory is worth looking through the heap for. */
#define TRIM_BYTES ((uint64_t)32 << 20)
/* glibc's calloc passes by the thread's own pieces, which malloc takes first. */
#define CLEARED_HERE 1024u
/* What an allocator needs beside each piece. */
#define OVERHEAD 16u

static _Atomic uint64_t summit; /* the most that the kernel held since the last trim */
atomic_bool heap_trim_wanted;

static uint64_t cost(void *p)
{
    return host_heap_size(p) + OVERHEAD;
}

static void note(void)
{
    uint64_t now = memory_kernel_used();
    if (now > atomic_load_explicit(&summit, memory_order_relaxed))
        atomic_store_explicit(&summit, now, memory_order_relaxed);
}

static bool charge(enum heap_tier tier, uint64_t bytes)
{
    if (tier == HEAP_KERNEL)
        return memory_charge_kernel(bytes);
    if (tier == HEAP_RESERVE)
        return memory_charge_reserve(bytes);
    memory_charge_always(bytes);
    return true;
}

/* Takes over p, which has not been counted. */
static void *admit(enum heap_tier tier, void *p)
{
    if (!p)
        return NULL;
    uint64_t bytes = cost(p);
    if (!charge(tier, bytes)) {
        free(p);
        return NULL;
    }
    note();
    return p;
}

/* More than could ever be admitted is not even asked for. */
static bool absurd(size_t size)
{
    uint64_t limit = memory_limit();
    return limit && size > limit;
}

void *heap_alloc(enum heap_tier tier, size_t size)
{
    return absurd(size) ? NULL : admit(tier, malloc(size));
}

void *heap_zalloc(enum heap_tier tier, size_t number, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(number, size, &bytes) || absurd(bytes))
        return NULL;
    if (bytes > CLEARED_HERE)
        return admit(tier, calloc(number, size));
    void *p = heap_alloc(tier, bytes);
    return p ? memset(p, 0, bytes) : NULL;
}

void *heap_resize(enum heap_tier tier, void *p, size_t size)
{
    uint64_t before = p ? cost(p) : 0, wanted = size + OVERHEAD;
    uint64_t extra = wanted > before ? wanted - before : 0;
    if (absurd(size) || (extra && !charge(tier, extra)))
        return NULL;
    void *q = realloc(p, size);
    if (!q) {
        memory_uncharge_kernel(extra);
        return NULL;
    }
    uint64_t after = cost(q);
    memory_charge_always(after - before - extra); /* less than nothing wraps around */
    note();
    return q;
}

char *heap_strdup(enum heap_tier tier, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = heap_alloc(tier, size);
    if (copy)
        memcpy(copy, text, size);
    return copy;
}

void heap_free(void *p)
{
    if (!p)
        return;
    uint64_t bytes = cost(p);
    free(p);
    memory_uncharge_kernel(bytes);
    if (atomic_load_explicit(&summit, memory_order_relaxed) > memory_kernel_used() + TRIM_BYTES &&
        !atomic_load_explicit(&heap_trim_wanted, memory_order_relaxed))
        atomic_store_explicit(&heap_trim_wanted, true, memory_order_relaxed);
}

void heap_trim(void)
{
    if (!atomic_exchange(&heap_trim_wanted, false))
        return;
    atomic_store(&summit, memory_kernel_used());
    host_heap_trim();
}
