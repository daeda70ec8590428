/*
 * A watch is on two lists: its instance's (by descriptor) and its inode's. One mutex guards both
 * kinds of lists and the event queues; reporting costs one read of inode->marks when nobody
 * watches.
 */
#include "runtime/fs/vfs/inotify_file.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/poll.h"
#include "runtime/abi/termios.h"
#include "runtime/host/heap.h"
#include "runtime/memory/access.h"
#include "runtime/task/process.h"
#include "runtime/task/waitq.h"
#include <string.h>

#define QUEUE_MAX 16384u

struct event {
    struct event *next;
    struct l_inotify_event head;
    char name[]; /* head.len bytes */
};

struct instance {
    struct inotify_mark *marks;
    struct event *first, *last;
    uint32_t queued;
    uint64_t bytes;
    int32_t next_wd;
    struct waitq wait;
};

struct inotify_mark {
    struct inotify_mark *inode_next, *instance_next;
    struct instance *instance;
    struct inode *inode; /* referenced */
    int32_t wd;
    uint32_t mask;
};

static struct host_mutex lock = HOST_MUTEX_INIT(RANK_INOTIFY);
static atomic_uint cookies, instances;

/* Whether anybody watches anything. */
static bool inotify_any(void)
{
    return atomic_load(&instances) != 0;
}

uint32_t inotify_cookie(void)
{
    return atomic_fetch_add(&cookies, 1) + 1;
}

static bool same_event(const struct event *e, int32_t wd, uint32_t mask, uint32_t cookie,
                       const char *name, uint32_t length)
{
    if (e->head.wd != wd || e->head.mask != mask || e->head.cookie != cookie ||
        e->head.len != length)
        return false;
    return length == 0 || strncmp(e->name, name, length) == 0;
}

static void queue_locked(struct instance *in, int32_t wd, uint32_t mask, uint32_t cookie,
                         const char *name)
{
    if (in->queued >= QUEUE_MAX) {
        if (in->last && in->last->head.mask == L_IN_Q_OVERFLOW)
            return;
        wd = -1;
        mask = L_IN_Q_OVERFLOW;
        name = NULL;
    }
    uint32_t length = name ? (uint32_t)(strlen(name) / 16 + 1) * 16 : 0;
    if (in->last && same_event(in->last, wd, mask, cookie, name, length))
        return;
    struct event *e = calloc(1, sizeof(*e) + length);
    if (!e)
        return;
    e->head = (struct l_inotify_event){wd, mask, cookie, length};
    if (name)
        strcpy(e->name, name);
    *(in->last ? &in->last->next : &in->first) = e;
    in->last = e;
    in->queued++;
    in->bytes += sizeof(e->head) + length;
}

static void detach_locked(struct inotify_mark *m)
{
    struct inotify_mark **link = &m->inode->marks;
    while (*link != m)
        link = &(*link)->inode_next;
    *link = m->inode_next;
    link = &m->instance->marks;
    while (*link != m)
        link = &(*link)->instance_next;
    *link = m->instance_next;
}

/* Tell the watches of an inode. Watches that end by it are freed by the caller after unlocking. */
static void tell(struct inode *inode, uint32_t mask, uint32_t cookie, const char *name)
{
    struct inotify_mark *ended = NULL;
    uint32_t kind = mask & L_IN_ALL_EVENTS;
    host_mutex_lock(&lock);
    struct inotify_mark *next;
    for (struct inotify_mark *m = inode->marks; m; m = next) {
        next = m->inode_next;
        bool wanted = m->mask & kind;
        bool end = (wanted && (m->mask & L_IN_ONESHOT)) || (kind & L_IN_DELETE_SELF);
        if (!wanted && !end)
            continue;
        if (wanted)
            queue_locked(m->instance, m->wd, mask, cookie, name);
        if (end)
            queue_locked(m->instance, m->wd, L_IN_IGNORED, 0, NULL);
        waitq_wake(&m->instance->wait, L_POLLIN | L_POLLRDNORM);
        if (end) {
            detach_locked(m);
            m->inode_next = ended;
            ended = m;
        }
    }
    host_mutex_unlock(&lock);
    while (ended) {
        struct inotify_mark *m = ended;
        ended = m->inode_next;
        inode_put(m->inode);
        free(m);
    }
}

void inotify_inode(struct inode *inode, uint32_t mask)
{
    if (inode->marks)
        tell(inode, mask, 0, NULL);
}

void inotify_name(struct inode *dir, const char *name, uint32_t mask, uint32_t cookie)
{
    if (dir->marks)
        tell(dir, mask, cookie, name);
}

void inotify_file(struct dentry *dentry, uint32_t mask)
{
    struct inode *inode = dentry->inode;
    if (!inotify_any())
        return;
    uint32_t isdir = (inode->mode & L_S_IFMT) == L_S_IFDIR ? L_IN_ISDIR : 0;
    struct dentry *parent = dentry_parent(dentry);
    if (parent != dentry && parent->inode && parent->inode->marks && dentry->hashed) {
        char name[NAME_LENGTH_MAX + 1];
        dentry_name(dentry, name);
        tell(parent->inode, mask | isdir, 0, name);
    }
    dentry_put(parent);
    if (inode->marks)
        tell(inode, mask | isdir, 0, NULL);
}

/* --- the descriptor --- */

static bool has_event(void *arg)
{
    struct instance *in = arg;
    host_mutex_lock(&lock);
    bool ready = in->first != NULL;
    host_mutex_unlock(&lock);
    return ready;
}

/* As many whole events as fit; -L_EINVAL when the first does not. */
static int64_t take_events(struct instance *in, uint8_t *to, size_t n)
{
    size_t done = 0;
    bool too_small = false;
    host_mutex_lock(&lock);
    while (in->first) {
        struct event *e = in->first;
        size_t size = sizeof(e->head) + e->head.len;
        if (size > n - done) {
            too_small = done == 0;
            break;
        }
        memcpy(to + done, &e->head, sizeof(e->head));
        memcpy(to + done + sizeof(e->head), e->name, e->head.len);
        done += size;
        in->bytes -= size;
        in->queued--;
        in->first = e->next;
        if (!in->first)
            in->last = NULL;
        free(e);
    }
    host_mutex_unlock(&lock);
    return too_small ? -L_EINVAL : (int64_t)done;
}

static int64_t inotify_read(struct file *file, void *buffer, size_t n, uint64_t *pos)
{
    (void)pos;
    struct instance *in = file->priv;
    for (;;) {
        int64_t got = take_events(in, buffer, n);
        if (got)
            return got;
        if (atomic_load(&file->flags) & L_O_NONBLOCK)
            return -L_EAGAIN;
        int error = wait_until(&in->wait, has_event, in, WAIT_FOREVER);
        if (error)
            return error;
    }
}

static uint32_t inotify_poll(struct file *file, struct poll_table *table)
{
    struct instance *in = file->priv;
    poll_wait(table, &in->wait);
    return has_event(in) ? L_POLLIN | L_POLLRDNORM : 0;
}

static int64_t inotify_ioctl(struct file *file, struct task *task, uint32_t command, uint64_t arg)
{
    struct instance *in = file->priv;
    if (command != L_FIONREAD)
        return -L_ENOTTY;
    return put_guest_u32(task->process->space, arg, (uint32_t)in->bytes);
}

static void inotify_release(struct file *file)
{
    struct instance *in = file->priv;
    for (;;) {
        host_mutex_lock(&lock);
        struct inotify_mark *m = in->marks;
        if (m)
            detach_locked(m);
        host_mutex_unlock(&lock);
        if (!m)
            break;
        inode_put(m->inode);
        free(m);
    }
    while (in->first) {
        struct event *e = in->first;
        in->first = e->next;
        free(e);
    }
    free(in);
    atomic_fetch_sub(&instances, 1);
}

static uint64_t inotify_memory(struct file *file)
{
    const struct instance *in = file->priv;
    host_mutex_lock(&lock);
    uint64_t bytes = in->bytes + in->queued * sizeof(struct event);
    for (const struct inotify_mark *mark = in->marks; mark; mark = mark->instance_next)
        bytes += sizeof(*mark);
    host_mutex_unlock(&lock);
    return bytes;
}

static const struct file_ops inotify_ops = {
    .kind_flags = FILE_OPS_ASYNC,
    .read = inotify_read,
    .poll = inotify_poll,
    .ioctl = inotify_ioctl,
    .release = inotify_release,
    .memory = inotify_memory,
};

struct file *inotify_create(uint32_t flags)
{
    struct instance *in = calloc(1, sizeof(*in));
    if (!in)
        return NULL;
    in->next_wd = 1;
    waitq_init(&in->wait);
    struct file *file = file_anonymous("anon_inode:inotify", 0600, flags, &inotify_ops, in);
    if (!file) {
        free(in);
        return NULL;
    }
    atomic_fetch_add(&instances, 1);
    return file;
}

int inotify_watch(struct file *file, struct inode *inode, uint32_t mask)
{
    if (file->ops != &inotify_ops || !(mask & L_IN_ALL_EVENTS))
        return -L_EINVAL;
    if ((mask & L_IN_MASK_ADD) && (mask & L_IN_MASK_CREATE))
        return -L_EINVAL;
    struct instance *in = file->priv;
    struct inotify_mark *made = calloc(1, sizeof(*made));
    if (!made)
        return -L_ENOMEM;
    uint32_t keep = mask & (L_IN_ALL_EVENTS | L_IN_ONESHOT | L_IN_EXCL_UNLINK);
    int wd;
    host_mutex_lock(&lock);
    struct inotify_mark *m = in->marks;
    while (m && m->inode != inode)
        m = m->instance_next;
    if (m && (mask & L_IN_MASK_CREATE)) {
        wd = -L_EEXIST;
    } else if (m) {
        m->mask = mask & L_IN_MASK_ADD ? m->mask | keep : keep;
        wd = m->wd;
    } else {
        made->instance = in;
        made->inode = inode_get(inode);
        made->mask = keep;
        wd = made->wd = in->next_wd++;
        made->instance_next = in->marks;
        in->marks = made;
        made->inode_next = inode->marks;
        inode->marks = made;
        made = NULL;
    }
    host_mutex_unlock(&lock);
    free(made);
    return wd;
}

int inotify_unwatch(struct file *file, int32_t wd)
{
    if (file->ops != &inotify_ops)
        return -L_EINVAL;
    struct instance *in = file->priv;
    host_mutex_lock(&lock);
    struct inotify_mark *m = in->marks;
    while (m && m->wd != wd)
        m = m->instance_next;
    if (m) {
        detach_locked(m);
        queue_locked(in, wd, L_IN_IGNORED, 0, NULL);
    }
    host_mutex_unlock(&lock);
    if (!m)
        return -L_EINVAL;
    waitq_wake(&in->wait, L_POLLIN | L_POLLRDNORM);
    inode_put(m->inode);
    free(m);
    return 0;
}
