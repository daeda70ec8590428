/* sendfile(2), copy_file_range(2), splice(2), tee(2): from one file to another through a kernel
 * buffer. */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/calls/fs_calls.h"
#include "runtime/fs/calls/sys.h"
#include "runtime/fs/pipe/pipe.h"
#include "runtime/fs/vfs/transfer.h"
#include <string.h>

#define PIECE 65536u

/* Where one side is: in the guest's memory, in the description, or nowhere (a stream). As on Linux
 * the description's own position is read before and set after, not held in between. */
struct offset {
    struct file *file;
    uint64_t address; /* 0: the file's own */
    uint64_t pos;
    uint64_t *use; /* NULL for streams */
};

static int get_offset(struct task *t, uint64_t address, struct file *file, struct offset *out)
{
    *out = (struct offset){.file = file, .address = address};
    if (file->kind & FILE_STREAM)
        return address ? -L_ESPIPE : 0;
    out->use = &out->pos;
    if (!address) {
        int64_t own = file_seek(file, 0, L_SEEK_CUR);
        out->pos = own > 0 ? (uint64_t)own : 0;
        return own < 0 ? (int)own : 0;
    }
    if (get_guest_u64(sys_space(t), address, &out->pos))
        return -L_EFAULT;
    return (int64_t)out->pos < 0 ? -L_EINVAL : 0;
}

static int put_offset(struct task *t, const struct offset *offset)
{
    if (offset->address)
        return put_guest_u64(sys_space(t), offset->address, offset->pos);
    if (offset->use)
        file_seek(offset->file, (int64_t)offset->pos, L_SEEK_SET);
    return 0;
}

static bool is_zero(const uint8_t *bytes, size_t n)
{
    return n == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, n - 1) == 0);
}

/* Bytes from `from` on that are a hole, at most n; 0 when that is not known. */
static uint64_t hole_at(struct offset *from, uint64_t n)
{
    struct inode *inode = from->file->inode;
    if (!(from->file->ops->kind_flags & FILE_OPS_PAGED))
        return 0;
    int64_t data = pagecache_seek(inode, from->pos, false);
    uint64_t size = inode->size, end = data < 0 ? size : (uint64_t)data;
    if ((data < 0 && data != -L_ENXIO) || end <= from->pos)
        return 0;
    return end - from->pos < n ? end - from->pos : n;
}

/* Make n bytes at `to` read as zeros without writing them. */
static bool make_hole(struct offset *to, uint64_t n)
{
    struct file *file = to->file;
    int64_t allowed = file_write_limit(task_current(), to->pos, n);
    if (allowed != (int64_t)n || !file->ops->fallocate || turn_take(&file->inode->data))
        return false;
    int error =
        file->ops->fallocate(file, L_FALLOC_FL_PUNCH_HOLE | L_FALLOC_FL_KEEP_SIZE, to->pos, n);
    turn_give(&file->inode->data);
    if (!error && to->pos + n > file->inode->size)
        error = file_truncate(file, to->pos + n);
    return !error;
}

/* At a piece of zeros: goes over the hole that is there, if one is. The bytes. */
static uint64_t skip_hole(struct offset *from, struct offset *to, uint64_t n)
{
    uint64_t hole = hole_at(from, n);
    if (!hole || !make_hole(to, hole))
        return 0;
    from->pos += hole;
    to->pos += hole;
    return hole;
}

/* What the target does not take of a source with a position is given back. */
static int64_t move_bytes(struct task *t, struct offset *from, struct offset *to, uint64_t n,
                          bool holes)
{
    uint64_t done = 0;
    uint8_t *buffer = sys_bounce(t, PIECE);
    if (!buffer)
        return -L_ENOMEM;
    while (done < n) {
        if (done && (transfer_stops(from->file) || transfer_stops(to->file)))
            break;
        size_t piece = n - done < PIECE ? (size_t)(n - done) : PIECE;
        uint64_t start = from->pos;
        int64_t got = file_read(from->file, buffer, piece, from->use);
        if (got <= 0)
            return done ? (int64_t)done : got;
        if (holes && is_zero(buffer, (size_t)got)) {
            from->pos = start;
            uint64_t skipped = skip_hole(from, to, n - done);
            done += skipped;
            if (skipped)
                continue;
            from->pos = start + (uint64_t)got;
        }
        int64_t put = file_write(to->file, buffer, (size_t)got, to->use);
        uint64_t taken = put > 0 ? (uint64_t)put : 0;
        if (from->use)
            from->pos -= (uint64_t)got - taken;
        done += taken;
        if (put < 0)
            return done ? (int64_t)done : put;
        if (taken < (uint64_t)got || (!from->use && taken < piece))
            break;
    }
    return (int64_t)done;
}

static int64_t put_offsets(struct task *t, const struct offset *from, const struct offset *to,
                           int64_t result)
{
    return result >= 0 && (put_offset(t, from) || put_offset(t, to)) ? -L_EFAULT : result;
}

/* --- pipes --- */

static int take_begin(struct pipe *pipe, bool block)
{
    for (;;) {
        int result = pipe_take_begin(pipe);
        if (result != -L_EAGAIN || !block)
            return result;
        int error = pipe_wait_bytes(pipe);
        if (error)
            return error;
    }
}

static int64_t put_begin(struct pipe *pipe, size_t n, bool block)
{
    for (;;) {
        int64_t result = pipe_put_begin(pipe, n);
        if (result != -L_EAGAIN || !block)
            return result;
        int error = pipe_wait_room(pipe);
        if (error)
            return error;
    }
}

static int64_t piece_from_pipe(struct task *t, struct pipe *pipe, struct offset *to, size_t n,
                               bool block)
{
    bool packet;
    uint8_t *buffer = sys_bounce(t, n);
    int64_t result = buffer ? take_begin(pipe, block) : -L_ENOMEM;
    if (result <= 0)
        return result;
    size_t got = pipe_take_peek(pipe, 0, buffer, n, &packet);
    result = file_write(to->file, buffer, got, to->use);
    pipe_take_end(pipe, result > 0 ? (size_t)result : 0);
    return result;
}

/* What there is. */
static int64_t from_pipe(struct task *t, struct pipe *pipe, struct offset *to, uint64_t n,
                         bool block)
{
    uint64_t done = 0;
    while (done < n && !(done && signal_pending(t))) {
        size_t piece = n - done < PIECE ? (size_t)(n - done) : PIECE;
        int64_t put = piece_from_pipe(t, pipe, to, piece, block && !done);
        if (put <= 0)
            return done ? (int64_t)done : put;
        done += (uint64_t)put;
    }
    return (int64_t)done;
}

/* now: as a socket gives with MSG_DONTWAIT. */
static int64_t piece_to_pipe(struct task *t, struct offset *from, struct pipe *pipe, size_t n,
                             bool now, bool block)
{
    struct file *file = from->file;
    uint8_t *buffer = sys_bounce(t, n);
    int64_t room = buffer ? put_begin(pipe, n, block) : -L_ENOMEM;
    if (room < 0)
        return room;
    int64_t got = now && file->ops->read_now ? file->ops->read_now(file, buffer, (size_t)room)
                                             : file_read(file, buffer, (size_t)room, from->use);
    pipe_put_end(pipe, buffer, got > 0 ? (size_t)got : 0, false);
    return got;
}

/* What fits; of a stream one piece, as the next might have to be waited for. */
static int64_t to_pipe(struct task *t, struct offset *from, struct pipe *pipe, uint64_t n, bool now,
                       bool block)
{
    uint64_t done = 0;
    do {
        if (done && signal_pending(t))
            break;
        size_t piece = n - done < PIECE ? (size_t)(n - done) : PIECE;
        int64_t put = piece_to_pipe(t, from, pipe, piece, now, block && !done);
        if (put <= 0)
            return done ? (int64_t)done : put;
        done += (uint64_t)put;
    } while (from->use && done < n);
    return (int64_t)done;
}

/* -L_EAGAIN when one of them is not ready. */
static int64_t pass_now(struct task *t, struct pipe *from, struct pipe *to, uint64_t n, bool keep)
{
    uint64_t done = 0;
    uint8_t *buffer = sys_bounce(t, PIECE);
    int64_t result = buffer ? pipe_take_begin(from) : -L_ENOMEM;
    if (result <= 0)
        return result;
    while (done < n) {
        bool packet;
        result = pipe_put_begin(to, n - done < PIECE ? (size_t)(n - done) : PIECE);
        if (result < 0)
            break;
        size_t got = pipe_take_peek(from, (size_t)done, buffer, (size_t)result, &packet);
        result = pipe_put_end(to, buffer, got, packet);
        if (result <= 0)
            break;
        done += got;
    }
    pipe_take_end(from, keep ? 0 : (size_t)done);
    return done ? (int64_t)done : result;
}

/* From pipe to pipe; keep: it stays in the first as well. Neither is held while the other is waited
 * for. */
static int64_t pass(struct task *t, struct pipe *from, struct pipe *to, uint64_t n, bool keep,
                    bool block)
{
    for (;;) {
        int64_t result = pass_now(t, from, to, n, keep);
        if (result != -L_EAGAIN || !block)
            return result;
        int error = pipe_wait_bytes(from);
        if (!error)
            error = pipe_wait_room(to);
        if (error)
            return error;
    }
}

static bool may_block(struct file *pipe)
{
    return !(atomic_load(&pipe->flags) & L_O_NONBLOCK);
}

int64_t sys_sendfile(struct task *t, uint64_t outfd, uint64_t infd, uint64_t address, uint64_t n)
{
    struct file *in = sys_file(t, infd), *out = sys_file(t, outfd);
    struct offset from, to;
    int64_t result = -L_EBADF;
    if (n > SYS_COUNT_MAX)
        n = SYS_COUNT_MAX;
    if (in && out && file_readable(in) && file_writable(out)) {
        result = get_offset(t, address, in, &from);
        if (!result && ((in->kind & FILE_STREAM) || (atomic_load(&out->flags) & L_O_APPEND)))
            result = -L_EINVAL;
        if (!result)
            result = get_offset(t, 0, out, &to);
        if (!result)
            result = put_offsets(t, &from, &to,
                                 n && pipe_of(out)
                                     ? to_pipe(t, &from, pipe_of(out), n, false, may_block(out))
                                     : move_bytes(t, &from, &to, n, false));
    }
    file_put(in);
    file_put(out);
    return result;
}

static int check_copy(struct file *in, struct file *out, const struct offset *from,
                      const struct offset *to, uint64_t n)
{
    uint32_t a = in->inode->mode & L_S_IFMT, b = out->inode->mode & L_S_IFMT;
    if (a == L_S_IFDIR || b == L_S_IFDIR)
        return -L_EISDIR;
    if (a != L_S_IFREG || b != L_S_IFREG)
        return -L_EINVAL;
    if (atomic_load(&out->flags) & L_O_APPEND)
        return -L_EBADF;
    if (in->inode == out->inode) {
        if (from->pos < to->pos + n && to->pos < from->pos + n)
            return -L_EINVAL;
    }
    return 0;
}

int64_t sys_copy_file_range(struct task *t, uint64_t infd, uint64_t inaddress, uint64_t outfd,
                            uint64_t outaddress, uint64_t n, uint64_t flags)
{
    struct file *in = sys_file(t, infd), *out = sys_file(t, outfd);
    struct offset from, to;
    int64_t result = -L_EBADF;
    if (n > SYS_COUNT_MAX)
        n = SYS_COUNT_MAX;
    if (in && out && file_readable(in) && file_writable(out)) {
        result = flags ? -L_EINVAL : get_offset(t, inaddress, in, &from);
        if (!result)
            result = get_offset(t, outaddress, out, &to);
        if (!result)
            result = check_copy(in, out, &from, &to, n);
        if (!result)
            result = put_offsets(t, &from, &to, move_bytes(t, &from, &to, n, true));
    }
    file_put(in);
    file_put(out);
    return result;
}

/* Sockets and the like have no offset, other than pipes with another errno. */
static int get_splice_offset(struct task *t, uint64_t address, struct file *file,
                             struct offset *out)
{
    if (address && (file->kind & FILE_STREAM) && !pipe_of(file))
        return -L_EINVAL;
    return get_offset(t, address, file, out);
}

static int64_t splice(struct task *t, struct offset *from, struct offset *to, uint64_t n,
                      uint64_t flags)
{
    struct pipe *a = pipe_of(from->file), *b = pipe_of(to->file);
    bool now = flags & L_SPLICE_F_NONBLOCK;
    bool in_blocks = !now && may_block(from->file), out_blocks = !now && may_block(to->file);
    if (a && b)
        return pass(t, a, b, n, false, in_blocks && out_blocks);
    if (a)
        return from_pipe(t, a, to, n, in_blocks);
    return to_pipe(t, from, b, n, !out_blocks, out_blocks);
}

int64_t sys_splice(struct task *t, uint64_t infd, uint64_t inaddress, uint64_t outfd,
                   uint64_t outaddress, uint64_t n, uint64_t flags)
{
    if (!n)
        return 0;
    if (flags & ~(uint64_t)L_SPLICE_F_ALL)
        return -L_EINVAL;
    struct file *in = sys_file(t, infd), *out = sys_file(t, outfd);
    struct offset from, to;
    int64_t result = -L_EBADF;
    if (n > SYS_COUNT_MAX)
        n = SYS_COUNT_MAX;
    if (in && out && file_readable(in) && file_writable(out)) {
        struct pipe *a = pipe_of(in), *b = pipe_of(out);
        result = (!a && !b) || a == b ? -L_EINVAL : get_splice_offset(t, inaddress, in, &from);
        if (!result)
            result = get_splice_offset(t, outaddress, out, &to);
        if (!result && !b && (atomic_load(&out->flags) & L_O_APPEND))
            result = -L_EINVAL;
        if (!result)
            result = put_offsets(t, &from, &to, splice(t, &from, &to, n, flags));
    }
    file_put(in);
    file_put(out);
    return result;
}

int64_t sys_tee(struct task *t, uint64_t infd, uint64_t outfd, uint64_t n, uint64_t flags)
{
    if (flags & ~(uint64_t)L_SPLICE_F_ALL)
        return -L_EINVAL;
    if (!n)
        return 0;
    struct file *in = sys_file(t, infd), *out = sys_file(t, outfd);
    int64_t result = -L_EBADF;
    if (in && out && file_readable(in) && file_writable(out)) {
        struct pipe *a = pipe_of(in), *b = pipe_of(out);
        bool block = !(flags & L_SPLICE_F_NONBLOCK) && may_block(in) && may_block(out);
        result = !a || !b || a == b ? -L_EINVAL : pass(t, a, b, n, true, block);
    }
    file_put(in);
    file_put(out);
    return result;
}
