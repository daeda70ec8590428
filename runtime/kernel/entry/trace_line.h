/*
 * What a system call's line of the trace is made of: text, and arguments of the kinds that the
 * table names (syscall.h). Guest memory is read with the usual accessors: no lock may be held.
 */
#ifndef RUNTIME_KERNEL_ENTRY_TRACE_LINE_H
#define RUNTIME_KERNEL_ENTRY_TRACE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/kernel/entry/trace_names.h"

struct task;
struct l_siginfo;

/* Bytes of a string or buffer, entries of an array that are shown. */
#define TRACE_STRING_MAX 32
#define TRACE_ARRAY_MAX  16

/* A line, and how far its call has been shown. */
struct trace_line {
    char text[960];
    size_t used;
    struct task *task;
    uint64_t args[6];
    const char *kinds; /* of the arguments that are left */
    int at;            /* the number of the first of them */
    bool done;         /* the call has been made: */
    int64_t result;
};

void trace_put(struct trace_line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* NULL or hexadecimal. */
void trace_put_pointer(struct trace_line *l, uint64_t address);
/* In quotes, with C's escapes; n bytes of which `more` tells that they are not all. */
void trace_put_text(struct trace_line *l, const uint8_t *text, size_t n, bool more);
void trace_put_flags(struct trace_line *l, char set, uint64_t value);
void trace_put_value(struct trace_line *l, char set, uint64_t value);
void trace_put_signal(struct trace_line *l, int number);
void trace_put_mode(struct trace_line *l, uint32_t mode);
/* Copies from the guest; false when it is not there. */
bool trace_get(struct trace_line *l, void *to, uint64_t address, size_t size);

/* trace_struct.c: what a pointer leads to, of the kind that the letter means. False when there is
 * no such kind, or nothing to be read: it is a pointer then. */
bool trace_put_struct(struct trace_line *l, char kind, uint64_t address);

void trace_put_siginfo(struct trace_line *l, const struct l_siginfo *info);

/* trace_args.c: the arguments, up to the first that the call has yet to fill while it is not done.
 */
void trace_put_args(struct trace_line *l);
/* What the call returned, as strace shows it. */
void trace_put_result(struct trace_line *l, uint32_t number);

#endif
