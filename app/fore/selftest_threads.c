/* Threads, and taking one out of a loop that never ends by itself. */
#include <stdatomic.h>

#include "app/fore/selftest.h"
#include "runtime/host/park.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"

#define ROUNDS     20
#define MANY       200
#define DEADLINE() (host_clock_monotonic_ns() + 20000000000u)

void selftest_loop(void);
extern char selftest_loop_end[], selftest_loop_out[];
__asm__(".text\n"
        ".globl selftest_loop, selftest_loop_end, selftest_loop_out\n"
        "selftest_loop:\n"
        "1: pause\n"
        "jmp 1b\n"
        "selftest_loop_end:\n"
        "selftest_loop_out:\n"
        "ret\n");

static struct host_parker started = HOST_PARKER_INIT, done = HOST_PARKER_INIT;
static struct host_thread *_Atomic looping;
static _Atomic unsigned running;

static uint64_t leave_loop(struct host_thread *thread, uint64_t rip, uint64_t rsp)
{
    (void)rsp;
    if (thread == looping && rip >= (uint64_t)(uintptr_t)selftest_loop &&
        rip < (uint64_t)(uintptr_t)selftest_loop_end)
        return (uint64_t)(uintptr_t)selftest_loop_out;
    return 0;
}

static void thread_loop(void *arg)
{
    (void)arg;
    looping = host_thread_self();
    host_unpark(&started);
    selftest_loop();
    host_unpark(&done);
}

/* As interrupts of guests do: asked until it has come about, since the loop may not be reached. */
static void check_redirect(void)
{
    uint64_t worst = 0;
    unsigned round;
    for (round = 0; round < ROUNDS; round++) {
        uint64_t deadline = DEADLINE();
        if (host_thread_start(thread_loop, NULL) || !host_park(&started, deadline))
            break;
        uint64_t from = host_clock_monotonic_ns();
        bool left = false;
        while (!left && host_clock_monotonic_ns() < deadline) {
            host_thread_redirect(looping);
            left = host_park(&done, host_clock_monotonic_ns() + 1000000);
        }
        if (!left)
            break;
        uint64_t took = host_clock_monotonic_ns() - from;
        worst = took > worst ? took : worst;
    }
    selftest_line("a thread can be stopped and taken elsewhere", round == ROUNDS,
                  "%u of %u times, at most %llu us", round, ROUNDS,
                  (unsigned long long)(worst / 1000));
}

static void touch(void *arg)
{
    volatile char deep[HOST_STACK_TOUCHED / 2];
    for (size_t i = 0; i < sizeof(deep); i += 4096)
        deep[i] = 1;
    (void)arg;
    if (++running == MANY)
        host_unpark(&started);
    host_park(arg, DEADLINE());
    if (--running == 0)
        host_unpark(&done);
}

static void check_many(void)
{
    static struct host_parker go[MANY];
    unsigned count = 0;
    for (; count < MANY; count++) {
        host_parker_init(&go[count]);
        if (host_thread_start(touch, &go[count]))
            break;
    }
    bool together = count == MANY && host_park(&started, DEADLINE());
    for (unsigned i = 0; i < count; i++)
        host_unpark(&go[i]);
    bool ended = !count || count < MANY || host_park(&done, DEADLINE());
    selftest_line("threads side by side", together && ended, "%u of %u", count, MANY);
}

void selftest_threads(void)
{
    host_redirect_set(leave_loop);
    check_redirect();
    check_many();
}
