/* Clocks, and a precise timer for the one thread that serves all timers. */
#ifndef RUNTIME_HOST_TIME_H
#define RUNTIME_HOST_TIME_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_SEC 1000000000ull
#define NS_PER_MS  1000000ull
#define NS_PER_US  1000ull

/* Nanoseconds since some fixed point, never backwards. Sleep of the machine may or may not count.
 */
uint64_t host_clock_monotonic_ns(void);
/* Nanoseconds since 1970-01-01 UTC. */
uint64_t host_clock_realtime_ns(void);
/* Nanoseconds since the machine started, sleep included. Never less than the monotonic clock. */
uint64_t host_clock_boottime_ns(void);
/* Time of the calling thread on a processor; user and system apart. */
void host_clock_thread(uint64_t *user_ns, uint64_t *system_ns);
void host_clock_process(uint64_t *user_ns, uint64_t *system_ns);
/* A time of day in nanoseconds; what 64 bits cannot hold (beyond the years 1677 and 2262) is cut,
 * as a file system with a smaller range than the caller's does. ns is below a second. */
static inline int64_t host_time_in_ns(int64_t seconds, int64_t ns)
{
    const int64_t most = INT64_MAX / (int64_t)NS_PER_SEC - 1;
    int64_t cut = seconds > most ? most : seconds < -most ? -most : seconds;
    return cut * (int64_t)NS_PER_SEC + ns;
}

/* Ticks a second of the time-stamp counter (rdtsc), measured once (takes some 10 ms at the first
 * call); 0 when the counter does not run at a constant rate. */
uint64_t host_tsc_frequency(void);

/* A timer: one thread waits, others poke it. Better than a millisecond on every host. */
struct host_timer;
struct host_timer *host_timer_create(void);
void host_timer_free(struct host_timer *timer);
/* Returns at the deadline or after a poke, also one that came before the wait. */
void host_timer_wait(struct host_timer *timer, uint64_t deadline_ns);
void host_timer_poke(struct host_timer *timer);

#endif
