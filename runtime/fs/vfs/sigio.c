/* O_ASYNC: a signal when a file may have become ready. */
#include "runtime/fs/vfs/sigio.h"

#include <stdatomic.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/poll.h"
#include "runtime/fs/vfs/file.h"
#include "runtime/host/heap.h"
#include "runtime/host/park.h"
#include "runtime/host/thread.h"
#include "runtime/task/process.h"
#include "runtime/task/waitq.h"

#define QUEUES_MAX 4

/* si_code of SIGIO. */
enum { CODE_IN = 1, CODE_OUT = 2, CODE_HUP = 6 };

struct file_async;

struct entry {
    struct wait_entry wait; /* first: the wake function casts */
    struct file_async *async;
};

struct file_async {
    struct file *file;
    int fd;
    unsigned count;
    struct entry entries[QUEUES_MAX];
    /* pending_lock */
    struct file_async *next;
    uint32_t codes; /* bit n: si_code n is to be sent */
    bool no_room;
};

struct queues {
    struct poll_table table;
    struct file_async *async;
};

static struct host_mutex setting =
    HOST_MUTEX_INIT(RANK_ASYNC_SETTING); /* file->async of every file */
/* One thread sends at a time, so that who waits for it finds everything sent. */
static struct host_mutex sending = HOST_MUTEX_INIT(RANK_ASYNC_SENDING);
/* Taken inside of a queue's lock. */
static struct host_mutex pending_lock = HOST_MUTEX_INIT(RANK_ASYNC_PENDING);
static struct file_async *pending;
atomic_bool
    async_messages_wait; /* something is pending or being sent; changes under pending_lock */
static struct host_parker sender = HOST_PARKER_INIT;
static bool sender_runs; /* setting */

static uint32_t code_of(const struct file *file, uint32_t events)
{
    if (events & (L_POLLIN | L_POLLPRI))
        return CODE_IN;
    if (events & (L_POLLHUP | L_POLLERR))
        return CODE_HUP;
    if (events & L_POLLOUT)
        return CODE_OUT;
    return file_readable(file) ? CODE_IN : CODE_OUT;
}

static bool note(struct wait_entry *wait, uint32_t events)
{
    struct file_async *a = ((struct entry *)wait)->async;
    uint32_t code = code_of(a->file, events);
    host_mutex_lock(&pending_lock);
    bool wanted = code != CODE_OUT || a->no_room || events == 0;
    if (code == CODE_OUT)
        a->no_room = false;
    if (wanted && !a->codes) {
        a->next = pending;
        pending = a;
    }
    if (wanted) {
        a->codes |= 1u << code;
        atomic_store(&async_messages_wait, true);
    }
    host_mutex_unlock(&pending_lock);
    if (wanted)
        host_unpark(&sender);
    return wanted;
}

void async_no_room(struct file *file)
{
    if (!file || !file->async)
        return;
    host_mutex_lock(&pending_lock);
    if (file->async)
        file->async->no_room = true;
    host_mutex_unlock(&pending_lock);
}

static void add_queue(struct poll_table *table, struct waitq *q)
{
    struct file_async *a = ((struct queues *)table)->async;
    if (a->count == QUEUES_MAX)
        return;
    struct entry *e = &a->entries[a->count++];
    e->wait.wake = note;
    e->async = a;
    waitq_add(q, &e->wait);
}

static void send_forever(void *arg)
{
    (void)arg;
    for (;;) {
        host_park(&sender, HOST_FOREVER);
        async_deliver();
    }
}

static int turn_on(struct file *file, int fd)
{
    struct file_async *a = calloc(1, sizeof(*a));
    int error = a ? 0 : -L_ENOMEM;
    if (a && !sender_runs) {
        error = host_thread_start(send_forever, NULL);
        sender_runs = !error;
    }
    if (error) {
        free(a);
        return error;
    }
    a->file = file;
    a->fd = fd;
    struct queues queues = {{add_queue}, a};
    file_poll(file, &queues.table);
    host_mutex_lock(&pending_lock);
    file->async = a;
    host_mutex_unlock(&pending_lock);
    return 0;
}

static void turn_off(struct file *file)
{
    struct file_async *a = file->async;
    for (unsigned i = 0; i < a->count; i++)
        waitq_remove(&a->entries[i].wait);
    host_mutex_lock(&pending_lock);
    struct file_async **link = &pending;
    while (*link && *link != a)
        link = &(*link)->next;
    if (*link)
        *link = a->next;
    file->async = NULL;
    host_mutex_unlock(&pending_lock);
    free(a);
}

int async_set(struct file *file, int fd, bool on)
{
    int error = 0;
    host_mutex_lock(&setting);
    if (on && !file->async)
        error = turn_on(file, fd);
    else if (!on && file->async)
        turn_off(file);
    host_mutex_unlock(&setting);
    return error;
}

void async_forget(struct file *file)
{
    async_set(file, 0, false);
}

/* --- sending --- */

struct message {
    struct file_owner owner;
    int fd;
    uint32_t codes;
};

static bool pop(struct message *m)
{
    host_mutex_lock(&pending_lock);
    struct file_async *a = pending;
    if (a) {
        pending = a->next;
        host_mutex_lock(&a->file->owner_lock);
        m->owner = a->file->owner;
        host_mutex_unlock(&a->file->owner_lock);
        m->fd = a->fd;
        m->codes = a->codes;
        a->codes = 0;
    } else {
        atomic_store(&async_messages_wait, false);
    }
    host_mutex_unlock(&pending_lock);
    return a;
}

static bool may_send(const struct file_owner *owner, const struct process *to)
{
    return owner->euid == 0 || owner->euid == to->cred.suid || owner->euid == to->cred.uid ||
           owner->uid == to->cred.suid || owner->uid == to->cred.uid;
}

/* kernel_lock held. info NULL: SIGURG. */
static void send_to(struct process *p, struct task *t, const struct file_owner *owner,
                    const struct l_siginfo *info)
{
    if (!may_send(owner, p))
        return;
    int sig = !info ? L_SIGURG : owner->signal ? owner->signal : L_SIGIO;
    const struct l_siginfo *with = owner->signal ? info : NULL;
    int error =
        t ? signal_send_task_locked(t, sig, with) : signal_send_process_locked(p, sig, with);
    /* No room for one with information. */
    if (!info)
        return;
    if (error && t)
        signal_send_task_locked(t, L_SIGIO, NULL);
    else if (error)
        signal_send_process_locked(p, L_SIGIO, NULL);
}

/* To everybody whom the owner stands for. */
static void send_all(const struct file_owner *owner, const struct l_siginfo *info)
{
    struct task *t = owner->type == FILE_OWNER_TID ? task_find(owner->id) : NULL;
    struct process *p = owner->type == FILE_OWNER_PID ? process_find(owner->id) : NULL;
    struct pgrp *group = owner->type == FILE_OWNER_PGRP ? pgrp_find(owner->id, NULL) : NULL;
    host_mutex_lock(&kernel_lock);
    if (t)
        send_to(t->process, t, owner, info);
    if (p)
        send_to(p, NULL, owner, info);
    for (struct process *one = group ? group->members : NULL; one; one = one->pgrp_next)
        send_to(one, NULL, owner, info);
    host_mutex_unlock(&kernel_lock);
    task_put(t);
    if (p)
        process_put(p);
    if (group)
        pgrp_put(group);
}

static void send_code(const struct message *m, int code)
{
    struct l_siginfo info = {.si_signo = m->owner.signal, .si_code = code};
    info.poll.fd = m->fd;
    info.poll.band = code == CODE_IN    ? L_POLLIN | L_POLLRDNORM
                     : code == CODE_OUT ? L_POLLOUT | L_POLLWRNORM | L_POLLWRBAND
                                        : L_POLLHUP | L_POLLERR;
    send_all(&m->owner, &info);
}

void async_urgent(const struct file_owner *owner)
{
    if (owner->id)
        send_all(owner, NULL);
}

void async_deliver(void)
{
    struct message m;
    host_mutex_lock(&sending);
    while (pop(&m)) {
        for (int code = CODE_IN; code <= CODE_HUP && m.owner.id; code++) {
            if (m.codes & (1u << code))
                send_code(&m, code);
        }
    }
    host_mutex_unlock(&sending);
}
