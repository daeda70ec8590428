/* The checks of lockcheck.h: each thread keeps what it holds, and where it took it. */
#include "runtime/host/lockcheck.h"

#ifdef FORELAND_CHECK_LOCKS

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/host/lock.h"

#define DEPTH  64
#define FRAMES 16

struct held {
    const struct host_mutex *mutex;
    void *frames[FRAMES];
};

static _Thread_local struct held stack[DEPTH];
static _Thread_local unsigned depth;

static const char *const names[] = {"NONE",
#define NAME(name) #name,
                                    LOCK_RANKS(NAME, NAME)
#undef NAME
};

static const bool many[] = {false,
#define ONE(name)  false,
#define MANY(name) true,
                            LOCK_RANKS(ONE, MANY)
#undef ONE
#undef MANY
};

static _Noreturn void fail(const char *what, const char *of, const struct held *before)
{
    void *now[FRAMES] = {NULL};
    fprintf(stderr, "lock order: %s%s", what, of);
    if (before)
        fprintf(stderr, " while %s is held, taken here:\n", names[before->mutex->rank]);
    else
        fputc('\n', stderr);
    fflush(stderr);
    if (before)
        lockcheck_print(before->frames, FRAMES);
    fprintf(stderr, "now here:\n");
    fflush(stderr);
    lockcheck_capture(now, FRAMES);
    lockcheck_print(now, FRAMES);
    abort();
}

static void push(const struct host_mutex *mutex)
{
    if (depth == DEPTH)
        fail("too many are held with ", names[mutex->rank], &stack[depth - 1]);
    struct held *held = &stack[depth++];
    held->mutex = mutex;
    lockcheck_capture(held->frames, FRAMES);
}

void lockcheck_take(const struct host_mutex *mutex)
{
    enum lock_rank rank = mutex->rank;
    if (rank == RANK_NONE)
        fail("taking one without a rank", "", NULL);
    for (unsigned i = 0; i < depth; i++) {
        enum lock_rank other = stack[i].mutex->rank;
        if (stack[i].mutex == mutex || other > rank || (other == rank && !many[rank]))
            fail("taking ", names[rank], &stack[i]);
    }
    push(mutex);
}

void lockcheck_took(const struct host_mutex *mutex)
{
    push(mutex);
}

void lockcheck_release(const struct host_mutex *mutex)
{
    unsigned i = depth;
    while (i && stack[i - 1].mutex != mutex)
        i--;
    if (!i)
        fail("releasing ", names[mutex->rank], depth ? &stack[depth - 1] : NULL);
    memmove(&stack[i - 1], &stack[i], (depth - i) * sizeof(stack[0]));
    depth--;
}

void lockcheck_none_held(const char *doing)
{
    if (depth)
        fail(doing, "", &stack[depth - 1]);
}

#endif
