/*
 * Where in a program an address of a guest lies, for the log: the file that is mapped there, and
 * the function, by the symbols of that file. And from an address of the host to one of a guest, for
 * a debugger (ARCHITECTURE.md, "Debugging").
 */
#ifndef RUNTIME_KERNEL_ENTRY_WHERE_H
#define RUNTIME_KERNEL_ENTRY_WHERE_H

#include <stddef.h>
#include <stdint.h>

struct cpu;
struct task;

/* For a debugger's call, with all other threads stopped: the block of translated code at an address
 * of the host, the guest's instruction there, and which processes run that code; one line, good
 * until the next call. Takes no lock and reads no file, so that the calling thread may have been
 * stopped anywhere. */
const char *where_host(uint64_t host);

/* For a debugger's call with all threads going on: what where_is says of an address in a process.
 * The calling thread may hold no lock: one in guest code, or that waits, holds none. */
const char *where_guest(int pid, uint64_t address);

/* "/bin/ls+0x1234 (main+0x20)", "[stack]+0x10", "memory of no file", "no memory". No lock may be
 * held: files are read. */
void where_is(struct task *t, uint64_t address, char *text, size_t size);

/* The line about the last fault of the calling thread's guest: signal, address, where rip lies, and
 * the block of translated code with the host's address in it. */
void where_fault(struct task *t, const struct cpu *cpu, char *text, size_t size);

#endif
