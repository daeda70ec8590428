/* vmsplice(2): between the guest's memory and a pipe. Bytes are copied, as Linux does out of a pipe
 * and as it may do into one. O_NONBLOCK means nothing here, nor do packets. */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/calls/fs_calls.h"
#include "runtime/fs/calls/vectors.h"
#include "runtime/fs/pipe/pipe.h"

#define PIECE 65536u
#define PAGE  4096u

/* Bytes, or -L_EFAULT when the guest's memory has none. */
static int64_t put_piece(struct vector_cursor *c, struct pipe *pipe, uint8_t *buffer, size_t n)
{
    int64_t room = pipe_put_begin(pipe, n);
    if (room < 0)
        return room;
    size_t have = vectors_take(c, buffer, (size_t)room);
    pipe_put_end(pipe, buffer, have, false);
    return have ? (int64_t)have : -L_EFAULT;
}

/* A page of the pipe is taken as a whole or stays. */
static int64_t take_piece(struct vector_cursor *c, struct pipe *pipe, uint8_t *buffer, size_t n)
{
    bool packet;
    int64_t result = pipe_take_begin(pipe);
    if (result <= 0)
        return result;
    size_t got = pipe_take_peek(pipe, 0, buffer, n < PAGE ? n : PAGE, &packet);
    bool copied = vectors_fill(c, buffer, got) == got;
    pipe_take_end(pipe, copied ? got : 0);
    return copied ? (int64_t)got : -L_EFAULT;
}

/* Waits until something can be moved, and moves what can be then. */
static int64_t move(struct vector_cursor *c, struct pipe *pipe, bool write, bool block)
{
    uint64_t done = 0;
    uint8_t *buffer = sys_bounce(c->task, PIECE);
    if (!buffer)
        return -L_ENOMEM;
    while (done < c->total && !(done && signal_pending(c->task))) {
        size_t piece = c->total - done < PIECE ? (size_t)(c->total - done) : PIECE;
        int64_t moved =
            write ? put_piece(c, pipe, buffer, piece) : take_piece(c, pipe, buffer, piece);
        if (moved == -L_EAGAIN && !done && block) {
            int error = write ? pipe_wait_room(pipe) : pipe_wait_bytes(pipe);
            if (error)
                return error;
            continue;
        }
        if (moved <= 0)
            return done ? (int64_t)done : moved;
        done += (uint64_t)moved;
    }
    return (int64_t)done;
}

int64_t sys_vmsplice(struct task *t, uint64_t fd, uint64_t address, uint64_t count, uint64_t flags)
{
    if (flags & ~(uint64_t)L_SPLICE_F_ALL)
        return -L_EINVAL;
    struct file *file = sys_file(t, fd);
    struct vectors v;
    int64_t result = -L_EBADF;
    if (file && (file_writable(file) || file_readable(file)))
        result = vectors_get(t, address, count, &v);
    if (!result && v.total) {
        struct vector_cursor c = vectors_start(t, &v);
        struct pipe *pipe = pipe_of(file);
        result =
            pipe ? move(&c, pipe, file_writable(file), !(flags & L_SPLICE_F_NONBLOCK)) : -L_EBADF;
    }
    file_put(file);
    return result;
}
