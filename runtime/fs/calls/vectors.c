/* The vectors of readv(2) and its kin, from guests into the kernel. */
#include "runtime/fs/calls/vectors.h"

#include "runtime/abi/errno.h"

int vectors_get(struct task *t, uint64_t address, uint64_t count, struct vectors *v)
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

struct vector_cursor vectors_start(struct task *t, const struct vectors *v)
{
    return (struct vector_cursor){.task = t, .at = v->at, .left = v->count, .total = v->total};
}

/* What lies in the first vector, at most n; past the empty ones. */
static size_t piece_here(struct vector_cursor *c, size_t n)
{
    while (c->left && c->offset == c->at->iov_len) {
        c->at++;
        c->left--;
        c->offset = 0;
    }
    uint64_t here = c->left ? c->at->iov_len - c->offset : 0;
    return here < n ? (size_t)here : n;
}

size_t vectors_take(struct vector_cursor *c, uint8_t *buffer, size_t n)
{
    size_t done = 0, piece, moved;
    while ((piece = piece_here(c, n - done)) > 0) {
        moved = copy_from_guest_partial(sys_space(c->task), buffer + done,
                                        c->at->iov_base + c->offset, piece);
        done += moved;
        c->offset += moved;
        if (moved < piece)
            break;
    }
    return done;
}

size_t vectors_fill(struct vector_cursor *c, const uint8_t *buffer, size_t n)
{
    size_t done = 0, piece, moved;
    while ((piece = piece_here(c, n - done)) > 0) {
        moved = copy_to_guest_partial(sys_space(c->task), c->at->iov_base + c->offset,
                                      buffer + done, piece);
        done += moved;
        c->offset += moved;
        if (moved < piece)
            break;
    }
    return done;
}
