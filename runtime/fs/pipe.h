/*
 * Pipes and fifos: a ring of bytes with the atomicity pipe(7) promises, and packets (O_DIRECT).
 * Both ends of a fifo are files over the pipe kept in inode->ipc.
 */
#ifndef FORELAND_FS_PIPE_H
#define FORELAND_FS_PIPE_H

#include "runtime/fs/file.h"

#define PIPE_DEFAULT_SIZE 65536u
#define PIPE_MAX_SIZE     1048576u
#define PIPE_ATOMIC       4096u /* PIPE_BUF */

/* pipe(7): from this on a user's new pipes are small and do not grow, unless he is privileged. */
#define PIPE_USER_PAGES_SOFT 16384u

struct pipe;

/* A new pipe with its two ends, one reference each. flags: L_O_NONBLOCK and the like for both ends.
 * 0, -L_ENFILE, -L_ENOMEM. */
int pipe_create(uint32_t flags, struct file **reader, struct file **writer);
/* Open a fifo node: waits for the other end as fifo(7) says. */
int fifo_open(struct inode *inode, struct file *file);
/* The pipe behind a file, or NULL if it is none. */
struct pipe *pipe_of(struct file *file);
/* F_SETPIPE_SZ and F_GETPIPE_SZ; the size, -L_EBUSY, -L_EINVAL, -L_EPERM. */
int64_t pipe_set_size(struct pipe *pipe, uint64_t size, bool privileged);
int64_t pipe_get_size(struct pipe *pipe);

#endif
