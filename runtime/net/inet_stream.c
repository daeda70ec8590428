/* Streams of IPv4 and IPv6: listening, connecting, the end. */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/poll.h"
#include "runtime/host/heap.h"
#include "runtime/net/counts.h"
#include "runtime/net/inet.h"
#include "runtime/net/inet_host.h"
#include "runtime/task/task.h"
#include <string.h>

uint8_t inet_tcp_state_locked(const struct inet_socket *s)
{
    switch (s->state) {
    case INET_LISTENING:
        return L_TCP_LISTEN;
    case INET_CONNECTING:
        return L_TCP_SYN_SENT;
    case INET_CONNECTED:
        if (s->deferred_until)
            return L_TCP_SYN_RECV;
        if (!s->write_shut)
            return s->fin ? L_TCP_CLOSE_WAIT : L_TCP_ESTABLISHED;
        /* What is still to be sent, and the end after it, has not arrived. */
        if (inet_unsent_locked(s))
            return s->fin ? s->first ? L_TCP_CLOSING : L_TCP_LAST_ACK : L_TCP_FIN_WAIT1;
        return !s->fin ? L_TCP_FIN_WAIT2 : s->first ? L_TCP_TIME_WAIT : L_TCP_CLOSE;
    default:
        return L_TCP_CLOSE;
    }
}

/* --- the end of a connection --- */

void inet_reset_locked(struct inet_socket *s)
{
    if (s->state == INET_CLOSED)
        return;
    if (s->state == INET_CONNECTED && !s->write_shut)
        net_count(TCP_ESTAB_RESETS);
    s->error = s->fin ? L_EPIPE : L_ECONNRESET;
    s->state = INET_OVER;
    s->read_shut = s->write_shut = true;
    if (!s->own_port)
        inet_unname_locked(s);
}

/* Pulls s and its peer apart; the peer's reference to s and that of s to it go into `put`. reset:
 * the peer is told so, otherwise that there is no more. Returns a listener that has to be woken,
 * or NULL. */
static struct inet_socket *part_locked(struct inet_socket *s, bool reset,
                                       struct inet_socket *put[2])
{
    struct inet_socket *peer = s->peer;
    put[0] = put[1] = NULL;
    if (!peer)
        return NULL;
    s->peer = NULL;
    put[0] = peer;
    if (peer->peer == s) {
        peer->peer = NULL;
        put[1] = s;
    }
    if (reset && !s->unheard)
        inet_reset_locked(peer);
    else if (!s->unheard)
        peer->fin = true;
    return reset ? NULL : inet_defer_ends_locked(peer);
}

static void forget_name_locked(struct inet_socket *s)
{
    if (!s->own_port)
        inet_unname_locked(s);
    if (!s->own_ip)
        inet_set_any(&s->local, !s->v6);
    if (!s->named && !s->own_port)
        s->local.port = 0;
    memset(&s->remote, 0, sizeof(s->remote));
}

/* What a stream has let go of, to be given back without the lock. */
struct let_go {
    struct inet_piece *pieces;
    struct inet_socket *put[2], *waited, *other, *listener;
    struct inet_socket *pending, *refused; /* a listener's queues, by queue_next */
};

static void stop_listening_locked(struct inet_socket *s, struct let_go *out)
{
    inet_unshare_locked(s);
    inet_queues_take_locked(s, &out->pending, &out->refused);
    for (struct inet_socket *w = out->refused; w; w = w->queue_next) {
        net_count(TCP_ATTEMPT_FAILS);
        w->listener = NULL;
        w->error = L_ECONNREFUSED;
        w->state = INET_OVER;
        w->read_shut = w->write_shut = true;
    }
    for (struct inet_socket *p = out->pending; p; p = p->queue_next)
        p->listener = NULL;
}

/* Ends what s is in: listening, its queue, a connect that waits, a connection. */
static void leave_locked(struct inet_socket *s, enum inet_state state, bool reset,
                         struct let_go *out)
{
    *out = (struct let_go){.pieces = s->in.first};
    s->in = (struct inet_queue){0};
    s->blocked = false;
    if (s->state == INET_LISTENING)
        stop_listening_locked(s, out);
    if (s->state == INET_CONNECTING) {
        out->waited = inet_leave_waiting_locked(s);
        out->other = s->other;
        s->other = NULL;
    }
    if (reset && s->state == INET_CONNECTED && (s->peer || s->links[0])) {
        net_count(TCP_OUT_RESETS);
        if (!s->write_shut)
            net_count(TCP_ESTAB_RESETS);
    }
    inet_wait_ends_locked(s, reset);
    out->listener = part_locked(s, reset, out->put);
    s->state = state;
}

/* A stream is as it was before connect or listen. */
static void disconnect_locked(struct inet_socket *s, int error, struct let_go *out)
{
    leave_locked(s, INET_NEW, true, out);
    s->fin = s->read_shut = s->write_shut = false;
    s->error = error;
    forget_name_locked(s);
    memset(&s->outer, 0, sizeof(s->outer));
}

static void give_back(struct inet_socket *s, struct let_go *left)
{
    inet_pieces_free(left->pieces);
    if (left->put[0])
        inet_wake_all(left->put[0]);
    inet_wake_all(s);
    if (left->listener)
        inet_wake_readers(left->listener);
    inet_put(left->listener);
    inet_put(left->put[0]);
    inet_put(left->put[1]);
    inet_put(left->waited);
    inet_put(left->other);
    for (struct inet_socket *refused = left->refused, *next; refused; refused = next) {
        next = refused->queue_next;
        refused->queue_next = NULL;
        inet_wake_all(refused);
        inet_put(refused);
    }
    for (struct inet_socket *pending = left->pending, *next; pending; pending = next) {
        next = pending->queue_next;
        pending->queue_next = NULL;
        pending->options.linger = true; /* reset */
        pending->options.linger_s = 0;
        inet_close(pending);
    }
}

int inet_listen(struct inet_socket *s, int backlog)
{
    int error = 0;
    bool begins = false;
    if (!s->stream)
        return -L_EOPNOTSUPP;
    host_mutex_lock(&inet_lock);
    struct inet_end any = s->local;
    if (s->state == INET_LISTENING) {
        s->backlog = (uint32_t)backlog > L_SOMAXCONN ? L_SOMAXCONN : (uint32_t)backlog;
    } else if (s->state != INET_NEW && s->state != INET_OVER) {
        error = -L_EINVAL;
    } else {
        if (!s->named) {
            any.port = 0;
            error = inet_name_locked(s, &any);
        } else {
            error = inet_name_listens_locked(s);
        }
        if (!error) {
            inet_share_locked(s);
            s->state = INET_LISTENING;
            s->error = 0;
            s->read_shut = s->write_shut = s->fin = false;
            s->backlog = (uint32_t)backlog > L_SOMAXCONN ? L_SOMAXCONN : (uint32_t)backlog;
            begins = true;
        }
    }
    host_mutex_unlock(&inet_lock);
    if (begins && inet_host_allowed())
        error = inet_host_listen(s);
    if (!error || !begins)
        return error;
    struct let_go left;
    host_mutex_lock(&inet_lock);
    disconnect_locked(s, 0, &left);
    host_mutex_unlock(&inet_lock);
    inet_host_close(s, true);
    give_back(s, &left);
    return error;
}

void inet_close(struct inet_socket *s)
{
    struct let_go left;
    if (!s->stream)
        inet_leave_all(s);
    inet_host_look(s);
    host_mutex_lock(&inet_lock);
    bool reset = (s->stream && s->in.bytes) || (s->options.linger && !s->options.linger_s);
    bool here = s->state == INET_CONNECTED && s->stream && !s->links[0];
    if (here && !reset && (s->first || !s->fin))
        inet_name_waits_locked(s);
    inet_unname_locked(s);
    leave_locked(s, INET_CLOSED, reset, &left);
    s->read_shut = s->write_shut = true;
    s->file = NULL;
    host_mutex_unlock(&inet_lock);
    if (s->defer_timer.fire)
        timer_cancel(&s->defer_timer);
    if (s->linger_until && !reset)
        inet_host_close_lingering(s, s->linger_until);
    else
        inet_host_close(s, reset);
    give_back(s, &left);
    inet_put(s);
}

static bool lingered(void *arg)
{
    const struct inet_socket *s = arg;
    host_mutex_lock(&inet_lock);
    bool over = s->state != INET_CONNECTED || !inet_unsent_locked(s);
    host_mutex_unlock(&inet_lock);
    return over;
}

void inet_linger(struct inet_socket *s)
{
    const struct task *t = task_current();
    if (!t || t->exiting)
        return;
    host_mutex_lock(&inet_lock);
    s->lingers = s->stream && s->state == INET_CONNECTED && s->options.linger &&
                 s->options.linger_s && !s->in.bytes;
    bool lingers = s->lingers;
    host_mutex_unlock(&inet_lock);
    if (!lingers)
        return;
    inet_shutdown(s, L_SHUT_WR);
    s->linger_until = socket_deadline(s->options.linger_s * 1000000000ull);
    if (wait_until(&s->write_wait, lingered, s, s->linger_until))
        s->linger_until = 0;
}

int inet_disconnect(struct inet_socket *s)
{
    struct let_go left;
    host_mutex_lock(&inet_lock);
    s->begun = false;
    disconnect_locked(s, 0, &left);
    host_mutex_unlock(&inet_lock);
    inet_host_close(s, true);
    give_back(s, &left);
    return 0;
}

int inet_shutdown(struct inet_socket *s, int how)
{
    int error = 0;
    struct inet_socket *peer = NULL, *listener = NULL;
    struct let_go left;
    if (how < 0 || how > 2)
        return -L_EINVAL;
    host_mutex_lock(&inet_lock);
    bool listens = s->state == INET_LISTENING, connects = s->stream && s->state == INET_CONNECTING;
    bool ends = connects || (listens && how != L_SHUT_WR);
    bool finishes = false;
    if (ends) {
        disconnect_locked(s, connects ? L_ECONNRESET : 0, &left);
    } else if (!listens) {
        error = s->state == INET_CONNECTED ? 0 : -L_ENOTCONN;
        finishes = s->stream && !error && how != L_SHUT_RD;
        s->first = s->first || (finishes && !s->fin);
        s->read_shut = s->read_shut || how != L_SHUT_WR;
        s->write_shut = s->write_shut || how != L_SHUT_RD;
    }
    if (finishes)
        inet_wait_ends_locked(s, false);
    if (finishes && s->peer) {
        s->peer->fin = true;
        peer = inet_get(s->peer);
        listener = inet_defer_ends_locked(peer);
    }
    host_mutex_unlock(&inet_lock);
    if (finishes)
        inet_host_finish(s);
    if (ends) {
        inet_host_close(s, true);
        give_back(s, &left);
    } else {
        inet_wake_all(s);
    }
    if (peer)
        inet_wake_all(peer);
    if (listener)
        inet_wake_readers(listener);
    inet_put(listener);
    inet_put(peer);
    return error;
}

/* --- connect --- */

static bool connect_ended(void *arg)
{
    const struct inet_socket *s = arg;
    host_mutex_lock(&inet_lock);
    bool ended = s->state != INET_CONNECTING;
    host_mutex_unlock(&inet_lock);
    return ended;
}

/* The address that s speaks from when it speaks to another. */
static void source_locked(struct inet_socket *s, const struct inet_end *to, struct inet_end *name)
{
    *name = s->local;
    if (inet_is_any(name))
        inet_set_source(name, to);
}

enum { CONNECT_OUTSIDE = 1 };

/* The first part of connect: *listener is who has to be woken, referenced. */
static int begin_locked(struct inet_socket *s, const struct inet_end *to,
                        struct inet_socket *server, struct inet_socket **listener)
{
    struct inet_end name;
    if (!inet_is_loopback(to) && !inet_host_allowed())
        return -L_ENETUNREACH;
    source_locked(s, to, &name);
    if (inet_is_v4(&name) != inet_is_v4(to))
        return inet_is_v4(to) ? -L_ENETUNREACH : -L_EADDRNOTAVAIL;
    if (!s->named) {
        name.port = 0;
        int error = inet_name_locked(s, &name);
        if (error)
            return error == -L_EADDRINUSE ? -L_EADDRNOTAVAIL : error;
    } else {
        s->local = name;
    }
    s->remote = *to;
    s->error = 0;
    s->read_shut = s->write_shut = s->fin = s->first = false;
    s->begun = true;
    net_count(TCP_ACTIVE_OPENS);
    struct inet_socket *found = inet_find_listener_locked(to);
    if (!found && inet_host_allowed() && !inet_name_refuses_locked(s, to)) {
        s->state = INET_CONNECTING;
        inet_put(server);
        return CONNECT_OUTSIDE;
    }
    if (!found) {
        net_count(TCP_ATTEMPT_FAILS);
        net_count(TCP_OUT_RESETS);
        s->state = INET_OVER;
        s->error = L_ECONNREFUSED;
        s->read_shut = s->write_shut = true;
        inet_put(server);
        return 0;
    }
    *listener = inet_get(found);
    if (!inet_full_locked(found)) {
        inet_join_listener_locked(s, server, found);
        return 0;
    }
    inet_wait_for_listener_locked(s, server, found);
    return 0;
}

/* How a connect that has begun ended; given: known already. */
static int finish_connect(struct inet_socket *s, int given)
{
    struct let_go left;
    host_mutex_lock(&inet_lock);
    s->begun = false;
    bool connected = !given && s->state == INET_CONNECTED;
    bool failed = !connected && s->state != INET_LISTENING;
    int error = given ? given : s->error ? -s->error : -L_ECONNABORTED;
    if (failed)
        disconnect_locked(s, 0, &left);
    host_mutex_unlock(&inet_lock);
    if (failed) {
        inet_host_close(s, true);
        give_back(s, &left);
    }
    return connected ? 0 : error;
}

int inet_connect_stream(struct inet_socket *s, const struct inet_end *to, bool nonblock)
{
    struct inet_socket *server = inet_new(s->v6, true), *listener = NULL;
    int error = 0, not_now = -L_EINPROGRESS;
    if (!server)
        return -L_ENOMEM;
    if (inet_is_v4(to) || !s->v6)
        server->v6 = false;
    host_mutex_lock(&inet_lock);
    bool fresh = !s->begun;
    if (fresh && s->state != INET_NEW)
        error = -L_EISCONN;
    else if (fresh)
        error = begin_locked(s, to, server, &listener);
    else
        not_now = -L_EALREADY;
    if (listener)
        server->v6 = listener->v6;
    if (!fresh || error)
        listener = NULL;
    bool waits = s->state == INET_CONNECTING;
    host_mutex_unlock(&inet_lock);
    if (error == CONNECT_OUTSIDE)
        error = (error = inet_host_connect(s)) ? finish_connect(s, error) : 0;
    else if (!fresh || error)
        inet_put(server);
    if (listener) {
        inet_wake_readers(listener);
        inet_put(listener);
    }
    if (!error && fresh)
        inet_wake_all(s);
    if (error)
        return error;
    if (nonblock && (fresh || waits))
        return not_now;
    uint64_t deadline = socket_deadline(s->options.send_timeout_ns);
    error = wait_until(&s->write_wait, connect_ended, s, deadline);
    if (error == -L_ETIMEDOUT)
        return not_now;
    return error ? socket_wait_error(error, deadline) : finish_connect(s, 0);
}
