/* Clocks. */
#include "runtime/host/time.h"
#include "runtime/host/park.h"
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * NS_PER_SEC + (uint64_t)now.tv_nsec;
}

uint64_t host_clock_monotonic_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t host_clock_realtime_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}

uint64_t host_clock_boottime_ns(void)
{
    return clock_ns(CLOCK_BOOTTIME);
}

static void usage(int who, uint64_t *user_ns, uint64_t *system_ns)
{
    struct rusage used;
    getrusage(who, &used);
    *user_ns =
        (uint64_t)used.ru_utime.tv_sec * NS_PER_SEC + (uint64_t)used.ru_utime.tv_usec * NS_PER_US;
    *system_ns =
        (uint64_t)used.ru_stime.tv_sec * NS_PER_SEC + (uint64_t)used.ru_stime.tv_usec * NS_PER_US;
}

void host_clock_thread(uint64_t *user_ns, uint64_t *system_ns)
{
    usage(RUSAGE_THREAD, user_ns, system_ns);
}

void host_clock_process(uint64_t *user_ns, uint64_t *system_ns)
{
    usage(RUSAGE_SELF, user_ns, system_ns);
}

struct host_timer {
    struct host_parker parker;
};

struct host_timer *host_timer_create(void)
{
    return calloc(1, sizeof(struct host_timer));
}

void host_timer_free(struct host_timer *timer)
{
    free(timer);
}

void host_timer_wait(struct host_timer *timer, uint64_t deadline_ns)
{
    host_park(&timer->parker, deadline_ns);
}

void host_timer_poke(struct host_timer *timer)
{
    host_unpark(&timer->parker);
}
