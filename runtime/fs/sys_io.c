/* read(2), write(2) and their kin. */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/sys.h"
#include "runtime/fs/syscalls.h"
#include <string.h>

/* Pieces of a long transfer to or from a file with a position. */
#define PIECE (1u << 17)

static size_t piece_of(const struct file *file, uint64_t n)
{
    uint64_t most = file->kind & FILE_STREAM ? SYS_BOUNCE_MAX : PIECE;
    return n < most ? (size_t)n : (size_t)most;
}

/* A position of its own goes back by what the guest did not get. */
static void give_back(struct file *file, uint64_t *pos, uint64_t n)
{
    if (pos) {
        *pos -= n;
    } else if (!(file->kind & FILE_STREAM)) {
        host_mutex_lock(&file->pos_lock);
        file->pos -= n;
        host_mutex_unlock(&file->pos_lock);
    }
}

static int64_t read_to_guest(struct task *t, struct file *file, uint64_t address, uint64_t n,
                             uint64_t *pos)
{
    uint64_t done = 0;
    if (n > SYS_COUNT_MAX)
        n = SYS_COUNT_MAX;
    do {
        size_t piece = piece_of(file, n - done);
        uint8_t *buffer = sys_bounce(t, piece);
        if (!buffer)
            return done ? (int64_t)done : -L_ENOMEM;
        int64_t got = file_read(file, buffer, piece, pos);
        if (got <= 0)
            return done ? (int64_t)done : got;
        size_t copied = copy_to_guest_partial(sys_space(t), address + done, buffer, (size_t)got);
        done += copied;
        if (copied < (size_t)got) {
            give_back(file, pos, (uint64_t)got - copied);
            return done ? (int64_t)done : -L_EFAULT;
        }
        if ((size_t)got < piece || (file->kind & FILE_STREAM))
            break;
    } while (done < n);
    return (int64_t)done;
}

static int64_t write_from_guest(struct task *t, struct file *file, uint64_t address, uint64_t n,
                                uint64_t *pos)
{
    uint64_t done = 0;
    if (n > SYS_COUNT_MAX)
        n = SYS_COUNT_MAX;
    if (!file_writable(file))
        return -L_EBADF;
    do {
        size_t piece = piece_of(file, n - done);
        uint8_t *buffer = sys_bounce(t, piece);
        if (!buffer)
            return done ? (int64_t)done : -L_ENOMEM;
        size_t have = copy_from_guest_partial(sys_space(t), buffer, address + done, piece);
        if (have == 0 && piece)
            return done ? (int64_t)done : -L_EFAULT;
        if (have < piece && (file->kind & FILE_WHOLE_WRITE))
            return -L_EFAULT;
        int64_t put = file_write(file, buffer, have, pos);
        if (put < 0)
            return done ? (int64_t)done : put;
        done += (uint64_t)put;
        if ((size_t)put < piece)
            break;
    } while (done < n);
    return (int64_t)done;
}

int64_t sys_read(struct task *t, uint64_t fd, uint64_t address, uint64_t n)
{
    struct file *file = sys_file(t, fd);
    if (!file)
        return -L_EBADF;
    int64_t result = (int64_t)n < 0 ? -L_EFAULT : read_to_guest(t, file, address, n, NULL);
    file_put(file);
    return result;
}

int64_t sys_write(struct task *t, uint64_t fd, uint64_t address, uint64_t n)
{
    struct file *file = sys_file(t, fd);
    if (!file)
        return -L_EBADF;
    int64_t result = (int64_t)n < 0 ? -L_EFAULT : write_from_guest(t, file, address, n, NULL);
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
    int64_t result = (int64_t)n < 0 ? -L_EFAULT : read_to_guest(t, file, address, n, &pos);
    file_put(file);
    return result;
}

int64_t sys_pwrite64(struct task *t, uint64_t fd, uint64_t address, uint64_t n, uint64_t pos)
{
    int error;
    struct file *file = positioned(t, fd, pos, &error);
    if (!file)
        return error;
    int64_t result = (int64_t)n < 0 ? -L_EFAULT : write_from_guest(t, file, address, n, &pos);
    file_put(file);
    return result;
}

/* --- vectors --- */

struct vectors {
    struct l_iovec at[L_IOV_MAX];
    uint32_t count;
    uint64_t total;
};

static int get_vectors(struct task *t, uint64_t address, uint64_t count, struct vectors *v)
{
    if (count > L_IOV_MAX)
        return -L_EINVAL;
    v->count = (uint32_t)count;
    v->total = 0;
    int error = copy_from_guest(sys_space(t), v->at, address, count * sizeof(v->at[0]));
    if (error)
        return error;
    for (uint32_t i = 0; i < count; i++) {
        if ((int64_t)v->at[i].iov_len < 0)
            return -L_EINVAL;
        if (v->at[i].iov_len > SYS_COUNT_MAX - v->total)
            v->at[i].iov_len = SYS_COUNT_MAX - v->total;
        v->total += v->at[i].iov_len;
    }
    return 0;
}

/* Move through one buffer, so that a vector is one operation on the file. */
static int64_t read_vectors(struct task *t, struct file *file, struct vectors *v, uint64_t *pos)
{
    size_t n = v->total < SYS_BOUNCE_MAX ? (size_t)v->total : SYS_BOUNCE_MAX;
    uint8_t *buffer = sys_bounce(t, n);
    if (!buffer)
        return -L_ENOMEM;
    int64_t got = file_read(file, buffer, n, pos);
    size_t done = 0;
    for (uint32_t i = 0; got > 0 && i < v->count && done < (size_t)got; i++) {
        size_t piece = v->at[i].iov_len;
        if (piece > (size_t)got - done)
            piece = (size_t)got - done;
        size_t copied =
            copy_to_guest_partial(sys_space(t), v->at[i].iov_base, buffer + done, piece);
        done += copied;
        if (copied < piece) {
            give_back(file, pos, (uint64_t)got - done);
            return done ? (int64_t)done : -L_EFAULT;
        }
    }
    return got;
}

static int64_t write_vectors(struct task *t, struct file *file, struct vectors *v, uint64_t *pos)
{
    size_t n = v->total < SYS_BOUNCE_MAX ? (size_t)v->total : SYS_BOUNCE_MAX, have = 0;
    uint8_t *buffer = sys_bounce(t, n);
    if (!buffer)
        return -L_ENOMEM;
    if (!file_writable(file))
        return -L_EBADF;
    for (uint32_t i = 0; i < v->count && have < n; i++) {
        size_t piece = v->at[i].iov_len < n - have ? (size_t)v->at[i].iov_len : n - have;
        size_t copied =
            copy_from_guest_partial(sys_space(t), buffer + have, v->at[i].iov_base, piece);
        have += copied;
        if (copied < piece) {
            if (have == 0 || (file->kind & FILE_WHOLE_WRITE))
                return -L_EFAULT;
            break;
        }
    }
    return file_write(file, buffer, have, pos);
}

typedef int64_t move_fn(struct task *t, struct file *file, struct vectors *v, uint64_t *pos);

static int64_t vector_call(struct task *t, uint64_t fd, uint64_t address, uint64_t count,
                           bool use_pos, uint64_t pos, move_fn *move)
{
    int error = -L_EBADF;
    struct file *file = use_pos ? positioned(t, fd, pos, &error) : sys_file(t, fd);
    if (!file)
        return error;
    struct vectors v;
    int64_t result = get_vectors(t, address, count, &v);
    if (result == 0)
        result = move(t, file, &v, use_pos ? &pos : NULL);
    file_put(file);
    return result;
}

int64_t sys_readv(struct task *t, uint64_t fd, uint64_t address, uint64_t count)
{
    return vector_call(t, fd, address, count, false, 0, read_vectors);
}

int64_t sys_writev(struct task *t, uint64_t fd, uint64_t address, uint64_t count)
{
    return vector_call(t, fd, address, count, false, 0, write_vectors);
}

int64_t sys_preadv(struct task *t, uint64_t fd, uint64_t address, uint64_t count, uint64_t pos)
{
    return vector_call(t, fd, address, count, true, pos, read_vectors);
}

int64_t sys_pwritev(struct task *t, uint64_t fd, uint64_t address, uint64_t count, uint64_t pos)
{
    return vector_call(t, fd, address, count, true, pos, write_vectors);
}

/* RWF_HIPRI is a hint; the others would change what happens. */
static bool plain_flags(uint64_t flags)
{
    return (flags & ~(uint64_t)1) == 0;
}

int64_t sys_preadv2(struct task *t, uint64_t fd, uint64_t address, uint64_t count, uint64_t pos,
                    uint64_t high, uint64_t flags)
{
    (void)high;
    if (!plain_flags(flags))
        return -L_EOPNOTSUPP;
    return vector_call(t, fd, address, count, pos != UINT64_MAX, pos, read_vectors);
}

int64_t sys_pwritev2(struct task *t, uint64_t fd, uint64_t address, uint64_t count, uint64_t pos,
                     uint64_t high, uint64_t flags)
{
    (void)high;
    if (!plain_flags(flags))
        return -L_EOPNOTSUPP;
    return vector_call(t, fd, address, count, pos != UINT64_MAX, pos, write_vectors);
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
