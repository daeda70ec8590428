/* process_vm_readv(2), process_vm_writev(2). */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/stat.h"
#include "runtime/kernel/kernel_calls.h"
#include "runtime/memory/access.h"
#include "runtime/memory/space.h"
#include "runtime/task/process.h"

/* A row of pieces in one address space, taken from the front. */
struct row {
    struct space *space; /* where the vector itself lies */
    uint64_t vector, left;
    struct l_iovec now;
};

/* Makes `now` non-empty; 0 at the end, 1, or a negative errno. */
static int next_piece(struct row *r)
{
    while (!r->now.iov_len) {
        if (!r->left)
            return 0;
        if (copy_from_guest(r->space, &r->now, r->vector, sizeof(r->now)))
            return -L_EFAULT;
        if ((int64_t)r->now.iov_len < 0)
            return -L_EINVAL;
        r->vector += sizeof(r->now);
        r->left--;
    }
    return 1;
}

static void advance(struct row *r, uint64_t n)
{
    r->now.iov_base += n;
    r->now.iov_len -= n;
}

static int64_t transfer(struct space *from, struct row *source, struct space *to,
                        struct row *target)
{
    uint8_t chunk[4096];
    int64_t done = 0;
    for (;;) {
        int a = next_piece(source), b = next_piece(target);
        if (a <= 0 || b <= 0)
            return done ? done : a < 0 ? a : b < 0 ? b : 0;
        if (signal_fatal_pending(task_current()))
            return done ? done : -L_EINTR;
        uint64_t n =
            source->now.iov_len < target->now.iov_len ? source->now.iov_len : target->now.iov_len;
        n = n < sizeof(chunk) ? n : sizeof(chunk);
        size_t got = copy_from_guest_partial(from, chunk, source->now.iov_base, n);
        size_t put = got ? copy_to_guest_partial(to, target->now.iov_base, chunk, got) : 0;
        done += (int64_t)put;
        if (put < n)
            return done ? done : -L_EFAULT;
        advance(source, put);
        advance(target, put);
    }
}

static int64_t vm_call(struct task *t, uint64_t pid, struct row *local, struct row *remote,
                       uint64_t flags, bool write)
{
    if (flags || local->left > L_IOV_MAX || remote->left > L_IOV_MAX)
        return -L_EINVAL;
    /* Who asks for nothing is not asked who it is. */
    int some = next_piece(local);
    if (some > 0)
        some = next_piece(remote);
    if (some <= 0)
        return some;
    struct process *p = process_find((int32_t)pid);
    if (!p)
        return -L_ESRCH;
    struct space *other = process_space(p), *own = t->process->space;
    int64_t result = -L_ESRCH;
    if (!process_may_inspect(t, p, false))
        result = -L_EPERM;
    else if (other)
        result = write ? transfer(own, local, other, remote) : transfer(other, remote, own, local);
    space_put(other);
    process_put(p);
    return result;
}

int64_t sys_process_vm_readv(struct task *t, uint64_t pid, uint64_t lvec, uint64_t lcount,
                             uint64_t rvec, uint64_t rcount, uint64_t flags)
{
    struct row local = {t->process->space, lvec, lcount, {0, 0}};
    struct row remote = {t->process->space, rvec, rcount, {0, 0}};
    return vm_call(t, pid, &local, &remote, flags, false);
}

int64_t sys_process_vm_writev(struct task *t, uint64_t pid, uint64_t lvec, uint64_t lcount,
                              uint64_t rvec, uint64_t rcount, uint64_t flags)
{
    struct row local = {t->process->space, lvec, lcount, {0, 0}};
    struct row remote = {t->process->space, rvec, rcount, {0, 0}};
    return vm_call(t, pid, &local, &remote, flags, true);
}
