/*
 * Process groups and sessions (credentials(7)).
 *
 * Both are counted objects that live as long as a process or a terminal refers to them, so an id is
 * not given to a new process before the group is gone. Members are read under kernel_lock.
 */
#ifndef FORELAND_KERNEL_SESSION_H
#define FORELAND_KERNEL_SESSION_H

#include <stdbool.h>
#include <stdint.h>

struct process;
struct task;
struct tty;
struct l_siginfo;

struct session {
    uint32_t refs; /* kernel_lock */
    int32_t id;
    /* The controlling terminal or NULL; set and cleared by the tty layer with kernel_lock held. The
     * tty layer clears it before the tty dies. */
    struct tty *tty;
    struct process *leader; /* NULL once it has exited */
    /* The foreground group of a terminal that was hung up, counted: the leader's exit signals it.
     */
    struct pgrp *hung_up;
};

struct pgrp {
    uint32_t refs; /* kernel_lock */
    int32_t id;
    struct session *session; /* counted */
    struct process *members; /* linked by process.pgrp_next */
};

/* Take and drop a reference; these lock kernel_lock. NULL is allowed for put. */
void pgrp_get(struct pgrp *pgrp);
void pgrp_put(struct pgrp *pgrp);
void session_get(struct session *session);
void session_put(struct session *session);

/* The group with this id, with a reference; NULL when there is none, or when session is not NULL
 * and the group belongs to another. */
struct pgrp *pgrp_find(int32_t id, const struct session *session);

/* True when no member has a parent in another group of the same session (POSIX: orphaned). Takes
 * kernel_lock. */
bool pgrp_is_orphaned(struct pgrp *pgrp);

/* The calling process's group and session, with a reference each. */
struct pgrp *pgrp_current(struct task *t);
struct session *session_current(struct task *t);

/* What the tty layer does when the leader of a session with a controlling terminal exits: SIGHUP
 * and SIGCONT to the foreground group and the terminal given up. Installed by the tty layer; called
 * without locks, the session being referenced. */
extern void (*session_leader_exit_hook)(struct session *session);

/* System calls (setsid(2), setpgid(2) ...). */
int64_t sys_setsid(struct task *t);
int64_t sys_getsid(struct task *t, uint64_t pid);
int64_t sys_setpgid(struct task *t, uint64_t pid, uint64_t pgid);
int64_t sys_getpgid(struct task *t, uint64_t pid);
int64_t sys_getpgrp(struct task *t);

#endif
