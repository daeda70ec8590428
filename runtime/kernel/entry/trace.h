/* The trace of system calls (--strace), made from the table. */
#ifndef RUNTIME_KERNEL_ENTRY_TRACE_H
#define RUNTIME_KERNEL_ENTRY_TRACE_H

#include <stdbool.h>
#include <stdint.h>

struct task;

/* A call that may not return or may wait is shown when it starts, the others in one line. */
void trace_enter(struct task *t, uint32_t number, const uint64_t args[6]);
void trace_leave(struct task *t, uint32_t number, const uint64_t args[6], int64_t result);
void trace_exit(struct task *t, bool last);

#endif
