/* sendfile(2), copy_file_range(2), splice(2): from one file to another through a kernel buffer. */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/pipe.h"
#include "runtime/fs/sys.h"
#include "runtime/fs/syscalls.h"
#include "runtime/fs/transfer.h"
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
static int64_t move(struct task *t, struct offset *from, struct offset *to, uint64_t n, bool holes)
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
            result = put_offsets(t, &from, &to, move(t, &from, &to, n, false));
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
            result = put_offsets(t, &from, &to, move(t, &from, &to, n, true));
    }
    file_put(in);
    file_put(out);
    return result;
}

#define SPLICE_F_ALL 15u

int64_t sys_splice(struct task *t, uint64_t infd, uint64_t inaddress, uint64_t outfd,
                   uint64_t outaddress, uint64_t n, uint64_t flags)
{
    struct file *in = sys_file(t, infd), *out = sys_file(t, outfd);
    struct offset from, to;
    int64_t result = -L_EBADF;
    if (n > SYS_COUNT_MAX)
        n = SYS_COUNT_MAX;
    if (flags & ~(uint64_t)SPLICE_F_ALL) {
        result = -L_EINVAL;
    } else if (in && out && file_readable(in) && file_writable(out)) {
        struct pipe *a = pipe_of(in), *b = pipe_of(out);
        result = (!a && !b) || a == b ? -L_EINVAL : get_offset(t, inaddress, in, &from);
        if (!result)
            result = get_offset(t, outaddress, out, &to);
        if (!result && !b && (atomic_load(&out->flags) & L_O_APPEND))
            result = -L_EINVAL;
        if (!result)
            result = put_offsets(t, &from, &to, move(t, &from, &to, n < PIECE ? n : PIECE, false));
    }
    file_put(in);
    file_put(out);
    return result;
}
