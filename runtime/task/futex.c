/* Futexes: who waits for a word; waiting, waking, moving waiters to another word. */
#include "runtime/task/futex.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/futex.h"
#include "runtime/host/park.h"
#include "runtime/memory/access.h"
#include "runtime/memory/space.h"
#include "runtime/task/futex_queue.h"
#include "runtime/task/process.h"

#define BUCKETS 256

struct futex_bucket {
    struct host_mutex lock;
    struct futex_waiter *first, *last;
};

static struct futex_bucket buckets[BUCKETS] = {
    [0 ... BUCKETS - 1] = {.lock = HOST_MUTEX_INIT(RANK_FUTEX)}};
static _Atomic uint64_t order;

static struct futex_bucket *bucket_of(const struct space_key *key)
{
    uint64_t h = (key->object * 0x9e3779b97f4a7c15ull) ^ (key->offset * 0xc2b2ae3d27d4eb4full);
    return &buckets[(h >> 40) % BUCKETS];
}

static bool same(const struct space_key *a, const struct space_key *b)
{
    return a->object == b->object && a->offset == b->offset;
}

int futex_key(struct task *t, uint64_t address, bool private, struct space_key *key)
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
static void append_waiter(struct futex_bucket *b, struct futex_waiter *w)
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

static void take_out(struct futex_bucket *b, struct futex_waiter *w)
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

static void wake(struct futex_bucket *b, struct futex_waiter *w)
{
    struct task *t = w->task;
    task_get(t);
    take_out(b, w);
    /* Once this is seen the waiter's frame may be gone. */
    __atomic_store_n(&w->bucket, NULL, __ATOMIC_SEQ_CST);
    host_unpark(&t->parker);
    task_put(t);
}

void futex_enqueue(struct futex_waiter *w)
{
    struct futex_bucket *b = bucket_of(&w->key);
    host_mutex_lock(&b->lock);
    w->order = atomic_fetch_add(&order, 1);
    append_waiter(b, w);
    host_mutex_unlock(&b->lock);
}

/* False when a waker had taken it out already. The bucket may change by requeueing. */
bool futex_dequeue(struct futex_waiter *w)
{
    for (;;) {
        struct futex_bucket *b = __atomic_load_n(&w->bucket, __ATOMIC_SEQ_CST);
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

int futex_wake_key(const struct space_key *key, int n, uint32_t bitset)
{
    struct futex_bucket *b = bucket_of(key);
    int woken = 0;
    /* Empty buckets are common: unlocking a mutex nobody waits for. */
    atomic_thread_fence(memory_order_seq_cst);
    if (!__atomic_load_n(&b->first, __ATOMIC_RELAXED))
        return 0;
    host_mutex_lock(&b->lock);
    for (struct futex_waiter *w = b->first, *next; w && woken < n; w = next) {
        next = w->next;
        if (same(&w->key, key) && (w->bitset & bitset)) {
            wake(b, w);
            woken++;
        }
    }
    host_mutex_unlock(&b->lock);
    return woken;
}

bool futex_is_woken(void *arg)
{
    struct futex_waiter *w = arg;
    return !__atomic_load_n(&w->bucket, __ATOMIC_SEQ_CST);
}

static int64_t wait_again(struct task *t, struct restart_block *r);

int64_t futex_wait(struct task *t, uint64_t address, uint32_t value, bool private,
                   uint64_t deadline, uint32_t bitset, bool restartable)
{
    struct futex_waiter w = {.bitset = bitset, .task = t};
    uint32_t now;
    if (!bitset)
        return -L_EINVAL;
    int error = futex_key(t, address, private, &w.key);
    if (error)
        return error;
    futex_enqueue(&w);
    error = guest_load32(t->process->space, address, &now);
    if (error || now != value)
        return futex_dequeue(&w) ? (error ? error : -L_EAGAIN) : 0;
    error = wait_until(NULL, futex_is_woken, &w, deadline);
    if (!futex_dequeue(&w))
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

int64_t futex_wake(struct task *t, uint64_t address, int n, bool private, uint32_t bitset)
{
    struct space_key key;
    if (!bitset)
        return -L_EINVAL;
    int error = futex_key(t, address, private, &key);
    return error ? error : futex_wake_key(&key, n < 1 ? 1 : n, bitset);
}

int futex_wake_address(struct space *space, uint64_t address, int n)
{
    struct space_key private = {space_id(space), address}, shared;
    int woken = futex_wake_key(&private, n, L_FUTEX_BITSET_MATCH_ANY);
    if (woken < n && !space_key(space, address, &shared) && !same(&private, &shared))
        woken += futex_wake_key(&shared, n - woken, L_FUTEX_BITSET_MATCH_ANY);
    return woken;
}

static void lock_two(struct futex_bucket *a, struct futex_bucket *b)
{
    host_mutex_lock(a < b ? &a->lock : &b->lock);
    if (a != b)
        host_mutex_lock(a < b ? &b->lock : &a->lock);
}

static void unlock_two(struct futex_bucket *a, struct futex_bucket *b)
{
    host_mutex_unlock(&a->lock);
    if (a != b)
        host_mutex_unlock(&b->lock);
}

int64_t futex_requeue(struct task *t, uint64_t from, uint64_t to, int wakes, int moves,
                      const uint32_t *expected, bool private, bool pi)
{
    struct space_key a, b;
    if (wakes < 0 || moves < 0)
        return -L_EINVAL;
    int error = futex_key(t, from, private, &a);
    if (!error)
        error = futex_key(t, to, private, &b);
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
    struct futex_bucket *ba = bucket_of(&a), *bb = bucket_of(&b);
    int64_t count = 0;
    lock_two(ba, bb);
    for (struct futex_waiter *w = ba->first, *next; w; w = next) {
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
            append_waiter(bb, w);
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

int64_t futex_wake_op(struct task *t, uint64_t first, uint64_t second, int n, int n2,
                      uint32_t encoded, bool private)
{
    struct space_key a, b;
    bool wake_second;
    int error = futex_key(t, first, private, &a);
    if (!error)
        error = futex_key(t, second, private, &b);
    if (!error)
        error = apply_op(t->process->space, second, encoded, &wake_second);
    if (error)
        return error;
    int64_t woken = futex_wake_key(&a, n < 1 ? 1 : n, L_FUTEX_BITSET_MATCH_ANY);
    if (wake_second)
        woken += futex_wake_key(&b, n2 < 1 ? 1 : n2, L_FUTEX_BITSET_MATCH_ANY);
    return woken;
}

void futex_note_owner(struct futex_waiter *w, int32_t owner)
{
    struct futex_bucket *b = bucket_of(&w->key);
    host_mutex_lock(&b->lock);
    w->owner = owner;
    host_mutex_unlock(&b->lock);
}

void futex_wake_owned(int32_t owner)
{
    for (int i = 0; i < BUCKETS; i++) {
        struct futex_bucket *b = &buckets[i];
        host_mutex_lock(&b->lock);
        for (struct futex_waiter *w = b->first, *next; w; w = next) {
            next = w->next;
            if (w->pi && w->owner == owner)
                wake(b, w);
        }
        host_mutex_unlock(&b->lock);
    }
}
