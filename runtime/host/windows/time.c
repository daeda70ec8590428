/* Clocks. */
#include "runtime/host/time.h"
#include "runtime/host/lock.h"
#include <stdlib.h>
#include <windows.h>

/* Since Windows 10 1803; older headers lack it. */
#ifndef CREATE_WAITABLE_TIMER_HIGH_RESOLUTION
#define CREATE_WAITABLE_TIMER_HIGH_RESOLUTION 2
#endif

/* FILETIME counts 100 ns since 1601-01-01. */
#define EPOCH_1970 116444736000000000ull

uint64_t host_clock_monotonic_ns(void)
{
    static _Atomic uint64_t frequency;
    LARGE_INTEGER value;
    uint64_t rate = frequency;
    if (!rate) {
        QueryPerformanceFrequency(&value);
        frequency = rate = (uint64_t)value.QuadPart;
    }
    QueryPerformanceCounter(&value);
    uint64_t count = (uint64_t)value.QuadPart;
    return count / rate * NS_PER_SEC + count % rate * NS_PER_SEC / rate;
}

static uint64_t from_filetime(FILETIME time)
{
    return ((uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime) * 100;
}

uint64_t host_clock_realtime_ns(void)
{
    FILETIME now;
    GetSystemTimePreciseAsFileTime(&now);
    return from_filetime(now) - EPOCH_1970 * 100;
}

/* The tick count lags by up to a tick, and the counter need not have started with it. */
uint64_t host_clock_boottime_ns(void)
{
    uint64_t ticks = GetTickCount64() * NS_PER_MS, monotonic = host_clock_monotonic_ns();
    return ticks > monotonic ? ticks : monotonic;
}

void host_clock_thread(uint64_t *user_ns, uint64_t *system_ns)
{
    FILETIME created, ended, system = {0}, user = {0};
    GetThreadTimes(GetCurrentThread(), &created, &ended, &system, &user);
    *user_ns = from_filetime(user);
    *system_ns = from_filetime(system);
}

void host_clock_process(uint64_t *user_ns, uint64_t *system_ns)
{
    FILETIME created, ended, system = {0}, user = {0};
    GetProcessTimes(GetCurrentProcess(), &created, &ended, &system, &user);
    *user_ns = from_filetime(user);
    *system_ns = from_filetime(system);
}

struct host_timer {
    HANDLE timer;
    HANDLE poke;
};

#ifndef PROCESS_POWER_THROTTLING_IGNORE_TIMER_RESOLUTION
#define PROCESS_POWER_THROTTLING_IGNORE_TIMER_RESOLUTION 4
#endif

/* Windows 11 makes the timers of programs whose windows are hidden coarse, unless told not to.
 * Elsewhere this fails, and nothing is lost. */
static void keep_timers_precise(void)
{
    PROCESS_POWER_THROTTLING_STATE off = {.Version = PROCESS_POWER_THROTTLING_CURRENT_VERSION,
                                          .ControlMask =
                                              PROCESS_POWER_THROTTLING_IGNORE_TIMER_RESOLUTION};
    SetProcessInformation(GetCurrentProcess(), ProcessPowerThrottling, &off, sizeof(off));
}

struct host_timer *host_timer_create(void)
{
    keep_timers_precise();
    struct host_timer *timer = calloc(1, sizeof(*timer));
    if (!timer)
        return NULL;
    timer->timer =
        CreateWaitableTimerExW(NULL, NULL, CREATE_WAITABLE_TIMER_HIGH_RESOLUTION, TIMER_ALL_ACCESS);
    if (!timer->timer)
        timer->timer = CreateWaitableTimerExW(NULL, NULL, 0, TIMER_ALL_ACCESS);
    timer->poke = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (timer->timer && timer->poke)
        return timer;
    host_timer_free(timer);
    return NULL;
}

void host_timer_free(struct host_timer *timer)
{
    if (!timer)
        return;
    if (timer->timer)
        CloseHandle(timer->timer);
    if (timer->poke)
        CloseHandle(timer->poke);
    free(timer);
}

void host_timer_wait(struct host_timer *timer, uint64_t deadline_ns)
{
    HANDLE both[2] = {timer->poke, timer->timer};
    if (deadline_ns == HOST_FOREVER) {
        WaitForSingleObject(timer->poke, INFINITE);
        return;
    }
    for (;;) {
        uint64_t now = host_clock_monotonic_ns();
        if (now >= deadline_ns)
            return;
        uint64_t left = (deadline_ns - now + 99) / 100;
        LARGE_INTEGER due;
        due.QuadPart = -(LONGLONG)(left < INT64_MAX ? left : INT64_MAX);
        SetWaitableTimer(timer->timer, &due, 0, NULL, NULL, FALSE);
        if (WaitForMultipleObjects(2, both, FALSE, INFINITE) == WAIT_OBJECT_0)
            return;
    }
}

void host_timer_poke(struct host_timer *timer)
{
    SetEvent(timer->poke);
}
