/* Runs several functions at once, each on a thread of its own, and waits for all. */
#ifndef TESTS_THREADS_TOGETHER_H
#define TESTS_THREADS_TOGETHER_H

#include <check.h>
#include <stdatomic.h>
#include <stddef.h>

#include "runtime/host/lock.h"
#include "runtime/host/thread.h"
#include "tests/unit/run.h"

typedef void part(void);

/* How many parts have not come to their end. */
static _Atomic uint32_t together_left;

static inline void together_one(void *arg)
{
    part **fn = arg;
    (*fn)();
    atomic_fetch_sub(&together_left, 1);
    host_wake_all(&together_left);
}

static inline void together(part **parts, size_t count)
{
    atomic_store(&together_left, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(host_thread_start(together_one, &parts[i]), 0);
    for (uint32_t left; (left = atomic_load(&together_left));)
        host_wait_on(&together_left, left, HOST_FOREVER);
}

#define TOGETHER(...)                                                                              \
    do {                                                                                           \
        part *parts[] = {__VA_ARGS__};                                                             \
        together(parts, sizeof(parts) / sizeof(parts[0]));                                         \
    } while (0)

#endif
