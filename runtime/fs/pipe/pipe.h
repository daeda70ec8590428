/*
 * Pipes and fifos: a ring of bytes with the atomicity pipe(7) promises, and packets (O_DIRECT).
 * Both ends of a fifo are files over the pipe kept in inode->ipc.
 */
#ifndef RUNTIME_FS_PIPE_PIPE_H
#define RUNTIME_FS_PIPE_PIPE_H

#include "runtime/fs/vfs/file.h"

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
/*
 * The ends for splice(2) and tee(2): nothing is taken but what the other side has accepted.
 *
 * pipe_take_begin: 1, and until pipe_take_end nobody else takes bytes; 0: the end; -L_EAGAIN;
 * -L_EINTR: the thread has to die.
 * pipe_take_peek gives bytes from `skip` on, n at most and of one packet or none; 0 when there are
 * no more. pipe_take_end takes n of them. pipe_wait_bytes: until it is not -L_EAGAIN, or
 * -L_ERESTARTSYS.
 */
int pipe_wait_bytes(struct pipe *pipe);
int pipe_take_begin(struct pipe *pipe);
size_t pipe_take_peek(struct pipe *pipe, size_t skip, void *buffer, size_t n, bool *packet);
void pipe_take_end(struct pipe *pipe, size_t n);
/* pipe_put_begin: room for so many bytes, n at most, is kept until pipe_put_end; or -L_EAGAIN,
 * -L_EPIPE (with SIGPIPE), -L_ENOMEM. pipe_put_end puts no more than that; n, or -L_ENOMEM, but
 * only of a packet. pipe_wait_room: until it is not -L_EAGAIN, or -L_ERESTARTSYS. */
int pipe_wait_room(struct pipe *pipe);
int64_t pipe_put_begin(struct pipe *pipe, size_t n);
int pipe_put_end(struct pipe *pipe, const void *data, size_t n, bool packet);
/* F_SETPIPE_SZ and F_GETPIPE_SZ; the size, -L_EBUSY, -L_EINVAL, -L_EPERM. */
int64_t pipe_set_size(struct pipe *pipe, uint64_t size, bool privileged);
int64_t pipe_get_size(struct pipe *pipe);

#endif
