/*
 * Where in a program an address of a guest lies, for the log: the file that is mapped there, and
 * the function, by the symbols of that file.
 */
#ifndef RUNTIME_KERNEL_ENTRY_WHERE_H
#define RUNTIME_KERNEL_ENTRY_WHERE_H

#include <stddef.h>
#include <stdint.h>

struct cpu;
struct task;

/* "/bin/ls+0x1234 (main+0x20)", "[stack]+0x10", "memory of no file", "no memory". No lock may be
 * held: files are read. */
void where_is(struct task *t, uint64_t address, char *text, size_t size);

/* The line about the last fault of the calling thread's guest: signal, address, where rip lies, and
 * the block of translated code with the host's address in it. */
void where_fault(struct task *t, const struct cpu *cpu, char *text, size_t size);

#endif
