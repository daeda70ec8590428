/* Clocks, timers and times (time(7)). */
#ifndef RUNTIME_ABI_TIME_H
#define RUNTIME_ABI_TIME_H

#include <stdint.h>

#define L_CLOCK_REALTIME           0
#define L_CLOCK_MONOTONIC          1
#define L_CLOCK_PROCESS_CPUTIME_ID 2
#define L_CLOCK_THREAD_CPUTIME_ID  3
#define L_CLOCK_MONOTONIC_RAW      4
#define L_CLOCK_REALTIME_COARSE    5
#define L_CLOCK_MONOTONIC_COARSE   6
#define L_CLOCK_BOOTTIME           7
#define L_CLOCK_REALTIME_ALARM     8
#define L_CLOCK_BOOTTIME_ALARM     9
#define L_CLOCK_TAI                0xb
#define L_TIMER_ABSTIME            1
#define L_ITIMER_REAL              0
#define L_ITIMER_VIRTUAL           1
#define L_ITIMER_PROF              2

/* clock_t ticks a second as times(2) and /proc count them. */
#define L_USER_HZ 100

#define L_UTIME_NOW  0x3fffffff
#define L_UTIME_OMIT 0x3ffffffe

struct l_timespec {
    int64_t tv_sec;
    int64_t tv_nsec;
};

struct l_timeval {
    int64_t tv_sec;
    int64_t tv_usec;
};

struct l_itimerval {
    struct l_timeval it_interval;
    struct l_timeval it_value;
};

struct l_itimerspec {
    struct l_timespec it_interval;
    struct l_timespec it_value;
};

struct l_tms {
    int64_t tms_utime;
    int64_t tms_stime;
    int64_t tms_cutime;
    int64_t tms_cstime;
};

struct l_timezone {
    int32_t tz_minuteswest;
    int32_t tz_dsttime;
};

#endif
