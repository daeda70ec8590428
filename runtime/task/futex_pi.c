/* Futexes that have an owner: priority inheritance, and the robust ones of a thread that dies. */
#include "runtime/abi/errno.h"
#include "runtime/abi/futex.h"
#include "runtime/memory/access.h"
#include "runtime/task/futex.h"
#include "runtime/task/futex_queue.h"
#include "runtime/task/pid.h"
#include "runtime/task/process.h"

static _Atomic uint32_t pi_waiters;

/*
 * Priority inheritance: the protocol of the word is kept (thread id, waiters bit, owner-died bit,
 * robustness, the errors); priorities do not exist here, so nothing is inherited. Who releases the
 * word clears it and wakes one waiter, who tries for it like anyone.
 */

/* 1 taken, 0 somebody else has it and the waiters bit is set, or a negative errno. */
static int pi_try(struct task *t, uint64_t address, bool waiters, int32_t *owner)
{
    struct space *space = t->process->space;
    uint32_t old, self = (uint32_t)t->tid;
    int error = guest_load32(space, address, &old);
    while (!error) {
        *owner = (int32_t)(old & L_FUTEX_TID_MASK);
        uint32_t seen = old, want;
        if ((old & L_FUTEX_TID_MASK) == self)
            return -L_EDEADLK;
        bool free = !(old & L_FUTEX_TID_MASK);
        if (free)
            want = (old & L_FUTEX_OWNER_DIED) | self | (waiters ? L_FUTEX_WAITERS : 0);
        else
            want = old | L_FUTEX_WAITERS;
        if (want == old)
            return 0;
        error = guest_cmpxchg32(space, address, &seen, want);
        if (!error && seen == old)
            return free;
        old = seen;
    }
    return error;
}

/*
 * The end of an owner, step by step: it enters the list of those that are leaving, stops being
 * findable, marks its robust futexes, leaves the list, and then wakes who waits for it. Who notes
 * the owner in its waiter first and asks then either finds the owner alive, and will be woken, or
 * finds it gone, and the word says by now what there is to say.
 */
static struct host_mutex leaving_lock = HOST_MUTEX_INIT(RANK_FUTEX_LEAVING);
static struct futex_leaving *leaving;

void futex_exit_begin(struct task *t)
{
    struct futex_leaving *l = &t->leaving;
    l->tid = t->tid;
    host_mutex_lock(&leaving_lock);
    l->next = leaving;
    l->link = &leaving;
    if (leaving)
        leaving->link = &l->next;
    leaving = l;
    host_mutex_unlock(&leaving_lock);
}

static void stop_leaving(struct task *t)
{
    struct futex_leaving *l = &t->leaving;
    host_mutex_lock(&leaving_lock);
    if (l->link) {
        *l->link = l->next;
        if (l->next)
            l->next->link = l->link;
        l->link = NULL;
    }
    host_mutex_unlock(&leaving_lock);
}

static bool owner_is_alive(int32_t tid)
{
    host_mutex_lock(&kernel_lock);
    struct pid *e = pid_entry(tid);
    bool alive = e && e->task && !e->task->exiting;
    host_mutex_unlock(&kernel_lock);
    host_mutex_lock(&leaving_lock);
    for (struct futex_leaving *l = leaving; l && !alive; l = l->next)
        alive = l->tid == tid;
    host_mutex_unlock(&leaving_lock);
    return alive;
}

/* Takes the word from an owner that died while others waited. 1, 0 when the word changed. */
static int pi_inherit(struct task *t, uint64_t address, int32_t dead)
{
    struct space *space = t->process->space;
    uint32_t old;
    int error = guest_load32(space, address, &old);
    while (!error && (int32_t)(old & L_FUTEX_TID_MASK) == dead) {
        uint32_t seen = old;
        error = guest_cmpxchg32(space, address, &seen,
                                L_FUTEX_OWNER_DIED | L_FUTEX_WAITERS | (uint32_t)t->tid);
        if (!error && seen == old)
            return 1;
        old = seen;
    }
    return error;
}

/* The word names an owner that is not there: 0 when it does not any more, 1 taken, or an errno. */
static int pi_orphan(struct task *t, uint64_t address, int32_t owner, bool waited)
{
    uint32_t now;
    if (waited)
        return pi_inherit(t, address, owner);
    int error = guest_load32(t->process->space, address, &now);
    return error ? error : (int32_t)(now & L_FUTEX_TID_MASK) == owner ? -L_ESRCH : 0;
}

int64_t futex_lock_pi(struct task *t, uint64_t address, bool private, uint64_t deadline,
                      bool only_try)
{
    struct space_key key;
    int32_t owner;
    int error = futex_key(t, address, private, &key);
    if (error)
        return error;
    int taken = pi_try(t, address, false, &owner);
    if (taken)
        return taken < 0 ? taken : 0;
    if (only_try)
        return owner_is_alive(owner) ? -L_EAGAIN : -L_ESRCH;
    for (int32_t waited_for = 0;;) {
        struct futex_waiter w = {
            .key = key, .bitset = L_FUTEX_BITSET_MATCH_ANY, .pi = true, .task = t};
        atomic_fetch_add(&pi_waiters, 1);
        futex_enqueue(&w);
        taken = pi_try(t, address, true, &owner);
        bool gone = false;
        if (!taken) {
            futex_note_owner(&w, owner);
            gone = !owner_is_alive(owner);
        }
        if (gone)
            taken = pi_orphan(t, address, owner, owner == waited_for);
        int result = taken || gone ? 0 : wait_until(NULL, futex_is_woken, &w, deadline);
        futex_dequeue(&w);
        atomic_fetch_sub(&pi_waiters, 1);
        if (taken)
            return taken < 0 ? taken : 0;
        if (result)
            return result == -L_ETIMEDOUT ? result : -L_ERESTARTNOINTR;
        waited_for = gone ? 0 : owner;
    }
}

int64_t futex_unlock_pi(struct task *t, uint64_t address, bool private)
{
    struct space *space = t->process->space;
    struct space_key key;
    uint32_t old;
    int error = futex_key(t, address, private, &key);
    if (!error)
        error = guest_load32(space, address, &old);
    while (!error) {
        uint32_t seen = old;
        if ((old & L_FUTEX_TID_MASK) != (uint32_t)t->tid)
            return -L_EPERM;
        error = guest_cmpxchg32(space, address, &seen, 0);
        if (seen == old)
            break;
        old = seen;
    }
    if (!error)
        futex_wake_key(&key, 1, L_FUTEX_BITSET_MATCH_ANY);
    return error;
}

int64_t futex_wait_requeue_pi(struct task *t, uint64_t from, uint32_t value, bool private,
                              uint64_t deadline, uint64_t to)
{
    if (from == to)
        return -L_EINVAL;
    int64_t result = futex_wait(t, from, value, private, deadline, L_FUTEX_BITSET_MATCH_ANY, false);
    if (result)
        return result == -L_ERESTARTSYS ? -L_ERESTARTNOINTR : result;
    return futex_lock_pi(t, to, private, deadline, false);
}

void futex_pi_exit(struct task *t)
{
    stop_leaving(t);
    futex_owner_gone(t->tid);
}

void futex_owner_gone(int32_t tid)
{
    if (atomic_load(&pi_waiters))
        futex_wake_owned(tid);
}

/* One word of a dead thread. */
static int word_dies(struct task *t, uint64_t address, bool pi)
{
    struct space *space = t->process->space;
    uint32_t old;
    if (address & 3)
        return -L_EFAULT;
    int error = guest_load32(space, address, &old);
    while (!error) {
        uint32_t seen = old;
        if ((old & L_FUTEX_TID_MASK) != (uint32_t)t->tid)
            return 0;
        error =
            guest_cmpxchg32(space, address, &seen, (old & L_FUTEX_WAITERS) | L_FUTEX_OWNER_DIED);
        if (!error && seen == old) {
            if (pi || (old & L_FUTEX_WAITERS))
                futex_wake_address(space, address, 1);
            return 0;
        }
        old = seen;
    }
    return error;
}

void futex_robust_exit(struct task *t)
{
    struct space *space = t->process->space;
    struct l_robust_list_head head;
    uint64_t at = t->robust_list;
    t->robust_list = 0;
    if (copy_from_guest(space, &head, at, sizeof(head)))
        return;
    uint64_t entry = head.list, pending = head.list_op_pending;
    for (int n = 0; (entry & ~1ull) != at && n < L_ROBUST_LIST_LIMIT; n++) {
        uint64_t next;
        bool readable = !get_guest_u64(space, entry & ~1ull, &next);
        if ((entry & ~1ull) != (pending & ~1ull) &&
            word_dies(t, (entry & ~1ull) + (uint64_t)head.futex_offset, entry & 1))
            return;
        if (!readable)
            return;
        entry = next;
    }
    if (pending)
        word_dies(t, (pending & ~1ull) + (uint64_t)head.futex_offset, pending & 1);
}
