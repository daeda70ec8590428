/* getrlimit(2), getrusage(2). */
#ifndef RUNTIME_ABI_RESOURCE_H
#define RUNTIME_ABI_RESOURCE_H

#include <stdint.h>

#include "runtime/abi/time.h"

#define L_RLIMIT_CPU        0
#define L_RLIMIT_FSIZE      1
#define L_RLIMIT_DATA       2
#define L_RLIMIT_STACK      3
#define L_RLIMIT_CORE       4
#define L_RLIMIT_RSS        5
#define L_RLIMIT_NPROC      6
#define L_RLIMIT_NOFILE     7
#define L_RLIMIT_MEMLOCK    8
#define L_RLIMIT_AS         9
#define L_RLIMIT_LOCKS      0xa
#define L_RLIMIT_SIGPENDING 0xb
#define L_RLIMIT_MSGQUEUE   0xc
#define L_RLIMIT_NICE       0xd
#define L_RLIMIT_RTPRIO     0xe
#define L_RLIMIT_RTTIME     0xf
#define L_RUSAGE_SELF       0
#define L_RUSAGE_THREAD     1
#define L_PRIO_PROCESS      0
#define L_PRIO_PGRP         1
#define L_PRIO_USER         2
#define L_RUSAGE_CHILDREN   (-1)
#define L_RLIM_NLIMITS      16
#define L_RLIM_INFINITY     UINT64_MAX

struct l_rlimit {
    uint64_t rlim_cur;
    uint64_t rlim_max;
};

struct l_rusage {
    struct l_timeval ru_utime;
    struct l_timeval ru_stime;
    int64_t ru_maxrss; /* KiB */
    int64_t ru_ixrss, ru_idrss, ru_isrss;
    int64_t ru_minflt, ru_majflt, ru_nswap;
    int64_t ru_inblock, ru_oublock;
    int64_t ru_msgsnd, ru_msgrcv, ru_nsignals;
    int64_t ru_nvcsw, ru_nivcsw;
};
_Static_assert(sizeof(struct l_rusage) == 144, "rusage");

struct l_sysinfo {
    int64_t uptime;
    uint64_t loads[3]; /* 1, 5, 15 minutes, scaled by 65536 */
    uint64_t totalram, freeram, sharedram, bufferram, totalswap, freeswap;
    uint16_t procs;
    uint16_t pad;
    uint32_t pad2;
    uint64_t totalhigh, freehigh;
    uint32_t mem_unit;
    uint32_t pad3;
};
_Static_assert(sizeof(struct l_sysinfo) == 112, "sysinfo");

struct l_utsname {
    char sysname[65];
    char nodename[65];
    char release[65];
    char version[65];
    char machine[65];
    char domainname[65];
};

#endif
