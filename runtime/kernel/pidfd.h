/* File descriptors that stand for processes (pidfd_open(2)). */
#ifndef FORELAND_KERNEL_PIDFD_H
#define FORELAND_KERNEL_PIDFD_H

#include <stdint.h>

struct process;
struct task;

/* CLONE_PIDFD: opens one, close-on-exec, and stores its number at the guest's address. */
int pidfd_install(struct task *t, struct process *p, uint64_t address);

/* The process id behind a descriptor, or -L_EBADF. */
int32_t pidfd_pid(struct task *t, int fd);

#endif
