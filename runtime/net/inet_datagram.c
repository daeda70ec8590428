/* Datagrams of IPv4 and IPv6. */
#include "runtime/abi/errno.h"
#include "runtime/abi/poll.h"
#include "runtime/host/heap.h"
#include "runtime/host/time.h"
#include "runtime/net/counts.h"
#include "runtime/net/inet.h"
#include "runtime/net/inet_host.h"
#include "runtime/net/inet_port.h"
#include <string.h>

/* What Linux counts for a datagram beside its data. */
#define PACKET_OVERHEAD 512u
#define SEGMENTS_MOST   128u /* of UDP_SEGMENT */

/* One more of which, of who it is from or for. */
static void count(enum net_count which, const struct inet_socket *s, const struct inet_end *end)
{
    net_count(net_count_of(which, !inet_is_v4(end), s->lite));
}

static size_t cost_of(const struct inet_piece *piece)
{
    return sizeof(*piece) + piece->size + PACKET_OVERHEAD;
}

struct inet_piece *inet_datagram_piece(const void *data, size_t n)
{
    struct inet_piece *piece = malloc(sizeof(*piece) + n);
    if (!piece)
        return NULL;
    memset(piece, 0, sizeof(*piece));
    piece->size = piece->room = n;
    piece->time_ns = host_clock_realtime_ns();
    piece->ttl = 64;
    if (data)
        memcpy(piece->data, data, n);
    return piece;
}

/* Gives s a port, and an address to speak from when `to` is given. */
static int name_locked(struct inet_socket *s)
{
    struct inet_end any = s->local;
    if (s->named)
        return 0;
    any.port = 0;
    return inet_name_locked(s, &any) ? -L_EAGAIN : 0;
}

static bool reaches(const struct inet_socket *s, const struct inet_end *to)
{
    return inet_is_v4(&s->local) == inet_is_v4(to) || inet_is_any(&s->local);
}

/* Whether a datagram is for the host: nobody here is at its address. */
static bool leaves_locked(const struct inet_socket *s, const struct inet_end *from,
                          const struct inet_end *to)
{
    return inet_host_allowed() && !s->lite && !inet_is_broadcast(to) && !inet_is_multicast(to) &&
           !inet_find_datagram_locked(false, from, to) &&
           !(inet_is_loopback(to) && !to->foreign && inet_port_is_held_locked(to));
}

static int connect_failed(struct inet_socket *s, int error)
{
    inet_connect_datagram(s, NULL);
    return error;
}

int inet_connect_datagram(struct inet_socket *s, const struct inet_end *to)
{
    int error = 0;
    bool outside = false;
    host_mutex_lock(&inet_lock);
    if (!to) {
        s->state = INET_NEW;
        memset(&s->remote, 0, sizeof(s->remote));
        memset(&s->outer, 0, sizeof(s->outer));
        if (!s->own_ip)
            inet_set_any(&s->local, !s->v6);
        if (!s->own_port) {
            inet_unname_locked(s);
            s->local.port = 0;
        }
        s->read_shut = s->write_shut = false;
    } else if (!reaches(s, to)) {
        error = inet_is_v4(to) ? -L_ENETUNREACH : -L_EINVAL;
    } else if (!(error = name_locked(s))) {
        if (inet_is_any(&s->local) || !s->own_ip)
            inet_set_source(&s->local, to);
        s->remote = *to;
        s->state = INET_CONNECTED;
        outside = leaves_locked(s, &s->local, to);
    }
    host_mutex_unlock(&inet_lock);
    if (error)
        return error;
    if (!outside) {
        inet_host_connect_datagram(s, NULL);
        return 0;
    }
    error = inet_host_connect_datagram(s, to);
    return error ? connect_failed(s, error) : 0;
}

enum { SEND_OUTSIDE = 1, SEND_GROUP };

/* A packet finds its receiver, which is woken afterwards; it stays the caller's when nobody takes
 * it. 0, or an errno. */
static int deliver_locked(struct inet_socket *s, const struct inet_end *to,
                          const struct inet_how *how, struct inet_piece **piece,
                          struct inet_socket **woken)
{
    const struct inet_options *o = &s->options;
    struct inet_piece *p = *piece;
    bool v4 = inet_is_v4(to);
    p->to = *to;
    p->from = s->local;
    p->from.scope = 0;
    p->ttl = (uint8_t)(how->ttl >= 0 ? (uint32_t)how->ttl : v4 ? o->ttl : o->hops);
    p->tos = (uint8_t)(how->tos >= 0 ? (uint32_t)how->tos : v4 ? o->tos : o->traffic_class);
    p->coverage = o->send_coverage <= p->size ? o->send_coverage : 0;
    if (how->from.port)
        memcpy(p->from.ip, how->from.ip, sizeof(p->from.ip));
    if (inet_is_any(&p->from) || inet_is_multicast(&p->from))
        inet_set_source(&p->from, to);
    if (inet_is_multicast(to)) {
        if (how->ttl < 0)
            p->ttl = (uint8_t)(v4 ? o->multicast_ttl : o->multicast_hops);
        return SEND_GROUP;
    }
    struct inet_socket *other =
        inet_chosen_locked(inet_find_datagram_locked(s->lite, &p->from, to), p->data, p->size);
    if (!other && leaves_locked(s, &p->from, to))
        return SEND_OUTSIDE;
    if (!other) {
        count(UDP_NO_PORTS, s, to);
        bool queued = inet_error_locked(s, L_ECONNREFUSED, p);
        if (queued)
            *piece = NULL;
        if (queued || s->state == INET_CONNECTED) {
            s->error = L_ECONNREFUSED;
            *woken = inet_get(s);
        }
        return 0;
    }
    if (inet_datagram_queue_locked(other, p)) {
        *piece = NULL;
        *woken = inet_get(other);
    }
    return 0;
}

int inet_datagram_check_locked(struct inet_socket *s, const struct inet_end *to)
{
    int error = name_locked(s);
    if (error)
        return error;
    if (s->error) {
        error = s->error;
        s->error = 0;
        return -error;
    }
    if (s->write_shut)
        return -L_EPIPE;
    if (!to && s->state != INET_CONNECTED)
        return -L_EDESTADDRREQ;
    if (!to)
        to = &s->remote;
    if (inet_is_broadcast(to) && !s->options.broadcast)
        return -L_EACCES;
    if (!reaches(s, to))
        return inet_is_v4(to) ? -L_ENETUNREACH : -L_EINVAL;
    return 0;
}

static int send_locked(struct inet_socket *s, const struct inet_end *to, const struct inet_how *how,
                       struct inet_piece **piece, struct inet_socket **woken)
{
    int error = inet_datagram_check_locked(s, to);
    return error ? error : deliver_locked(s, to ? to : &s->remote, how, piece, woken);
}

/* The receivers of a datagram for a group, each referenced, in *out. Their number, or -L_ENOBUFS.
 */
static int find_members(struct inet_socket *s, const struct inet_piece *piece, uint32_t index,
                        struct inet_socket ***out)
{
    unsigned room = 0, count;
    *out = NULL;
    do {
        host_mutex_lock(&inet_lock);
        count = inet_find_members_locked(s->lite, &piece->from, &piece->to, index, *out, room);
        host_mutex_unlock(&inet_lock);
        if (count <= room)
            return (int)count;
        free(*out);
        room = count;
        *out = calloc(room, sizeof(**out));
    } while (*out);
    return -L_ENOBUFS;
}

/* A copy for each that is in the group. */
static int send_to_group(struct inet_socket *s, const struct inet_piece *piece)
{
    struct inet_socket **members;
    uint32_t index = inet_group_way(s, &piece->to);
    bool loops = inet_is_v4(&piece->to) ? s->options.multicast_loop : s->options.multicast_loop6;
    if (!index)
        return -L_ENETUNREACH;
    int count = loops || index == INET_LOOPBACK_INDEX ? find_members(s, piece, index, &members) : 0;
    for (int i = 0; i < count; i++) {
        struct inet_piece *copy = inet_datagram_piece(piece->data, piece->size);
        if (copy) {
            memcpy(copy, piece, sizeof(*piece));
            host_mutex_lock(&inet_lock);
            bool taken = inet_datagram_queue_locked(members[i], copy);
            host_mutex_unlock(&inet_lock);
            if (!taken)
                free(copy);
        }
        inet_wake_readers(members[i]);
        inet_put(members[i]);
    }
    if (count)
        free(members);
    return count < 0 ? count : 0;
}

/* An error that came back before is told by this call, when the host's tells it, and by no other.
 */
static int send_outside(struct inet_socket *s, const void *data, size_t n,
                        const struct inet_end *to, const struct inet_how *how)
{
    int error = inet_host_send_to(s, data, n, to, how);
    host_mutex_lock(&inet_lock);
    if (error && s->error == -error)
        s->error = 0;
    host_mutex_unlock(&inet_lock);
    return error;
}

static int send_one(struct inet_socket *s, const void *data, size_t n, const struct inet_end *to,
                    const struct inet_how *how)
{
    struct inet_socket *woken = NULL;
    struct inet_piece *piece = inet_datagram_piece(data, n);
    if (!piece)
        return -L_ENOBUFS;
    host_mutex_lock(&inet_lock);
    int error = send_locked(s, to, how, &piece, &woken);
    struct inet_end outside = to ? *to : s->remote;
    host_mutex_unlock(&inet_lock);
    if (error == SEND_GROUP)
        error = send_to_group(s, piece);
    free(piece);
    if (error == SEND_OUTSIDE)
        error = send_outside(s, data, n, &outside, how);
    if (woken == s)
        inet_wake_all(s);
    else if (woken)
        inet_wake_readers(woken);
    inet_put(woken);
    if (!error)
        count(UDP_OUT, s, &outside);
    return error;
}

int inet_datagram_send_whole(struct inet_socket *s, const void *data, size_t n,
                             const struct inet_end *to, const struct inet_how *how)
{
    size_t part = how->segment && how->segment < n ? how->segment : n;
    if (part && (n + part - 1) / part > SEGMENTS_MOST)
        return -L_EINVAL;
    size_t done = 0;
    int error;
    do {
        size_t left = n - done, size = part < left ? part : left;
        error = send_one(s, (const uint8_t *)data + done, size, to, how);
        done += size;
    } while (!error && done < n);
    return error;
}

int64_t inet_datagram_send(struct inet_socket *s, const void *data, size_t n, uint32_t flags,
                           const struct inet_end *to, const struct inet_how *how)
{
    bool more = (flags & L_MSG_MORE) || s->options.udp_cork;
    if (flags & L_MSG_OOB)
        return -L_EOPNOTSUPP;
    if (n > (s->v6 ? INET_PACKET_MOST_V6 : INET_PACKET_MOST_V4))
        return -L_EMSGSIZE;
    host_mutex_lock(&inet_lock);
    bool begun = s->cork != NULL;
    host_mutex_unlock(&inet_lock);
    if (more || begun)
        return inet_cork_send(s, data, n, !more, to, how);
    int error = inet_datagram_send_whole(s, data, n, to, how);
    return error ? error : (int64_t)n;
}

/* What the filter of s keeps of a datagram; whether it takes it. */
static bool filter(struct inet_socket *s, struct inet_piece *piece)
{
    struct socket_packet packet = {.data = piece->data, .n = piece->size};
    if (!socket_filter_is_set(&s->filter))
        return true;
    if (!s->ping)
        inet_packet_datagram(piece, s->lite, &packet);
    int64_t kept = socket_filter_keeps(&s->filter, &packet);
    if (kept < 0) {
        s->drops++;
        return false;
    }
    piece->size = (size_t)kept - packet.transport;
    return true;
}

bool inet_datagram_queue_locked(struct inet_socket *s, struct inet_piece *piece)
{
    uint32_t wanted = s->options.receive_coverage;
    if (s->state == INET_CLOSED || (piece->coverage && wanted && piece->coverage < wanted) ||
        !filter(s, piece))
        return false;
    if (s->read_shut || s->in.held + cost_of(piece) > s->options.receive_buffer) {
        s->drops++;
        if (!s->ping)
            count(UDP_NO_ROOM, s, &piece->from);
        return false;
    }
    piece->drops = s->drops;
    piece->next = NULL;
    *(s->in.last ? &s->in.last->next : &s->in.first) = piece;
    s->in.last = piece;
    s->arrived++;
    s->in.bytes += piece->size;
    s->in.held += cost_of(piece);
    return true;
}

void inet_datagram_arrived(struct inet_socket *s, const void *data, size_t n,
                           const struct inet_end *from, const struct inet_end *to)
{
    struct inet_piece *piece = inet_datagram_piece(data, n);
    if (!piece)
        return;
    piece->from = *from;
    host_mutex_lock(&inet_lock);
    piece->to = to ? *to : s->outer.port ? s->outer : s->local;
    if (!to)
        piece->to.via = s->options.device;
    bool other = s->state == INET_CONNECTED &&
                 (s->remote.port != from->port || !inet_same_ip(&s->remote, from));
    bool taken = !other && inet_datagram_queue_locked(s, piece);
    host_mutex_unlock(&inet_lock);
    if (!taken)
        free(piece);
    else
        inet_wake_readers(s);
}

void inet_datagram_returned(struct inet_socket *s, const struct host_returned *what)
{
    struct inet_piece *piece = inet_datagram_piece(what->bytes, what->n);
    host_mutex_lock(&inet_lock);
    bool queued = false;
    if (piece) {
        piece->to = inet_from_host(&what->to);
        piece->from = inet_from_host(&what->offender);
        piece->nameless = !what->has_offender;
        piece->error = -what->error;
        piece->error_origin = what->origin;
        piece->error_type = what->type;
        piece->error_code = what->code;
        piece->error_info = what->info;
        queued = s->state != INET_CLOSED && inet_returned_locked(s, piece);
    }
    if (what->origin != L_SO_EE_ORIGIN_LOCAL && (queued || s->state == INET_CONNECTED))
        s->error = -what->error;
    host_mutex_unlock(&inet_lock);
    if (!queued)
        free(piece);
    inet_wake_all(s);
}

struct receiving {
    struct inet_socket *s;
    bool beyond; /* what lies there has been seen: another has to come */
    uint64_t arrived;
};

static bool can_receive(void *arg)
{
    const struct receiving *w = arg;
    const struct inet_socket *s = w->s;
    host_mutex_lock(&inet_lock);
    bool some = w->beyond ? s->arrived != w->arrived : s->in.first != NULL;
    bool ready = some || s->error || s->read_shut;
    host_mutex_unlock(&inet_lock);
    return ready;
}

/* The datagram that MSG_PEEK looks at, and where in it (SO_PEEK_OFF). NULL: all were seen. */
static struct inet_piece *find_peeked_locked(const struct inet_socket *s, size_t *offset)
{
    struct inet_piece *piece = s->in.first;
    *offset = s->peek_off > 0 ? (size_t)s->peek_off : 0;
    while (piece && s->peek_off >= 0 && *offset >= piece->size &&
           (piece->size || *offset || piece->peeked)) {
        *offset -= piece->size;
        piece = piece->next;
    }
    return piece;
}

/* A packet, from an offset on; its end in *done when it left the queue. */
static int64_t take_locked(struct inet_socket *s, struct inet_piece *piece, size_t offset,
                           void *data, size_t n, uint32_t flags, struct socket_received *out,
                           struct inet_piece **done)
{
    size_t left = piece->size - offset, got = left < n ? left : n;
    memcpy(data, piece->data + offset, got);
    out->full_size = piece->size;
    if (n <= left && got < piece->size)
        out->flags = L_MSG_TRUNC;
    inet_show(s, &piece->from, &out->from);
    inet_notes_locked(s, piece, out);
    if (!s->options.timestamp && !s->options.timestamp_ns)
        s->stamp = piece->time_ns;
    size_t counted = flags & L_MSG_TRUNC ? piece->size : got;
    if (flags & L_MSG_PEEK) {
        piece->peeked = piece->size == 0;
        socket_peeked(&s->peek_off, counted);
    } else {
        socket_taken(&s->peek_off, counted);
        s->in.first = piece->next;
        if (!s->in.first)
            s->in.last = NULL;
        s->in.bytes -= piece->size;
        s->in.held -= cost_of(piece);
        *done = piece;
        if (!s->ping)
            count(UDP_IN, s, &piece->from);
    }
    return (int64_t)got;
}

int64_t inet_datagram_receive(struct inet_socket *s, void *data, size_t n, uint32_t flags,
                              struct socket_received *out)
{
    uint64_t deadline = socket_deadline(s->options.receive_timeout_ns);
    memset(out, 0, sizeof(*out));
    if (flags & L_MSG_OOB)
        return -L_EOPNOTSUPP;
    for (;;) {
        struct inet_piece *done = NULL;
        size_t offset = 0;
        int64_t result = 1;
        host_mutex_lock(&inet_lock);
        struct receiving waiting = {s, (flags & L_MSG_PEEK) && s->in.first, s->arrived};
        struct inet_piece *piece =
            flags & L_MSG_PEEK ? find_peeked_locked(s, &offset) : s->in.first;
        bool some = piece && !s->error;
        if (s->error) {
            result = -s->error;
            s->error = 0;
        } else if (some) {
            result = take_locked(s, piece, offset, data, n, flags, out, &done);
        } else if (s->read_shut) {
            result = 0;
        }
        bool ended = some || result <= 0;
        host_mutex_unlock(&inet_lock);
        free(done);
        if (ended)
            return result;
        if (flags & L_MSG_DONTWAIT)
            return -L_EAGAIN;
        int error = wait_until(&s->read_wait, can_receive, &waiting, deadline);
        if (error)
            return socket_wait_error(error, deadline);
    }
}
