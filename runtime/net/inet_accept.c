/*
 * A listener's three queues: connections that can be accepted; those that are not before there is
 * data (TCP_DEFER_ACCEPT), or until that has taken too long; and sockets that found the first queue
 * full.
 */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/host/time.h"
#include "runtime/net/counts.h"
#include "runtime/net/inet.h"
#include "runtime/net/inet_host.h"

static void append(struct inet_socket_queue *queue, struct inet_socket *s)
{
    s->queue_next = NULL;
    *(queue->first ? &queue->last->queue_next : &queue->first) = s;
    queue->last = s;
    queue->count++;
}

static void remove_from(struct inet_socket_queue *queue, struct inet_socket *s)
{
    struct inet_socket **link = &queue->first, *before = NULL;
    while (*link != s) {
        before = *link;
        link = &before->queue_next;
    }
    *link = s->queue_next;
    if (queue->last == s)
        queue->last = before;
    s->queue_next = NULL;
    queue->count--;
}

static struct inet_socket *take_first(struct inet_socket_queue *queue)
{
    struct inet_socket *s = queue->first;
    remove_from(queue, s);
    return s;
}

bool inet_full_locked(const struct inet_socket *listener)
{
    return listener->pending.count > listener->backlog;
}

/* --- who found the queue full --- */

struct inet_socket *inet_leave_waiting_locked(struct inet_socket *s)
{
    if (!s->listener)
        return NULL;
    remove_from(&s->listener->waiting, s);
    s->listener = NULL;
    return s;
}

void inet_wait_for_listener_locked(struct inet_socket *s, struct inet_socket *server,
                                   struct inet_socket *listener)
{
    s->state = INET_CONNECTING;
    s->other = server;
    s->listener = listener;
    append(&listener->waiting, inet_get(s));
}

/* --- who is not accepted before there is data --- */

/* The seconds of the option have passed since the first of them connected: those are accepted as
 * they are, or forgotten when they were reset. */
static void defer_over(struct timer *timer)
{
    struct inet_socket *s =
        (struct inet_socket *)((char *)timer - offsetof(struct inet_socket, defer_timer));
    struct inet_socket_queue reset = {0};
    bool woken = false;
    uint64_t now = host_clock_monotonic_ns();
    host_mutex_lock(&inet_lock);
    while (s->deferred.first && s->deferred.first->deferred_until <= now) {
        struct inet_socket *server = take_first(&s->deferred);
        server->deferred_until = 0;
        if (server->state == INET_OVER)
            server->listener = NULL;
        else
            woken = true;
        append(server->state == INET_OVER ? &reset : &s->pending, server);
    }
    if (s->deferred.first)
        timer_arm(timer, s->deferred.first->deferred_until);
    host_mutex_unlock(&inet_lock);
    if (woken)
        inet_wake_readers(s);
    while (reset.first)
        inet_close(take_first(&reset));
}

/* Linux takes connections at once when so many wait for data. */
static bool defers_locked(struct inet_socket *listener, struct inet_socket *server)
{
    uint64_t seconds = listener->options.defer_accept;
    if (!seconds || listener->deferred.count > listener->backlog)
        return false;
    listener->defer_timer.fire = defer_over;
    server->deferred_until = host_clock_monotonic_ns() + seconds * 1000000000;
    if (listener->deferred.first || !timer_arm(&listener->defer_timer, server->deferred_until))
        return true;
    server->deferred_until = 0;
    return false;
}

struct inet_socket *inet_defer_ends_locked(struct inet_socket *server)
{
    struct inet_socket *listener = server->listener;
    if (!server->deferred_until || !listener)
        return NULL;
    server->deferred_until = 0;
    remove_from(&listener->deferred, server);
    append(&listener->pending, server);
    return inet_get(listener);
}

/* --- who can be accepted --- */

/* With the first reference to server. */
static void enter_locked(struct inet_socket *listener, struct inet_socket *server)
{
    server->uid = listener->uid;
    server->options = listener->options;
    socket_filter_copy(&server->filter, &listener->filter);
    server->state = INET_CONNECTED;
    net_count(TCP_PASSIVE_OPENS);
    server->child = true;
    inet_name_locked(server, &server->local);
    server->listener = listener;
    append(defers_locked(listener, server) ? &listener->deferred : &listener->pending, server);
}

void inet_join_listener_locked(struct inet_socket *s, struct inet_socket *server,
                               struct inet_socket *listener)
{
    server->local = s->remote;
    server->remote = s->local;
    server->local.scope = server->remote.scope = 0;
    s->state = INET_CONNECTED;
    s->peer = inet_get(server);
    server->peer = inet_get(s);
    enter_locked(listener, server);
}

struct inet_socket *inet_admit(struct inet_socket *listener, struct inet_link *link,
                               const struct inet_end *local, const struct inet_end *peer)
{
    struct inet_socket *server = inet_new(listener->v6, true);
    if (!server)
        return NULL;
    host_mutex_lock(&inet_lock);
    bool admitted = listener->state == INET_LISTENING;
    if (admitted) {
        server->local = server->outer = *local;
        server->remote = *peer;
        server->links[0] = link;
        link->s = inet_get(server);
        enter_locked(listener, server);
    }
    host_mutex_unlock(&inet_lock);
    if (admitted)
        return server;
    inet_put(server);
    return NULL;
}

void inet_queues_take_locked(struct inet_socket *s, struct inet_socket **pending,
                             struct inet_socket **refused)
{
    struct inet_socket_queue none = {0};
    /* The other side of those that waited for data is not told: it finds out when it sends. */
    while (s->deferred.first) {
        struct inet_socket *server = take_first(&s->deferred);
        server->deferred_until = 0;
        server->unheard = true;
        append(&s->pending, server);
    }
    *pending = s->pending.first;
    *refused = s->waiting.first;
    s->pending = s->waiting = none;
}

static bool can_accept(void *arg)
{
    const struct inet_socket *s = arg;
    host_mutex_lock(&inet_lock);
    bool ready = s->pending.first || s->error || s->state != INET_LISTENING;
    host_mutex_unlock(&inet_lock);
    return ready;
}

/* One left the queue: the first that waits may enter. It is returned, referenced. */
static struct inet_socket *promote_locked(struct inet_socket *listener)
{
    if (!listener->waiting.first || inet_full_locked(listener))
        return NULL;
    struct inet_socket *s = take_first(&listener->waiting);
    struct inet_socket *server = s->other;
    s->other = s->listener = NULL;
    server->v6 = listener->v6;
    inet_join_listener_locked(s, server, listener);
    return s;
}

int inet_accept(struct inet_socket *s, bool nonblock, uint32_t flags, struct file **out,
                struct net_address *peer)
{
    uint64_t deadline = socket_deadline(s->options.receive_timeout_ns);
    if (!s->stream)
        return -L_EOPNOTSUPP;
    for (;;) {
        struct inet_socket *server = NULL, *promoted = NULL;
        host_mutex_lock(&inet_lock);
        bool listening = s->state == INET_LISTENING;
        int error = 0;
        if (listening && !s->pending.first) {
            error = -s->error;
            s->error = 0;
        } else if (listening) {
            server = take_first(&s->pending);
            server->listener = NULL;
            promoted = promote_locked(s);
            inet_show(server, &server->remote, peer);
        }
        host_mutex_unlock(&inet_lock);
        if (promoted) {
            inet_wake_all(promoted);
            inet_put(promoted);
        }
        if (!listening)
            return -L_EINVAL;
        if (server || error)
            inet_host_receive(s);
        if (error)
            return error;
        if (server) {
            *out = inet_make_file(server, flags);
            if (!*out)
                inet_close(server);
            return *out ? 0 : -L_ENOMEM;
        }
        if (nonblock)
            return -L_EAGAIN;
        error = wait_until(&s->read_wait, can_accept, s, deadline);
        if (error)
            return socket_wait_error(error, deadline);
    }
}
