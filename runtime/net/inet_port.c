/* Addresses of the host that guests are bound to. */
#include "runtime/net/inet_port.h"

#include "runtime/abi/errno.h"
#include "runtime/host/heap.h"
#include "runtime/host/log.h"
#include "runtime/net/inet_host.h"

/* How often a port is given anew: the host may have nearly all of them. */
#define TRIES 1000

struct inet_port {
    atomic_uint refs; /* the host's one, and those of calls that run */
    struct inet_port *next;
    bool stream, listening;
    struct inet_end end; /* via: what comes by that interface alone; 0: by all */
    struct host_socket *host;
    unsigned holders;           /* sockets of guests that have it */
    struct inet_socket *joined; /* takes from one sender alone; not referenced */
    bool starved;               /* the host's thread found no room */
    atomic_uint mark;           /* inet_host_mark_of who sent last */
};

static struct host_mutex taking = HOST_MUTEX_INIT(RANK_INET_PORTS);
static struct inet_port *ports; /* inet_lock; changed with `taking` as well */
static atomic_bool lan;

void inet_port_open_lan(void)
{
    atomic_store(&lan, true);
}

void inet_port_put(struct inet_port *port)
{
    if (!port || atomic_fetch_sub(&port->refs, 1) != 1)
        return;
    host_socket_free(port->host);
    free(port);
}

/* --- callbacks --- */

static size_t room(void *arg)
{
    struct inet_port *port = arg;
    host_mutex_lock(&inet_lock);
    bool left = inet_listener_has_room_locked(&port->end);
    port->starved = !left;
    host_mutex_unlock(&inet_lock);
    return left;
}

static void accepted(void *arg, struct host_socket *made, const struct host_address *local,
                     const struct host_address *peer)
{
    struct inet_end to = inet_from_host(local), from = inet_from_host(peer);
    (void)arg;
    host_mutex_lock(&inet_lock);
    struct inet_socket *listener = inet_find_listener_locked(&to);
    if (listener)
        inet_get(listener);
    host_mutex_unlock(&inet_lock);
    if (listener)
        inet_host_accepted(listener, made, &to, &from);
    else
        host_socket_close(made, true);
    inet_put(listener);
}

static void ended(void *arg, int error)
{
    struct inet_port *port = arg;
    host_mutex_lock(&inet_lock);
    struct inet_socket *s = port->stream ? inet_find_listener_locked(&port->end) : port->joined;
    port->starved = port->stream;
    if (s) {
        s->error = -error;
        inet_get(s);
    }
    host_mutex_unlock(&inet_lock);
    if (s)
        inet_wake_all(s);
    inet_put(s);
}

static void datagram(void *arg, const void *bytes, size_t n, const struct host_address *sender)
{
    struct inet_port *port = arg;
    struct inet_end from = inet_from_host(sender);
    host_mutex_lock(&inet_lock);
    struct inet_socket *s =
        inet_chosen_locked(inet_find_datagram_locked(false, &from, &port->end), bytes, n);
    if (s)
        inet_get(s);
    host_mutex_unlock(&inet_lock);
    if (s)
        inet_datagram_arrived(s, bytes, n, &from, &port->end);
    inet_put(s);
}

/* To who would get an answer to it. */
static void returned(void *arg, const struct host_returned *what)
{
    struct inet_port *port = arg;
    struct inet_end from = inet_from_host(&what->to);
    host_mutex_lock(&inet_lock);
    struct inet_socket *s = port->joined;
    if (!s)
        s = inet_find_datagram_locked(false, &from, &port->end);
    if (s)
        inet_get(s);
    host_mutex_unlock(&inet_lock);
    if (s)
        inet_datagram_returned(s, what);
    inet_put(s);
}

static void released(void *arg)
{
    inet_port_put(arg);
}

static const struct host_socket_user user = {
    .room = room,
    .ended = ended,
    .returned = returned,
    .datagram = datagram,
    .accepted = accepted,
    .released = released,
};

/* --- taking --- */

static struct inet_port *find(bool stream, const struct inet_end *end)
{
    struct inet_port *port = ports;
    while (port && (port->stream != stream || port->end.port != end->port ||
                    port->end.via != end->via || !inet_same_ip(&port->end, end)))
        port = port->next;
    return port;
}

/* Whether guests have the port at another address of the family: then that may be what the host
 * means, and whether guests are in each other's way is known already. */
static bool is_near(bool stream, const struct inet_end *end)
{
    struct inet_port *port = ports;
    while (port && (port->stream != stream || port->end.port != end->port ||
                    inet_is_v4(&port->end) != inet_is_v4(end)))
        port = port->next;
    return port != NULL;
}

static int open_port(struct inet_socket *s, const struct inet_end *end, struct inet_port **out)
{
    struct host_address address = inet_to_host(end);
    struct inet_port *port = calloc(1, sizeof(*port));
    if (!port)
        return -L_ENOBUFS;
    atomic_init(&port->refs, 1);
    port->stream = s->stream;
    port->end = *end;
    int error = host_socket_open(!s->stream, !inet_is_v4(end), &user, port, &port->host);
    if (error) {
        free(port);
        return error;
    }
    bool reuse = s->options.reuse_address || s->options.reuse_port;
    if (end->via)
        error = host_socket_set_device(port->host, end->via);
    if (!error)
        error = host_socket_bind(port->host, &address, reuse);
    if (error) {
        host_socket_close(port->host, true);
        return error;
    }
    *out = port;
    return 0;
}

/* With `taking`. */
static int take_one(struct inet_socket *s, const struct inet_end *end, struct inet_port **out)
{
    struct inet_port *port = find(s->stream, end);
    bool parted = false;
    if (!port) {
        int error = open_port(s, end, &port);
        if (error)
            return error == -L_EADDRINUSE && is_near(s->stream, end) ? -L_EACCES : error;
        host_mutex_lock(&inet_lock);
        port->next = ports;
        ports = port;
        host_mutex_unlock(&inet_lock);
    }
    host_mutex_lock(&inet_lock);
    parted = port->joined != NULL;
    port->joined = NULL;
    port->holders++;
    host_mutex_unlock(&inet_lock);
    if (parted)
        host_socket_connect(port->host, NULL);
    *out = port;
    return 0;
}

/* With `taking`. */
static void give_one(struct inet_port *port)
{
    if (!port)
        return;
    host_mutex_lock(&inet_lock);
    bool last = --port->holders == 0;
    if (last) {
        struct inet_port **link = &ports;
        while (*link != port)
            link = &(*link)->next;
        *link = port->next;
    }
    bool again = !last && port->starved;
    if (again)
        port->starved = false;
    host_mutex_unlock(&inet_lock);
    if (last)
        host_socket_close(port->host, true);
    else if (again) /* others that listen there may have room */
        host_socket_receive(port->host);
}

/* Bound to an interface that is not the loopback's (SO_BINDTODEVICE): at addresses of that nothing
 * comes for s, though nobody else gets its port there. */
static bool is_far(const struct inet_socket *s)
{
    return s->options.device && s->options.device != INET_LOOPBACK_INDEX;
}

static bool wants(const struct inet_socket *s, bool v4, struct inet_end *end)
{
    bool any = inet_is_any(&s->local), is_v4 = inet_is_v4(&s->local), open = atomic_load(&lan);
    *end = s->local;
    end->via = is_far(s) && open && !inet_is_loopback(end) ? s->options.device : 0;
    open = open && s->options.device != INET_LOOPBACK_INDEX;
    if (any && open)
        inet_set_any(end, v4);
    else if (any)
        inet_set_loopback(end, v4);
    else if (!open && !inet_is_loopback(end))
        return false;
    return v4 ? is_v4 || (any && !s->options.v6_only) : !is_v4;
}

/* With `taking`. Both families or none; taken: whether there is any. */
static int take_both(struct inet_socket *s, struct inet_port *taken[2])
{
    int error = 0, worst = 0;
    taken[0] = taken[1] = NULL;
    for (unsigned i = 0; i < 2 && error != -L_EADDRINUSE; i++) {
        struct inet_end end;
        error = wants(s, i == 0, &end) ? take_one(s, &end, &taken[i]) : 0;
        if (error && error != -L_EAFNOSUPPORT && error != -L_EADDRNOTAVAIL)
            worst = error;
    }
    if (error == -L_EADDRINUSE) {
        give_one(taken[0]);
        give_one(taken[1]);
        taken[0] = taken[1] = NULL;
        return error;
    }
    if (worst)
        host_log("port %u of the host is not a guest's (error %d): only guests find it",
                 s->local.port, -worst);
    return 0;
}

int inet_port_take(struct inet_socket *s)
{
    struct inet_port *taken[2] = {NULL, NULL};
    int error = -L_EADDRINUSE;
    host_mutex_lock(&taking);
    host_mutex_lock(&inet_lock);
    bool done = s->ports[0] || s->ports[1] || !s->named;
    bool may_change = s->auto_port;
    host_mutex_unlock(&inet_lock);
    for (unsigned i = 0; !done && i < TRIES && error == -L_EADDRINUSE; i++) {
        error = take_both(s, taken);
        if (error != -L_EADDRINUSE || !may_change)
            break;
        struct inet_end other = s->local;
        other.port = 0;
        host_mutex_lock(&inet_lock);
        int renamed = inet_name_locked(s, &other);
        host_mutex_unlock(&inet_lock);
        if (renamed)
            break;
    }
    host_mutex_lock(&inet_lock);
    bool kept = !done && !error && s->named;
    if (kept) {
        s->ports[0] = taken[0];
        s->ports[1] = taken[1];
    }
    host_mutex_unlock(&inet_lock);
    if (!kept) {
        give_one(taken[0]);
        give_one(taken[1]);
    }
    host_mutex_unlock(&taking);
    if (kept)
        inet_port_want_returned(s);
    return done ? 0 : error;
}

static void give_back(struct inet_socket *s, bool named)
{
    host_mutex_lock(&taking);
    host_mutex_lock(&inet_lock);
    struct inet_port *given[2] = {NULL, NULL};
    for (unsigned i = 0; i < 2 && (named || !s->named); i++) {
        given[i] = s->ports[i];
        s->ports[i] = NULL;
        if (given[i] && given[i]->joined == s)
            given[i]->joined = NULL;
    }
    host_mutex_unlock(&inet_lock);
    give_one(given[0]);
    give_one(given[1]);
    host_mutex_unlock(&taking);
}

void inet_port_give_back(struct inet_socket *s)
{
    give_back(s, false);
}

void inet_port_hand_over(struct inet_socket *s)
{
    give_back(s, true);
}

/* --- what is taken --- */

static struct inet_port *get_locked(struct inet_port *port)
{
    if (port)
        atomic_fetch_add(&port->refs, 1);
    return port;
}

int inet_port_listen(struct inet_socket *s)
{
    int error = 0;
    host_mutex_lock(&taking);
    for (unsigned i = 0; i < 2 && !error; i++) {
        host_mutex_lock(&inet_lock);
        struct inet_port *port = get_locked(s->ports[i]);
        host_mutex_unlock(&inet_lock);
        if (port && !port->listening && (!is_far(s) || port->end.via)) {
            error = host_socket_listen(port->host, (int)s->backlog + 1);
            port->listening = !error;
        }
        inet_port_put(port);
    }
    host_mutex_unlock(&taking);
    inet_port_receive(s);
    return error;
}

void inet_port_move(struct inet_socket *s)
{
    host_mutex_lock(&inet_lock);
    bool listens = s->stream && s->state == INET_LISTENING, bound = s->ports[0] || s->ports[1];
    bool moves = s->own_port && (listens || (bound && atomic_load(&lan)));
    host_mutex_unlock(&inet_lock);
    if (!moves || !inet_host_allowed() || s->lite)
        return;
    inet_port_hand_over(s);
    if (!inet_port_take(s) && listens)
        inet_port_listen(s);
}

bool inet_port_is_whole_locked(const struct inet_socket *s, const struct inet_end *to)
{
    const struct inet_port *port = s->ports[!inet_is_v4(to)];
    return port && !to->foreign && inet_same_ip(&port->end, to) &&
           (port->listening || (!s->options.reuse_address && !s->options.reuse_port));
}

void inet_port_receive(struct inet_socket *s)
{
    for (unsigned i = 0; i < 2; i++) {
        host_mutex_lock(&inet_lock);
        struct inet_port *port = get_locked(s->ports[i]);
        bool wanted = port && port->starved;
        if (wanted)
            port->starved = false;
        host_mutex_unlock(&inet_lock);
        if (wanted)
            host_socket_receive(port->host);
        inet_port_put(port);
    }
}

struct inet_port *inet_port_for(struct inet_socket *s, const struct inet_end *to)
{
    host_mutex_lock(&inet_lock);
    struct inet_port *port = s->ports[!inet_is_v4(to)];
    if (port && inet_is_loopback(&port->end) && (to->foreign || !inet_is_loopback(to)))
        port = NULL; /* what is bound to the loopback does not get there */
    port = get_locked(port);
    host_mutex_unlock(&inet_lock);
    return port;
}

int inet_port_send(struct inet_port *port, struct inet_socket *s, const void *data, size_t n,
                   const struct inet_end *to, bool joined, const struct inet_how *how)
{
    struct host_address address = inet_to_host(to);
    host_mutex_lock(&inet_lock);
    joined = joined && port->joined == s;
    host_mutex_unlock(&inet_lock);
    inet_host_apply_mark(port->host, &port->mark, inet_host_mark_of(s, inet_is_v4(to), how));
    return host_socket_send_to(port->host, data, n, joined ? NULL : &address);
}

void inet_port_want_returned(struct inet_socket *s)
{
    for (unsigned i = 0; i < 2 && !s->stream; i++) {
        host_mutex_lock(&inet_lock);
        struct inet_port *port =
            inet_host_wants_returned(s, i == 0) ? get_locked(s->ports[i]) : NULL;
        host_mutex_unlock(&inet_lock);
        if (port)
            host_socket_want_returned(port->host);
        inet_port_put(port);
    }
}

int inet_port_join(struct inet_port *port, struct inet_socket *s, const struct inet_end *to)
{
    struct host_address address;
    host_mutex_lock(&taking);
    host_mutex_lock(&inet_lock);
    bool joins = to && port->holders == 1, parts = port->joined == s && !to;
    port->joined = joins ? s : parts ? NULL : port->joined;
    host_mutex_unlock(&inet_lock);
    if (joins)
        address = inet_to_host(to);
    int error = joins || parts ? host_socket_connect(port->host, joins ? &address : NULL) : 0;
    host_mutex_unlock(&taking);
    return error;
}
