/*
 * All locks of a file hang on its inode (inode->locks, made at the first lock). One mutex guards
 * them all: locks are rare and their lists short. A record lock's owner is a descriptor table, an
 * OFD lock's and a flock's the struct file.
 */
#include "runtime/fs/vfs/file_lock.h"

#include "runtime/abi/errno.h"
#include "runtime/host/heap.h"
#include "runtime/task/waitq.h"
#include <stdio.h>

enum lock_kind { RECORD, OFD, FLOCK };

struct held {
    struct held *next;
    const void *owner;
    int64_t start, end;
    int32_t pid;
    uint8_t type, kind;
};

struct file_locks {
    struct held *first;
    struct waitq wait;
};

/* Who waits for whom, to refuse cycles of record locks. */
struct waiter {
    struct waiter *next;
    const void *owner;
    struct inode *inode;
    struct held want;
};

static struct host_mutex lock = HOST_MUTEX_INIT(RANK_FILE_LOCKS);
static struct waiter *waiters;

static struct file_locks *locks_of(struct inode *inode)
{
    if (!inode->locks) {
        inode->locks = calloc(1, sizeof(*inode->locks));
        if (inode->locks)
            waitq_init(&inode->locks->wait);
    }
    return inode->locks;
}

/* Record and OFD locks see each other; flock is a world of its own. */
static bool conflicts(const struct held *a, const struct held *b)
{
    return (a->kind == FLOCK) == (b->kind == FLOCK) &&
           !(a->owner == b->owner && a->kind == b->kind) && a->start <= b->end &&
           b->start <= a->end && (a->type == L_F_WRLCK || b->type == L_F_WRLCK);
}

static struct held *blocker(const struct inode *inode, const struct held *want)
{
    for (struct held *h = inode->locks ? inode->locks->first : NULL; h; h = h->next) {
        if (conflicts(h, want))
            return h;
    }
    return NULL;
}

static struct held *copy_of(const struct held *from)
{
    struct held *copy = malloc(sizeof(*copy));
    if (copy)
        *copy = *from;
    return copy;
}

/* Take [want->start, want->end] away from what the owner holds. */
static int carve(struct file_locks *locks, const struct held *want)
{
    struct held **link = &locks->first;
    while (*link) {
        struct held *h = *link;
        if (h->owner != want->owner || h->kind != want->kind || h->end < want->start ||
            h->start > want->end) {
            link = &h->next;
            continue;
        }
        if (h->start < want->start && h->end > want->end) {
            struct held *tail = copy_of(h);
            if (!tail)
                return -L_ENOLCK;
            tail->start = want->end + 1;
            tail->next = h->next;
            h->next = tail;
            h->end = want->start - 1;
            return 0;
        }
        if (h->start < want->start) {
            h->end = want->start - 1;
            link = &h->next;
        } else if (h->end > want->end) {
            h->start = want->end + 1;
            link = &h->next;
        } else {
            *link = h->next;
            free(h);
        }
    }
    return 0;
}

/* Join with neighbours of the same kind, so that lists stay short and F_GETLK shows whole ranges.
 */
static void merge(struct file_locks *locks, struct held *made)
{
    struct held **link = &locks->first;
    while (*link) {
        struct held *h = *link;
        bool touches = h != made && h->owner == made->owner && h->kind == made->kind &&
                       h->type == made->type &&
                       (h->end == INT64_MAX || h->end + 1 >= made->start) &&
                       (made->end == INT64_MAX || made->end + 1 >= h->start);
        if (!touches) {
            link = &h->next;
            continue;
        }
        if (h->start < made->start)
            made->start = h->start;
        if (h->end > made->end)
            made->end = h->end;
        *link = h->next;
        free(h);
    }
}

static int apply(struct inode *inode, const struct held *want)
{
    struct file_locks *locks = locks_of(inode);
    struct held *made = NULL;
    if (!locks)
        return -L_ENOLCK;
    if (want->type != L_F_UNLCK && !(made = copy_of(want)))
        return -L_ENOLCK;
    int error = carve(locks, want);
    if (error) {
        free(made);
        return error;
    }
    if (made) {
        made->next = locks->first;
        locks->first = made;
        merge(locks, made);
    }
    return 0;
}

/* As far as Linux looks, which follows one wait of each owner. */
#define CIRCLE_MAX 12

/* Would waiting for `owner` close a circle back to `self`? */
static bool deadlocks(const void *self, const void *owner)
{
    for (int step = 0; step < CIRCLE_MAX; step++) {
        if (owner == self)
            return true;
        const struct waiter *w = waiters;
        while (w && w->owner != owner)
            w = w->next;
        const struct held *in_the_way = w ? blocker(w->inode, &w->want) : NULL;
        if (!in_the_way || in_the_way->kind != RECORD)
            return false;
        owner = in_the_way->owner;
    }
    return false;
}

static bool free_now(void *arg)
{
    const struct waiter *w = arg;
    host_mutex_lock(&lock);
    bool ready = !blocker(w->inode, &w->want);
    host_mutex_unlock(&lock);
    return ready;
}

static void forget_waiter(struct waiter *w)
{
    struct waiter **link = &waiters;
    while (*link && *link != w)
        link = &(*link)->next;
    if (*link)
        *link = w->next;
}

static int acquire(struct inode *inode, const struct held *want, bool wait)
{
    struct waiter waiter = {.owner = want->owner, .inode = inode, .want = *want};
    for (;;) {
        host_mutex_lock(&lock);
        struct held *in_the_way = want->type == L_F_UNLCK ? NULL : blocker(inode, want);
        int error = 0;
        if (!in_the_way)
            error = apply(inode, want);
        else if (!wait)
            error = -L_EAGAIN;
        else if (want->kind == RECORD && in_the_way->kind == RECORD &&
                 deadlocks(want->owner, in_the_way->owner))
            error = -L_EDEADLK;
        bool done = !in_the_way || error;
        struct waitq *queue = inode->locks ? &inode->locks->wait : NULL;
        if (!done) {
            waiter.next = waiters;
            waiters = &waiter;
        }
        host_mutex_unlock(&lock);
        if (done) {
            if (queue && !error)
                waitq_wake(queue, 0);
            return error;
        }
        error = wait_until(queue, free_now, &waiter, WAIT_FOREVER);
        host_mutex_lock(&lock);
        forget_waiter(&waiter);
        host_mutex_unlock(&lock);
        if (error)
            return error;
    }
}

int lock_set(struct file *file, const void *owner, int32_t pid, bool ofd,
             const struct lock_range *want, bool wait)
{
    struct held held = {.owner = ofd ? file : owner,
                        .start = want->start,
                        .end = want->end,
                        .pid = ofd ? -1 : pid,
                        .type = (uint8_t)want->type,
                        .kind = ofd ? OFD : RECORD};
    if (ofd)
        file->kind |= FILE_LOCKED;
    return acquire(file->inode, &held, wait);
}

void lock_test(struct file *file, const void *owner, bool ofd, const struct lock_range *want,
               struct lock_range *found, int32_t *pid)
{
    struct held held = {.owner = ofd ? file : owner,
                        .start = want->start,
                        .end = want->end,
                        .type = (uint8_t)want->type,
                        .kind = ofd ? OFD : RECORD};
    *found = (struct lock_range){.type = L_F_UNLCK};
    host_mutex_lock(&lock);
    struct held *in_the_way = blocker(file->inode, &held);
    if (in_the_way) {
        *found = (struct lock_range){in_the_way->type, in_the_way->start, in_the_way->end};
        *pid = in_the_way->pid;
    }
    host_mutex_unlock(&lock);
}

int lock_flock(struct file *file, int operation)
{
    struct held held = {.owner = file, .start = 0, .end = INT64_MAX, .pid = -1, .kind = FLOCK};
    switch (operation & ~L_LOCK_NB) {
    case L_LOCK_SH:
        held.type = L_F_RDLCK;
        break;
    case L_LOCK_EX:
        held.type = L_F_WRLCK;
        break;
    case L_LOCK_UN:
        held.type = L_F_UNLCK;
        break;
    default:
        return -L_EINVAL;
    }
    file->kind |= FILE_LOCKED;
    return acquire(file->inode, &held, !(operation & L_LOCK_NB));
}

bool lock_waits(const void *owner)
{
    bool found = false;
    host_mutex_lock(&lock);
    for (struct waiter *w = waiters; w; w = w->next)
        found = found || w->owner == owner;
    host_mutex_unlock(&lock);
    return found;
}

static void release(struct inode *inode, const void *owner, bool record)
{
    struct held *gone = NULL;
    struct waitq *queue = NULL;
    host_mutex_lock(&lock);
    if (inode->locks) {
        struct held **link = &inode->locks->first;
        while (*link) {
            struct held *h = *link;
            if (h->owner == owner && (h->kind == RECORD) == record) {
                *link = h->next;
                h->next = gone;
                gone = h;
            } else {
                link = &h->next;
            }
        }
        queue = &inode->locks->wait;
    }
    host_mutex_unlock(&lock);
    if (gone)
        waitq_wake(queue, 0);
    while (gone) {
        struct held *next = gone->next;
        free(gone);
        gone = next;
    }
}

void lock_release_owner(struct inode *inode, const void *owner)
{
    release(inode, owner, true);
}

void lock_release_file(struct file *file)
{
    release(file->inode, file, false);
}

void lock_free(struct inode *inode)
{
    while (inode->locks->first) {
        struct held *h = inode->locks->first;
        inode->locks->first = h->next;
        free(h);
    }
    free(inode->locks);
    inode->locks = NULL;
}

struct listing {
    char *text;
    size_t size, length;
    int number;
};

static void list_inode(struct inode *inode, void *arg)
{
    static const char *const kinds[] = {"POSIX", "OFDLCK", "FLOCK"};
    struct listing *l = arg;
    host_mutex_lock(&lock);
    for (struct held *h = inode->locks ? inode->locks->first : NULL; h; h = h->next) {
        char end[24] = "EOF";
        if (l->length >= l->size)
            break;
        if (h->end != INT64_MAX)
            snprintf(end, sizeof(end), "%lld", (long long)h->end);
        l->length += (size_t)snprintf(
            l->text + l->length, l->size - l->length,
            "%d: %-6s ADVISORY  %s %d %02x:%02x:%llu %lld %s\n", ++l->number, kinds[h->kind],
            h->type == L_F_WRLCK ? "WRITE" : "READ ", h->pid, l_major(inode->super->dev),
            l_minor(inode->super->dev), (unsigned long long)inode->ino, (long long)h->start, end);
    }
    host_mutex_unlock(&lock);
}

static void list_super(struct superblock *super, void *arg)
{
    inode_each(super, list_inode, arg);
}

int lock_describe(char *text, size_t size)
{
    struct listing listing = {.text = text, .size = size};
    super_each(list_super, &listing);
    return (int)(listing.length < size ? listing.length : size ? size - 1 : 0);
}
