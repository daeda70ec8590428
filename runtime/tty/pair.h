/* A terminal from the inside. runtime/tty only; everybody else uses tty.h. */
#ifndef RUNTIME_TTY_PAIR_H
#define RUNTIME_TTY_PAIR_H

#include <stdatomic.h>

#include "runtime/fs/vfs/file.h"
#include "runtime/host/lock.h"
#include "runtime/task/waitq.h"
#include "runtime/tty/ldisc.h"
#include "runtime/tty/tty.h"

#define TTY_COUNT_MAX 4096 /* numbers below /dev/pts, as in Linux's kernel.pty.max */

struct tty {
    _Atomic uint32_t refs; /* the master, each slave file, each session it controls */
    uint32_t index;
    const struct tty_master_ops *ops; /* NULL: the master is a file */
    void *owner;
    _Atomic uint32_t calling; /* calls of the master under way; begun with the lock held */

    struct waitq slave_wait;  /* readers, writers and pollers of the slave */
    struct waitq master_wait; /* the same of a master file */

    struct host_mutex lock; /* guards what follows */
    struct ldisc ldisc;
    struct l_winsize size;
    uint32_t input_speed, output_speed; /* as set, in bits a second */
    uint32_t slaves;                    /* open files */
    uint32_t hangups;                   /* files opened before the last one are dead */
    atomic_bool master_open; /* false for good once closed; tty_find asks without the lock */
    bool slave_gone;         /* it was open and is not */
    bool locked;             /* TIOCSPTLCK: the slave cannot be opened */
    bool exclusive;          /* TIOCEXCL */
    bool refused_input;      /* tty_input took less than given */

    /* kernel_lock; both counted. */
    struct session *session;
    struct pgrp *foreground;
};

/* What a slave's file has in priv. */
struct slave {
    struct tty *tty;
    uint32_t hangups;
};

/* State when the lock was taken, to tell afterwards whom a change concerns. */
struct tty_before {
    uint32_t input, output_head, output_tail;
    uint8_t packet_status;
    bool stopped;
};

void tty_lock(struct tty *tty, struct tty_before *before);
/* Unlocks, wakes whom the changes concern, calls the master back and sends the signals of keys. */
void tty_unlock(struct tty *tty, const struct tty_before *before);

/* Opens a pair whose master is a file. */
int tty_create_file_master(struct tty **result);

/* Both sides are closed: the number may be given to another pair, though references remain. */
void tty_forget_number(struct tty *tty);

/* Calling with the lock held. */
static inline bool slave_dead(const struct slave *s)
{
    return s->hangups != s->tty->hangups;
}

extern const struct file_ops tty_slave_ops;
extern const struct file_ops tty_master_file_ops;

/* Fills in the file of a slave. 0, -L_EIO when locked or without a master, -L_EBUSY, -L_ENOMEM. */
int slave_open(struct tty *tty, struct file *file, struct task *task);
int64_t slave_read(struct file *file, void *buffer, size_t n, uint64_t *pos);

/*
 * Job control (job.c). Called without locks. tty_check_background: 0 when the caller may go on, or
 * the terminal is not its session's; else sends sig to the caller's group and returns
 * -L_ERESTARTSYS, or -L_EIO when nobody could continue it.
 */
int tty_check_background(struct tty *tty, struct task *task, int sig);
void tty_signal_foreground(struct tty *tty, int sig);
/* The terminal that controls the caller, with a reference, or NULL. */
struct tty *tty_of_task(struct task *task);

int64_t tty_ioctl_session(struct tty *tty, bool master, struct task *task, uint32_t command,
                          uint64_t arg);
/* TIOCGPTPEER: a new descriptor of the slave or an error. */
int64_t tty_open_peer(struct tty *tty, struct task *task, uint32_t flags);
/* What session_leader_exit_hook becomes. */
void tty_leader_exited(struct session *session);
/* Modes: TCGETS and its kin; -L_ENOTTY for others. */
int64_t tty_ioctl_modes(struct tty *tty, struct task *task, uint32_t command, uint64_t arg);
int64_t tty_ioctl(struct file *file, struct tty *tty, bool master, struct task *task,
                  uint32_t command, uint64_t arg);

/* The operations of an open master, which the caller is about to use, or NULL. The lock is held. */
const struct tty_master_ops *tty_calls(struct tty *tty);
/* It has used them. */
void tty_called(struct tty *tty);

#endif
