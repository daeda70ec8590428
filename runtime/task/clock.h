/*
 * Time in the kernel is nanoseconds in 64 bits. Deadlines are on the host's monotonic clock,
 * whatever clock the guest named.
 */
#ifndef RUNTIME_TASK_CLOCK_H
#define RUNTIME_TASK_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/abi/time.h"
#include "runtime/host/time.h"

struct space;

/* Longer waits than this (292 years) are as good as for ever. */
#define NS_MAX ((uint64_t)INT64_MAX)

/* -L_EINVAL unless 0 <= nsec < 10^9 and sec >= 0; huge values saturate. */
int timespec_to_ns(const struct l_timespec *ts, uint64_t *ns);
int timeval_to_ns(const struct l_timeval *tv, uint64_t *ns);
struct l_timespec ns_to_timespec(uint64_t ns);
struct l_timeval ns_to_timeval(uint64_t ns);

/* now + ns, never wrapping; WAIT_FOREVER when beyond what can be waited for. */
uint64_t deadline_after(uint64_t ns);

/* A timespec of the guest in nanoseconds. -L_EFAULT, -L_EINVAL. */
int time_from_guest(struct space *space, uint64_t address, uint64_t *ns);
/* A relative timeout of the guest as a deadline; address 0 leaves *deadline alone. -L_EFAULT,
 * -L_EINVAL. */
int time_deadline_from_guest(struct space *space, uint64_t address, uint64_t *deadline);
/* The same for ppoll(2) and its kin: no address is WAIT_FOREVER, no time is 0, which does not wait.
 */
int time_poll_deadline(struct space *space, uint64_t address, uint64_t *deadline);

/* Nanoseconds of a clock of clock_gettime(2), -L_EINVAL for an unknown one. */
struct task;
int clock_read(struct task *t, int32_t clock, uint64_t *ns);

/* A time on the clock as a deadline on the monotonic one. -L_EINVAL. */
int clock_deadline(struct task *t, int32_t clock, uint64_t ns, bool absolute, uint64_t *deadline);
/* The same for a timer with that interval (0: none): one that starts in the past keeps its phase,
 * and *missed says how many expirations came before *deadline, which has passed as well. */
int clock_timer_start(struct task *t, int32_t clock, uint64_t ns, uint64_t interval, bool absolute,
                      uint64_t *deadline, uint64_t *missed);

#endif
