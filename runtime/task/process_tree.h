/*
 * How processes, groups and sessions are linked, for those who make and end them. All functions
 * ending in _locked are called with kernel_lock held.
 */
#ifndef RUNTIME_TASK_PROCESS_TREE_H
#define RUNTIME_TASK_PROCESS_TREE_H

#include "runtime/task/process.h"

/* Process 1: no thread, adopts orphans and forgets them when they exit. It is never signalled. */
struct process *process_init(void);
void process_tree_init(void);

void process_link_locked(struct process *p, struct process *parent);
void process_unlink_locked(struct process *p);
/* The process becomes findable (a reference) ... */
void process_enter_locked(struct process *p);
/* ... and its zombie goes for good. */
void process_reap_locked(struct process *p);

/* New ones, without members; NULL when out of memory. A group takes over the session's reference.
 */
struct session *session_create_locked(int32_t id);
void session_put_locked(struct session *session);
struct pgrp *pgrp_create_locked(int32_t id, struct session *session);
void pgrp_get_locked(struct pgrp *pgrp);
void pgrp_put_locked(struct pgrp *pgrp);
/* Join takes a reference, leave drops it. */
void pgrp_join_locked(struct pgrp *pgrp, struct process *p);
void pgrp_leave_locked(struct process *p);
/* As pgrp_is_orphaned, leaving out one process (which is exiting), or NULL. */
bool pgrp_orphaned_locked(const struct pgrp *pgrp, const struct process *without);
bool pgrp_has_stopped_locked(const struct pgrp *pgrp);

#endif
