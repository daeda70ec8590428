/* What the translator and its dispatcher did, summed over threads. */
#include "runtime/translate/counters.h"

#include <string.h>

#include "runtime/host/lock.h"
#include "runtime/translate/cache.h"

static struct counters *threads;
static uint64_t ended[COUNTERS];
static bool timed;

void counters_enter(struct counters *c)
{
    host_mutex_lock(&translate_lock);
    c->next = threads;
    c->held = &threads;
    if (threads)
        threads->held = &c->next;
    threads = c;
    host_mutex_unlock(&translate_lock);
}

static void add(uint64_t sum[COUNTERS], const struct counters *c)
{
    for (size_t i = 0; i < COUNTERS; i++)
        sum[i] += atomic_load_explicit(&c->count[i], memory_order_relaxed);
}

void counters_leave(struct counters *c)
{
    host_mutex_lock(&translate_lock);
    *c->held = c->next;
    if (c->next)
        c->next->held = c->held;
    add(ended, c);
    host_mutex_unlock(&translate_lock);
}

void counters_time(void)
{
    timed = true;
}

bool counters_timed(void)
{
    return timed;
}

void counters_sum(uint64_t sum[COUNTERS])
{
    host_mutex_lock(&translate_lock);
    memcpy(sum, ended, sizeof(ended));
    for (const struct counters *c = threads; c; c = c->next)
        add(sum, c);
    host_mutex_unlock(&translate_lock);
}
