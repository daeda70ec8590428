/*
 * Descriptors on their way (SCM_RIGHTS): how often each socket is in some queue, and sockets that
 * nothing but queues of such sockets lead to.
 *
 * A file in a queue is held by one reference. When all references to a socket's file are of that
 * kind, no process can receive from the socket until somebody receives the socket itself; when
 * that somebody is unreachable too, all of them are garbage, as unix(7) sockets in a cycle are on
 * Linux. It is looked for when such a file loses a reference.
 *
 * Functions ending in _locked are called with unix_lock held.
 */
#ifndef RUNTIME_NET_UNIX_RIGHTS_H
#define RUNTIME_NET_UNIX_RIGHTS_H

#include "runtime/net/unix.h"

/* 0, or -L_ETOOMANYREFS when the task's user has more on the way than RLIMIT_NOFILE allows. */
int rights_may_send(struct task *t);
/* The control data lies in a queue now, or does not any more. NULL is ignored. */
void rights_enter_locked(struct unix_control *control);
void rights_leave_locked(struct unix_control *control);
/* Frees a list (by next) of control data that lies in queues no more but is still counted, and what
 * only it held: whatever number of sockets inside each other, without recursion. On return the
 * files are closed. No lock may be held. */
void rights_drop(struct unix_control *list);

/* file_ops.inner_refs and file_ops.collect of a socket. */
unsigned rights_inner_refs(const struct file *file);
void rights_collect(void);

#endif
