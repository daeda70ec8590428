/*
 * Names of numbers as strace prints them: flags, constants, signals, errors. All tables, no state;
 * any thread.
 */
#ifndef RUNTIME_KERNEL_ENTRY_TRACE_NAMES_H
#define RUNTIME_KERNEL_ENTRY_TRACE_NAMES_H

#include <stdint.h>

/* A value is this entry's when its bits in mask are `value`. A flag has itself as mask. */
struct trace_name {
    uint64_t mask, value;
    const char *name;
};

/* The names, in the order in which they are tried and printed; the last has no name. */
struct trace_set {
    char letter;         /* by which the table of system calls means it */
    const char *unknown; /* what a value without a name would be: "O_???" */
    const struct trace_name *names;
};

/* NULL when no set has the letter. */
const struct trace_set *trace_set(char letter);
/* Of the entry whose value it is alone, or NULL. */
const char *trace_name(const struct trace_set *set, uint64_t value);

/* SIGHUP and so on; of 32 and more, SIGRT_2 with the number in buffer. */
const char *trace_signal_name(int number, char buffer[16]);

#endif
