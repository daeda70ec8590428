/*
 * A read or write of an open file in one or more pieces that is one operation for everybody else:
 * the file's position and the writing of its data belong to it from begin to end (turn.h). Between
 * the pieces guest memory may be touched. Files without a position (FILE_STREAM) have no turns.
 */
#ifndef RUNTIME_FS_VFS_TRANSFER_H
#define RUNTIME_FS_VFS_TRANSFER_H

#include "runtime/fs/vfs/file.h"

struct transfer {
    struct file *file;
    uint64_t *pos; /* of the next piece; a piece moves it on, and the caller may move it back */
    uint64_t none; /* what a file without a position gets */
    uint32_t flags;
    bool own;       /* has the turn of the position */
    bool exclusive; /* has the turn of the data */
};

enum {
    TRANSFER_WRITE = 1,
    TRANSFER_APPEND = 2, /* as L_O_APPEND, for this write */
    TRANSFER_SYNC = 4,   /* as L_O_SYNC and L_O_DSYNC */
    TRANSFER_DSYNC = 8,
};

/* pos NULL: the description's own position. 0, or -L_EBADF (access mode), -L_EISDIR, -L_EINVAL,
 * -L_EINTR; then there is nothing to end. */
int transfer_begin(struct transfer *t, struct file *file, uint64_t *pos, uint32_t flags);
/* How much of a write of n bytes RLIMIT_FSIZE leaves, when that is more than nothing: what comes
 * after is no failure. */
uint64_t transfer_limit(const struct transfer *t, uint64_t n);
/* One piece, as file_ops.read and write. */
int64_t transfer_read(struct transfer *t, void *buffer, size_t n);
int64_t transfer_write(struct transfer *t, const void *buffer, size_t n);
/* result is what the whole gave; returns it, or what went wrong with O_SYNC. Tells watchers. */
int64_t transfer_end(struct transfer *t, int64_t result);
/* Whether a transfer that has moved something stops between two pieces: for a signal that ends the
 * thread, and for any when the source or target has no end (a device). */
bool transfer_stops(const struct file *file);

#endif
