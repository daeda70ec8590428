/* read(2), write(2) and their kin. */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/calls/fs_calls.h"
#include "runtime/fs/calls/sys.h"
#include "runtime/fs/calls/vectors.h"
#include "runtime/fs/vfs/transfer.h"

/* Pieces of a long transfer to or from a file with a position. */
#define PIECE (1u << 17)

/* --- both sides --- */

static size_t piece_of(const struct file *file, uint64_t n)
{
    uint64_t most = file->kind & FILE_STREAM ? SYS_BOUNCE_MAX : PIECE;
    return n < most ? (size_t)n : (size_t)most;
}

/* Whether to go on after a piece, of which `moved` bytes were. */
static bool goes_on(const struct file *file, uint64_t done, uint64_t total, int64_t moved,
                    size_t piece)
{
    return moved == (int64_t)piece && done < total && !transfer_stops(file);
}

static int64_t read_pieces(struct transfer *t, struct vector_cursor *c)
{
    struct file *file = t->file;
    uint64_t done = 0;
    int64_t got;
    size_t piece;
    do {
        piece = piece_of(file, c->total - done);
        uint8_t *buffer = sys_bounce(c->task, piece);
        if (!buffer)
            return done ? (int64_t)done : -L_ENOMEM;
        got = file->ops->look ? file->ops->look(file, buffer, piece)
                              : transfer_read(t, buffer, piece);
        if (got <= 0)
            return done ? (int64_t)done : got;
        size_t copied = vectors_fill(c, buffer, (size_t)got);
        if (file->ops->look)
            return file->ops->looked(file, (size_t)got, copied);
        done += copied;
        if (copied < (size_t)got) {
            *t->pos -= (uint64_t)got - copied;
            return done ? (int64_t)done : -L_EFAULT;
        }
    } while (!(file->kind & FILE_STREAM) && goes_on(file, done, c->total, got, piece));
    return (int64_t)done;
}

static int64_t write_pieces(struct transfer *t, struct vector_cursor *c)
{
    struct file *file = t->file;
    bool whole = file->kind & FILE_WHOLE_WRITE;
    uint64_t done = 0, total = transfer_limit(t, c->total);
    int64_t put;
    size_t piece;
    if (file->ops->kind_flags & FILE_OPS_SINK)
        return (int64_t)total;
    if (whole && total > SYS_BOUNCE_MAX)
        return -L_EMSGSIZE;
    do {
        piece = piece_of(file, total - done);
        uint8_t *buffer = sys_bounce(c->task, piece);
        if (!buffer)
            return done ? (int64_t)done : -L_ENOMEM;
        size_t have = vectors_take(c, buffer, piece);
        if (have < piece && (have == 0 || whole))
            return done ? (int64_t)done : -L_EFAULT;
        put = transfer_write(t, buffer, have);
        if (put < 0)
            return done ? (int64_t)done : put;
        done += (uint64_t)put;
    } while (goes_on(file, done, total, put, piece));
    return (int64_t)done;
}

/* pos NULL: the description's own position. */
static int64_t transfer(struct vector_cursor *c, struct file *file, uint64_t *pos, uint32_t flags)
{
    struct transfer t;
    int error = transfer_begin(&t, file, pos, flags);
    if (error)
        return error;
    int64_t result = flags & TRANSFER_WRITE ? write_pieces(&t, c) : read_pieces(&t, c);
    return transfer_end(&t, result);
}

static int64_t transfer_one(struct task *t, struct file *file, uint64_t address, uint64_t n,
                            uint64_t *pos, uint32_t flags)
{
    if ((int64_t)n < 0)
        return -L_EFAULT;
    struct l_iovec only = {address, n < SYS_COUNT_MAX ? n : SYS_COUNT_MAX};
    struct vector_cursor c = {.task = t, .at = &only, .left = 1, .total = only.iov_len};
    return transfer(&c, file, pos, flags);
}

int64_t sys_read(struct task *t, uint64_t fd, uint64_t address, uint64_t n)
{
    struct file *file = sys_file(t, fd);
    if (!file)
        return -L_EBADF;
    int64_t result = transfer_one(t, file, address, n, NULL, 0);
    file_put(file);
    return result;
}

int64_t sys_write(struct task *t, uint64_t fd, uint64_t address, uint64_t n)
{
    struct file *file = sys_file(t, fd);
    if (!file)
        return -L_EBADF;
    int64_t result = transfer_one(t, file, address, n, NULL, TRANSFER_WRITE);
    file_put(file);
    return result;
}

/* A file for pread and pwrite, or the errno in *error. */
static struct file *positioned(struct task *t, uint64_t fd, uint64_t pos, int *error)
{
    if ((int64_t)pos < 0) {
        *error = -L_EINVAL;
        return NULL;
    }
    struct file *file = sys_file(t, fd);
    *error = file ? 0 : -L_EBADF;
    if (file && (file->kind & FILE_STREAM)) {
        file_put(file);
        *error = -L_ESPIPE;
        return NULL;
    }
    return file;
}

int64_t sys_pread64(struct task *t, uint64_t fd, uint64_t address, uint64_t n, uint64_t pos)
{
    int error;
    struct file *file = positioned(t, fd, pos, &error);
    if (!file)
        return error;
    int64_t result = transfer_one(t, file, address, n, &pos, 0);
    file_put(file);
    return result;
}

int64_t sys_pwrite64(struct task *t, uint64_t fd, uint64_t address, uint64_t n, uint64_t pos)
{
    int error;
    struct file *file = positioned(t, fd, pos, &error);
    if (!file)
        return error;
    int64_t result = transfer_one(t, file, address, n, &pos, TRANSFER_WRITE);
    file_put(file);
    return result;
}

/* --- vectors --- */

static int64_t transfer_vectors(struct task *t, struct file *file, const struct vectors *v,
                                uint64_t *pos, uint32_t flags)
{
    struct vector_cursor c = vectors_start(t, v);
    if (v->total)
        return transfer(&c, file, pos, flags);
    bool allowed = flags & TRANSFER_WRITE ? file_writable(file) : file_readable(file);
    return allowed ? 0 : -L_EBADF;
}

static int64_t vector_call(struct task *t, uint64_t fd, uint64_t address, uint64_t count,
                           bool use_pos, uint64_t pos, uint32_t flags)
{
    int error = -L_EBADF;
    struct file *file = use_pos ? positioned(t, fd, pos, &error) : sys_file(t, fd);
    if (!file)
        return error;
    struct vectors v;
    int64_t result = vectors_get(t, address, count, &v);
    if (result == 0)
        result = transfer_vectors(t, file, &v, use_pos ? &pos : NULL, flags);
    file_put(file);
    return result;
}

int64_t sys_readv(struct task *t, uint64_t fd, uint64_t address, uint64_t count)
{
    return vector_call(t, fd, address, count, false, 0, 0);
}

int64_t sys_writev(struct task *t, uint64_t fd, uint64_t address, uint64_t count)
{
    return vector_call(t, fd, address, count, false, 0, TRANSFER_WRITE);
}

int64_t sys_preadv(struct task *t, uint64_t fd, uint64_t address, uint64_t count, uint64_t pos)
{
    return vector_call(t, fd, address, count, true, pos, 0);
}

int64_t sys_pwritev(struct task *t, uint64_t fd, uint64_t address, uint64_t count, uint64_t pos)
{
    return vector_call(t, fd, address, count, true, pos, TRANSFER_WRITE);
}

/* What RWF_* flags ask for; -L_EOPNOTSUPP. RWF_HIPRI is a hint. */
static int flags_of(uint64_t flags)
{
    const uint64_t known = L_RWF_HIPRI | L_RWF_DSYNC | L_RWF_SYNC | L_RWF_APPEND;
    if (flags & ~known)
        return -L_EOPNOTSUPP;
    return (flags & L_RWF_DSYNC ? TRANSFER_DSYNC : 0) | (flags & L_RWF_SYNC ? TRANSFER_SYNC : 0) |
           (flags & L_RWF_APPEND ? TRANSFER_APPEND : 0);
}

int64_t sys_preadv2(struct task *t, uint64_t fd, uint64_t address, uint64_t count, uint64_t pos,
                    uint64_t high, uint64_t flags)
{
    (void)high;
    int how = flags_of(flags);
    if (how < 0)
        return how;
    return vector_call(t, fd, address, count, pos != UINT64_MAX, pos, 0);
}

int64_t sys_pwritev2(struct task *t, uint64_t fd, uint64_t address, uint64_t count, uint64_t pos,
                     uint64_t high, uint64_t flags)
{
    (void)high;
    int how = flags_of(flags);
    if (how < 0)
        return how;
    return vector_call(t, fd, address, count, pos != UINT64_MAX, pos,
                       (uint32_t)how | TRANSFER_WRITE);
}

int64_t sys_lseek(struct task *t, uint64_t fd, uint64_t offset, uint64_t whence)
{
    struct file *file = sys_file(t, fd);
    if (!file)
        return -L_EBADF;
    int64_t result =
        (uint32_t)whence > L_SEEK_HOLE ? -L_EINVAL : file_seek(file, (int64_t)offset, (int)whence);
    file_put(file);
    return result;
}
