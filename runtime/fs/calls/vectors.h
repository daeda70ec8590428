/*
 * The memory that a guest gives readv(2) and its kin: a row of addresses and lengths, moved through
 * piece by piece. Touches guest memory, so it is used without locks.
 */
#ifndef RUNTIME_FS_CALLS_VECTORS_H
#define RUNTIME_FS_CALLS_VECTORS_H

#include "runtime/abi/fcntl.h"
#include "runtime/fs/calls/sys.h"

struct vectors {
    struct l_iovec at[L_IOV_MAX];
    uint32_t count;
    uint64_t total; /* bytes; SYS_COUNT_MAX at most, the rest is cut off */
};

/* Reads the row itself. 0, -L_EINVAL, -L_EFAULT. */
int vectors_get(struct task *t, uint64_t address, uint64_t count, struct vectors *v);

/* How far a transfer has come. */
struct vector_cursor {
    struct task *task;
    const struct l_iovec *at;
    uint32_t left;   /* vectors from `at` on */
    uint64_t offset; /* in the first of them */
    uint64_t total;  /* bytes of all of them, at the start */
};

struct vector_cursor vectors_start(struct task *t, const struct vectors *v);

/* The next n bytes out of the guest's memory, and into it; fewer when that ends. */
size_t vectors_take(struct vector_cursor *c, uint8_t *buffer, size_t n);
size_t vectors_fill(struct vector_cursor *c, const uint8_t *buffer, size_t n);

#endif
