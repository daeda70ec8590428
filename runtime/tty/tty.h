/*
 * Terminals: pairs of a master and a slave joined by a line discipline.
 *
 * The slave is what guests open (/dev/pts/N, /dev/tty). The master is either a guest's file
 * (/dev/ptmx) or a caller of this header: the window, or `fore` on a real terminal. Such a master
 * moves bytes with tty_master_read and tty_input, which never block; its callbacks tell it when to
 * try again. Both directions are bounded: a guest that writes faster than the master reads waits.
 *
 * Sources: termios(3), ioctl_tty(2), pty(7), credentials(7); the behaviour of Linux 6.18, which
 * tests/unit/tty/real_pty.c asks.
 *
 * Locks: every terminal has one lock, a leaf but for wait queues. The session and the foreground
 * group are guarded by kernel_lock, like the rest of job control. Signals are sent with neither
 * held.
 */
#ifndef RUNTIME_TTY_TTY_H
#define RUNTIME_TTY_TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/abi/termios.h"

struct file;
struct session;
struct superblock;
struct task;
struct tty;

/* Major device numbers. */
#define TTY_MAJOR_AUX    5 /* 0 /dev/tty, 1 /dev/console, 2 /dev/ptmx */
#define TTY_MAJOR_SLAVES 136

/*
 * How a terminal calls its master. Each may be called on any thread, without the terminal's lock,
 * and must not block: setting a flag and waking a thread is all they are for. When tty_master_close
 * has returned none is called any more, and none is under way.
 */
struct tty_master_ops {
    void (*output)(void *owner); /* tty_master_read has bytes where it had none */
    void (*room)(void *owner);   /* tty_input takes bytes again after it took fewer than given */
    void (*closed)(void *owner); /* the last guest file of the slave is gone */
};

/*
 * A new pair with its own number below /dev/pts, unlocked, holding the default termios with IUTF8.
 * Returns 0 and a reference that tty_master_close gives up, or -L_ENOMEM, -L_ENOSPC.
 */
int tty_create(const struct tty_master_ops *ops, void *owner, struct tty **result);

/* Takes up to n bytes of what guests have written; 0 when there are none. Never blocks. */
size_t tty_master_read(struct tty *tty, void *buffer, size_t n);

/* Types n bytes. Returns how many were taken: fewer when the queue is full. Never blocks. */
size_t tty_input(struct tty *tty, const void *bytes, size_t n);

/*
 * A user has pressed a key that may make a signal, and bytes before it wait because the guest does
 * not read: acts on it at once and discards them, unless the guest set NOFLSH. False when none wait
 * or the key makes no signal: then it is typed with tty_input like any other.
 */
bool tty_interrupt(struct tty *tty, uint8_t key);

/*
 * Whether a key that made a signal has discarded output after the last tty_master_read, so that
 * what the caller has of it can go too; what was left of it in the terminal goes. True once.
 */
bool tty_discarded(struct tty *tty);

/* Sets the window size; SIGWINCH to the foreground group when it differs. */
void tty_resize(struct tty *tty, const struct l_winsize *size);

/* The master is gone: SIGHUP and SIGCONT to the session's leader, reads end, writes fail. Waits for
 * calls of the master that are under way, so not to be called in one. */
void tty_master_close(struct tty *tty);

/* Counts references of whoever keeps a pointer. */
struct tty *tty_get(struct tty *tty);
void tty_put(struct tty *tty);

/*
 * Opens the slave as a guest's file with the given O_* flags, for the first process of a session
 * that has no path to it yet. Does not make it the controlling terminal. 0, -L_EIO, -L_ENOMEM.
 */
int tty_open_slave(struct tty *tty, uint32_t flags, struct file **result);

/*
 * Makes tty the controlling terminal of t's session and t's group its foreground group. t must lead
 * a session without one and the tty must belong to none: else -L_EPERM.
 */
int tty_set_controlling(struct task *t, struct tty *tty);

/* vhangup(2): every file of the slave that is open now is dead. */
void tty_hangup(struct tty *tty);

/* Writes a line of Foreland's own to the terminal that controls t, as far as it takes it now; none,
 * nothing. */
void tty_message(struct task *t, const char *text);

/* For /proc/PID/stat and the like. Device number as stat reports it; group id or -1. */
uint64_t tty_device(const struct tty *tty);
int32_t tty_foreground(struct tty *tty);

/* /dev/pts: a superblock with one reference, or NULL and the errno in *error. */
struct superblock *devpts_new(int *error);

/*
 * For devpts: calls each (in rising order, without locks) for every pair whose master is open.
 * tty_find returns a counted reference or NULL.
 */
int tty_list(int (*each)(void *arg, uint32_t index), void *arg);
struct tty *tty_find(uint32_t index);

/* Registers /dev/tty, /dev/console, /dev/ptmx and the slaves. Once, at start. */
void tty_init(void);

/* What /dev/console opens: the terminal of the session started last, until its master closes. NULL
 * makes it fail with ENXIO. Takes its own reference. */
void tty_set_console(struct tty *tty);
/* Not that one any more, if it was. */
void tty_forget_console(struct tty *tty);

#endif
