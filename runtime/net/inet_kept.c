/* Options of AF_INET and AF_INET6 sockets that are kept and told, one like the other. */
#include "runtime/abi/errno.h"
#include "runtime/net/inet.h"
#include "runtime/net/socket_common.h"
#include <stddef.h>
#include <string.h>

#define STREAM_SEND    2626560u /* what Linux makes of tcp_wmem on the loopback */
#define STREAM_RECEIVE 131072u

void inet_options_init(struct inet_options *o, bool v6, bool stream)
{
    *o = (struct inet_options){
        .receive_low = 1,
        .ttl = 64,
        .mtu_discover = L_IP_PMTUDISC_WANT,
        .multicast_ttl = 1,
        .mtu_discover6 = L_IP_PMTUDISC_WANT,
        .multicast_loop = true,
        .multicast_loop6 = true,
        .multicast_all = !v6,
        .multicast_all6 = true,
        .auto_flow_label = true,
        .incoming_cpu = UINT32_MAX,
        .pacing_rate = UINT64_MAX,
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

/* FLAG: whatever is not 0 sets it; SWITCH: 0 or 1; NUMBER: from least to most. */
enum { FLAG, SWITCH, NUMBER };

/* Which sockets have it; -1 stands for its default; it wants a value of one byte at least, where an
 * empty one is 0 otherwise; it can be told and not set; only raw sockets can set it. */
enum { TCP = 1, UDP = 2, SIX = 4, DEFAULT = 8, FULL = 16, TOLD = 32, RAW = 64 };

struct inet_kept {
    uint32_t level, name;
    uint8_t kind, how;
    size_t offset;
    int64_t least, most;
};

#define AT(field) offsetof(struct inet_options, field)
#define FLAG_OF(level, name, at)                                                                   \
    {                                                                                              \
        level, name, FLAG, 0, at, 0, 0                                                             \
    }
/* Those that change nothing here share two rows of fields. */
#define FLAG_AT(n)   (AT(flags) + (n) * sizeof(bool))
#define NUMBER_AT(n) (AT(numbers) + (n) * sizeof(uint32_t))
_Static_assert(sizeof(((struct inet_options *)0)->flags) == INET_FLAGS * sizeof(bool), "flags");

static const struct inet_kept kept[] = {
    FLAG_OF(L_SOL_SOCKET, L_SO_REUSEADDR, AT(reuse_address)),
    FLAG_OF(L_SOL_SOCKET, L_SO_REUSEPORT, AT(reuse_port)),
    FLAG_OF(L_SOL_SOCKET, L_SO_BROADCAST, AT(broadcast)),
    FLAG_OF(L_SOL_SOCKET, L_SO_KEEPALIVE, AT(keepalive)),
    FLAG_OF(L_SOL_SOCKET, L_SO_OOBINLINE, AT(oob_inline)),
    FLAG_OF(L_SOL_SOCKET, L_SO_DONTROUTE, AT(dont_route)),
    FLAG_OF(L_SOL_SOCKET, L_SO_NO_CHECK, AT(no_check)),
    FLAG_OF(L_SOL_SOCKET, L_SO_TIMESTAMP, AT(timestamp)),
    FLAG_OF(L_SOL_SOCKET, L_SO_TIMESTAMPNS, AT(timestamp_ns)),
    FLAG_OF(L_SOL_SOCKET, L_SO_RXQ_OVFL, AT(told_drops)),
    FLAG_OF(L_SOL_SOCKET, L_SO_WIFI_STATUS, FLAG_AT(0)),
    FLAG_OF(L_SOL_SOCKET, L_SO_NOFCS, FLAG_AT(1)),
    FLAG_OF(L_SOL_SOCKET, L_SO_SELECT_ERR_QUEUE, FLAG_AT(2)),
    {L_SOL_SOCKET, L_SO_INCOMING_CPU, NUMBER, 0, AT(incoming_cpu), INT32_MIN, INT32_MAX},
    {L_SOL_SOCKET, L_SO_INCOMING_NAPI_ID, NUMBER, TOLD, NUMBER_AT(0), 0, 0},
    FLAG_OF(L_IPPROTO_IP, L_IP_PKTINFO, AT(told4.packet_info)),
    FLAG_OF(L_IPPROTO_IP, L_IP_RECVERR, AT(told4.error)),
    FLAG_OF(L_IPPROTO_IP, L_IP_RECVTTL, AT(told4.ttl)),
    FLAG_OF(L_IPPROTO_IP, L_IP_RECVTOS, AT(told4.tos)),
    FLAG_OF(L_IPPROTO_IP, L_IP_RECVORIGDSTADDR, AT(told4.original)),
    {L_IPPROTO_IP, L_IP_FREEBIND, FLAG, FULL, AT(freebind), 0, 0},
    {L_IPPROTO_IP, L_IP_MULTICAST_LOOP, FLAG, FULL, AT(multicast_loop), 0, 0},
    {L_IPPROTO_IP, L_IP_RECVERR_RFC4884, SWITCH, UDP, FLAG_AT(27), 0, 1},
    {L_IPPROTO_IP, L_IP_ROUTER_ALERT, NUMBER, TOLD | RAW, NUMBER_AT(1), 0, 0},
    {L_IPPROTO_IP, L_IP_RECVFRAGSIZE, NUMBER, TCP | TOLD, NUMBER_AT(1), 0, 0},
    FLAG_OF(L_IPPROTO_IP, L_IP_BIND_ADDRESS_NO_PORT, AT(no_port)),
    FLAG_OF(L_IPPROTO_IP, L_IP_RECVOPTS, FLAG_AT(3)),
    FLAG_OF(L_IPPROTO_IP, L_IP_RETOPTS, FLAG_AT(4)),
    FLAG_OF(L_IPPROTO_IP, L_IP_PASSSEC, FLAG_AT(5)),
    FLAG_OF(L_IPPROTO_IP, L_IP_CHECKSUM, FLAG_AT(6)),
    {L_IPPROTO_IP, L_IP_RECVFRAGSIZE, FLAG, UDP, FLAG_AT(7), 0, 0},
    {L_IPPROTO_IP, L_IP_NODEFRAG, NUMBER, TOLD, NUMBER_AT(1), 0, 0},
    {L_IPPROTO_IP, L_IP_HDRINCL, NUMBER, TOLD, NUMBER_AT(1), 0, 0},
    {L_IPPROTO_IP, L_IP_MINTTL, NUMBER, FULL, NUMBER_AT(2), 0, UINT8_MAX},
    {L_IPPROTO_IP, L_IP_MULTICAST_ALL, SWITCH, FULL, AT(multicast_all), 0, 1},
    {L_IPPROTO_IP, L_IP_TTL, NUMBER, DEFAULT | FULL, AT(ttl), 1, 255},
    {L_IPPROTO_IP, L_IP_MTU_DISCOVER, NUMBER, 0, AT(mtu_discover), 0, 5},
    {L_IPPROTO_IP, L_IP_MULTICAST_TTL, NUMBER, UDP | DEFAULT | FULL, AT(multicast_ttl), 0, 255},
    {L_IPPROTO_IP, L_IP_MULTICAST_TTL, NUMBER, TCP | TOLD, AT(multicast_ttl), 0, 0},
    {L_IPPROTO_IPV6, L_IPV6_RECVERR, FLAG, SIX, AT(told6.error), 0, 0},
    {L_IPPROTO_IPV6, L_IPV6_RECVPKTINFO, FLAG, SIX, AT(told6.packet_info), 0, 0},
    {L_IPPROTO_IPV6, L_IPV6_RECVHOPLIMIT, FLAG, SIX, AT(told6.ttl), 0, 0},
    {L_IPPROTO_IPV6, L_IPV6_RECVTCLASS, FLAG, SIX, AT(told6.tos), 0, 0},
    {L_IPPROTO_IPV6, L_IPV6_RECVORIGDSTADDR, FLAG, SIX, AT(told6.original), 0, 0},
    {L_IPPROTO_IPV6, L_IPV6_2292PKTINFO, FLAG, SIX, FLAG_AT(8), 0, 0},
    {L_IPPROTO_IPV6, L_IPV6_2292HOPOPTS, FLAG, SIX, FLAG_AT(9), 0, 0},
    {L_IPPROTO_IPV6, L_IPV6_2292DSTOPTS, FLAG, SIX, FLAG_AT(10), 0, 0},
    {L_IPPROTO_IPV6, L_IPV6_2292RTHDR, FLAG, SIX, FLAG_AT(11), 0, 0},
    {L_IPPROTO_IPV6, L_IPV6_2292HOPLIMIT, FLAG, SIX, FLAG_AT(12), 0, 0},
    {L_IPPROTO_IPV6, L_IPV6_FLOWINFO, FLAG, SIX, FLAG_AT(13), 0, 0},
    {L_IPPROTO_IPV6, L_IPV6_RECVHOPOPTS, FLAG, SIX, FLAG_AT(14), 0, 0},
    {L_IPPROTO_IPV6, L_IPV6_RECVRTHDR, FLAG, SIX, FLAG_AT(15), 0, 0},
    {L_IPPROTO_IPV6, L_IPV6_RECVDSTOPTS, FLAG, SIX, FLAG_AT(16), 0, 0},
    {L_IPPROTO_IPV6, L_IPV6_RECVPATHMTU, FLAG, SIX, FLAG_AT(17), 0, 0},
    {L_IPPROTO_IPV6, L_IPV6_FLOWINFO_SEND, FLAG, SIX, FLAG_AT(18), 0, 0},
    {L_IPPROTO_IPV6, L_IPV6_DONTFRAG, FLAG, SIX, FLAG_AT(19), 0, 0},
    {L_IPPROTO_IPV6, L_IPV6_AUTOFLOWLABEL, FLAG, SIX, AT(auto_flow_label), 0, 0},
    {L_IPPROTO_IPV6, L_IPV6_FREEBIND, FLAG, SIX, AT(freebind), 0, 0},
    {L_IPPROTO_IPV6, L_IPV6_MULTICAST_ALL, FLAG, SIX, AT(multicast_all6), 0, 0},
    {L_IPPROTO_IPV6, L_IPV6_RECVFRAGSIZE, FLAG, SIX, FLAG_AT(20), 0, 0},
    {L_IPPROTO_IPV6, L_IPV6_MINHOPCOUNT, NUMBER, SIX, NUMBER_AT(3), 0, UINT8_MAX},
    {L_IPPROTO_IPV6, L_IPV6_MULTICAST_LOOP, SWITCH, SIX, AT(multicast_loop6), 0, 1},
    {L_IPPROTO_IPV6, L_IPV6_UNICAST_HOPS, NUMBER, SIX | DEFAULT, AT(hops), 0, 255},
    {L_IPPROTO_IPV6, L_IPV6_MULTICAST_HOPS, NUMBER, SIX | UDP | DEFAULT, AT(multicast_hops), 0,
     255},
    {L_IPPROTO_IPV6, L_IPV6_MULTICAST_HOPS, NUMBER, SIX | TCP | TOLD, AT(multicast_hops), 0, 0},
    {L_IPPROTO_IPV6, L_IPV6_ROUTER_ALERT, NUMBER, SIX | TOLD, NUMBER_AT(1), 0, 0},
    {L_IPPROTO_IPV6, L_IPV6_MTU_DISCOVER, NUMBER, SIX, AT(mtu_discover6), 0, 5},
    {L_IPPROTO_TCP, L_TCP_NODELAY, FLAG, TCP, AT(nodelay), 0, 0},
    {L_IPPROTO_TCP, L_TCP_CORK, FLAG, TCP, AT(cork), 0, 0},
    {L_IPPROTO_TCP, L_TCP_QUICKACK, FLAG, TCP, AT(quick_ack), 0, 0},
    {L_IPPROTO_UDP, L_UDP_NO_CHECK6_TX, FLAG, UDP, FLAG_AT(24), 0, 0},
    {L_IPPROTO_UDP, L_UDP_NO_CHECK6_RX, FLAG, UDP, FLAG_AT(25), 0, 0},
    {L_IPPROTO_UDP, L_UDP_GRO, FLAG, UDP, FLAG_AT(26), 0, 0}, /* datagrams may be told apart */
    {L_IPPROTO_UDP, L_UDP_SEGMENT, NUMBER, UDP, AT(segment), 0, UINT16_MAX},
    {L_IPPROTO_TCP, L_TCP_THIN_LINEAR_TIMEOUTS, SWITCH, TCP, FLAG_AT(21), 0, 1},
    {L_IPPROTO_TCP, L_TCP_FASTOPEN_CONNECT, SWITCH, TCP, FLAG_AT(22), 0, 1},
    {L_IPPROTO_TCP, L_TCP_FASTOPEN_NO_COOKIE, SWITCH, TCP, FLAG_AT(23), 0, 1},
    {L_IPPROTO_TCP, L_TCP_SAVE_SYN, NUMBER, TCP, NUMBER_AT(4), 0, 2},
    {L_IPPROTO_TCP, L_TCP_TX_DELAY, NUMBER, TCP, NUMBER_AT(5), 0, INT32_MAX},
    {L_IPPROTO_TCP, L_TCP_KEEPIDLE, NUMBER, TCP, AT(keep_idle), 1, 32767},
    {L_IPPROTO_TCP, L_TCP_KEEPINTVL, NUMBER, TCP, AT(keep_interval), 1, 32767},
    {L_IPPROTO_TCP, L_TCP_KEEPCNT, NUMBER, TCP, AT(keep_count), 1, 127},
    {L_IPPROTO_TCP, L_TCP_SYNCNT, NUMBER, TCP, AT(syn_count), 1, 127},
    {L_IPPROTO_TCP, L_TCP_USER_TIMEOUT, NUMBER, TCP, AT(user_timeout), 0, INT32_MAX},
    {L_IPPROTO_TCP, L_TCP_NOTSENT_LOWAT, NUMBER, TCP, AT(not_sent_low), INT32_MIN, INT32_MAX},
};

const struct inet_kept *inet_find_kept(const struct inet_socket *s, uint32_t level, uint32_t name)
{
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        const struct inet_kept *k = &kept[i];
        bool has = !(k->how & (TCP | UDP)) || (k->how & (s->stream ? TCP : UDP));
        if (k->level == level && k->name == name && has && (s->v6 || !(k->how & SIX)))
            return k;
    }
    return NULL;
}

int inet_set_kept_locked(struct inet_socket *s, const struct inet_kept *k, uint32_t length,
                         uint32_t value)
{
    void *field = (uint8_t *)&s->options + k->offset;
    int64_t number = (int32_t)value;
    bool on = value != 0, standard = number == -1 && (k->how & DEFAULT);
    if (k->level == L_IPPROTO_TCP && k->name == L_TCP_FASTOPEN_CONNECT && s->state != INET_NEW)
        return -L_EINVAL;
    if (k->how & TOLD)
        return k->how & (TCP | RAW) && k->level == L_IPPROTO_IP ? -L_EINVAL : -L_ENOPROTOOPT;
    if (!length && (k->how & FULL))
        return -L_EINVAL;
    if (k->kind != FLAG && !standard && (number < k->least || number > k->most))
        return -L_EINVAL;
    if (k->level == L_SOL_SOCKET && (k->name == L_SO_TIMESTAMP || k->name == L_SO_TIMESTAMPNS)) {
        socket_stamp_set(&s->options.timestamp, &s->options.timestamp_ns,
                         k->name == L_SO_TIMESTAMPNS, on);
        return 0;
    }
    if (k->kind != NUMBER) {
        memcpy(field, &on, sizeof(on));
        return 0;
    }
    if (standard) {
        struct inet_options fresh;
        inet_options_init(&fresh, s->v6, s->stream);
        memcpy(&value, (uint8_t *)&fresh + k->offset, sizeof(value));
    }
    memcpy(field, &value, sizeof(value));
    return 0;
}

int inet_get_kept(const struct inet_socket *s, const struct inet_kept *k, void *value)
{
    const void *field = (const uint8_t *)&s->options + k->offset;
    uint32_t number = 0;
    if (k->kind != NUMBER)
        number = *(const bool *)field;
    else
        memcpy(&number, field, sizeof(number));
    memcpy(value, &number, sizeof(number));
    return sizeof(number);
}
