/*
 * The table of ids. One number may name a task, a process, a group and a session at once; it is
 * free again when it names none of them. Everything here is called with kernel_lock held.
 */
#ifndef RUNTIME_TASK_PID_H
#define RUNTIME_TASK_PID_H

#include <stdint.h>

struct pgrp;
struct process;
struct session;
struct task;

struct pid {
    struct task *task;
    struct process *process;
    struct pgrp *pgrp;
    struct session *session;
};

/* A free number, or -L_EAGAIN. It stays free until its entry is filled in. */
int32_t pid_alloc(void);

/* No number above it was ever given: where to stop looking for who is there. */
int32_t pid_highest(void);

/* The entry of a number; never NULL for 0 < id < PID_MAX, else NULL. */
struct pid *pid_entry(int32_t id);

#endif
