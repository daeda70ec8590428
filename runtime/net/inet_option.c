/* Options of AF_INET and AF_INET6 sockets: socket(7), ip(7), ipv6(7), tcp(7), udp(7). */
#include "runtime/abi/capability.h"
#include "runtime/abi/errno.h"
#include "runtime/abi/netdevice.h"
#include "runtime/abi/poll.h"
#include "runtime/abi/time.h"
#include "runtime/host/log.h"
#include "runtime/net/devices.h"
#include "runtime/net/inet.h"
#include "runtime/net/inet_host.h"
#include "runtime/net/inet_ping.h"
#include "runtime/net/socket_common.h"
#include "runtime/task/process.h"
#include "runtime/task/task.h"
#include <stdio.h>
#include <string.h>

#define SEND_LEAST      4608u
#define RECEIVE_LEAST   2304u
#define STREAM_SEND_NEW 16384u /* what Linux shows before there is a connection */
#define SEGMENT_MOST    65483u
#define SEGMENT_NEW     536u

#define LINGER2_STANDARD 60u /* net.ipv4.tcp_fin_timeout */
#define LINGER2_MOST     120u
#define TRY_LONGEST_S    120u
#define WINDOW_LEAST     1152
#define ECN_BITS         3u
#define CONGESTION_NAME  16

/* Of struct tcp_info. */
#define RTO_NEW_US 1000000u
#define RTO_US     200000u
#define MTU        65535u
#define WINDOW_NEW 10u

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

/* --- who of those that share a port takes what comes --- */

/* Whether s shares its port, or will when it is bound or listens. */
static bool may_share_locked(const struct inet_socket *s)
{
    bool found = s->stream ? s->state == INET_LISTENING : s->named;
    return found ? s->sharing : s->options.reuse_port;
}

static int set_chooser(struct inet_socket *s, struct task *t, uint32_t name, const void *data,
                       uint32_t length)
{
    struct socket_filter made = {.locked = atomic_load(&s->filter.locked)};
    bool detaches = name == L_SO_DETACH_REUSEPORT_BPF;
    int error = 0;
    if (name == L_SO_ATTACH_REUSEPORT_EBPF)
        return socket_filter_attach_other(&s->filter, t, data, length);
    if (!detaches)
        error = socket_filter_attach(&made, t, data, length);
    if (error)
        return error;
    host_mutex_lock(&inet_lock);
    if (!may_share_locked(s)) {
        error = detaches && s->options.reuse_port ? -L_ENOENT : -L_EINVAL;
    } else if (detaches && !socket_filter_is_set(&s->chooser)) {
        error = -L_ENOENT;
    } else {
        socket_filter_free(&s->chooser);
        socket_filter_copy(&s->chooser, &made);
        inet_shares_tell_locked(s);
    }
    host_mutex_unlock(&inet_lock);
    socket_filter_free(&made);
    return error;
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
        if (value > s->options.busy_poll && !cred_capable(&t->process->cred, L_CAP_NET_ADMIN))
            return -L_EPERM;
        if ((int32_t)value < 0)
            return -L_EINVAL;
        s->options.busy_poll = value;
        return 0;
    case L_SO_BSDCOMPAT: /* of no effect since Linux 2.2 */
        return 0;
    case L_SO_ATTACH_REUSEPORT_CBPF:
    case L_SO_ATTACH_REUSEPORT_EBPF:
    case L_SO_DETACH_REUSEPORT_BPF:
        return set_chooser(s, t, name, data, length);
    case L_SO_PEEK_OFF:
        if (s->ping && inet_ping_is_raw(s))
            return -L_EOPNOTSUPP;
        host_mutex_lock(&inet_lock);
        s->peek_off = (int32_t)value;
        host_mutex_unlock(&inet_lock);
        return 0;
    case L_SO_PASSSEC:
        return -L_EOPNOTSUPP;
    case L_SO_MAX_PACING_RATE:
        s->options.pacing_rate = value == UINT32_MAX ? UINT64_MAX : value;
        if (length >= sizeof(s->options.pacing_rate))
            memcpy(&s->options.pacing_rate, data, sizeof(s->options.pacing_rate));
        return 0;
    case L_SO_TIMESTAMPING:
        if (value & ~(uint32_t)(L_SOF_TIMESTAMPING_RX_SOFTWARE | L_SOF_TIMESTAMPING_SOFTWARE))
            return -L_EINVAL;
        s->options.timestamping = value;
        return 0;
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

/* There is no congestion between guests: names of those that every Linux has are kept. */
static int set_congestion(struct inet_socket *s, const char *name, uint32_t length)
{
    bool reno = length >= 4 && memcmp(name, "reno", 4) == 0 && (length == 4 || !name[4]);
    bool cubic = length >= 5 && memcmp(name, "cubic", 5) == 0 && (length == 5 || !name[5]);
    if (!reno && !cubic)
        return -L_ENOENT;
    s->options.reno = reno;
    return 0;
}

static int set_tos(struct inet_socket *s, uint32_t *field, uint32_t value)
{
    /* Of TCP two bits belong to congestion. */
    *field = s->stream ? (value & UINT8_MAX & ~ECN_BITS) | (*field & ECN_BITS) : value & UINT8_MAX;
    return 0;
}

/* What Linux makes of seconds that it keeps as a count of tries, each after twice as long. */
static uint32_t as_tries(uint32_t seconds)
{
    uint32_t period = 1, step = 1;
    if ((int32_t)seconds <= 0)
        return 0;
    for (uint32_t tries = 1; seconds > period && tries < UINT8_MAX; tries++) {
        step = step * 2 < TRY_LONGEST_S ? step * 2 : TRY_LONGEST_S;
        period += step;
    }
    return period;
}

/* UDP's options are found at both levels. */
static bool takes_udp(const struct inet_socket *s, uint32_t level)
{
    return (level == L_IPPROTO_UDP || level == L_IPPROTO_UDPLITE) && !s->stream && !s->ping;
}

/* IP_OPTIONS: those that fill up alone. Others, which choose or note a route, are for routers. */
static int set_ip_options(struct inet_socket *s, const uint8_t *data, uint32_t length)
{
    if (length > sizeof(s->options.ip_options))
        return -L_EINVAL;
    uint32_t used = 0;
    while (used < length && data[used] == L_IPOPT_NOOP)
        used++;
    if (used < length && data[used] != L_IPOPT_END)
        return -L_EINVAL;
    host_mutex_lock(&inet_lock);
    memset(s->options.ip_options, 0, sizeof(s->options.ip_options));
    memcpy(s->options.ip_options, data, used);
    s->options.ip_options_length = (uint8_t)((length + 3) & ~3u);
    host_mutex_unlock(&inet_lock);
    return 0;
}

/* The first port that may be given in the lower half, the last in the upper; 0: as ever. */
static int set_port_range(struct inet_socket *s, uint32_t value)
{
    uint16_t first = (uint16_t)value, last = (uint16_t)(value >> 16);
    if (first && last && first > last)
        return -L_EINVAL;
    s->options.port_range = value;
    return 0;
}

/* IPV6_ADDRFORM: a socket that speaks IPv4 becomes one of IPv4. */
static int set_family(struct inet_socket *s, uint32_t length, uint32_t value)
{
    int error = 0;
    if (length < sizeof(value) || value != L_AF_INET)
        return -L_EINVAL;
    host_mutex_lock(&inet_lock);
    if (s->state != INET_CONNECTED)
        error = -L_ENOTCONN;
    else if (s->options.v6_only || !inet_is_v4(&s->remote))
        error = -L_EADDRNOTAVAIL;
    else
        s->v6 = false;
    host_mutex_unlock(&inet_lock);
    return error;
}

/* Headers that go with each packet: none, or refused as to a user without privileges. */
static bool is_header(uint32_t name)
{
    return name == L_IPV6_HOPOPTS || name == L_IPV6_RTHDRDSTOPTS || name == L_IPV6_RTHDR ||
           name == L_IPV6_DSTOPTS;
}

static int set_header(uint32_t name, uint32_t length)
{
    if (!length)
        return 0;
    if (length % 8 || length > 8 * UINT8_MAX || name == L_IPV6_RTHDR)
        return -L_EINVAL;
    return -L_EPERM;
}

static int set_other(struct inet_socket *s, uint32_t level, uint32_t name, const void *data,
                     uint32_t length, uint32_t value)
{
    bool is_udp = takes_udp(s, level);
    if (level == L_IPPROTO_IPV6 && name == L_IPV6_V6ONLY)
        return length < sizeof(value) ? -L_EINVAL : set_v6_only(s, value);
    if (level == L_IPPROTO_IP && name == L_IP_TOS)
        return set_tos(s, &s->options.tos, value);
    if (level == L_IPPROTO_IPV6 && name == L_IPV6_TCLASS) {
        if (length < sizeof(value) || ((int32_t)value < -1 || (int32_t)value > UINT8_MAX))
            return -L_EINVAL;
        return set_tos(s, &s->options.traffic_class, (int32_t)value < 0 ? 0 : value);
    }
    if (level == L_IPPROTO_IP && name == L_IP_TRANSPARENT) {
        if (!length)
            return -L_EINVAL;
        if (value && !cred_capable(&task_current()->process->cred, L_CAP_NET_ADMIN))
            return -L_EPERM;
        s->options.transparent = value != 0;
        return 0;
    }
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
    if (level == L_IPPROTO_IP && name == L_IP_OPTIONS)
        return set_ip_options(s, data, length);
    if (level == L_IPPROTO_IP && name == L_IP_LOCAL_PORT_RANGE)
        return length == sizeof(value) ? set_port_range(s, value) : -L_EINVAL;
    if (level == L_IPPROTO_IPV6 && name == L_IPV6_ADDRFORM)
        return set_family(s, length, value);
    if (level == L_IPPROTO_IPV6 && name == L_IPV6_MTU)
        return length < sizeof(value) || (value && (int32_t)value < L_IPV6_LEAST_MTU) ? -L_EINVAL
                                                                                      : 0;
    if (level == L_IPPROTO_IPV6 && is_header(name))
        return set_header(name, length);
    if (level == L_IPPROTO_UDP && name == L_UDP_ENCAP && !s->ping)
        return value ? -L_ENOPROTOOPT : 0;
    if (is_udp && name == L_UDP_CORK) {
        s->options.udp_cork = value != 0;
        if (!value)
            inet_cork_push(s);
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
            s->options.linger2 = (int32_t)value < 0     ? UINT32_MAX
                                 : !value               ? LINGER2_STANDARD
                                 : value > LINGER2_MOST ? LINGER2_MOST
                                                        : value;
            return 0;
        case L_TCP_DEFER_ACCEPT:
            s->options.defer_accept = as_tries(value);
            return 0;
        case L_TCP_WINDOW_CLAMP:
            if (!value && s->state != INET_NEW)
                return -L_EINVAL;
            s->options.window_clamp = value && (int32_t)value < WINDOW_LEAST ? WINDOW_LEAST : value;
            return 0;
        case L_TCP_TIMESTAMP:
            return -L_EPERM;
        case L_TCP_ULP:
            return -L_ENOENT;
        case L_TCP_FASTOPEN:
            if ((int32_t)value < 0)
                return -L_EINVAL;
            s->options.fastopen = value > L_SOMAXCONN
                                      ? L_SOMAXCONN
                                      : value; /* how many may wait: there is no wait for them */
            return 0;
        case L_TCP_CONGESTION:
            return set_congestion(s, data, length);
        }
    }
    int group = inet_set_group_option(s, level, name, data, length);
    if (group <= 0)
        return group;
    return -L_ENOPROTOOPT;
}

static bool known_level(const struct inet_socket *s, uint32_t level)
{
    return level == L_SOL_SOCKET || level == L_IPPROTO_IP || (level == L_IPPROTO_IPV6 && s->v6) ||
           (level == L_IPPROTO_TCP && s->stream) ||
           ((level == L_IPPROTO_UDP || level == L_IPPROTO_UDPLITE) && !s->stream);
}

/* SO_BINDTODEVICE and SO_BINDTOIFINDEX. */
static int set_device(struct inet_socket *s, struct task *t, uint32_t device)
{
    if (s->options.device && !cred_capable(&t->process->cred, L_CAP_NET_RAW))
        return -L_EPERM;
    int error = device ? inet_host_may_use(device) : 0;
    if (error == -L_EPERM)
        return error;
    host_mutex_lock(&inet_lock);
    bool changes = s->options.device != device;
    s->options.device = device;
    host_mutex_unlock(&inet_lock);
    if (changes)
        inet_host_move(s);
    return 0;
}

static int bind_to_device(struct inet_socket *s, struct task *t, const char *name, uint32_t length)
{
    char device[L_IFNAMSIZ] = "";
    struct host_network network;
    memcpy(device, name, length < sizeof(device) - 1 ? length : sizeof(device) - 1);
    if (!device[0])
        return set_device(s, t, 0);
    int error = devices_read(&network);
    if (error)
        return error;
    const struct host_interface *found = devices_by_name(&network, device);
    uint32_t index = found ? found->index : 0;
    host_network_free(&network);
    return index ? set_device(s, t, index) : -L_ENODEV;
}

/* The name of the interface that s is bound to. */
static int get_device(const struct inet_socket *s, void *value, uint32_t room)
{
    struct host_network network;
    if (!s->options.device)
        return 0;
    if (room < L_IFNAMSIZ)
        return -L_EINVAL;
    int size = devices_read(&network);
    if (size)
        return size;
    const struct host_interface *found = devices_by_index(&network, s->options.device);
    size = found ? (int)strlen(found->name) + 1 : -L_ENODEV;
    if (found)
        memcpy(value, found->name, (size_t)size);
    host_network_free(&network);
    return size;
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
        return bind_to_device(s, t, data, length);
    if (level == L_SOL_SOCKET && name == L_SO_BINDTOIFINDEX && length >= sizeof(value)) {
        memcpy(&value, data, sizeof(value));
        return (int32_t)value < 0 ? -L_EINVAL : set_device(s, t, value);
    }
    const struct inet_kept *k = inet_find_kept(s, level, name);
    bool named = level == L_IPPROTO_TCP && (name == L_TCP_CONGESTION || name == L_TCP_ULP);
    bool wanted = level != L_IPPROTO_IP && (k || level != L_IPPROTO_IPV6) && (!named || !length);
    if (length < sizeof(value) && wanted)
        return -L_EINVAL;
    if (length >= sizeof(value))
        memcpy(&value, data, sizeof(value));
    else if (length)
        value = *(const uint8_t *)data;
    if (k) {
        host_mutex_lock(&inet_lock);
        int error = inet_set_kept_locked(s, k, length, value);
        bool forgets = !s->options.told4.error && !s->options.told6.error;
        host_mutex_unlock(&inet_lock);
        if (forgets)
            inet_errors_forget(s);
        else
            inet_host_want_returned(s);
        if (s->links[0])
            inet_host_tune(s);
        inet_host_mark(s);
        return error;
    }
    int error = level == L_SOL_SOCKET ? set_socket_option(s, t, name, data, length, value)
                                      : set_other(s, level, name, data, length, value);
    inet_host_mark(s); /* IP_TOS and IPV6_TCLASS are among them */
    return error;
}

/* --- getting --- */

/* There is no loss, no delay and no window between guests; the numbers that are are told. */
static int get_tcp_info(const struct inet_socket *s, void *value)
{
    bool connected = s->state == INET_CONNECTED;
    uint8_t state = inet_tcp_state_locked(s);
    struct l_tcp_info info = {
        .state = state == L_TCP_TIME_WAIT ? L_TCP_CLOSE : state,
        .rto = connected ? RTO_US : RTO_NEW_US,
        .snd_mss = connected ? SEGMENT_MOST : SEGMENT_NEW,
        .rcv_mss = SEGMENT_NEW,
        .pmtu = connected ? MTU : 0,
        .advmss = connected ? SEGMENT_MOST : 0,
        .snd_ssthresh = INT32_MAX,
        .snd_cwnd = WINDOW_NEW,
        .reordering = 3,
        .options = connected ? L_TCPI_OPT_TIMESTAMPS | L_TCPI_OPT_SACK | L_TCPI_OPT_WSCALE : 0,
        .notsent_bytes = (uint32_t)inet_unsent_locked(s),
        .max_pacing_rate = s->options.pacing_rate,
        .pacing_rate = UINT64_MAX,
        .bytes_received = s->read_at + s->in.bytes,
        .bytes_sent = s->sent_at,
        .bytes_acked = s->sent_at - inet_unsent_locked(s),
    };
    if (s->state == INET_LISTENING) {
        info.unacked = s->pending.count;
        info.sacked = s->backlog;
    }
    memcpy(value, &info, sizeof(info));
    return sizeof(info);
}

static int peer_name(const struct inet_socket *s, void *value, uint32_t room)
{
    struct net_address address;
    if (s->state != INET_CONNECTED)
        return -L_ENOTCONN;
    inet_show(s, &s->remote, &address);
    if (address.length < room)
        return -L_EINVAL;
    memcpy(value, address.bytes, address.length);
    return (int)address.length;
}

static int get_socket_option(struct inet_socket *s, uint32_t name, void *value, uint32_t room)
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
    case L_SO_BUSY_POLL:
        number = (int32_t)s->options.busy_poll;
        break;
    case L_SO_BINDTODEVICE:
        return get_device(s, value, room);
    case L_SO_BINDTOIFINDEX:
        number = (int32_t)s->options.device;
        break;
    case L_SO_BSDCOMPAT:
        break;
    case L_SO_PEEK_OFF:
        if (s->ping && inet_ping_is_raw(s))
            return -L_EOPNOTSUPP;
        number = s->peek_off;
        break;
    case L_SO_PASSCRED:
    case L_SO_PASSSEC:
        return -L_EOPNOTSUPP;
    case L_SO_PEERNAME:
        return peer_name(s, value, room);
    case L_SO_PEERCRED:
        memset(value, 0, 4);
        memset((uint8_t *)value + 4, 0xff, 8);
        return 12;
    case L_SO_MAX_PACING_RATE:
        memcpy(value, &s->options.pacing_rate, sizeof(s->options.pacing_rate));
        return sizeof(s->options.pacing_rate);
    case L_SO_TIMESTAMPING:
        pair[0] = (int32_t)s->options.timestamping;
        pair[1] = 0;
        memcpy(value, pair, sizeof(pair));
        return sizeof(pair);
    default:
        return -L_ENOPROTOOPT;
    }
    memcpy(value, &number, sizeof(number));
    return sizeof(number);
}

static int get_other(struct inet_socket *s, uint32_t level, uint32_t name, void *value)
{
    int32_t number = 0;
    bool connected = s->state == INET_CONNECTED, is_udp = takes_udp(s, level);
    if (level == L_IPPROTO_IPV6 && name == L_IPV6_V6ONLY) {
        number = s->options.v6_only;
    } else if ((level == L_IPPROTO_IP && name == L_IP_MTU) ||
               (level == L_IPPROTO_IPV6 && name == L_IPV6_MTU)) {
        if (!connected)
            return -L_ENOTCONN;
        number = level == L_IPPROTO_IP ? 65535 : 65536;
    } else if (level == L_IPPROTO_IP && name == L_IP_MULTICAST_IF) {
        memcpy(&number, s->group_source.ip + 12, sizeof(number));
    } else if (level == L_IPPROTO_IPV6 && name == L_IPV6_MULTICAST_IF) {
        number = (int32_t)s->group_index6;
    } else if (level == L_IPPROTO_IP && name == L_IP_OPTIONS) {
        memcpy(value, s->options.ip_options, s->options.ip_options_length);
        return s->options.ip_options_length;
    } else if (level == L_IPPROTO_IP && name == L_IP_PKTOPTIONS && s->stream) {
        return 0;
    } else if (level == L_IPPROTO_IP && name == L_IP_LOCAL_PORT_RANGE) {
        number = (int32_t)s->options.port_range;
    } else if (level == L_IPPROTO_IPV6 && name == L_IPV6_ADDRFORM) {
        if (!connected)
            return -L_ENOTCONN;
        number = L_AF_INET6;
    } else if (level == L_IPPROTO_IPV6 && is_header(name)) {
        return 0;
    } else if (is_udp && name == L_UDP_CORK) {
        number = s->options.udp_cork;
    } else if (level == L_IPPROTO_UDP && name == L_UDP_ENCAP && !s->ping) {
        number = 0;
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
        memset(value, 0, CONGESTION_NAME);
        strcpy(value, s->options.reno ? "reno" : "cubic");
        return CONGESTION_NAME;
    } else if (level == L_IPPROTO_TCP && name == L_TCP_DEFER_ACCEPT) {
        number = (int32_t)s->options.defer_accept;
    } else if (level == L_IPPROTO_TCP && name == L_TCP_WINDOW_CLAMP) {
        number = (int32_t)s->options.window_clamp;
    } else if (level == L_IPPROTO_TCP && (name == L_TCP_ULP || name == L_TCP_SAVED_SYN)) {
        return 0;
    } else if (level == L_IPPROTO_IP && name == L_IP_TOS) {
        number = (int32_t)s->options.tos;
    } else if (level == L_IPPROTO_IPV6 && name == L_IPV6_TCLASS) {
        number = (int32_t)s->options.traffic_class;
    } else if (level == L_IPPROTO_IP && name == L_IP_TRANSPARENT) {
        number = s->options.transparent;
    } else {
        return -L_ENOPROTOOPT;
    }
    memcpy(value, &number, sizeof(number));
    return sizeof(number);
}

int inet_get_option(struct file *file, uint32_t level, uint32_t name, void *value, uint32_t room)
{
    struct inet_socket *s = file->priv;
    const struct inet_kept *k = inet_find_kept(s, level, name);
    int filter = s->ping ? inet_ping_get_option(s, level, name, value) : -1;
    if (filter > 0)
        return filter;
    int sources = inet_get_source_option(s, level, name, value, room);
    if (sources != -L_ENOPROTOOPT)
        return sources;
    if (!known_level(s, level))
        return s->v6 ? -L_ENOPROTOOPT : -L_EOPNOTSUPP;
    inet_host_look(s);
    host_mutex_lock(&inet_lock);
    int size = k                       ? inet_get_kept(s, k, value)
               : level == L_SOL_SOCKET ? get_socket_option(s, name, value, room)
                                       : get_other(s, level, name, value);
    host_mutex_unlock(&inet_lock);
    return size;
}
