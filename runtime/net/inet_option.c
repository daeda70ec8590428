/* Options of AF_INET and AF_INET6 sockets: socket(7), ip(7), ipv6(7), tcp(7), udp(7). */
#include "runtime/abi/capability.h"
#include "runtime/abi/errno.h"
#include "runtime/abi/poll.h"
#include "runtime/abi/time.h"
#include "runtime/host/log.h"
#include "runtime/net/inet.h"
#include "runtime/net/inet_ping.h"
#include "runtime/task/process.h"
#include "runtime/task/task.h"
#include <stdio.h>
#include <string.h>

#define SEND_LEAST      4608u
#define RECEIVE_LEAST   2304u
#define STREAM_SEND     2626560u /* what Linux makes of tcp_wmem on the loopback */
#define STREAM_SEND_NEW 16384u   /* and what it shows before there is a connection */
#define STREAM_RECEIVE  131072u
#define SEGMENT_MOST    65483u
#define SEGMENT_NEW     536u

void inet_options_init(struct inet_options *o, bool v6, bool stream)
{
    (void)v6;
    *o = (struct inet_options){
        .receive_low = 1,
        .ttl = 64,
        .mtu_discover = L_IP_PMTUDISC_WANT,
        .multicast_ttl = 1,
        .multicast_loop = true,
        .multicast_all = true,
        .hops = 64,
        .multicast_hops = 1,
        .keep_idle = 7200,
        .keep_interval = 75,
        .keep_count = 9,
        .syn_count = 6,
        .linger2 = 60,
        .quick_ack = true,
        .send_buffer = stream ? STREAM_SEND : L_SK_MEM_MAX,
        .receive_buffer = stream ? STREAM_RECEIVE : L_SK_MEM_MAX,
    };
}

/* --- options that are kept and told: where, and what they may be --- */

enum { FLAG, NUMBER };

struct kept {
    uint32_t level, name;
    uint8_t kind;
    bool stream_only, v6_only, byte_too; /* byte_too: a length of 1 is taken as well */
    size_t offset;
    int64_t least, most;
};

#define AT(field) offsetof(struct inet_options, field)
#define SOCKET_FLAG(name, field)                                                                   \
    {                                                                                              \
        L_SOL_SOCKET, name, FLAG, false, false, false, AT(field), 0, 0                             \
    }
#define IP_FLAG(name, field)                                                                       \
    {                                                                                              \
        L_IPPROTO_IP, name, FLAG, false, false, true, AT(field), 0, 0                              \
    }
#define V6_FLAG(name, field)                                                                       \
    {                                                                                              \
        L_IPPROTO_IPV6, name, FLAG, false, true, false, AT(field), 0, 0                            \
    }
#define V6_NUMBER(name, field, least, most)                                                        \
    {                                                                                              \
        L_IPPROTO_IPV6, name, NUMBER, false, true, false, AT(field), least, most                   \
    }
#define TCP_FLAG(name, field)                                                                      \
    {                                                                                              \
        L_IPPROTO_TCP, name, FLAG, true, false, false, AT(field), 0, 0                             \
    }
#define TCP_NUMBER(name, field, least, most)                                                       \
    {                                                                                              \
        L_IPPROTO_TCP, name, NUMBER, true, false, false, AT(field), least, most                    \
    }

static const struct kept kept[] = {
    SOCKET_FLAG(L_SO_REUSEADDR, reuse_address),
    SOCKET_FLAG(L_SO_REUSEPORT, reuse_port),
    SOCKET_FLAG(L_SO_BROADCAST, broadcast),
    SOCKET_FLAG(L_SO_KEEPALIVE, keepalive),
    SOCKET_FLAG(L_SO_OOBINLINE, oob_inline),
    SOCKET_FLAG(L_SO_DONTROUTE, dont_route),
    SOCKET_FLAG(L_SO_NO_CHECK, no_check),
    SOCKET_FLAG(L_SO_TIMESTAMP, timestamp),
    SOCKET_FLAG(L_SO_TIMESTAMPNS, timestamp_ns),
    IP_FLAG(L_IP_PKTINFO, told4.packet_info),
    IP_FLAG(L_IP_RECVERR, told4.error),
    IP_FLAG(L_IP_RECVTTL, told4.ttl),
    IP_FLAG(L_IP_RECVOPTS, receive_options),
    IP_FLAG(L_IP_RETOPTS, return_options),
    IP_FLAG(L_IP_RECVTOS, told4.tos),
    IP_FLAG(L_IP_RECVORIGDSTADDR, told4.original),
    IP_FLAG(L_IP_FREEBIND, freebind),
    IP_FLAG(L_IP_MULTICAST_LOOP, multicast_loop),
    IP_FLAG(L_IP_MULTICAST_ALL, multicast_all),
    IP_FLAG(L_IP_BIND_ADDRESS_NO_PORT, no_port),
    {L_IPPROTO_IP, L_IP_TTL, NUMBER, false, false, true, AT(ttl), 1, 255},
    {L_IPPROTO_IP, L_IP_TOS, NUMBER, false, false, true, AT(tos), 0, UINT8_MAX},
    {L_IPPROTO_IP, L_IP_MTU_DISCOVER, NUMBER, false, false, true, AT(mtu_discover), 0, 5},
    {L_IPPROTO_IP, L_IP_MULTICAST_TTL, NUMBER, false, false, true, AT(multicast_ttl), 0, 255},
    V6_FLAG(L_IPV6_RECVERR, told6.error),
    V6_FLAG(L_IPV6_RECVPKTINFO, told6.packet_info),
    V6_FLAG(L_IPV6_RECVHOPLIMIT, told6.ttl),
    V6_FLAG(L_IPV6_RECVTCLASS, told6.tos),
    V6_FLAG(L_IPV6_RECVORIGDSTADDR, told6.original),
    V6_FLAG(L_IPV6_MULTICAST_LOOP, multicast_loop),
    V6_NUMBER(L_IPV6_UNICAST_HOPS, hops, 0, 255),
    V6_NUMBER(L_IPV6_MULTICAST_HOPS, multicast_hops, 0, 255),
    V6_NUMBER(L_IPV6_TCLASS, traffic_class, 0, 255),
    V6_NUMBER(L_IPV6_MTU_DISCOVER, mtu_discover, 0, 5),
    TCP_FLAG(L_TCP_NODELAY, nodelay),
    TCP_FLAG(L_TCP_CORK, cork),
    TCP_FLAG(L_TCP_QUICKACK, quick_ack),
    TCP_NUMBER(L_TCP_KEEPIDLE, keep_idle, 1, 32767),
    TCP_NUMBER(L_TCP_KEEPINTVL, keep_interval, 1, 32767),
    TCP_NUMBER(L_TCP_KEEPCNT, keep_count, 1, 127),
    TCP_NUMBER(L_TCP_SYNCNT, syn_count, 1, 127),
    TCP_NUMBER(L_TCP_USER_TIMEOUT, user_timeout, 0, INT32_MAX),
    TCP_NUMBER(L_TCP_DEFER_ACCEPT, defer_accept, 0, INT32_MAX),
    TCP_NUMBER(L_TCP_WINDOW_CLAMP, window_clamp, 0, INT32_MAX),
    TCP_NUMBER(L_TCP_NOTSENT_LOWAT, not_sent_low, 0, UINT32_MAX),
};

static const struct kept *find_kept(const struct inet_socket *s, uint32_t level, uint32_t name)
{
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        const struct kept *k = &kept[i];
        if (k->level == level && k->name == name && (s->stream || !k->stream_only) &&
            (s->v6 || !k->v6_only))
            return k;
    }
    return NULL;
}

/* --- setting --- */

static int set_buffer(struct inet_socket *s, struct task *t, uint32_t name, uint32_t value)
{
    bool sends = name == L_SO_SNDBUF || name == L_SO_SNDBUFFORCE;
    int size = socket_buffer_size(t, name, value, sends ? SEND_LEAST : RECEIVE_LEAST);
    if (size < 0)
        return size;
    host_mutex_lock(&inet_lock);
    if (sends) {
        s->options.send_buffer = (uint32_t)size;
        s->options.send_buffer_set = true;
    } else {
        s->options.receive_buffer = (uint32_t)size;
    }
    host_mutex_unlock(&inet_lock);
    inet_wake_writers(s);
    return 0;
}

static int set_linger(struct inet_socket *s, const uint8_t *data, uint32_t length)
{
    int32_t value[2];
    if (length < sizeof(value))
        return -L_EINVAL;
    memcpy(value, data, sizeof(value));
    s->options.linger = value[0] != 0;
    s->options.linger_s = value[1] < 0 ? INT32_MAX : (uint32_t)value[1];
    return 0;
}

static int set_socket_option(struct inet_socket *s, struct task *t, uint32_t name, const void *data,
                             uint32_t length, uint32_t value)
{
    switch (name) {
    case L_SO_SNDBUF:
    case L_SO_SNDBUFFORCE:
    case L_SO_RCVBUF:
    case L_SO_RCVBUFFORCE:
        return set_buffer(s, t, name, value);
    case L_SO_LINGER:
        return set_linger(s, data, length);
    case L_SO_RCVLOWAT:
        if ((int32_t)value < 0)
            value = INT32_MAX;
        s->options.receive_low = value ? value : 1;
        inet_wake_readers(s);
        return 0;
    case L_SO_PRIORITY:
        if (value > 6 && !cred_capable(&t->process->cred, L_CAP_NET_ADMIN))
            return -L_EPERM;
        s->options.priority = value;
        return 0;
    case L_SO_MARK:
        if (!cred_capable(&t->process->cred, L_CAP_NET_ADMIN))
            return -L_EPERM;
        s->options.mark = value;
        return 0;
    case L_SO_DEBUG:
        if (value && !cred_capable(&t->process->cred, L_CAP_NET_ADMIN))
            return -L_EACCES;
        s->options.debug = value != 0;
        return 0;
    case L_SO_PASSCRED:
    case L_SO_ZEROCOPY: /* no copy is ever saved: as before Linux 4.14 */
        return name == L_SO_PASSCRED ? -L_EOPNOTSUPP : -L_ENOPROTOOPT;
    case L_SO_BUSY_POLL:
        return cred_capable(&t->process->cred, L_CAP_NET_ADMIN) ? 0 : -L_EPERM;
    case L_SO_TYPE:
    case L_SO_PROTOCOL:
    case L_SO_DOMAIN:
    case L_SO_ERROR:
    case L_SO_ACCEPTCONN:
        return -L_ENOPROTOOPT;
    }
    return -L_ENOPROTOOPT;
}

static int set_v6_only(struct inet_socket *s, uint32_t value)
{
    host_mutex_lock(&inet_lock);
    bool bound = s->own_port || s->named;
    if (!bound)
        s->options.v6_only = value != 0;
    host_mutex_unlock(&inet_lock);
    return bound ? -L_EINVAL : 0;
}

static int set_other(struct inet_socket *s, uint32_t level, uint32_t name, const void *data,
                     uint32_t length, uint32_t value)
{
    if (level == L_IPPROTO_IPV6 && s->v6 && name == L_IPV6_V6ONLY)
        return set_v6_only(s, value);
    if (level == L_IPPROTO_UDPLITE && s->lite &&
        (name == L_UDPLITE_SEND_CSCOV || name == L_UDPLITE_RECV_CSCOV)) {
        if (value && value < L_UDPLITE_LEAST)
            value = L_UDPLITE_LEAST;
        if (value > UINT16_MAX)
            value = UINT16_MAX;
        *(name == L_UDPLITE_SEND_CSCOV ? &s->options.send_coverage : &s->options.receive_coverage) =
            value;
        return 0;
    }
    if (level == L_IPPROTO_TCP && s->stream) {
        switch (name) {
        case L_TCP_MAXSEG:
            if (value && (value < 88 || value > 32767))
                return -L_EINVAL;
            s->options.max_segment = value;
            return 0;
        case L_TCP_LINGER2:
            s->options.linger2 = (int32_t)value < 0 ? UINT32_MAX : value > 120 ? 0 : value;
            return 0;
        case L_TCP_FASTOPEN:
            if ((int32_t)value < 0)
                return -L_EINVAL;
            s->options.fastopen = value; /* how many may wait: there is no wait for them */
            return 0;
        case L_TCP_CONGESTION:
            return length >= 5 && memcmp(data, "cubic", 5) == 0 ? 0 : -L_ENOENT;
        }
    }
    if ((level == L_IPPROTO_IP && name >= L_IP_ADD_MEMBERSHIP && name <= 48) ||
        (level == L_IPPROTO_IPV6 && s->v6 && name == L_IPV6_ADD_MEMBERSHIP)) {
        host_log("multicast groups are not built");
        return -L_ENODEV;
    }
    return -L_ENOPROTOOPT;
}

static bool known_level(const struct inet_socket *s, uint32_t level)
{
    return level == L_SOL_SOCKET || level == L_IPPROTO_IP || (level == L_IPPROTO_IPV6 && s->v6) ||
           (level == L_IPPROTO_TCP && s->stream) ||
           ((level == L_IPPROTO_UDP || level == L_IPPROTO_UDPLITE) && !s->stream);
}

static int set_kept(struct inet_socket *s, const struct kept *k, uint32_t value)
{
    void *field = (uint8_t *)&s->options + k->offset;
    int64_t number = (int32_t)value;
    if (k->kind == FLAG) {
        bool on = value != 0;
        memcpy(field, &on, sizeof(on));
        return 0;
    }
    /* -1 is the default of those that have one. */
    bool standard = number == -1 && (k->level == L_IPPROTO_IPV6 || k->name == L_IP_TTL ||
                                     k->name == L_IP_MULTICAST_TTL);
    if (k->level == L_IPPROTO_IP && k->name == L_IP_TOS)
        value &= UINT8_MAX;
    else if (!standard && (number < k->least || (k->most < UINT32_MAX && number > k->most)))
        return -L_EINVAL;
    if (standard) {
        struct inet_options fresh;
        inet_options_init(&fresh, s->v6, s->stream);
        memcpy(&value, (uint8_t *)&fresh + k->offset, sizeof(value));
    }
    memcpy(field, &value, sizeof(value));
    return 0;
}

int inet_set_option(struct file *file, struct task *t, uint32_t level, uint32_t name,
                    const void *data, uint32_t length)
{
    struct inet_socket *s = file->priv;
    uint32_t value = 0;
    if (s->ping && inet_ping_set_option(s, level, name, data, length) == 0)
        return 0;
    if (!known_level(s, level))
        return -L_ENOPROTOOPT;
    if (level == L_SOL_SOCKET && name == L_SO_RCVTIMEO)
        return socket_parse_timeout(data, length, &s->options.receive_timeout_ns);
    if (level == L_SOL_SOCKET && name == L_SO_SNDTIMEO)
        return socket_parse_timeout(data, length, &s->options.send_timeout_ns);
    if (level == L_SOL_SOCKET && name == L_SO_BINDTODEVICE)
        return length && *(const char *)data && strncmp(data, "lo", length) != 0 ? -L_ENODEV : 0;
    const struct kept *k = find_kept(s, level, name);
    if (length < sizeof(value) && level != L_IPPROTO_IP)
        return -L_EINVAL;
    if (length < sizeof(value) && length < 1)
        return -L_EINVAL;
    if (length >= sizeof(value))
        memcpy(&value, data, sizeof(value));
    else
        value = *(const uint8_t *)data;
    if (k) {
        host_mutex_lock(&inet_lock);
        int error = set_kept(s, k, value);
        bool forgets = !s->options.told4.error && !s->options.told6.error;
        host_mutex_unlock(&inet_lock);
        if (forgets)
            inet_errors_forget(s);
        return error;
    }
    return level == L_SOL_SOCKET ? set_socket_option(s, t, name, data, length, value)
                                 : set_other(s, level, name, data, length, value);
}

/* --- getting --- */

/* What ss(8) and others read first of struct tcp_info: the state. */
#define TCP_INFO_SIZE 104

static uint8_t tcp_state(const struct inet_socket *s)
{
    switch (s->state) {
    case INET_LISTENING:
        return L_TCP_LISTEN;
    case INET_CONNECTING:
        return L_TCP_SYN_SENT;
    case INET_CONNECTED:
        if (s->fin)
            return s->write_shut ? L_TCP_LAST_ACK : L_TCP_CLOSE_WAIT;
        return s->write_shut ? L_TCP_FIN_WAIT2 : L_TCP_ESTABLISHED;
    default:
        return L_TCP_CLOSE;
    }
}

static int get_tcp_info(const struct inet_socket *s, uint8_t *value)
{
    const uint32_t rto = 200000, segment = SEGMENT_MOST;
    memset(value, 0, TCP_INFO_SIZE);
    value[0] = s->state == INET_CONNECTED && s->fin && s->write_shut && !s->peer ? L_TCP_CLOSE
                                                                                 : tcp_state(s);
    memcpy(value + 8, &rto, 4);
    memcpy(value + 16, &segment, 4);
    memcpy(value + 20, &segment, 4);
    return TCP_INFO_SIZE;
}

static int get_socket_option(struct inet_socket *s, uint32_t name, void *value)
{
    int32_t number = 0, pair[2];
    switch (name) {
    case L_SO_RCVTIMEO:
        return socket_show_timeout(value, s->options.receive_timeout_ns);
    case L_SO_SNDTIMEO:
        return socket_show_timeout(value, s->options.send_timeout_ns);
    case L_SO_LINGER:
        pair[0] = s->options.linger;
        pair[1] = (int32_t)s->options.linger_s;
        memcpy(value, pair, sizeof(pair));
        return sizeof(pair);
    case L_SO_TYPE:
        number = s->stream ? L_SOCK_STREAM : L_SOCK_DGRAM;
        if (s->ping && inet_ping_is_raw(s))
            number = L_SOCK_RAW;
        break;
    case L_SO_DOMAIN:
        number = s->v6 ? L_AF_INET6 : L_AF_INET;
        break;
    case L_SO_PROTOCOL:
        number = s->stream ? L_IPPROTO_TCP : s->lite ? L_IPPROTO_UDPLITE : L_IPPROTO_UDP;
        if (s->ping)
            number = s->v6 ? L_IPPROTO_ICMPV6 : L_IPPROTO_ICMP;
        break;
    case L_SO_ERROR:
        number = s->error;
        s->error = 0;
        break;
    case L_SO_ACCEPTCONN:
        number = s->state == INET_LISTENING;
        break;
    case L_SO_SNDBUF:
        number = (int32_t)s->options.send_buffer;
        if (s->stream && !s->options.send_buffer_set && s->state != INET_CONNECTED)
            number = STREAM_SEND_NEW;
        break;
    case L_SO_RCVBUF:
        number = (int32_t)s->options.receive_buffer;
        break;
    case L_SO_RCVLOWAT:
        number = (int32_t)s->options.receive_low;
        break;
    case L_SO_SNDLOWAT:
        number = 1;
        break;
    case L_SO_PRIORITY:
        number = (int32_t)s->options.priority;
        break;
    case L_SO_MARK:
        number = (int32_t)s->options.mark;
        break;
    case L_SO_DEBUG:
        number = s->options.debug;
        break;
    case L_SO_INCOMING_CPU:
        number = -1;
        break;
    case L_SO_BUSY_POLL:
        break;
    case L_SO_BINDTODEVICE:
        return 0;
    default:
        return -L_ENOPROTOOPT;
    }
    memcpy(value, &number, sizeof(number));
    return sizeof(number);
}

static int get_other(struct inet_socket *s, uint32_t level, uint32_t name, void *value)
{
    int32_t number = 0;
    bool connected = s->state == INET_CONNECTED;
    if (level == L_IPPROTO_IPV6 && name == L_IPV6_V6ONLY) {
        number = s->options.v6_only;
    } else if ((level == L_IPPROTO_IP && name == L_IP_MTU) ||
               (level == L_IPPROTO_IPV6 && name == L_IPV6_MTU)) {
        if (!connected)
            return -L_ENOTCONN;
        number = 65536;
    } else if (level == L_IPPROTO_IP && name == L_IP_OPTIONS) {
        return 0;
    } else if (level == L_IPPROTO_UDPLITE && name == L_UDPLITE_SEND_CSCOV) {
        number = (int32_t)s->options.send_coverage;
    } else if (level == L_IPPROTO_UDPLITE && name == L_UDPLITE_RECV_CSCOV) {
        number = (int32_t)s->options.receive_coverage;
    } else if (level == L_IPPROTO_TCP && name == L_TCP_INFO) {
        return get_tcp_info(s, value);
    } else if (level == L_IPPROTO_TCP && name == L_TCP_MAXSEG) {
        number = connected ? (int32_t)SEGMENT_MOST : (int32_t)SEGMENT_NEW;
        if (s->options.max_segment)
            number = (int32_t)s->options.max_segment;
    } else if (level == L_IPPROTO_TCP && name == L_TCP_LINGER2) {
        number = (int32_t)s->options.linger2;
    } else if (level == L_IPPROTO_TCP && name == L_TCP_FASTOPEN) {
        number = (int32_t)s->options.fastopen;
    } else if (level == L_IPPROTO_TCP && name == L_TCP_CONGESTION) {
        memcpy(value, "cubic\0\0\0\0\0\0\0\0\0\0\0", 16);
        return 16;
    } else {
        return -L_ENOPROTOOPT;
    }
    memcpy(value, &number, sizeof(number));
    return sizeof(number);
}

static int get_kept(const struct inet_socket *s, const struct kept *k, void *value)
{
    const void *field = (const uint8_t *)&s->options + k->offset;
    uint32_t number = 0;
    if (k->kind == FLAG)
        number = *(const bool *)field;
    else
        memcpy(&number, field, sizeof(number));
    memcpy(value, &number, sizeof(number));
    return sizeof(number);
}

int inet_get_option(struct file *file, uint32_t level, uint32_t name, void *value)
{
    struct inet_socket *s = file->priv;
    const struct kept *k = find_kept(s, level, name);
    int filter = s->ping ? inet_ping_get_option(s, level, name, value) : -1;
    if (filter > 0)
        return filter;
    if (!known_level(s, level))
        return -L_EOPNOTSUPP;
    host_mutex_lock(&inet_lock);
    int size = k                       ? get_kept(s, k, value)
               : level == L_SOL_SOCKET ? get_socket_option(s, name, value)
                                       : get_other(s, level, name, value);
    host_mutex_unlock(&inet_lock);
    return size;
}
