/* The heap of timers, and the thread that runs them. */
#include <check.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "runtime/host/lock.h"
#include "runtime/host/time.h"
#include "runtime/task/timer.h"
#include "tests/unit/run.h"

#define COUNT 200

START_TEST(heap_gives_earliest_first)
{
    static struct timer timers[COUNT];
    struct timer_heap heap = {NULL, 0, 0};
    uint32_t seed = 12345;
    for (int i = 0; i < COUNT; i++) {
        seed = seed * 1103515245 + 12345;
        timers[i].deadline_ns = seed >> 8;
        ck_assert_int_eq(timer_heap_insert(&heap, &timers[i]), 0);
    }
    for (int i = 0; i < COUNT; i += 3)
        timer_heap_remove(&heap, &timers[i]);
    uint64_t last = 0;
    int left = 0;
    for (struct timer *t; (t = timer_heap_first(&heap)); left++) {
        ck_assert_uint_ge(t->deadline_ns, last);
        last = t->deadline_ns;
        timer_heap_remove(&heap, t);
        ck_assert_uint_eq(t->index, 0);
    }
    ck_assert_int_eq(left, COUNT - (COUNT + 2) / 3);
    free(heap.entries);
}
END_TEST

static struct host_mutex lock = HOST_MUTEX_INIT(RANK_TEST);
static struct host_cond changed = HOST_COND_INIT;
static int fired[3], order;

static void fire(struct timer *timer);
static struct timer live[3] = {{.fire = fire}, {.fire = fire}, {.fire = fire}};

static void fire(struct timer *timer)
{
    host_mutex_lock(&lock);
    fired[timer - live] = ++order;
    host_cond_broadcast(&changed);
    host_mutex_unlock(&lock);
}

START_TEST(thread_fires_in_order_and_not_after_cancel)
{
    ck_assert_int_eq(timers_init(), 0);
    uint64_t now = host_clock_monotonic_ns(), give_up = now + 20000000000ull;
    timer_arm(&live[2], now + 30000000);
    timer_arm(&live[0], now + 1000000);
    timer_arm(&live[1], now + 10000000);
    timer_cancel(&live[1]);
    host_mutex_lock(&lock);
    while (!fired[2])
        ck_assert(host_cond_wait(&changed, &lock, give_up));
    ck_assert_int_eq(fired[0], 1);
    ck_assert_int_eq(fired[1], 0);
    ck_assert_int_eq(fired[2], 2);
    host_mutex_unlock(&lock);
    ck_assert_uint_ge(host_clock_monotonic_ns(), now + 30000000);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("timers");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, heap_gives_earliest_first);
    tcase_add_test(tcase, thread_fires_in_order_and_not_after_cancel);
    return unit_run("timers", tcase);
}
