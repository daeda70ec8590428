/* sendfile(2), copy_file_range(2), splice(2): from one file to another through a kernel buffer. */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/pipe.h"
#include "runtime/fs/sys.h"
#include "runtime/fs/syscalls.h"

#define PIECE 65536u

/* A position that lives in the guest: 0 address means the file's own. */
struct offset {
    uint64_t address, pos;
    uint64_t *use; /* NULL: the file's own */
};

static int get_offset(struct task *t, uint64_t address, struct file *file, struct offset *out)
{
    out->address = address;
    out->use = NULL;
    if (!address)
        return 0;
    if (file->kind & FILE_STREAM)
        return -L_ESPIPE;
    if (get_guest_u64(sys_space(t), address, &out->pos))
        return -L_EFAULT;
    if ((int64_t)out->pos < 0)
        return -L_EINVAL;
    out->use = &out->pos;
    return 0;
}

static int put_offset(struct task *t, const struct offset *offset)
{
    return offset->address ? put_guest_u64(sys_space(t), offset->address, offset->pos) : 0;
}

static void back(struct file *file, uint64_t *pos, uint64_t n)
{
    if (pos) {
        *pos -= n;
    } else {
        host_mutex_lock(&file->pos_lock);
        file->pos -= n;
        host_mutex_unlock(&file->pos_lock);
    }
}

/* The source has a position, so that what the target does not take can be given back. */
static int64_t move(struct task *t, struct file *in, uint64_t *inpos, struct file *out,
                    uint64_t *outpos, uint64_t n)
{
    uint64_t done = 0;
    uint8_t *buffer = sys_bounce(t, PIECE);
    if (!buffer)
        return -L_ENOMEM;
    while (done < n) {
        size_t piece = n - done < PIECE ? (size_t)(n - done) : PIECE;
        int64_t got = file_read(in, buffer, piece, inpos);
        if (got <= 0)
            return done ? (int64_t)done : got;
        int64_t put = file_write(out, buffer, (size_t)got, outpos);
        uint64_t taken = put > 0 ? (uint64_t)put : 0;
        if (taken < (uint64_t)got && !(in->kind & FILE_STREAM))
            back(in, inpos, (uint64_t)got - taken);
        done += taken;
        if (put < 0)
            return done ? (int64_t)done : put;
        if (taken < (uint64_t)got || ((in->kind & FILE_STREAM) && taken < piece))
            break;
    }
    return (int64_t)done;
}

int64_t sys_sendfile(struct task *t, uint64_t outfd, uint64_t infd, uint64_t address, uint64_t n)
{
    struct file *in = sys_file(t, infd), *out = sys_file(t, outfd);
    struct offset offset;
    int64_t result = -L_EBADF;
    if (n > SYS_COUNT_MAX)
        n = SYS_COUNT_MAX;
    if (in && out && file_readable(in) && file_writable(out)) {
        result = get_offset(t, address, in, &offset);
        if (!result && ((in->kind & FILE_STREAM) || (atomic_load(&out->flags) & L_O_APPEND)))
            result = -L_EINVAL;
        if (!result) {
            result = move(t, in, offset.use, out, NULL, n);
            if (result >= 0 && put_offset(t, &offset))
                result = -L_EFAULT;
        }
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
        uint64_t p = from->use ? from->pos : in->pos, q = to->use ? to->pos : out->pos;
        if (p < q + n && q < p + n)
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
            result = move(t, in, from.use, out, to.use, n);
        if (result >= 0 && (put_offset(t, &from) || put_offset(t, &to)))
            result = -L_EFAULT;
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
        if (!result)
            result = move(t, in, from.use, out, to.use, n < PIECE ? n : PIECE);
        if (result >= 0 && (put_offset(t, &from) || put_offset(t, &to)))
            result = -L_EFAULT;
    }
    file_put(in);
    file_put(out);
    return result;
}
