/*
 * Kernel timers: one host thread waits for the earliest of a heap.
 *
 * A timer belongs to whoever embeds it. Its function runs on the timer thread without locks and
 * must not block. Deadlines are monotonic nanoseconds.
 */
#ifndef RUNTIME_TASK_TIMER_H
#define RUNTIME_TASK_TIMER_H

#include <stddef.h>
#include <stdint.h>

struct timer {
    uint64_t deadline_ns;
    size_t index; /* place in the heap + 1; 0 when not armed */
    void (*fire)(struct timer *);
};

/* Starts the thread. 0 or -L_EAGAIN, -L_ENOMEM. */
int timers_init(void);

/* (Re)arms. -L_ENOMEM when the heap cannot grow, -L_EAGAIN before timers_init. */
int timer_arm(struct timer *timer, uint64_t deadline_ns);

/* Afterwards the function is neither running nor going to run. Not from within the function. */
void timer_cancel(struct timer *timer);

/* The heap by itself, for tests: entries sorted by deadline. */
struct timer_heap {
    struct timer **entries;
    size_t count, room;
};
int timer_heap_insert(struct timer_heap *heap, struct timer *timer);
void timer_heap_remove(struct timer_heap *heap, struct timer *timer);
struct timer *timer_heap_first(const struct timer_heap *heap);

#endif
