/* File descriptors that stand for processes (pidfd_open(2)). */
#ifndef RUNTIME_KERNEL_EVENTS_PIDFD_H
#define RUNTIME_KERNEL_EVENTS_PIDFD_H

#include <stdint.h>

struct file;
struct process;
struct task;

/* CLONE_PIDFD, in the steps that leave nothing behind when the process does not come to be. */
struct pidfd {
    int fd; /* reserved; -1: none */
    struct file *file;
};

/* Reserves a descriptor for a process that nobody can find yet and stores its number at the guest's
 * address. On failure there is nothing to end. */
int pidfd_prepare(struct task *t, struct process *p, uint64_t address, struct pidfd *pidfd);
/* The process is there: the descriptor becomes usable (close-on-exec). Nothing for none. */
void pidfd_install(struct task *t, struct pidfd *pidfd);
/* It is not. */
void pidfd_cancel(struct task *t, struct pidfd *pidfd);

/* The process behind a descriptor, with a reference; NULL: it is no such descriptor. Its L_O_* in
 * *flags, unless that is NULL. */
struct process *pidfd_process(struct task *t, int fd, uint32_t *flags);

#endif
