/*
 * Process groups (credentials(7)).
 *
 * A counted object that lives as long as a process or a terminal refers to it, so its id is not
 * given to a new process before it is gone. Members are read under kernel_lock.
 */
#ifndef RUNTIME_TASK_PROCESS_GROUP_H
#define RUNTIME_TASK_PROCESS_GROUP_H

#include <stdbool.h>
#include <stdint.h>

struct process;
struct session;
struct task;

struct pgrp {
    uint32_t refs; /* kernel_lock */
    int32_t id;
    struct session *session; /* counted */
    struct process *members; /* linked by process.pgrp_next */
};

/* Take and drop a reference; these lock kernel_lock. NULL is allowed for put. */
void pgrp_get(struct pgrp *pgrp);
void pgrp_put(struct pgrp *pgrp);

/* The group with this id, with a reference; NULL when there is none, or when session is not NULL
 * and the group belongs to another. */
struct pgrp *pgrp_find(int32_t id, const struct session *session);

/* True when no member has a parent in another group of the same session (POSIX: orphaned). Takes
 * kernel_lock. */
bool pgrp_is_orphaned(struct pgrp *pgrp);

/* The calling process's group, with a reference. */
struct pgrp *pgrp_current(struct task *t);

#endif
