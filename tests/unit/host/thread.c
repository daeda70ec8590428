/* Threads, their stacks, and taking a running thread elsewhere. */
#include "runtime/host/thread.h"
#include "runtime/host/park.h"
#include "runtime/host/time.h"
#include "tests/unit/run.h"
#include <check.h>
#include <string.h>

#define SECOND 1000000000ull

static uint64_t soon(void)
{
    return host_clock_monotonic_ns() + 20 * SECOND;
}

static struct host_parker done = HOST_PARKER_INIT;
static struct host_thread *seen;
static void *seen_current;

static void remember(void *arg)
{
    seen = host_thread_self();
    seen_current = host_current_get();
    host_current_set(arg);
    if (host_current_get() != arg || host_thread_current(seen) != arg)
        seen = NULL;
    host_unpark(&done);
}

START_TEST(start_and_current)
{
    int mine, theirs;
    host_current_set(&mine);
    for (int i = 0; i < 100; i++) {
        seen = NULL;
        ck_assert_int_eq(host_thread_start(remember, &theirs), 0);
        ck_assert(host_park(&done, soon()));
        ck_assert_ptr_nonnull(seen);
        ck_assert_ptr_ne(seen, host_thread_self());
        /* Threads are used again, what they remembered is not. */
        ck_assert_ptr_null(seen_current);
    }
    ck_assert_ptr_eq(host_current_get(), &mine);
    host_current_set(NULL);
}
END_TEST

/* In two steps: a thread that was returned runs nothing, and is used again. */
START_TEST(reserved)
{
    int theirs;
    for (int i = 0; i < 100; i++) {
        struct host_thread *thread = host_thread_reserve();
        ck_assert_ptr_nonnull(thread);
        seen = NULL;
        if (i % 3 == 0) {
            host_thread_return(thread);
            continue;
        }
        host_thread_give(thread, remember, &theirs);
        ck_assert(host_park(&done, soon()));
        ck_assert_ptr_eq(seen, thread);
        ck_assert_ptr_null(seen_current);
    }
}
END_TEST

static _Atomic unsigned together;
static struct host_parker all_there = HOST_PARKER_INIT;
#define MANY 200
static struct host_parker go[MANY];

static void meet(void *arg)
{
    volatile char deep[100 * 1024];
    memset((char *)deep, 1, sizeof(deep));
    if (++together == MANY)
        host_unpark(&all_there);
    host_park(arg, soon());
    if (--together == 0)
        host_unpark(&all_there);
}

START_TEST(many_at_once)
{
    together = 0;
    for (int i = 0; i < MANY; i++) {
        host_parker_init(&go[i]);
        ck_assert_int_eq(host_thread_start(meet, &go[i]), 0);
    }
    ck_assert(host_park(&all_there, soon()));
    for (int i = 0; i < MANY; i++)
        host_unpark(&go[i]);
    ck_assert(host_park(&all_there, soon()));
}
END_TEST

/* An endless loop and the way out that only a redirect can take. */
void spin_in(void);
extern char spin_start[], spin_end[], spin_out[];
__asm__(".text\n"
        ".globl spin_in, spin_start, spin_end, spin_out\n"
        "spin_in:\n"
        "spin_start:\n"
        "1: pause\n"
        "jmp 1b\n"
        "spin_end:\n"
        "spin_out:\n"
        "ret\n");

static _Atomic uint32_t spinning, left;
static struct host_thread *_Atomic spinner;
static _Atomic uint64_t hook_calls;

static uint64_t leave_loop(struct host_thread *thread, uint64_t rip, uint64_t rsp)
{
    hook_calls++;
    if (thread != spinner || rsp == 0)
        return 0;
    if (rip >= (uint64_t)(uintptr_t)spin_start && rip < (uint64_t)(uintptr_t)spin_end)
        return (uint64_t)(uintptr_t)spin_out;
    return 0;
}

static void spin(void *arg)
{
    (void)arg;
    spinner = host_thread_self();
    spinning = 1;
    spin_in();
    left = 1;
    host_unpark(&done);
}

START_TEST(redirect)
{
    host_redirect_set(leave_loop);
    for (int i = 0; i < 20; i++) {
        uint64_t deadline = soon();
        spinning = left = 0;
        ck_assert_int_eq(host_thread_start(spin, NULL), 0);
        while (!spinning) {
            host_thread_yield();
            ck_assert_uint_lt(host_clock_monotonic_ns(), deadline);
        }
        while (!left) {
            host_thread_redirect(spinner);
            host_thread_yield();
            ck_assert_uint_lt(host_clock_monotonic_ns(), deadline);
        }
        ck_assert(host_park(&done, deadline));
    }
    ck_assert_uint_gt(hook_calls, 0);
}
END_TEST

/* Two threads that interrupt each other all the time, and hold each other still. */
static struct host_thread *_Atomic sides[2];
static _Atomic unsigned met, finished;

static void disturb(void *arg)
{
    unsigned side = (unsigned)(uintptr_t)arg;
    sides[side] = host_thread_self();
    met++;
    while (met < 2)
        host_thread_yield();
    struct host_thread *other = sides[1 - side];
    for (int i = 0; i < 500; i++) {
        host_thread_redirect(other);
        host_threads_hold(&other, 1);
        host_threads_resume(&other, 1);
    }
    /* Neither ends while the other may still touch it. */
    finished++;
    while (finished < 2)
        host_thread_yield();
    if (side == 0)
        host_unpark(&done);
}

START_TEST(mutual_interruption)
{
    host_redirect_set(leave_loop);
    met = finished = 0;
    for (unsigned i = 0; i < 2; i++)
        ck_assert_int_eq(host_thread_start(disturb, (void *)(uintptr_t)i), 0);
    ck_assert(host_park(&done, soon()));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("thread");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, start_and_current);
    tcase_add_test(tcase, reserved);
    tcase_add_test(tcase, many_at_once);
    tcase_add_test(tcase, redirect);
    tcase_add_test(tcase, mutual_interruption);
    return unit_run("thread", tcase);
}
