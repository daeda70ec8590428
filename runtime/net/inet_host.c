/* Between sockets of guests and those of the host: the callbacks of the host's thread. */
#include "runtime/net/inet_host.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/poll.h"
#include "runtime/host/heap.h"
#include "runtime/host/log.h"
#include "runtime/host/time.h"
#include "runtime/net/counts.h"
#include "runtime/net/inet_port.h"
#include <string.h>

static atomic_bool forbidden;
/* Bytes that links of closed sockets still have, and who waits for them to go. */
static uint64_t unsent; /* inet_lock */
static bool hurried;    /* inet_lock */
static struct host_cond moved = HOST_COND_INIT;

bool inet_host_allowed(void)
{
    return !atomic_load(&forbidden);
}

void inet_host_forbid(void)
{
    atomic_store(&forbidden, true);
}

struct host_address inet_to_host(const struct inet_end *end)
{
    struct host_address address = {{0}, 0, 0};
    if (!end)
        return address;
    address.port = end->port;
    address.scope = end->scope;
    memcpy(address.ip, end->ip, sizeof(address.ip));
    return address;
}

struct inet_end inet_from_host(const struct host_address *address)
{
    struct inet_end end = {.port = address->port, .scope = address->scope};
    memcpy(end.ip, address->ip, sizeof(end.ip));
    return end;
}

/* Which of the two links is for an address. */
static unsigned place_of(const struct inet_socket *s, const struct inet_end *end)
{
    return !s->stream && !inet_is_v4(end);
}

static bool current_locked(const struct inet_link *link)
{
    return link->s->links[0] == link || link->s->links[1] == link;
}

static void put_link(struct inet_link *link)
{
    if (!link || atomic_fetch_sub(&link->refs, 1) != 1)
        return;
    inet_pieces_free(link->out.first);
    inet_put(link->s);
    host_socket_free(link->host);
    free(link);
}

/* So many bytes of closed sockets are gone. */
static void leave_unsent_locked(size_t n)
{
    unsent -= n;
    host_cond_broadcast(&moved);
}

/* --- callbacks --- */

static void connected(void *arg, int error, const struct host_address *name)
{
    struct inet_link *link = arg;
    struct inet_socket *s = link->s;
    host_mutex_lock(&inet_lock);
    if (current_locked(link) && s->state == INET_CONNECTING) {
        if (name)
            s->outer = inet_from_host(name);
        s->state = error ? INET_OVER : INET_CONNECTED;
        s->error = -error;
        if (error)
            net_count(TCP_ATTEMPT_FAILS);
        s->read_shut = s->write_shut = error != 0;
    }
    host_mutex_unlock(&inet_lock);
    inet_wake_all(s);
}

static size_t room(void *arg)
{
    struct inet_link *link = arg;
    struct inet_socket *s = link->s;
    size_t most = s->options.receive_buffer;
    host_mutex_lock(&inet_lock);
    size_t left = s->in.bytes < most ? most - s->in.bytes : 0;
    bool offered = link->direct;
    if (offered)
        left = 0;
    link->starved = !left;
    host_mutex_unlock(&inet_lock);
    if (offered)
        inet_wake_readers(s);
    return left;
}

static bool drained(void *arg)
{
    struct inet_link *link = arg;
    host_mutex_lock(&inet_lock);
    bool empty = !link->s->in.bytes;
    host_mutex_unlock(&inet_lock);
    return empty;
}

static void received(void *arg, const void *bytes, size_t n)
{
    struct inet_link *link = arg;
    host_mutex_lock(&inet_lock);
    bool wanted = current_locked(link);
    host_mutex_unlock(&inet_lock);
    if (wanted && inet_stream_arrived(link->s, bytes, n)) {
        /* Without memory for what arrived the connection cannot go on. */
        host_mutex_lock(&inet_lock);
        inet_reset_locked(link->s);
        host_mutex_unlock(&inet_lock);
        inet_wake_all(link->s);
    }
}

static void ended(void *arg, int error)
{
    struct inet_link *link = arg;
    struct inet_socket *s = link->s, *listener = NULL;
    host_mutex_lock(&inet_lock);
    if (current_locked(link)) {
        if (!s->stream) {
            s->error = s->state == INET_CONNECTED ? -error : s->error;
        } else if (!error) {
            s->fin = true;
            listener = inet_defer_ends_locked(s);
        } else {
            inet_reset_locked(s);
            if (error == -L_ETIMEDOUT || error == -L_EHOSTUNREACH || error == -L_ENETUNREACH)
                s->error = -error;
        }
    }
    host_mutex_unlock(&inet_lock);
    if (listener)
        inet_wake_readers(listener);
    inet_put(listener);
    inet_wake_all(s);
}

static void returned(void *arg, const struct host_returned *what)
{
    struct inet_link *link = arg;
    inet_datagram_returned(link->s, what);
}

static const void *next(void *arg, size_t *n)
{
    struct inet_link *link = arg;
    host_mutex_lock(&inet_lock);
    const struct inet_piece *piece = link->out.first;
    const void *bytes = piece ? piece->data + piece->taken : NULL;
    *n = piece ? piece->size - piece->taken : 0;
    host_mutex_unlock(&inet_lock);
    return bytes;
}

static void sent(void *arg, size_t n)
{
    struct inet_link *link = arg;
    struct inet_socket *s = link->s;
    struct inet_piece *done = NULL;
    host_mutex_lock(&inet_lock);
    struct inet_piece *piece = link->out.first;
    bool before = inet_writable_locked(s);
    piece->taken += n;
    link->out.bytes -= n;
    if (piece->taken == piece->size) {
        link->out.first = piece->next;
        if (!link->out.first)
            link->out.last = NULL;
        link->out.held -= sizeof(*piece) + piece->room;
        done = piece;
    }
    if (link->closed)
        leave_unsent_locked(n);
    bool woken =
        current_locked(link) && ((!before && inet_writable_locked(s)) || inet_lingered_locked(s));
    host_mutex_unlock(&inet_lock);
    free(done);
    if (woken)
        inet_wake_writers(s);
}

static void datagram(void *arg, const void *bytes, size_t n, const struct host_address *from)
{
    struct inet_link *link = arg;
    struct inet_end end = inet_from_host(from);
    inet_datagram_arrived(link->s, bytes, n, &end, NULL);
}

static void released(void *arg)
{
    struct inet_link *link = arg;
    host_mutex_lock(&inet_lock);
    if (link->closed)
        leave_unsent_locked(link->out.bytes);
    link->closed = false;
    link->gone = true;
    host_mutex_unlock(&inet_lock);
    waitq_wake(&link->going, 0);
    put_link(link);
}

static const struct host_socket_user user = {
    .connected = connected,
    .room = room,
    .received = received,
    .drained = drained,
    .ended = ended,
    .returned = returned,
    .next = next,
    .sent = sent,
    .datagram = datagram,
    .released = released,
};

/* A link of a socket that is still to be told about it. */
static struct inet_link *new_link(struct inet_socket *s)
{
    struct inet_link *link = calloc(1, sizeof(*link));
    if (!link)
        return NULL;
    atomic_init(&link->refs, 1);
    waitq_init(&link->going);
    if (s)
        link->s = inet_get(s);
    return link;
}

void inet_host_accepted(struct inet_socket *listener, struct host_socket *made,
                        const struct inet_end *local, const struct inet_end *peer)
{
    struct inet_link *link = new_link(NULL);
    struct inet_socket *server = NULL;
    if (link) {
        link->host = made;
        server = inet_admit(listener, link, local, peer);
    }
    if (server) {
        host_socket_start(made, &user, link);
        inet_host_tune(server);
        inet_host_mark(server);
        inet_wake_readers(listener);
    } else {
        free(link);
        host_socket_close(made, true);
    }
}

/* --- for the sockets of guests --- */

/* Opens the host's socket of a link, which s has then at that place. */
static int open_link(struct inet_socket *s, const struct inet_end *end, struct inet_link **out)
{
    struct inet_link *link = new_link(s);
    if (!link)
        return -L_ENOBUFS;
    int error = host_socket_open(!s->stream, !inet_is_v4(end), &user, link, &link->host);
    if (error) {
        inet_put(s);
        free(link);
        return error;
    }
    if (s->options.device)
        error = host_socket_set_device(link->host, s->options.device);
    if (error) {
        host_socket_close(link->host, true);
        return error;
    }
    if (!s->stream && inet_host_wants_returned(s, inet_is_v4(end)))
        host_socket_want_returned(link->host);
    *out = link;
    return 0;
}

/* s has a link from now on, which is referenced once more, unless it has meanwhile become something
 * else. */
static bool place_link(struct inet_socket *s, struct inet_link *link, unsigned place,
                       enum inet_state state)
{
    host_mutex_lock(&inet_lock);
    bool placed = s->state == state && !s->links[place];
    if (placed)
        s->links[place] = link;
    atomic_fetch_add(&link->refs, 1);
    host_mutex_unlock(&inet_lock);
    return placed;
}

/* Ends a link that came to nothing, unless another thread does. */
static void drop_link(struct inet_socket *s, struct inet_link *link, unsigned place, bool placed)
{
    host_mutex_lock(&inet_lock);
    bool ours = !placed || s->links[place] == link;
    if (placed && ours)
        s->links[place] = NULL;
    host_mutex_unlock(&inet_lock);
    if (ours)
        host_socket_close(link->host, true);
}

static struct inet_link *get_link_locked(struct inet_socket *s, unsigned place)
{
    struct inet_link *link = s->links[place];
    if (link)
        atomic_fetch_add(&link->refs, 1);
    return link;
}

/* The host's functions call back into what needs inet_lock: they are called without it, and another
 * thread may give the link up meanwhile. Referenced, or NULL. */
static struct inet_link *link_at(struct inet_socket *s, unsigned place)
{
    host_mutex_lock(&inet_lock);
    struct inet_link *link = get_link_locked(s, place);
    host_mutex_unlock(&inet_lock);
    return link;
}

uint32_t inet_host_mark_of(const struct inet_socket *s, bool v4, const struct inet_how *how)
{
    const struct inet_options *o = &s->options;
    uint32_t hops = v4 ? o->ttl : o->hops, service = v4 ? o->tos : o->traffic_class;
    if (how && how->ttl >= 0)
        hops = (uint32_t)how->ttl;
    if (how && how->tos >= 0)
        service = (uint32_t)how->tos;
    return hops == INET_HOPS_FIRST && !service ? 0 : hops << 8 | service;
}

void inet_host_apply_mark(struct host_socket *host, atomic_uint *mark, uint32_t wanted)
{
    if (atomic_exchange(mark, wanted) != wanted)
        host_socket_mark(host, wanted ? wanted >> 8 : INET_HOPS_FIRST, wanted & UINT8_MAX);
}

static void mark_stream(const struct inet_socket *s, struct inet_link *link)
{
    inet_host_apply_mark(link->host, &link->mark,
                         inet_host_mark_of(s, inet_is_v4(&s->remote), NULL));
}

void inet_host_mark(struct inet_socket *s)
{
    struct inet_link *link = s->stream ? link_at(s, 0) : NULL;
    if (link)
        mark_stream(s, link);
    put_link(link);
}

static void tune(const struct inet_socket *s, struct inet_link *link)
{
    const struct inet_options *o = &s->options;
    host_mutex_lock(&inet_lock);
    struct host_tuning tuning = {o->keepalive, o->keep_idle, o->keep_interval, o->keep_count,
                                 o->user_timeout};
    host_mutex_unlock(&inet_lock);
    host_socket_tune(link->host, &tuning);
}

/* A connection leaves from where s was bound. Where the host does not let it, as when others share
 * the port, it leaves from a port of the host's choice. */
static void bind_link(struct inet_socket *s, struct inet_link *link)
{
    host_mutex_lock(&inet_lock);
    bool bound = s->own_port || s->own_ip;
    struct inet_end end = s->local;
    if (!s->own_port)
        end.port = 0;
    if (!s->own_ip)
        inet_set_any(&end, inet_is_v4(&s->remote));
    host_mutex_unlock(&inet_lock);
    if (!bound)
        return;
    struct host_address address = inet_to_host(&end);
    inet_port_hand_over(s);
    int error = host_socket_bind(link->host, &address, true);
    if (error)
        host_log("a connection from port %u leaves from another (error %d)", end.port, -error);
}

int inet_host_connect(struct inet_socket *s)
{
    struct inet_link *link;
    struct host_address address = inet_to_host(&s->remote);
    int error = open_link(s, &s->remote, &link);
    if (error)
        return error;
    bool placed = place_link(s, link, 0, INET_CONNECTING);
    tune(s, link);
    mark_stream(s, link);
    if (placed)
        bind_link(s, link);
    if (placed)
        error = host_socket_connect(link->host, &address);
    if (error || !placed)
        drop_link(s, link, 0, placed);
    put_link(link);
    return error == -L_EBADF ? 0 : error; /* another thread gave it up: it ends as that one says */
}

bool inet_host_wants_returned(const struct inet_socket *s, bool v4)
{
    return v4 ? s->options.told4.error : s->options.told6.error;
}

int inet_host_may_use(uint32_t device)
{
    return inet_host_allowed() ? host_socket_may_use(device) : 0;
}

void inet_host_move(struct inet_socket *s)
{
    for (unsigned i = 0; i < 2; i++) {
        struct inet_link *link = link_at(s, i);
        int error = link ? host_socket_set_device(link->host, s->options.device) : 0;
        if (error)
            host_log("interface %u of the host is not a guest's (error %d)", s->options.device,
                     -error);
        put_link(link);
    }
    inet_port_move(s);
}

void inet_host_want_returned(struct inet_socket *s)
{
    for (unsigned i = 0; i < 2 && !s->stream; i++) {
        struct inet_link *link = inet_host_wants_returned(s, i == 0) ? link_at(s, i) : NULL;
        if (link)
            host_socket_want_returned(link->host);
        put_link(link);
    }
    inet_port_want_returned(s);
}

int inet_host_listen(struct inet_socket *s)
{
    int error = inet_port_take(s);
    return error ? error : inet_port_listen(s);
}

void inet_host_tune(struct inet_socket *s)
{
    struct inet_link *link = s->stream ? link_at(s, 0) : NULL;
    if (link)
        tune(s, link);
    put_link(link);
}

void inet_host_send(struct inet_socket *s)
{
    struct inet_link *link = link_at(s, 0);
    if (link)
        host_socket_send(link->host);
    put_link(link);
}

void inet_host_receive(struct inet_socket *s)
{
    for (unsigned i = 0; i < 2; i++) {
        host_mutex_lock(&inet_lock);
        struct inet_link *link = get_link_locked(s, i);
        bool wanted = link && link->starved && !link->direct;
        if (wanted)
            link->starved = false;
        host_mutex_unlock(&inet_lock);
        if (wanted)
            host_socket_receive(link->host);
        put_link(link);
    }
    if (s->ports[0] || s->ports[1])
        inet_port_receive(s);
}

void inet_host_look(struct inet_socket *s)
{
    host_mutex_lock(&inet_lock);
    struct inet_link *link = s->stream ? get_link_locked(s, 0) : NULL;
    bool behind = link && ((link->direct && link->starved) || link->left);
    bool ended = link && s->fin && s->state == INET_CONNECTED;
    if (link)
        link->direct = link->left = false;
    if (behind)
        link->starved = false;
    host_mutex_unlock(&inet_lock);
    if (behind)
        host_socket_receive(link->host);
    if (ended)
        host_socket_check(link->host);
    put_link(link);
}

int64_t inet_host_take(struct inet_socket *s, void *data, size_t n)
{
    /* What a filter has to see comes by the queue. */
    bool direct = s->stream && !socket_filter_is_set(&s->filter);
    struct inet_link *link = direct ? link_at(s, 0) : NULL;
    int64_t got = link ? host_socket_take(link->host, data, n) : 0;
    if (got > 0) {
        host_mutex_lock(&inet_lock);
        net_count(TCP_IN_SEGMENTS);
        s->read_at += (uint64_t)got;
        socket_taken(&s->peek_off, (size_t)got);
        link->left = (size_t)got == n;
        host_mutex_unlock(&inet_lock);
    }
    put_link(link);
    return got;
}

void inet_host_await(struct inet_socket *s)
{
    host_mutex_lock(&inet_lock);
    struct inet_link *link = get_link_locked(s, 0);
    bool starved = link && link->starved;
    if (link) {
        /* Who waits otherwise, by poll or for a signal, is to hear of all that comes. */
        link->direct = (link->direct || !waitq_is_waited_for(&s->read_wait)) &&
                       !socket_filter_is_set(&s->filter);
        link->starved = false;
    }
    host_mutex_unlock(&inet_lock);
    if (starved)
        host_socket_await(link->host);
    put_link(link);
}

bool inet_host_offers_locked(const struct inet_socket *s)
{
    return s->links[0] && s->links[0]->direct && s->links[0]->starved;
}

void inet_host_finish(struct inet_socket *s)
{
    struct inet_link *link = link_at(s, 0);
    if (link)
        host_socket_finish(link->host);
    put_link(link);
}

void inet_host_close(struct inet_socket *s, bool reset)
{
    host_mutex_lock(&inet_lock);
    struct inet_link *links[2] = {s->links[0], s->links[1]};
    s->links[0] = s->links[1] = NULL;
    for (unsigned i = 0; i < 2; i++) {
        if (links[i] && !reset) {
            links[i]->closed = true;
            unsent += links[i]->out.bytes;
        }
    }
    host_mutex_unlock(&inet_lock);
    for (unsigned i = 0; i < 2; i++) {
        if (links[i])
            host_socket_close(links[i]->host, reset);
    }
    if (s->ports[0] || s->ports[1])
        inet_port_give_back(s);
}

static bool is_gone(void *arg)
{
    const struct inet_link *link = arg;
    host_mutex_lock(&inet_lock);
    bool gone = link->gone;
    host_mutex_unlock(&inet_lock);
    return gone;
}

void inet_host_close_lingering(struct inet_socket *s, uint64_t deadline_ns)
{
    struct inet_link *link = link_at(s, 0);
    uint64_t now = host_clock_monotonic_ns();
    bool waits = link && deadline_ns > now;
    if (waits)
        host_socket_linger(link->host, (unsigned)((deadline_ns - now + 999999999) / 1000000000));
    inet_host_close(s, false);
    if (waits)
        wait_until(&link->going, is_gone, link, deadline_ns);
    put_link(link);
}

uint64_t inet_host_drain(uint64_t idle_ns)
{
    host_mutex_lock(&inet_lock);
    for (bool going = true; going && unsent && !hurried;) {
        uint64_t before = unsent, until = host_clock_monotonic_ns() + idle_ns;
        going = false;
        while (unsent == before && !hurried && host_cond_wait(&moved, &inet_lock, until))
            ;
        going = unsent != before;
    }
    uint64_t left = unsent;
    host_mutex_unlock(&inet_lock);
    return left;
}

void inet_host_hurry(void)
{
    host_mutex_lock(&inet_lock);
    hurried = true;
    host_cond_broadcast(&moved);
    host_mutex_unlock(&inet_lock);
}

/* The datagram link for an address, made when there is none; referenced. */
static int datagram_link(struct inet_socket *s, const struct inet_end *to, struct inet_link **out)
{
    unsigned place = place_of(s, to);
    *out = link_at(s, place);
    if (*out)
        return 0;
    int error = open_link(s, to, out);
    if (error)
        return error;
    struct inet_link *made = *out;
    host_mutex_lock(&inet_lock);
    bool closed = s->state == INET_CLOSED, first = !closed && !s->links[place];
    if (first)
        s->links[place] = made;
    *out = closed ? NULL : get_link_locked(s, place);
    host_mutex_unlock(&inet_lock);
    if (!first)
        host_socket_close(made->host, true);
    return closed ? -L_EBADF : 0;
}

int inet_host_send_to(struct inet_socket *s, const void *data, size_t n, const struct inet_end *to,
                      const struct inet_how *how)
{
    struct inet_link *link;
    struct inet_port *port = inet_port_for(s, to);
    struct host_address address = inet_to_host(to);
    host_mutex_lock(&inet_lock);
    bool joined =
        s->state == INET_CONNECTED && s->remote.port == to->port && inet_same_ip(&s->remote, to);
    host_mutex_unlock(&inet_lock);
    if (port) {
        int error = inet_port_send(port, s, data, n, to, joined, how);
        inet_port_put(port);
        return error;
    }
    int error = datagram_link(s, to, &link);
    if (error)
        return error;
    inet_host_apply_mark(link->host, &link->mark, inet_host_mark_of(s, inet_is_v4(to), how));
    error = host_socket_send_to(link->host, data, n, joined ? NULL : &address);
    put_link(link);
    return error;
}

/* What s is bound to takes datagrams of all again. */
static void part_ports(struct inet_socket *s)
{
    for (unsigned i = 0; i < 2; i++) {
        struct inet_end loopback = {.port = 0};
        inet_set_loopback(&loopback, i == 0);
        struct inet_port *port = inet_port_for(s, &loopback);
        if (port)
            inet_port_join(port, s, NULL);
        inet_port_put(port);
    }
}

int inet_host_connect_datagram(struct inet_socket *s, const struct inet_end *to)
{
    struct inet_link *link;
    struct host_address name;
    inet_host_close(s, true);
    part_ports(s);
    if (!to)
        return 0;
    struct inet_port *port = inet_port_for(s, to);
    if (port) {
        int error = inet_port_join(port, s, to);
        inet_port_put(port);
        return error;
    }
    struct host_address address = inet_to_host(to);
    int error = datagram_link(s, to, &link);
    if (error)
        return error;
    error = host_socket_connect(link->host, &address);
    if (!error && host_socket_name(link->host, &name) == 0) {
        host_mutex_lock(&inet_lock);
        if (!s->own_port)
            s->outer = inet_from_host(&name);
        host_mutex_unlock(&inet_lock);
    }
    put_link(link);
    return error;
}
