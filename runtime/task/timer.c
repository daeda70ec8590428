/* Kernel timers: a heap, and the thread that waits for its first. */
#include "runtime/task/timer.h"

#include "runtime/abi/errno.h"
#include "runtime/host/heap.h"
#include "runtime/host/lock.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"

static struct host_mutex lock = HOST_MUTEX_INIT(RANK_TIMERS);
static struct host_cond idle = HOST_COND_INIT; /* a function has returned */
static struct timer_heap heap;
static struct timer *running;
static struct host_timer *waiter;

static void place(struct timer_heap *h, size_t i, struct timer *timer)
{
    h->entries[i] = timer;
    timer->index = i + 1;
}

static void sift_up(struct timer_heap *h, size_t i)
{
    struct timer *timer = h->entries[i];
    while (i) {
        size_t up = (i - 1) / 2;
        if (h->entries[up]->deadline_ns <= timer->deadline_ns)
            break;
        place(h, i, h->entries[up]);
        i = up;
    }
    place(h, i, timer);
}

static void sift_down(struct timer_heap *h, size_t i)
{
    struct timer *timer = h->entries[i];
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= h->count)
            break;
        if (child + 1 < h->count &&
            h->entries[child + 1]->deadline_ns < h->entries[child]->deadline_ns)
            child++;
        if (timer->deadline_ns <= h->entries[child]->deadline_ns)
            break;
        place(h, i, h->entries[child]);
        i = child;
    }
    place(h, i, timer);
}

int timer_heap_insert(struct timer_heap *h, struct timer *timer)
{
    if (h->count == h->room) {
        size_t room = h->room ? h->room * 2 : 64;
        struct timer **entries = realloc(h->entries, room * sizeof(struct timer *));
        if (!entries)
            return -L_ENOMEM;
        h->entries = entries;
        h->room = room;
    }
    h->entries[h->count] = timer;
    sift_up(h, h->count++);
    return 0;
}

void timer_heap_remove(struct timer_heap *h, struct timer *timer)
{
    if (!timer->index)
        return;
    size_t i = timer->index - 1;
    timer->index = 0;
    struct timer *moved = h->entries[--h->count];
    if (moved == timer)
        return;
    place(h, i, moved);
    sift_up(h, i);
    sift_down(h, moved->index - 1);
}

struct timer *timer_heap_first(const struct timer_heap *h)
{
    return h->count ? h->entries[0] : NULL;
}

/* Runs what is due; returns the next deadline. */
static uint64_t run_due(void)
{
    host_mutex_lock(&lock);
    struct timer *first;
    while ((first = timer_heap_first(&heap)) && first->deadline_ns <= host_clock_monotonic_ns()) {
        timer_heap_remove(&heap, first);
        running = first;
        host_mutex_unlock(&lock);
        first->fire(first);
        host_mutex_lock(&lock);
        running = NULL;
        host_cond_broadcast(&idle);
    }
    uint64_t next = first ? first->deadline_ns : HOST_FOREVER;
    host_mutex_unlock(&lock);
    return next;
}

static void timer_main(void *arg)
{
    (void)arg;
    for (;;)
        host_timer_wait(waiter, run_due());
}

int timers_init(void)
{
    waiter = host_timer_create();
    if (!waiter)
        return -L_ENOMEM;
    return host_thread_start(timer_main, NULL);
}

int timer_arm(struct timer *timer, uint64_t deadline_ns)
{
    if (!waiter)
        return -L_EAGAIN;
    host_mutex_lock(&lock);
    timer_heap_remove(&heap, timer);
    timer->deadline_ns = deadline_ns;
    int error = timer_heap_insert(&heap, timer);
    bool first = !error && timer_heap_first(&heap) == timer;
    host_mutex_unlock(&lock);
    if (first)
        host_timer_poke(waiter);
    return error;
}

void timer_cancel(struct timer *timer)
{
    host_mutex_lock(&lock);
    for (;;) {
        timer_heap_remove(&heap, timer);
        if (running != timer)
            break;
        host_cond_wait(&idle, &lock, HOST_FOREVER);
    }
    host_mutex_unlock(&lock);
}
