/*
 * The table of system calls: number, name, function, and the kinds of its arguments, from which the
 * trace of --strace is made. To add a call: write `int64_t sys_NAME(...)` in the file of its
 * family, declare it in runtime/kernel/kernel_calls.h (or the family's header) and give it one line
 * in table.c.
 */
#ifndef RUNTIME_KERNEL_ENTRY_SYSCALL_H
#define RUNTIME_KERNEL_ENTRY_SYSCALL_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;
struct task;

/* All functions take what they need of six arguments; extra ones are ignored by the caller. */
typedef int64_t syscall_fn(struct task *t, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                           uint64_t a4, uint64_t a5);

struct syscall_entry {
    const char *name;
    syscall_fn *fn; /* NULL: ENOSYS and a line in the log, once per process */
    /*
     * The kinds of the arguments, for the trace: d int, u unsigned and l signed 64 bits, x hex, p
     * pointer, s string, P path, f file descriptor, D that of a directory, M mode, N mode when the
     * flags before it may make a file, S signal, U user or group. C, I, O and Y are the operations
     * of fcntl, ioctl, futex and prctl, which say what comes after them. With a letter behind it: |
     * flags, = one value (trace_names.c), & a structure that the call reads, * one that it fills
     * (trace_struct.c).
     */
    const char *args;
};

extern const struct syscall_entry syscall_table[];
extern const uint32_t syscall_table_size;

/* Serves the call in the block: rax is the number, the result goes to rax. */
void syscall_dispatch(struct task *t, struct cpu *cpu);

/* --strace: one line per call to the log. Set before the first process starts. */
extern bool syscall_trace;

#endif
