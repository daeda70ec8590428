/* Clocks and the timer. */
#include "app/fore/selftest.h"
#include "runtime/host/time.h"

#define READS   100000
#define WAITS   20
#define WAIT_NS 2000000u
#define YEAR_24 1704067200000000000u /* 2024-01-01 */

static void check_order(void)
{
    uint64_t before = host_clock_monotonic_ns(), step = UINT64_MAX;
    unsigned backwards = 0;
    for (int i = 0; i < READS; i++) {
        uint64_t now = host_clock_monotonic_ns();
        backwards += now < before;
        if (now > before && now - before < step)
            step = now - before;
        before = now;
    }
    selftest_line("the clock never goes backwards", backwards == 0, "%u times, steps of %llu ns",
                  backwards, (unsigned long long)step);
}

static void check_timer(void)
{
    struct host_timer *timer = host_timer_create();
    uint64_t worst = 0;
    unsigned early = 0;
    if (!timer) {
        selftest_line("a timer can be made", false, "no");
        return;
    }
    for (int i = 0; i < WAITS; i++) {
        uint64_t due = host_clock_monotonic_ns() + WAIT_NS;
        host_timer_wait(timer, due);
        uint64_t now = host_clock_monotonic_ns();
        early += now < due;
        if (now > due && now - due > worst)
            worst = now - due;
    }
    host_timer_free(timer);
    selftest_line("a timer is not early", early == 0, "%u times, at most %llu us late", early,
                  (unsigned long long)(worst / 1000));
}

void selftest_clocks(void)
{
    uint64_t monotonic = host_clock_monotonic_ns(), boot = host_clock_boottime_ns();
    check_order();
    selftest_line("the time since the start is not below it", boot >= monotonic,
                  "%llu ms and %llu ms", (unsigned long long)(boot / 1000000),
                  (unsigned long long)(monotonic / 1000000));
    uint64_t now = host_clock_realtime_ns();
    selftest_line("the time of day", now > YEAR_24, "%llu s since 1970",
                  (unsigned long long)(now / 1000000000));
    selftest_line("the time-stamp counter", true, "%llu kHz",
                  (unsigned long long)(host_tsc_frequency() / 1000));
    check_timer();
}
