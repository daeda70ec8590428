/*
 * The trace of system calls (--strace), as strace shows them: made from the kinds of arguments in
 * the table (syscall.h). A call's line is written when it ends; what it was given is read when it
 * begins.
 */
#ifndef RUNTIME_KERNEL_ENTRY_TRACE_H
#define RUNTIME_KERNEL_ENTRY_TRACE_H

#include <stdbool.h>
#include <stdint.h>

struct l_siginfo;
struct task;

/* No lock may be held: guest memory is read. */
void trace_enter(struct task *t, uint32_t number, const uint64_t args[6]);
void trace_leave(struct task *t, uint32_t number, const uint64_t args[6], int64_t result);
/* A signal is delivered. */
void trace_signal(struct task *t, const struct l_siginfo *info);
/* last: of its process. */
void trace_exit(struct task *t, bool last);

#endif
