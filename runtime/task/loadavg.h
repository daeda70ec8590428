/*
 * The load averages (/proc/loadavg, sysinfo(2)): every five seconds the number of tasks that run,
 * or wait without minding signals, goes into three averages that fall off over 1, 5 and 15 minutes,
 * in the fixed point of Linux's include/linux/sched/loadavg.h.
 */
#ifndef RUNTIME_TASK_LOADAVG_H
#define RUNTIME_TASK_LOADAVG_H

#include <stdint.h>

#define LOAD_SHIFT 11
#define LOAD_ONE   (1u << LOAD_SHIFT)

/* What falls off in five seconds. */
#define LOAD_EXP_1  1884u
#define LOAD_EXP_5  2014u
#define LOAD_EXP_15 2037u

/* Begins to count. 0 or what timer_arm gives. */
int load_init(void);
/* The three averages, in LOAD_ONE. */
void load_averages(uint64_t out[3]);

struct load_tasks {
    uint32_t running, blocked, all;
    int32_t last; /* highest process id */
};
/* Takes kernel_lock, once for each process. */
struct load_tasks load_count(void);

/* One step of an average, with active tasks in LOAD_ONE. */
uint64_t load_step(uint64_t load, uint64_t exp, uint64_t active);

#endif
