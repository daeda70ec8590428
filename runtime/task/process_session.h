/*
 * Sessions (credentials(7)).
 *
 * A counted object that lives as long as a group or a terminal refers to it, so its id is not given
 * to a new process before it is gone.
 */
#ifndef RUNTIME_TASK_PROCESS_SESSION_H
#define RUNTIME_TASK_PROCESS_SESSION_H

#include <stdint.h>

struct pgrp;
struct process;
struct task;
struct tty;

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

/* Take and drop a reference; these lock kernel_lock. NULL is allowed for put. */
void session_get(struct session *session);
void session_put(struct session *session);

/* The calling process's session, with a reference. */
struct session *session_current(struct task *t);

/* What the tty layer does when the leader of a session with a controlling terminal exits: SIGHUP
 * and SIGCONT to the foreground group and the terminal given up. Installed by the tty layer; called
 * without locks, the session being referenced. */
extern void (*session_leader_exit_hook)(struct session *session);

#endif
