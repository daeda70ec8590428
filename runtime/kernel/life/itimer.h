/* Interval timers and the limit of CPU time, where processes change (getitimer(2),
 * timer_create(2)). */
#ifndef RUNTIME_KERNEL_LIFE_ITIMER_H
#define RUNTIME_KERNEL_LIFE_ITIMER_H

struct process;

/* Removes the interval timers of a process that exits or execs (exec keeps the real-time one). */
void timers_process_exit(struct process *p);
void timers_process_exec(struct process *p);

/* RLIMIT_CPU of a process is new. Takes kernel_lock. */
void timers_cpu_limit(struct process *p);

#endif
