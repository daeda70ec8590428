/*
 * What the translator and its dispatcher did. Each thread counts for itself, without a lock;
 * whoever asks gets the sum over the threads that run and those that have ended.
 */
#ifndef RUNTIME_TRANSLATE_COUNTERS_H
#define RUNTIME_TRANSLATE_COUNTERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/translate/cpu.h"

enum counter {
    COUNT_BLOCKS,      /* translated; those of a single step too */
    COUNT_GUEST_BYTES, /* that they cover */
    COUNT_HOST_BYTES,  /* that they take */
    COUNT_KEPT,        /* blocks that were kept from an earlier run (saved.h) */
    COUNT_LINKS,       /* exits that lead straight to another block */
    COUNT_TRANSLATION, /* nanoseconds, once counters_time has been called */
    /* Entries from guest code into the dispatcher. */
    COUNT_EXITS,        /* a direct exit that was not linked */
    COUNT_MISSES,       /* an indirect jump whose target was not in the table */
    COUNT_MOVES,        /* one of those that only the second table had */
    COUNT_TRAPS,        /* an instruction that is carried out in C */
    COUNT_INTERRUPTED,  /* the thread was stopped by another one */
    COUNT_SYSCALLS,     /* a system call */
    COUNT_HOST_FAULTS,  /* the processor's fault in translated code */
    COUNT_PENDING,      /* something was waiting on the way back into guest code */
    COUNT_GUEST_FAULTS, /* of these and of traps, those that the guest has to hear of */
    COUNTERS
};

struct counters {
    _Atomic uint64_t count[COUNTERS]; /* written by one thread */
    struct counters *next, **held;
};

/* Before and after a thread's life. */
void counters_enter(struct counters *c);
void counters_leave(struct counters *c);

static inline void counters_add(struct counters *c, enum counter which, uint64_t n)
{
    uint64_t old = atomic_load_explicit(&c->count[which], memory_order_relaxed);
    atomic_store_explicit(&c->count[which], old + n, memory_order_relaxed);
}

/* From now on the time of translations is taken. Before any thread starts. */
void counters_time(void);
bool counters_timed(void);

/* Any thread, any time. */
void counters_sum(uint64_t sum[COUNTERS]);

#endif
