/* futex(2) and the list of robust futexes, set_robust_list(2). */
#include "runtime/abi/errno.h"
#include "runtime/abi/futex.h"
#include "runtime/kernel/kernel_calls.h"
#include "runtime/memory/access.h"
#include "runtime/task/clock.h"
#include "runtime/task/futex.h"
#include "runtime/task/process.h"

int64_t sys_set_robust_list(struct task *t, uint64_t head, uint64_t size)
{
    if (size != sizeof(struct l_robust_list_head))
        return -L_EINVAL;
    t->robust_list = head;
    return 0;
}

int64_t sys_get_robust_list(struct task *t, uint64_t tid, uint64_t uhead, uint64_t usize)
{
    struct task *other = tid ? task_find((int32_t)tid) : t;
    if (!other)
        return -L_ESRCH;
    uint64_t head = other->robust_list;
    bool may = process_may_inspect(t, other->process, false);
    if (other != t || tid)
        task_put(other);
    if (!may)
        return -L_EPERM;
    struct space *space = t->process->space;
    if (put_guest_u64(space, usize, sizeof(struct l_robust_list_head)) ||
        put_guest_u64(space, uhead, head))
        return -L_EFAULT;
    return 0;
}

/* The timeout of the operations that have one: relative for FUTEX_WAIT, absolute otherwise. */
static int read_timeout(struct task *t, uint32_t op, uint64_t address, uint64_t *deadline)
{
    uint64_t ns;
    uint32_t command = op & ~(uint32_t)(L_FUTEX_PRIVATE_FLAG | L_FUTEX_CLOCK_REALTIME);
    *deadline = WAIT_FOREVER;
    bool timed = command == L_FUTEX_WAIT || command == L_FUTEX_WAIT_BITSET ||
                 command == L_FUTEX_LOCK_PI || command == L_FUTEX_LOCK_PI2 ||
                 command == L_FUTEX_WAIT_REQUEUE_PI;
    if (!timed || !address)
        return 0;
    int error = time_from_guest(t->process->space, address, &ns);
    if (error)
        return error;
    bool realtime = (op & L_FUTEX_CLOCK_REALTIME) || command == L_FUTEX_LOCK_PI;
    return clock_deadline(t, realtime ? L_CLOCK_REALTIME : L_CLOCK_MONOTONIC, ns,
                          command != L_FUTEX_WAIT, deadline);
}

int64_t sys_futex(struct task *t, uint64_t address, uint64_t uop, uint64_t value, uint64_t timeout,
                  uint64_t address2, uint64_t value3)
{
    uint32_t op = (uint32_t)uop, v = (uint32_t)value, v3 = (uint32_t)value3;
    uint32_t command = op & ~(uint32_t)(L_FUTEX_PRIVATE_FLAG | L_FUTEX_CLOCK_REALTIME);
    bool private = op & L_FUTEX_PRIVATE_FLAG;
    int v2 = (int)timeout;
    uint64_t deadline;
    if ((op & L_FUTEX_CLOCK_REALTIME) && command != L_FUTEX_WAIT_BITSET &&
        command != L_FUTEX_WAIT_REQUEUE_PI && command != L_FUTEX_LOCK_PI2)
        return -L_ENOSYS;
    int error = read_timeout(t, op, timeout, &deadline);
    if (error)
        return error;
    switch (command) {
    case L_FUTEX_WAIT:
        v3 = L_FUTEX_BITSET_MATCH_ANY;
        /* fallthrough */
    case L_FUTEX_WAIT_BITSET:
        return futex_wait(t, address, v, private, deadline, v3, true);
    case L_FUTEX_WAKE:
        v3 = L_FUTEX_BITSET_MATCH_ANY;
        /* fallthrough */
    case L_FUTEX_WAKE_BITSET:
        return futex_wake(t, address, (int)v, private, v3);
    case L_FUTEX_REQUEUE:
        return futex_requeue(t, address, address2, (int)v, v2, NULL, private, false);
    case L_FUTEX_CMP_REQUEUE:
        return futex_requeue(t, address, address2, (int)v, v2, &v3, private, false);
    case L_FUTEX_WAKE_OP:
        return futex_wake_op(t, address, address2, (int)v, v2, v3, private);
    case L_FUTEX_LOCK_PI:
    case L_FUTEX_LOCK_PI2:
        return futex_lock_pi(t, address, private, deadline, false);
    case L_FUTEX_TRYLOCK_PI:
        return futex_lock_pi(t, address, private, 0, true);
    case L_FUTEX_UNLOCK_PI:
        return futex_unlock_pi(t, address, private);
    case L_FUTEX_WAIT_REQUEUE_PI:
        return futex_wait_requeue_pi(t, address, v, private, deadline, address2);
    case L_FUTEX_CMP_REQUEUE_PI:
        return v == 1 ? futex_requeue(t, address, address2, 1, v2, &v3, private, true) : -L_EINVAL;
    default:
        return -L_ENOSYS;
    }
}
