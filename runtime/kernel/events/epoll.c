/*
 * epoll(7).
 *
 * An item joins one watched descriptor with one epoll. Its wait entries sit on the queues of the
 * watched file; a wake puts the item on the ready list and wakes the epoll's own queue. What is
 * reported is asked anew from the file (level), so a wake too many is harmless.
 *
 * Locks: items_lock (one for all epolls: links between items, epolls and files) is taken outside of
 * any queue's lock; ready_lock of an epoll is taken inside of them.
 */
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/poll.h"
#include "runtime/abi/stat.h"
#include "runtime/fs/vfs/fdtable.h"
#include "runtime/host/heap.h"
#include "runtime/host/time.h"
#include "runtime/kernel/kernel_calls.h"
#include "runtime/memory/access.h"
#include "runtime/task/clock.h"
#include "runtime/task/process.h"

#define PRIVATE_BITS  (L_EPOLLET | L_EPOLLONESHOT | L_EPOLLWAKEUP | L_EPOLLEXCLUSIVE)
#define NEST_MAX      5
#define EVENTS_MAX    (INT32_MAX / 12)
#define BUCKETS_LEAST 16u

struct epoll;

struct item_wait {
    struct wait_entry wait;
    struct epoll_item *item;
    struct item_wait *next;
};

struct epoll_item {
    struct epoll *epoll;
    struct file *file; /* not counted: epoll_forget comes first */
    int32_t fd;
    struct l_epoll_event event;     /* items_lock; set_events changes what is wanted */
    _Atomic uint32_t wakes;         /* event.events, for wakes, which hold a queue's lock alone */
    struct epoll_item *next, *prev; /* of the epoll; items_lock */
    struct epoll_item *same_hash;   /* of the epoll; items_lock */
    struct epoll_item *file_next, **file_link;  /* of the file; items_lock */
    struct epoll_item *ready_next, *ready_prev; /* ready_lock */
    bool ready;                                 /* ready_lock */
    uint64_t harvest;                           /* the last that took an event of it; items_lock */
    int32_t place;                              /* where among its events */
    uint32_t taken_events;                      /* event.events before it */
    struct item_wait *waits;
    bool failed;
};

/* A row of items, linked by ready_next and ready_prev. */
struct row {
    struct epoll_item *first, *last;
};

struct epoll {
    /* items_lock: all items; the same in `buckets` lists (a power of two) by descriptor and file.
     */
    struct epoll_item *items, **table;
    uint32_t count, buckets;
    struct host_mutex ready_lock;
    struct row ready; /* ready_lock */
    struct waitq queue;
    struct file *file; /* its own description, not counted */
};

struct item_table {
    struct poll_table table;
    struct epoll_item *item;
};

static struct host_mutex items_lock = HOST_MUTEX_INIT(RANK_EPOLL_ITEMS);
static uint64_t harvests; /* that were numbered; items_lock */

/* With items_lock, or before the item is in a queue. */
static void set_events(struct epoll_item *item, uint32_t events)
{
    item->event.events = events;
    atomic_store(&item->wakes, events);
}

static void append_ready(struct row *row, struct epoll_item *item)
{
    item->ready_next = NULL;
    item->ready_prev = row->last;
    *(row->last ? &row->last->ready_next : &row->first) = item;
    row->last = item;
}

static void leave_row(struct row *row, struct epoll_item *item)
{
    *(item->ready_prev ? &item->ready_prev->ready_next : &row->first) = item->ready_next;
    *(item->ready_next ? &item->ready_next->ready_prev : &row->last) = item->ready_prev;
    item->ready = false;
}

static void mark_ready(struct epoll_item *item)
{
    struct epoll *ep = item->epoll;
    host_mutex_lock(&ep->ready_lock);
    if (!item->ready) {
        item->ready = true;
        append_ready(&ep->ready, item);
    }
    host_mutex_unlock(&ep->ready_lock);
}

/* With items_lock, so that no harvest has the item in a row of its own. */
static void unmark_ready(struct epoll_item *item)
{
    struct epoll *ep = item->epoll;
    host_mutex_lock(&ep->ready_lock);
    if (item->ready)
        leave_row(&ep->ready, item);
    host_mutex_unlock(&ep->ready_lock);
}

/* Somebody is woken when a thread waits; of an EPOLLEXCLUSIVE item also only for what it wants
 * beside errors. */
static bool item_wake(struct wait_entry *entry, uint32_t events)
{
    const uint32_t moves = L_POLLIN | L_POLLOUT;
    struct item_wait *wait = (struct item_wait *)entry;
    struct epoll *ep = wait->item->epoll;
    uint32_t wanted = atomic_load(&wait->item->wakes);
    if (events && !(events & (wanted | L_POLLERR | L_POLLHUP)))
        return false;
    mark_ready(wait->item);
    bool waits = waitq_is_waited_for(&ep->queue);
    waitq_wake(&ep->queue, L_POLLIN);
    return waits && (!(events & moves) || (events & wanted & moves));
}

static void item_add_queue(struct poll_table *table, struct waitq *q)
{
    struct epoll_item *item = ((struct item_table *)table)->item;
    struct item_wait *wait = calloc(1, sizeof(*wait));
    if (!wait) {
        item->failed = true;
        return;
    }
    wait->wait.wake = item_wake;
    wait->wait.exclusive = item->event.events & L_EPOLLEXCLUSIVE;
    wait->item = item;
    wait->next = item->waits;
    item->waits = wait;
    waitq_add(q, &wait->wait);
}

static struct epoll_item **bucket_of(const struct epoll *ep, const struct file *file, int32_t fd)
{
    uint64_t mixed = ((uint64_t)(uintptr_t)file / 16 + (uint32_t)fd) * UINT64_C(0x9e3779b97f4a7c15);
    return &ep->table[(mixed >> 32) & (ep->buckets - 1)];
}

static struct epoll_item *find_item(struct epoll *ep, const struct file *file, int32_t fd)
{
    struct epoll_item *i = ep->buckets ? *bucket_of(ep, file, fd) : NULL;
    while (i && (i->file != file || i->fd != fd))
        i = i->same_hash;
    return i;
}

static void enter_table(struct epoll *ep, struct epoll_item *item)
{
    struct epoll_item **bucket = bucket_of(ep, item->file, item->fd);
    item->same_hash = *bucket;
    *bucket = item;
}

/* A larger table for one more item, where there is memory: a smaller one is slower. Whether there
 * is any. */
static bool grow_table(struct epoll *ep)
{
    uint32_t buckets = ep->buckets ? 2 * ep->buckets : BUCKETS_LEAST;
    if (ep->count < ep->buckets)
        return true;
    struct epoll_item **table = calloc(buckets, sizeof(struct epoll_item *));
    if (!table)
        return ep->buckets;
    free(ep->table);
    ep->table = table;
    ep->buckets = buckets;
    for (struct epoll_item *i = ep->items; i; i = i->next)
        enter_table(ep, i);
    return true;
}

static void leave_table(struct epoll_item *item)
{
    struct epoll_item **link = bucket_of(item->epoll, item->file, item->fd);
    while (*link != item)
        link = &(*link)->same_hash;
    *link = item->same_hash;
}

/* With items_lock; takes the item out of everything and frees it. */
static void remove_item(struct epoll_item *item)
{
    while (item->waits) {
        struct item_wait *w = item->waits;
        item->waits = w->next;
        waitq_remove(&w->wait);
        free(w);
    }
    unmark_ready(item);
    leave_table(item);
    if (item->prev)
        item->prev->next = item->next;
    else
        item->epoll->items = item->next;
    if (item->next)
        item->next->prev = item->prev;
    item->epoll->count--;
    *item->file_link = item->file_next;
    if (item->file_next)
        item->file_next->file_link = item->file_link;
    free(item);
}

static void epoll_forget(struct file *file)
{
    host_mutex_lock(&items_lock);
    while (file->epoll)
        remove_item(file->epoll);
    host_mutex_unlock(&items_lock);
}

static const struct file_watch watch = {.forget = epoll_forget};

static void epoll_release(struct file *file)
{
    struct epoll *ep = file->priv;
    host_mutex_lock(&items_lock);
    while (ep->items)
        remove_item(ep->items);
    host_mutex_unlock(&items_lock);
    free(ep->table);
    free(ep);
}

static void join(struct row *row, const struct row *more)
{
    if (!more->first)
        return;
    *(row->last ? &row->last->ready_next : &row->first) = more->first;
    more->first->ready_prev = row->last;
    row->last = more->last;
}

static struct row take_ready(struct epoll *ep)
{
    host_mutex_lock(&ep->ready_lock);
    struct row row = ep->ready;
    ep->ready = (struct row){NULL, NULL};
    host_mutex_unlock(&ep->ready_lock);
    return row;
}

/* Takes the first item out of a row that take_ready gave: from here on a wake lists it again. */
static struct epoll_item *next_of(struct row *row)
{
    struct epoll_item *item = row->first;
    host_mutex_lock(&item->epoll->ready_lock);
    leave_row(row, item);
    host_mutex_unlock(&item->epoll->ready_lock);
    return item;
}

/* Ready again, unless a wake has listed it in the meantime. */
static void list_again(struct row *row, struct epoll_item *item)
{
    host_mutex_lock(&item->epoll->ready_lock);
    if (!item->ready) {
        item->ready = true;
        append_ready(row, item);
    }
    host_mutex_unlock(&item->epoll->ready_lock);
}

/* What was not looked at comes first, then what woke meanwhile, then what was looked at. */
static void give_ready(struct epoll *ep, struct row left, const struct row *again)
{
    host_mutex_lock(&ep->ready_lock);
    join(&left, &ep->ready);
    join(&left, again);
    ep->ready = left;
    host_mutex_unlock(&ep->ready_lock);
}

static uint32_t item_poll(struct epoll_item *item, struct poll_table *table);

/* With items_lock. Fills in up to max events of items that are ready now; out NULL only counts. */
static int harvest_locked(struct epoll *ep, struct l_epoll_event *out, int max)
{
    uint64_t number = out ? ++harvests : 0;
    struct row left = take_ready(ep), again = {NULL, NULL};
    int n = 0;
    while (left.first && n < max) {
        struct epoll_item *item = next_of(&left);
        uint32_t events = item_poll(item, NULL);
        if (!events)
            continue;
        if (out) {
            out[n] = (struct l_epoll_event){events, item->event.data};
            item->harvest = number;
            item->place = n;
            item->taken_events = item->event.events;
        }
        n++;
        if (out && (item->event.events & L_EPOLLONESHOT))
            set_events(item, item->event.events & PRIVATE_BITS);
        else if (!out || !(item->event.events & L_EPOLLET))
            list_again(&again, item);
    }
    give_ready(ep, left, &again);
    return n;
}

/* *number: what give_back wants to know. */
static int harvest(struct epoll *ep, struct l_epoll_event *out, int max, uint64_t *number)
{
    host_mutex_lock(&items_lock);
    int n = harvest_locked(ep, out, max);
    *number = harvests;
    host_mutex_unlock(&items_lock);
    return n;
}

/* The events of a harvest from that place on did not reach the guest: their items are as before,
 * but for those that were changed or harvested again meanwhile. */
static void give_back(struct epoll *ep, uint64_t number, int from)
{
    host_mutex_lock(&items_lock);
    for (struct epoll_item *item = ep->items; item; item = item->next) {
        if (item->harvest != number || item->place < from)
            continue;
        item->harvest = 0;
        set_events(item, item->taken_events);
        mark_ready(item);
    }
    host_mutex_unlock(&items_lock);
    waitq_wake(&ep->queue, L_POLLIN);
}

/* That an item is listed says only that it was ready once: it is asked. */
static uint32_t epoll_poll(struct file *file, struct poll_table *table)
{
    struct epoll *ep = file->priv;
    uint64_t number;
    poll_wait(table, &ep->queue);
    return harvest(ep, NULL, 1, &number) ? L_POLLIN | L_POLLRDNORM : 0;
}

static uint64_t epoll_memory(struct file *file)
{
    const struct epoll *ep = file->priv;
    host_mutex_lock(&items_lock);
    uint64_t bytes = ep->count * (sizeof(struct epoll_item) + 2 * sizeof(struct item_wait)) +
                     ep->buckets * sizeof(struct epoll_item *);
    host_mutex_unlock(&items_lock);
    return bytes;
}

static const struct file_ops epoll_ops = {
    .poll = epoll_poll, .release = epoll_release, .memory = epoll_memory};

static struct epoll *epoll_of(struct file *file)
{
    return file && file->ops == &epoll_ops ? file->priv : NULL;
}

/* With items_lock: what of the wanted events holds now. Nesting is bounded by NEST_MAX. */
static uint32_t item_poll(struct epoll_item *item, struct poll_table *table)
{
    struct epoll *inner = epoll_of(item->file);
    uint32_t events;
    if (inner) {
        poll_wait(table, &inner->queue);
        events = harvest_locked(inner, NULL, 1) ? L_POLLIN | L_POLLRDNORM : 0;
    } else {
        events = file_poll(item->file, table);
    }
    return events & item->event.events & ~(uint32_t)PRIVATE_BITS;
}

static int64_t create(struct task *t, bool cloexec)
{
    struct epoll *ep = calloc(1, sizeof(*ep));
    if (!ep)
        return -L_ENOMEM;
    host_mutex_init(&ep->ready_lock, RANK_EPOLL_READY);
    waitq_init_nested(&ep->queue);
    struct file *file = file_anonymous("anon_inode:[eventpoll]", 0600, L_O_RDWR, &epoll_ops, ep);
    if (!file) {
        free(ep);
        return -L_ENOMEM;
    }
    file->kind |= FILE_STREAM;
    ep->file = file;
    return files_install(t->files, file, 0, cloexec, t->process->rlimits[L_RLIMIT_NOFILE].rlim_cur);
}

int64_t sys_epoll_create1(struct task *t, uint64_t flags)
{
    return flags & ~(uint64_t)L_EPOLL_CLOEXEC ? -L_EINVAL : create(t, flags & L_EPOLL_CLOEXEC);
}

int64_t sys_epoll_create(struct task *t, uint64_t size)
{
    return (int32_t)size <= 0 ? -L_EINVAL : create(t, false);
}

/* With items_lock. How deep epolls lie inside an epoll; NEST_MAX + 1 when `ep` itself is inside. */
static int depth_below(struct epoll *inside, struct epoll *ep, int depth)
{
    int deepest = depth;
    if (inside == ep || depth > NEST_MAX)
        return NEST_MAX + 1;
    for (struct epoll_item *i = inside->items; i; i = i->next) {
        struct epoll *next = epoll_of(i->file);
        int d = next ? depth_below(next, ep, depth + 1) : depth;
        if (d > deepest)
            deepest = d;
    }
    return deepest;
}

static int depth_above(struct epoll *ep, int depth)
{
    int deepest = depth;
    if (depth > NEST_MAX)
        return depth;
    for (struct epoll_item *i = ep->file->epoll; i; i = i->file_next) {
        int d = depth_above(i->epoll, depth + 1);
        if (d > deepest)
            deepest = d;
    }
    return deepest;
}

static int add_item(struct epoll *ep, struct file *file, int fd, const struct l_epoll_event *event)
{
    struct epoll *inner = epoll_of(file);
    if (inner && depth_below(inner, ep, 1) + depth_above(ep, 0) > NEST_MAX)
        return -L_ELOOP;
    struct epoll_item *item = grow_table(ep) ? calloc(1, sizeof(*item)) : NULL;
    if (!item)
        return -L_ENOMEM;
    item->epoll = ep;
    item->file = file;
    item->fd = fd;
    item->event.data = event->data;
    set_events(item, event->events);
    item->next = ep->items;
    if (ep->items)
        ep->items->prev = item;
    ep->items = item;
    ep->count++;
    enter_table(ep, item);
    item->file_next = file->epoll;
    item->file_link = &file->epoll;
    if (file->epoll)
        file->epoll->file_link = &item->file_next;
    file->epoll = item;
    file->watch = &watch;
    struct item_table table = {{item_add_queue}, item};
    uint32_t events = item_poll(item, &table.table);
    if (item->failed) {
        remove_item(item);
        return -L_ENOMEM;
    }
    if (events)
        mark_ready(item);
    return events ? 1 : 0;
}

static int change_item(struct epoll_item *item, const struct l_epoll_event *event)
{
    if (item->event.events & L_EPOLLEXCLUSIVE)
        return -L_EINVAL;
    item->event.data = event->data;
    set_events(item, event->events);
    item->harvest = 0;
    uint32_t events = item_poll(item, NULL);
    if (events)
        mark_ready(item);
    return events ? 1 : 0;
}

static int control(struct epoll *ep, struct file *file, int op, int fd, struct l_epoll_event *event)
{
    if (op != L_EPOLL_CTL_ADD && op != L_EPOLL_CTL_MOD && op != L_EPOLL_CTL_DEL)
        return -L_EINVAL;
    if (event->events & L_EPOLLEXCLUSIVE) {
        const uint32_t allowed = PRIVATE_BITS | L_POLLIN | L_POLLOUT | L_POLLERR | L_POLLHUP;
        if (op == L_EPOLL_CTL_MOD || epoll_of(file) ||
            (op == L_EPOLL_CTL_ADD && (event->events & ~allowed)))
            return -L_EINVAL;
    }
    event->events |= L_POLLERR | L_POLLHUP;
    host_mutex_lock(&items_lock);
    struct epoll_item *item = find_item(ep, file, fd);
    int result;
    if (op == L_EPOLL_CTL_ADD) {
        result = item ? -L_EEXIST : add_item(ep, file, fd, event);
    } else if (!item) {
        result = -L_ENOENT;
    } else if (op == L_EPOLL_CTL_MOD) {
        result = change_item(item, event);
    } else {
        remove_item(item);
        result = 0;
    }
    host_mutex_unlock(&items_lock);
    if (result > 0)
        waitq_wake(&ep->queue, L_POLLIN);
    return result < 0 ? result : 0;
}

int64_t sys_epoll_ctl(struct task *t, uint64_t epfd, uint64_t op, uint64_t fd, uint64_t uevent)
{
    struct l_epoll_event event = {0, 0};
    if ((int)op != L_EPOLL_CTL_DEL &&
        copy_from_guest(t->process->space, &event, uevent, sizeof(event)))
        return -L_EFAULT;
    struct file *outer = files_get(t->files, (int)epfd);
    struct file *file = files_get(t->files, (int)fd);
    struct epoll *ep = epoll_of(outer);
    int64_t result;
    if (!outer || !file)
        result = -L_EBADF;
    else if (!file->ops->poll)
        result = -L_EPERM;
    else if (!ep || outer == file)
        result = -L_EINVAL;
    else
        result = control(ep, file, (int)op, (int)fd, &event);
    if (outer)
        file_put(outer);
    if (file)
        file_put(file);
    return result;
}

struct epoll_wait {
    struct epoll *epoll;
    struct l_epoll_event *out;
    int max, count;
    uint64_t number;
};

static bool wait_ready(void *arg)
{
    struct epoll_wait *w = arg;
    w->count = harvest(w->epoll, w->out, w->max, &w->number);
    return w->count;
}

/* How many events reach the guest: those before the first that it has no memory for. */
static int64_t deliver(struct task *t, const struct epoll_wait *w, uint64_t uevents)
{
    size_t size = (size_t)w->count * sizeof(*w->out);
    size_t copied = copy_to_guest_partial(t->process->space, uevents, w->out, size);
    int whole = (int)(copied / sizeof(*w->out));
    if (whole < w->count)
        give_back(w->epoll, w->number, whole);
    return whole ? whole : -L_EFAULT;
}

/* Room for every item there is now, and for some that come while waiting. */
static int most_events(struct epoll *ep, int max)
{
    host_mutex_lock(&items_lock);
    uint32_t most = ep->count < 1024 ? 1024 : ep->count;
    host_mutex_unlock(&items_lock);
    return (uint32_t)max < most ? max : (int)most;
}

static int64_t do_wait(struct task *t, uint64_t epfd, uint64_t uevents, int max, uint64_t deadline)
{
    if (max <= 0 || max > EVENTS_MAX)
        return -L_EINVAL;
    struct file *file = files_get(t->files, (int)epfd);
    if (!file)
        return -L_EBADF;
    struct epoll_wait w = {.epoll = epoll_of(file)};
    int64_t result = w.epoll ? 0 : -L_EINVAL;
    if (!result) {
        w.max = most_events(w.epoll, max);
        w.out = malloc((size_t)w.max * sizeof(*w.out));
        result = w.out ? 0 : -L_ENOMEM;
    }
    if (!result && !deadline)
        wait_ready(&w);
    else if (!result)
        result = wait_until(&w.epoll->queue, wait_ready, &w, deadline);
    /* An EPOLLEXCLUSIVE item woke this thread and nobody else as it gave up. */
    if ((result == -L_ETIMEDOUT || result == -L_ERESTARTSYS) && wait_ready(&w))
        result = 0;
    if (result == -L_ETIMEDOUT)
        result = 0;
    else if (result == -L_ERESTARTSYS)
        result = -L_EINTR;
    if (!result && w.count)
        result = deliver(t, &w, uevents);
    free(w.out);
    file_put(file);
    return result;
}

static uint64_t deadline_of_ms(int32_t ms)
{
    return ms < 0 ? WAIT_FOREVER : ms ? deadline_after((uint64_t)ms * NS_PER_MS) : 0;
}

int64_t sys_epoll_wait(struct task *t, uint64_t epfd, uint64_t uevents, uint64_t max,
                       uint64_t timeout)
{
    return do_wait(t, epfd, uevents, (int)max, deadline_of_ms((int32_t)timeout));
}

static int64_t wait_masked(struct task *t, uint64_t epfd, uint64_t uevents, int max,
                           uint64_t deadline, uint64_t umask, uint64_t size)
{
    uint64_t mask;
    if (umask) {
        if (size != 8)
            return -L_EINVAL;
        if (get_guest_u64(t->process->space, umask, &mask))
            return -L_EFAULT;
        signal_set_temporary_mask(t, mask);
    }
    int64_t result = do_wait(t, epfd, uevents, max, deadline);
    if (result != -L_EINTR)
        signal_restore_mask(t);
    return result;
}

int64_t sys_epoll_pwait(struct task *t, uint64_t epfd, uint64_t uevents, uint64_t max,
                        uint64_t timeout, uint64_t umask, uint64_t size)
{
    return wait_masked(t, epfd, uevents, (int)max, deadline_of_ms((int32_t)timeout), umask, size);
}

int64_t sys_epoll_pwait2(struct task *t, uint64_t epfd, uint64_t uevents, uint64_t max,
                         uint64_t uts, uint64_t umask)
{
    uint64_t deadline;
    int error = time_poll_deadline(t->process->space, uts, &deadline);
    if (error)
        return error;
    return wait_masked(t, epfd, uevents, (int)max, deadline, umask, 8);
}
