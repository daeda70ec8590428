#include "runtime/kernel/futex.h"

#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/futex.h"
#include "runtime/host/park.h"
#include "runtime/host/time.h"
#include "runtime/kernel/pid.h"
#include "runtime/kernel/process.h"
#include "runtime/kernel/syscalls.h"
#include "runtime/kernel/time.h"
#include "runtime/memory/access.h"
#include "runtime/memory/space.h"

#define BUCKETS 256

struct waiter {
    struct waiter *next, *prev;
    struct space_key key;
    struct bucket *bucket; /* NULL once woken; atomic reads without the lock are for the waiter */
    uint64_t order;        /* when it queued */
    uint32_t bitset;
    bool pi;
    int32_t owner; /* of the word when a PI waiter went to sleep */
    struct task *task;
};

struct bucket {
    struct host_mutex lock;
    struct waiter *first, *last;
};

static struct bucket buckets[BUCKETS];
static _Atomic uint64_t order;
static _Atomic uint32_t pi_waiters;

static struct bucket *bucket_of(const struct space_key *key)
{
    uint64_t h = (key->object * 0x9e3779b97f4a7c15ull) ^ (key->offset * 0xc2b2ae3d27d4eb4full);
    return &buckets[(h >> 40) % BUCKETS];
}

static bool same(const struct space_key *a, const struct space_key *b)
{
    return a->object == b->object && a->offset == b->offset;
}

static int make_key(struct task *t, uint64_t address, bool private, struct space_key *key)
{
    struct space *space = t->process->space;
    if (address & 3)
        return -L_EINVAL;
    if (address >= space_limit(space) - 4)
        return -L_EFAULT;
    if (private) {
        key->object = space_id(space);
        key->offset = address;
        return 0;
    }
    /* A word that nobody touched yet may not have a page. */
    uint32_t value;
    int error = guest_load32(space, address, &value);
    return error ? error : space_key(space, address, key);
}

/* With the bucket's lock. */
static void append(struct bucket *b, struct waiter *w)
{
    w->next = NULL;
    w->prev = b->last;
    if (b->last)
        b->last->next = w;
    else
        b->first = w;
    b->last = w;
    __atomic_store_n(&w->bucket, b, __ATOMIC_SEQ_CST);
}

static void take_out(struct bucket *b, struct waiter *w)
{
    if (w->prev)
        w->prev->next = w->next;
    else
        b->first = w->next;
    if (w->next)
        w->next->prev = w->prev;
    else
        b->last = w->prev;
}

static void wake(struct bucket *b, struct waiter *w)
{
    struct task *t = w->task;
    task_get(t);
    take_out(b, w);
    /* Once this is seen the waiter's frame may be gone. */
    __atomic_store_n(&w->bucket, NULL, __ATOMIC_SEQ_CST);
    host_unpark(&t->parker);
    task_put(t);
}

static void enqueue(struct waiter *w)
{
    struct bucket *b = bucket_of(&w->key);
    host_mutex_lock(&b->lock);
    w->order = atomic_fetch_add(&order, 1);
    append(b, w);
    host_mutex_unlock(&b->lock);
}

/* False when a waker had taken it out already. The bucket may change by requeueing. */
static bool dequeue(struct waiter *w)
{
    for (;;) {
        struct bucket *b = __atomic_load_n(&w->bucket, __ATOMIC_SEQ_CST);
        if (!b)
            break;
        host_mutex_lock(&b->lock);
        bool here = w->bucket == b;
        if (here) {
            take_out(b, w);
            w->bucket = NULL;
        }
        host_mutex_unlock(&b->lock);
        if (here)
            return true;
    }
    return false;
}

static int wake_key(const struct space_key *key, int n, uint32_t bitset)
{
    struct bucket *b = bucket_of(key);
    int woken = 0;
    /* Empty buckets are common: unlocking a mutex nobody waits for. */
    atomic_thread_fence(memory_order_seq_cst);
    if (!__atomic_load_n(&b->first, __ATOMIC_RELAXED))
        return 0;
    host_mutex_lock(&b->lock);
    for (struct waiter *w = b->first, *next; w && woken < n; w = next) {
        next = w->next;
        if (same(&w->key, key) && (w->bitset & bitset)) {
            wake(b, w);
            woken++;
        }
    }
    host_mutex_unlock(&b->lock);
    return woken;
}

static bool is_woken(void *arg)
{
    struct waiter *w = arg;
    return !__atomic_load_n(&w->bucket, __ATOMIC_SEQ_CST);
}

static int64_t wait_again(struct task *t, struct restart_block *r);

static int64_t futex_wait(struct task *t, uint64_t address, uint32_t value, bool private,
                          uint64_t deadline, uint32_t bitset, bool restartable)
{
    struct waiter w = {.bitset = bitset, .task = t};
    uint32_t now;
    if (!bitset)
        return -L_EINVAL;
    int error = make_key(t, address, private, &w.key);
    if (error)
        return error;
    enqueue(&w);
    error = guest_load32(t->process->space, address, &now);
    if (error || now != value)
        return dequeue(&w) ? (error ? error : -L_EAGAIN) : 0;
    error = wait_until(NULL, is_woken, &w, deadline);
    if (!dequeue(&w))
        return 0;
    if (error == -L_ETIMEDOUT || !restartable)
        return error;
    /* A wait without a timeout starts over; one with a timeout goes on for what is left of it. */
    if (deadline == WAIT_FOREVER)
        return -L_ERESTARTSYS;
    t->restart = (struct restart_block){wait_again, {address, value, private, bitset}, deadline};
    return -L_ERESTART_RESTARTBLOCK;
}

static int64_t wait_again(struct task *t, struct restart_block *r)
{
    return futex_wait(t, r->args[0], (uint32_t)r->args[1], r->args[2], r->deadline_ns,
                      (uint32_t)r->args[3], true);
}

static int64_t futex_wake(struct task *t, uint64_t address, int n, bool private, uint32_t bitset)
{
    struct space_key key;
    if (!bitset)
        return -L_EINVAL;
    int error = make_key(t, address, private, &key);
    return error ? error : wake_key(&key, n < 1 ? 1 : n, bitset);
}

int futex_wake_address(struct space *space, uint64_t address, int n)
{
    struct space_key private = {space_id(space), address}, shared;
    int woken = wake_key(&private, n, L_FUTEX_BITSET_MATCH_ANY);
    if (woken < n && !space_key(space, address, &shared) && !same(&private, &shared))
        woken += wake_key(&shared, n - woken, L_FUTEX_BITSET_MATCH_ANY);
    return woken;
}

static void lock_two(struct bucket *a, struct bucket *b)
{
    host_mutex_lock(a < b ? &a->lock : &b->lock);
    if (a != b)
        host_mutex_lock(a < b ? &b->lock : &a->lock);
}

static void unlock_two(struct bucket *a, struct bucket *b)
{
    host_mutex_unlock(&a->lock);
    if (a != b)
        host_mutex_unlock(&b->lock);
}

static int64_t futex_requeue(struct task *t, uint64_t from, uint64_t to, int wakes, int moves,
                             const uint32_t *expected, bool private, bool pi)
{
    struct space_key a, b;
    if (wakes < 0 || moves < 0)
        return -L_EINVAL;
    int error = make_key(t, from, private, &a);
    if (!error)
        error = make_key(t, to, private, &b);
    if (error)
        return error;
    /* Those that queue after the comparison have compared for themselves. */
    uint64_t limit = atomic_load(&order);
    if (expected) {
        uint32_t now;
        if (guest_load32(t->process->space, from, &now))
            return -L_EFAULT;
        if (now != *expected)
            return -L_EAGAIN;
    }
    struct bucket *ba = bucket_of(&a), *bb = bucket_of(&b);
    int64_t count = 0;
    lock_two(ba, bb);
    for (struct waiter *w = ba->first, *next; w; w = next) {
        next = w->next;
        if (!same(&w->key, &a) || w->order >= limit)
            continue;
        if (count >= (int64_t)wakes + moves)
            break;
        /* Waiters for a PI futex take it themselves when they run. */
        if (count < wakes || pi) {
            wake(ba, w);
        } else if (!same(&a, &b)) {
            take_out(ba, w);
            w->key = b;
            append(bb, w);
        }
        count++;
    }
    unlock_two(ba, bb);
    return count;
}

static bool compare_op(uint32_t op, int32_t value, int32_t arg)
{
    switch (op) {
    case L_FUTEX_OP_CMP_EQ:
        return value == arg;
    case L_FUTEX_OP_CMP_NE:
        return value != arg;
    case L_FUTEX_OP_CMP_LT:
        return value < arg;
    case L_FUTEX_OP_CMP_GE:
        return value >= arg;
    case L_FUTEX_OP_CMP_LE:
        return value <= arg;
    default:
        return value > arg;
    }
}

static int apply_op(struct space *space, uint64_t address, uint32_t encoded, bool *wake_second)
{
    uint32_t op = encoded >> 28 & 7, cmp = encoded >> 24 & 15;
    int32_t oparg = (int32_t)(encoded << 8) >> 20, cmparg = (int32_t)(encoded << 20) >> 20;
    if (encoded >> 31)
        oparg = (int32_t)(1u << (oparg & 31));
    if (op > L_FUTEX_OP_XOR || cmp > L_FUTEX_OP_CMP_GE)
        return -L_ENOSYS;
    uint32_t old;
    int error = guest_load32(space, address, &old);
    while (!error) {
        uint32_t arg = (uint32_t)oparg;
        const uint32_t results[] = {arg, old + arg, old | arg, old & ~arg, old ^ arg};
        uint32_t seen = old;
        error = guest_cmpxchg32(space, address, &seen, results[op]);
        if (seen == old)
            break;
        old = seen;
    }
    *wake_second = compare_op(cmp, (int32_t)old, cmparg);
    return error;
}

static int64_t futex_wake_op(struct task *t, uint64_t first, uint64_t second, int n, int n2,
                             uint32_t encoded, bool private)
{
    struct space_key a, b;
    bool wake_second;
    int error = make_key(t, first, private, &a);
    if (!error)
        error = make_key(t, second, private, &b);
    if (!error)
        error = apply_op(t->process->space, second, encoded, &wake_second);
    if (error)
        return error;
    int64_t woken = wake_key(&a, n < 1 ? 1 : n, L_FUTEX_BITSET_MATCH_ANY);
    if (wake_second)
        woken += wake_key(&b, n2 < 1 ? 1 : n2, L_FUTEX_BITSET_MATCH_ANY);
    return woken;
}

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
static struct host_mutex leaving_lock = HOST_MUTEX_INIT;
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

static void note_owner(struct waiter *w, int32_t owner)
{
    struct bucket *b = bucket_of(&w->key);
    host_mutex_lock(&b->lock);
    w->owner = owner;
    host_mutex_unlock(&b->lock);
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

static int64_t futex_lock_pi(struct task *t, uint64_t address, bool private, uint64_t deadline,
                             bool only_try)
{
    struct space_key key;
    int32_t owner;
    int error = make_key(t, address, private, &key);
    if (error)
        return error;
    int taken = pi_try(t, address, false, &owner);
    if (taken)
        return taken < 0 ? taken : 0;
    if (only_try)
        return owner_is_alive(owner) ? -L_EAGAIN : -L_ESRCH;
    for (int32_t waited_for = 0;;) {
        struct waiter w = {.key = key, .bitset = L_FUTEX_BITSET_MATCH_ANY, .pi = true, .task = t};
        atomic_fetch_add(&pi_waiters, 1);
        enqueue(&w);
        taken = pi_try(t, address, true, &owner);
        bool gone = false;
        if (!taken) {
            note_owner(&w, owner);
            gone = !owner_is_alive(owner);
        }
        if (gone)
            taken = pi_orphan(t, address, owner, owner == waited_for);
        int result = taken || gone ? 0 : wait_until(NULL, is_woken, &w, deadline);
        dequeue(&w);
        atomic_fetch_sub(&pi_waiters, 1);
        if (taken)
            return taken < 0 ? taken : 0;
        if (result)
            return result == -L_ETIMEDOUT ? result : -L_ERESTARTNOINTR;
        waited_for = gone ? 0 : owner;
    }
}

static int64_t futex_unlock_pi(struct task *t, uint64_t address, bool private)
{
    struct space *space = t->process->space;
    struct space_key key;
    uint32_t old;
    int error = make_key(t, address, private, &key);
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
        wake_key(&key, 1, L_FUTEX_BITSET_MATCH_ANY);
    return error;
}

static int64_t futex_wait_requeue_pi(struct task *t, uint64_t from, uint32_t value, bool private,
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
    if (!atomic_load(&pi_waiters))
        return;
    for (int i = 0; i < BUCKETS; i++) {
        struct bucket *b = &buckets[i];
        host_mutex_lock(&b->lock);
        for (struct waiter *w = b->first, *next; w; w = next) {
            next = w->next;
            if (w->pi && w->owner == tid)
                wake(b, w);
        }
        host_mutex_unlock(&b->lock);
    }
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
