/* Descriptors on their way in messages, and sockets that nothing but those lead to. */
#include "runtime/net/unix_rights.h"

#include "runtime/abi/errno.h"
#include "runtime/host/thread.h"
#include "runtime/task/process.h"
#include "runtime/task/task.h"

/* Sockets that are on their way at least once. unix_lock. */
static struct unix_socket *travelling;
static atomic_uint travelling_count;

/* Files lost a reference that may have made garbage since the last look. */
static atomic_uint suspicions;

/* A thread that drops control data; what its closing of files drops in turn is added to its list.
 */
struct dropper {
    struct dropper *next;
    struct host_thread *thread;
    struct unix_control *list;
};
static struct dropper *droppers; /* unix_lock */

int rights_may_send(struct task *t)
{
    const struct process *p = t->process;
    struct user *user = user_find(p->cred.uid);
    if (!user)
        return -L_ENOMEM;
    bool many = atomic_load(&user->in_flight) > p->rlimits[L_RLIMIT_NOFILE].rlim_cur;
    user_put(user);
    bool may =
        cred_capable(&p->cred, L_CAP_SYS_RESOURCE) || cred_capable(&p->cred, L_CAP_SYS_ADMIN);
    return many && !may ? -L_ETOOMANYREFS : 0;
}

static void set_out(struct unix_socket *s)
{
    if (s->in_flight++)
        return;
    s->travel_prev = NULL;
    s->travel_next = travelling;
    if (travelling)
        travelling->travel_prev = s;
    travelling = s;
    atomic_fetch_add(&travelling_count, 1);
}

static void arrive(struct unix_socket *s)
{
    if (--s->in_flight)
        return;
    if (s->travel_prev)
        s->travel_prev->travel_next = s->travel_next;
    else
        travelling = s->travel_next;
    if (s->travel_next)
        s->travel_next->travel_prev = s->travel_prev;
    atomic_fetch_sub(&travelling_count, 1);
}

static void each_socket(struct unix_control *control, void (*fn)(struct unix_socket *))
{
    for (uint32_t i = 0; i < control->file_count; i++) {
        struct unix_socket *s = unix_of(control->files[i]);
        if (s)
            fn(s);
    }
}

void rights_enter_locked(struct unix_control *control)
{
    if (!control)
        return;
    atomic_fetch_add(&control->user->in_flight, control->file_count);
    each_socket(control, set_out);
}

void rights_leave_locked(struct unix_control *control)
{
    if (!control)
        return;
    atomic_fetch_sub(&control->user->in_flight, control->file_count);
    each_socket(control, arrive);
}

static void append_controls(struct unix_control **list, struct unix_control *more)
{
    while (*list)
        list = &(*list)->next;
    *list = more;
}

/* True when the calling thread is dropping already, further up. */
static bool leave_to_caller(struct unix_control *list)
{
    struct host_thread *self = host_thread_self();
    host_mutex_lock(&unix_lock);
    struct dropper *d = droppers;
    while (d && d->thread != self)
        d = d->next;
    if (d) {
        append_controls(&list, d->list);
        d->list = list;
    }
    host_mutex_unlock(&unix_lock);
    return d;
}

void rights_drop(struct unix_control *list)
{
    if (!list || leave_to_caller(list))
        return;
    struct dropper own = {.thread = host_thread_self(), .list = list};
    host_mutex_lock(&unix_lock);
    own.next = droppers;
    droppers = &own;
    for (struct unix_control *control; (control = own.list);) {
        own.list = control->next;
        rights_leave_locked(control);
        host_mutex_unlock(&unix_lock);
        unix_control_free(control);
        host_mutex_lock(&unix_lock);
    }
    struct dropper **link = &droppers;
    while (*link != &own)
        link = &(*link)->next;
    *link = own.next;
    host_mutex_unlock(&unix_lock);
}

/* --- garbage --- */

/* Calls fn for every socket that lies in the queue of s, or of a connection s has not accepted. */
static void each_inside(struct unix_socket *s, void (*fn)(struct unix_socket *))
{
    for (struct unix_message *m = s->first; m; m = m->next) {
        if (m->control)
            each_socket(m->control, fn);
    }
    for (struct unix_socket *server = s->pending; server; server = server->pending_next) {
        for (struct unix_message *m = server->first; m; m = m->next) {
            if (m->control)
                each_socket(m->control, fn);
        }
    }
}

static void discount(struct unix_socket *s)
{
    s->outside--;
}

static struct unix_socket *reached;

static void reach(struct unix_socket *s)
{
    if (!s->candidate)
        return;
    s->candidate = false;
    s->reached_next = reached;
    reached = s;
}

/* What is left as candidate is garbage. */
static void mark_locked(void)
{
    struct unix_socket *s;
    for (s = travelling; s; s = s->travel_next) {
        s->candidate = atomic_load(&s->file->refs) == s->in_flight;
        s->outside = s->in_flight;
    }
    for (s = travelling; s; s = s->travel_next) {
        if (s->candidate)
            each_inside(s, discount);
    }
    reached = NULL;
    for (s = travelling; s; s = s->travel_next) {
        if (s->candidate && s->outside)
            reach(s);
    }
    while ((s = reached)) {
        reached = s->reached_next;
        each_inside(s, reach);
    }
}

static void take_control(struct unix_socket *s, struct unix_control **list)
{
    for (struct unix_message *m = s->first; m; m = m->next) {
        if (m->control) {
            m->control->next = *list;
            *list = m->control;
            m->control = NULL;
        }
    }
}

void rights_collect(void)
{
    /* In proportion to what there is to look through. */
    if (atomic_fetch_add(&suspicions, 1) < atomic_load(&travelling_count) / 8)
        return;
    struct unix_control *garbage = NULL;
    host_mutex_lock(&unix_lock);
    atomic_store(&suspicions, 0);
    mark_locked();
    for (struct unix_socket *s = travelling; s; s = s->travel_next) {
        if (!s->candidate)
            continue;
        take_control(s, &garbage);
        for (struct unix_socket *server = s->pending; server; server = server->pending_next)
            take_control(server, &garbage);
    }
    host_mutex_unlock(&unix_lock);
    rights_drop(garbage);
}

unsigned rights_inner_refs(const struct file *file)
{
    const struct unix_socket *s = file->priv;
    return atomic_load_explicit(&s->in_flight, memory_order_relaxed);
}
