/*
 * The terminal `fore` was started in as the master of a guest's terminal: the host terminal goes
 * raw, what is typed there goes through the guest's line discipline, and the size follows.
 */
#ifndef RUNTIME_TTY_HOSTTERM_H
#define RUNTIME_TTY_HOSTTERM_H

#include <stdint.h>

struct tty;

/*
 * Makes the pair and starts moving bytes. Takes the keyboard only when the standard input is a
 * terminal. One per program. 0; -L_ENOTTY when no standard handle is a terminal; -L_ENOMEM,
 * -L_EAGAIN (no thread).
 */
int hostterm_start(struct tty **result);

/* Waits until everything guests have written is out, at most until the deadline, and gives the host
 * terminal back its modes. Harmless when nothing was started. */
void hostterm_finish(uint64_t deadline_ns);

#endif
