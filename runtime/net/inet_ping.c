/* Echo requests. */
#include "runtime/net/inet_ping.h"

#include "runtime/abi/errno.h"
#include "runtime/host/heap.h"
#include "runtime/host/network.h"
#include "runtime/host/ping.h"
#include "runtime/host/random.h"
#include "runtime/host/socket.h"
#include "runtime/net/devices.h"
#include "runtime/net/inet_host.h"
#include <string.h>

#define HEADER    8u
#define IP_HEADER 20u
#define TTL       64u

#define L_ICMP_ECHO         8
#define L_ICMP_ECHO_REPLY   0
#define L_ICMPV6_ECHO       128
#define L_ICMPV6_ECHO_REPLY 129
#define L_SOL_RAW           255
#define L_ICMP_FILTER       1
#define L_ICMPV6_FILTER     1

/* inet_lock guards it. */
struct inet_ping {
    struct inet_socket *s;
    struct inet_ping *next;
    bool raw;
    uint16_t last_id;       /* of raw sockets: of the last request, as in the packet */
    uint32_t refused[8];    /* types that are not wanted, a bit for each */
    struct host_ping *host; /* NULL: not asked yet, or closed */
};

static struct inet_ping *all_pings;
static const struct host_ping_user ping_user;

int inet_ping_file(bool v6, bool raw, uint32_t flags, struct file **out)
{
    struct inet_socket *s = inet_new(v6, false);
    struct inet_ping *ping = calloc(1, sizeof(*ping));
    if (s && ping) {
        ping->s = s;
        ping->raw = raw;
        s->ping = ping;
        *out = inet_make_file(s, flags);
    }
    if (!s || !ping || !*out) {
        free(ping);
        free(s);
        return -L_ENOMEM;
    }
    host_mutex_lock(&inet_lock);
    ping->next = all_pings;
    all_pings = ping;
    host_mutex_unlock(&inet_lock);
    return 0;
}

void inet_ping_close(struct inet_socket *s)
{
    struct inet_ping *ping = s->ping, **link = &all_pings;
    host_mutex_lock(&inet_lock);
    while (*link != ping)
        link = &(*link)->next;
    *link = ping->next;
    s->ping = NULL;
    struct host_ping *host = ping->host;
    host_mutex_unlock(&inet_lock);
    if (host)
        host_ping_close(host);
    free(ping);
}

bool inet_ping_is_raw(const struct inet_socket *s)
{
    return s->ping->raw;
}

/* --- identifiers and addresses --- */

static bool id_taken_locked(const struct inet_socket *s, uint16_t id)
{
    const struct inet_ping *p = all_pings;
    while (p && (p->raw || p->s == s || p->s->v6 != s->v6 || p->s->local.port != id))
        p = p->next;
    return p != NULL;
}

static int give_id_locked(struct inet_socket *s, uint16_t id)
{
    if (s->ping->raw)
        return 0;
    if (id && id_taken_locked(s, id))
        return -L_EADDRINUSE;
    for (unsigned tries = 0; !id && tries < UINT16_MAX; tries++) {
        uint16_t next = (uint16_t)(host_random_u64() | 1);
        id = id_taken_locked(s, next) ? 0 : next;
    }
    s->local.port = id;
    return id ? 0 : -L_EAGAIN;
}

/* The way to an address; an address of "any" is this machine. */
static int find_way(struct inet_end *to, struct devices_way *way)
{
    struct host_network network;
    if (inet_is_any(to))
        inet_set_loopback(to, inet_is_v4(to));
    int error = devices_read(&network);
    if (error)
        return error;
    error = devices_way(&network, to->ip, way);
    host_network_free(&network);
    return error;
}

static int parse(const struct inet_socket *s, const struct net_address *address,
                 struct inet_end *out)
{
    int error = inet_parse(s->v6, s->options.v6_only, address, out);
    if (!error && s->v6 && inet_is_v4(out))
        return -L_EINVAL;
    return error;
}

int inet_ping_bind(struct inet_socket *s, const struct net_address *address)
{
    struct inet_end end;
    struct devices_way way = {.local = true};
    int error = parse(s, address, &end);
    bool any = !error && inet_is_any(&end);
    struct inet_end asked = end;
    if (!error && !any)
        error = find_way(&asked, &way);
    if (error || !way.local)
        return error && error != -L_ENETUNREACH ? error : -L_EADDRNOTAVAIL;
    host_mutex_lock(&inet_lock);
    error = s->local.port && !s->ping->raw ? -L_EINVAL : give_id_locked(s, end.port);
    if (!error) {
        memcpy(s->local.ip, end.ip, sizeof(s->local.ip));
        s->own_ip = !any;
    }
    host_mutex_unlock(&inet_lock);
    return error;
}

int inet_ping_connect(struct inet_socket *s, const struct net_address *address)
{
    struct inet_end end;
    struct devices_way way;
    int error = address ? parse(s, address, &end) : 0;
    if (address && !error)
        error = find_way(&end, &way);
    if (error)
        return error;
    host_mutex_lock(&inet_lock);
    if (!address) {
        s->state = INET_NEW;
        memset(&s->remote, 0, sizeof(s->remote));
        if (!s->own_ip)
            inet_set_any(&s->local, !s->v6);
    } else if (s->local.port || !(error = give_id_locked(s, 0))) {
        s->remote = end;
        s->state = INET_CONNECTED;
        if (!s->own_ip && way.has_source)
            memcpy(s->local.ip, way.source, sizeof(s->local.ip));
    }
    host_mutex_unlock(&inet_lock);
    return error;
}

/* --- packets that come --- */

/* Raw sockets of IPv4 get the header of IP too. */
static void write_ip_header(uint8_t *out, const struct inet_end *from, const struct inet_end *to,
                            size_t n, uint8_t ttl)
{
    memset(out, 0, IP_HEADER);
    out[0] = 0x45;
    out[2] = (uint8_t)((IP_HEADER + n) >> 8);
    out[3] = (uint8_t)(IP_HEADER + n);
    out[8] = ttl;
    out[9] = L_IPPROTO_ICMP;
    memcpy(out + 12, from->ip + 12, 4);
    memcpy(out + 16, to->ip + 12, 4);
    uint16_t sum = host_network_checksum(out, IP_HEADER);
    memcpy(out + 10, &sum, sizeof(sum));
}

/* A packet of ICMP on its way. */
struct echo {
    struct inet_end from, to;
    uint8_t ttl;
    const uint8_t *icmp;
    size_t n;
};

static bool wants_locked(const struct inet_ping *ping, const struct echo *echo)
{
    const struct inet_socket *s = ping->s;
    uint8_t type = echo->icmp[0];
    uint16_t id = (uint16_t)(echo->icmp[4] << 8 | echo->icmp[5]);
    bool v4 = inet_is_v4(&echo->to);
    bool reply = type == (v4 ? L_ICMP_ECHO_REPLY : L_ICMPV6_ECHO_REPLY);
    if (s->v6 == v4 || s->read_shut)
        return false;
    if (ping->raw ? ping->refused[type / 32] >> type % 32 & 1 : !reply || s->local.port != id)
        return false;
    if (s->state == INET_CONNECTED && ping->raw && !inet_same_ip(&s->remote, &echo->from))
        return false;
    return !s->own_ip || inet_same_ip(&s->local, &echo->to);
}

/* The piece that a socket gets. NULL: no memory. */
static struct inet_piece *make_piece(const struct inet_ping *ping, const struct echo *echo)
{
    size_t before = ping->raw && !ping->s->v6 ? IP_HEADER : 0;
    struct inet_piece *piece = inet_datagram_piece(NULL, before + echo->n);
    if (!piece)
        return NULL;
    if (before)
        write_ip_header(piece->data, &echo->from, &echo->to, echo->n, echo->ttl);
    memcpy(piece->data + before, echo->icmp, echo->n);
    piece->from = echo->from;
    piece->from.port = 0;
    piece->to = echo->to;
    piece->ttl = echo->ttl;
    return piece;
}

/* To one socket, or without one to all that want it. */
static void deliver(struct inet_socket *only, const struct echo *echo)
{
    host_mutex_lock(&inet_lock);
    for (struct inet_ping *ping = all_pings; ping; ping = ping->next) {
        bool meant = only ? ping->s == only : inet_sees(ping->s, echo->to.via);
        if (!meant || !wants_locked(ping, echo))
            continue;
        struct inet_piece *piece = make_piece(ping, echo);
        if (piece && inet_datagram_queue_locked(ping->s, piece))
            inet_wake_readers(ping->s);
        else
            free(piece);
    }
    host_mutex_unlock(&inet_lock);
}

/* --- from the host --- */

/* The header of a packet that belongs to a request of s. */
static void write_header_locked(const struct inet_socket *s, uint8_t type, uint16_t sequence,
                                uint8_t *out)
{
    memset(out, 0, HEADER);
    out[0] = type;
    out[4] = (uint8_t)(s->local.port >> 8);
    out[5] = (uint8_t)s->local.port;
    if (s->ping->raw)
        memcpy(out + 4, &s->ping->last_id, 2);
    memcpy(out + 6, &sequence, sizeof(sequence));
}

static void answered(void *arg, const struct host_address *from, uint16_t sequence,
                     const void *data, size_t n, uint8_t ttl)
{
    struct inet_socket *s = arg;
    uint8_t *icmp = malloc(HEADER + n);
    if (!icmp)
        return;
    struct echo echo = {.ttl = ttl, .icmp = icmp, .n = HEADER + n};
    memcpy(echo.from.ip, from->ip, sizeof(from->ip));
    echo.from.scope = from->scope;
    host_mutex_lock(&inet_lock);
    bool open = s->ping != NULL;
    if (open)
        write_header_locked(s, s->v6 ? L_ICMPV6_ECHO_REPLY : L_ICMP_ECHO_REPLY, sequence, icmp);
    echo.to = s->local;
    host_mutex_unlock(&inet_lock);
    if (open) {
        memcpy(icmp + HEADER, data, n);
        uint16_t sum = s->v6 ? 0 : host_network_checksum(icmp, echo.n);
        memcpy(icmp + 2, &sum, sizeof(sum));
        deliver(s, &echo);
    }
    free(icmp);
}

static void failed(void *arg, const struct host_address *from, const struct host_address *to,
                   uint16_t sequence, const struct host_ping_error *error)
{
    struct inet_socket *s = arg;
    struct inet_piece *piece = inet_datagram_piece(NULL, HEADER);
    if (!piece)
        return;
    host_mutex_lock(&inet_lock);
    if (s->ping) {
        memcpy(piece->to.ip, to->ip, sizeof(to->ip));
        piece->to.scope = to->scope;
        write_header_locked(s, s->v6 ? L_ICMPV6_ECHO : L_ICMP_ECHO, sequence, piece->data);
        bool queued = inet_error_locked(s, -error->error, piece);
        if (queued) {
            piece->error_type = error->type;
            piece->error_code = error->code;
            memcpy(piece->from.ip, from->ip, sizeof(from->ip));
            piece = NULL;
        }
        if (queued || s->state == INET_CONNECTED)
            s->error = -error->error;
    }
    host_mutex_unlock(&inet_lock);
    free(piece);
    inet_wake_all(s);
}

static void released(void *arg)
{
    inet_put(arg);
}

static const struct host_ping_user ping_user = {
    .answered = answered, .failed = failed, .released = released};

/* What asks for s at the host, made when it is needed first. */
static int host_of(struct inet_socket *s, struct host_ping **out)
{
    host_mutex_lock(&inet_lock);
    *out = s->ping->host;
    host_mutex_unlock(&inet_lock);
    if (*out)
        return 0;
    struct host_ping *made;
    int error = host_ping_open(s->v6, &ping_user, inet_get(s), &made);
    if (error) {
        inet_put(s);
        return error;
    }
    host_mutex_lock(&inet_lock);
    *out = s->ping->host;
    if (!*out)
        *out = s->ping->host = made;
    host_mutex_unlock(&inet_lock);
    if (*out != made)
        host_ping_close(made);
    return 0;
}

/* --- sending --- */

/* This machine answers: raw sockets see both. */
static void answer_here(const struct inet_end *to, const struct devices_way *way, uint8_t *icmp,
                        size_t n, uint8_t ttl)
{
    bool v4 = inet_is_v4(to);
    struct echo echo = {.to = *to, .ttl = ttl, .icmp = icmp, .n = n};
    memcpy(echo.from.ip, way->source, sizeof(way->source));
    deliver(NULL, &echo);
    icmp[0] = v4 ? L_ICMP_ECHO_REPLY : L_ICMPV6_ECHO_REPLY;
    memset(icmp + 2, 0, 2);
    uint16_t sum = v4 ? host_network_checksum(icmp, n) : 0;
    memcpy(icmp + 2, &sum, sizeof(sum));
    struct inet_end other = echo.to;
    echo.from.via = other.via;
    echo.to = echo.from;
    echo.from = other;
    echo.ttl = TTL;
    deliver(NULL, &echo);
}

static int check_request(const struct inet_socket *s, const uint8_t *icmp, size_t n)
{
    bool echo = n >= HEADER && icmp[0] == (s->v6 ? L_ICMPV6_ECHO : L_ICMP_ECHO) && !icmp[1];
    if (n > HOST_PING_MAX + HEADER)
        return -L_EMSGSIZE;
    return echo ? 0 : s->ping->raw ? -L_EPERM : -L_EINVAL;
}

/* Where a request goes; s has an identifier afterwards. */
static int find_target(struct inet_socket *s, const struct net_address *to, struct inet_end *end,
                       uint8_t *ttl)
{
    int error = to && to->length ? parse(s, to, end) : 0;
    host_mutex_lock(&inet_lock);
    if (!error && !(to && to->length)) {
        *end = s->remote;
        error = s->state == INET_CONNECTED ? 0 : -L_EDESTADDRREQ;
    }
    if (!error && s->write_shut)
        error = -L_EPIPE;
    if (!error && s->error) {
        error = -s->error;
        s->error = 0;
    }
    if (!error && !s->local.port)
        error = give_id_locked(s, 0);
    *ttl = (uint8_t)(s->v6 ? s->options.hops : s->options.ttl);
    host_mutex_unlock(&inet_lock);
    return error;
}

static int send_request(struct inet_socket *s, const struct inet_end *to, uint8_t ttl,
                        uint8_t *icmp, size_t n)
{
    struct inet_end end = *to;
    struct devices_way way;
    struct host_ping *host;
    uint16_t sequence;
    uint32_t device = s->options.device;
    int error = find_way(&end, &way);
    if (error)
        return error;
    inet_settle(s, &end);
    if (way.local && !end.foreign) {
        answer_here(&end, &way, icmp, n, ttl);
        return 0;
    }
    if (!inet_host_allowed())
        return -L_ENETUNREACH;
    error = host_of(s, &host);
    if (!error)
        error = host_ping_set_device(host, device);
    if (error)
        return error;
    struct host_address address = {.scope = end.scope ? end.scope
                                            : s->v6   ? device ? device : way.index
                                                      : 0};
    memcpy(address.ip, end.ip, sizeof(address.ip));
    memcpy(&sequence, icmp + 6, sizeof(sequence));
    return host_ping_send(host, &address, sequence, icmp + HEADER, n - HEADER, ttl);
}

int64_t inet_ping_send(struct inet_socket *s, const void *data, size_t n, uint32_t flags,
                       const struct net_address *to)
{
    struct inet_end end;
    uint8_t ttl = 0;
    if (flags & L_MSG_OOB)
        return -L_EOPNOTSUPP;
    int error = check_request(s, data, n);
    if (!error)
        error = find_target(s, to, &end, &ttl);
    if (error)
        return error;
    uint8_t *icmp = malloc(n);
    if (!icmp)
        return -L_ENOBUFS;
    memcpy(icmp, data, n);
    host_mutex_lock(&inet_lock);
    memcpy(&s->ping->last_id, icmp + 4, 2);
    if (!s->ping->raw) { /* the identifier and the sum are ours to fill in */
        icmp[4] = (uint8_t)(s->local.port >> 8);
        icmp[5] = (uint8_t)s->local.port;
        memset(icmp + 2, 0, 2);
        uint16_t sum = s->v6 ? 0 : host_network_checksum(icmp, n);
        memcpy(icmp + 2, &sum, sizeof(sum));
    }
    host_mutex_unlock(&inet_lock);
    error = send_request(s, &end, ttl, icmp, n);
    free(icmp);
    return error ? error : (int64_t)n;
}

/* --- options --- */

static size_t filter_size(const struct inet_socket *s, uint32_t level, uint32_t name)
{
    if (!s->ping->raw)
        return 0;
    if (!s->v6)
        return level == L_SOL_RAW && name == L_ICMP_FILTER ? 4 : 0;
    return level == L_IPPROTO_ICMPV6 && name == L_ICMPV6_FILTER ? 32 : 0;
}

int inet_ping_set_option(struct inet_socket *s, uint32_t level, uint32_t name, const void *value,
                         uint32_t length)
{
    size_t size = filter_size(s, level, name);
    if (!size)
        return -L_ENOPROTOOPT;
    host_mutex_lock(&inet_lock);
    memcpy(s->ping->refused, value, length < size ? length : size);
    host_mutex_unlock(&inet_lock);
    return 0;
}

int inet_ping_get_option(struct inet_socket *s, uint32_t level, uint32_t name, void *value)
{
    size_t size = filter_size(s, level, name);
    if (!size)
        return -L_ENOPROTOOPT;
    host_mutex_lock(&inet_lock);
    memcpy(value, s->ping->refused, size);
    host_mutex_unlock(&inet_lock);
    return (int)size;
}
