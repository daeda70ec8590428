/* rtnetlink(7): interfaces, addresses, routes. */
#include "runtime/abi/errno.h"
#include "runtime/abi/netdevice.h"
#include "runtime/host/heap.h"
#include "runtime/net/devices.h"
#include "runtime/net/netlink.h"
#include "runtime/task/process.h"
#include "runtime/task/task.h"
#include <string.h>

/* ifi_operstate (RFC 2863). */
#define OPER_UNKNOWN 0u
#define OPER_DOWN    2u
#define OPER_UP      6u

static bool is_v4(const uint8_t ip[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(ip, mapped, sizeof(mapped)) == 0;
}

static void add_ip(struct netlink_answer *answer, uint16_t type, const uint8_t ip[16])
{
    bool v4 = is_v4(ip);
    netlink_attribute(answer, type, v4 ? ip + 12 : ip, v4 ? 4 : 16);
}

static bool is_dump(const struct l_nlmsghdr *question)
{
    return (question->nlmsg_flags & L_NLM_F_DUMP) == L_NLM_F_DUMP;
}

static uint16_t multi(const struct l_nlmsghdr *question)
{
    return is_dump(question) ? L_NLM_F_MULTI : 0;
}

/* The header behind struct l_nlmsghdr, as much of it as there is; its first byte is the family. */
static void read_header(const struct l_nlmsghdr *question, void *header, size_t size)
{
    size_t n = question->nlmsg_len - sizeof(*question);
    memset(header, 0, size);
    memcpy(header, question + 1, n < size ? n : size);
}

static bool wants(uint8_t family, bool v4)
{
    return family == L_AF_UNSPEC || family == (v4 ? L_AF_INET : L_AF_INET6);
}

/* --- RTM_GETLINK --- */

static void add_counts(struct netlink_answer *answer, const struct host_interface *i)
{
    uint64_t wide[L_IFLA_STATS_WORDS] = {
        i->received.packets, i->sent.packets,    i->received.bytes,
        i->sent.bytes,       i->received.errors, i->sent.errors,
        i->received.dropped, i->sent.dropped,    i->multicast,
    };
    uint32_t narrow[L_IFLA_STATS_WORDS];
    for (size_t n = 0; n < L_IFLA_STATS_WORDS; n++)
        narrow[n] = (uint32_t)wide[n];
    netlink_attribute(answer, L_IFLA_STATS64, wide, sizeof(wide));
    netlink_attribute(answer, L_IFLA_STATS, narrow, sizeof(narrow));
}

void netlink_tell_link(struct netlink_answer *answer, const struct host_interface *i)
{
    static const uint8_t ones[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, zeros[8];
    bool loopback = i->flags & L_IFF_LOOPBACK, up = i->flags & L_IFF_LOWER_UP;
    struct l_ifinfomsg header = {
        .ifi_type = (uint16_t)i->hardware, .ifi_index = (int32_t)i->index, .ifi_flags = i->flags};
    const char *queue = loopback || !(i->flags & L_IFF_UP) ? "noqueue" : "pfifo_fast";
    netlink_begin(answer, L_RTM_NEWLINK, multi(answer->question), &header, sizeof(header));
    netlink_attribute(answer, L_IFLA_IFNAME, i->name, strlen(i->name) + 1);
    netlink_attribute_u32(answer, L_IFLA_TXQLEN, i->queue);
    netlink_attribute_u8(answer, L_IFLA_OPERSTATE,
                         (uint8_t)(loopback ? OPER_UNKNOWN
                                   : up     ? OPER_UP
                                            : OPER_DOWN));
    netlink_attribute_u8(answer, L_IFLA_LINKMODE, 0);
    netlink_attribute_u32(answer, L_IFLA_MTU, i->mtu);
    netlink_attribute_u32(answer, L_IFLA_GROUP, 0);
    netlink_attribute_u32(answer, L_IFLA_NUM_TX_QUEUES, 1);
    netlink_attribute_u32(answer, L_IFLA_NUM_RX_QUEUES, 1);
    netlink_attribute_u8(answer, L_IFLA_CARRIER, up);
    netlink_attribute(answer, L_IFLA_QDISC, queue, strlen(queue) + 1);
    if (i->address_length) {
        netlink_attribute(answer, L_IFLA_ADDRESS, i->address, i->address_length);
        netlink_attribute(answer, L_IFLA_BROADCAST, loopback ? zeros : ones, i->address_length);
    }
    add_counts(answer, i);
    netlink_end(answer);
}

static int get_one_link(struct netlink_answer *answer, const struct host_network *network)
{
    struct l_ifinfomsg header;
    size_t n = 0;
    read_header(answer->question, &header, sizeof(header));
    const struct host_interface *i = devices_by_index(network, (uint32_t)header.ifi_index);
    if (header.ifi_index <= 0) {
        const char *name = netlink_find(answer->question, sizeof(header), L_IFLA_IFNAME, 1, &n);
        if (!name)
            name = netlink_find(answer->question, sizeof(header), L_IFLA_ALT_IFNAME, 1, &n);
        char text[L_IFNAMSIZ] = {0};
        if (!name)
            return -L_EINVAL;
        memcpy(text, name, n < sizeof(text) - 1 ? n : sizeof(text) - 1);
        i = devices_by_name(network, text);
    }
    if (!i)
        return -L_ENODEV;
    netlink_tell_link(answer, i);
    return 0;
}

static int get_links(struct netlink_answer *answer, const struct host_network *network)
{
    uint8_t family;
    if (!is_dump(answer->question))
        return get_one_link(answer, network);
    read_header(answer->question, &family, sizeof(family));
    for (unsigned n = 0; n < network->interface_count && family != 7 /* AF_BRIDGE */; n++)
        netlink_tell_link(answer, &network->interfaces[n]);
    netlink_done(answer);
    return 0;
}

/* --- RTM_GETADDR --- */

void netlink_tell_address(struct netlink_answer *answer, const struct host_network *network,
                          const struct host_interface_address *a)
{
    static const uint32_t forever[4] = {UINT32_MAX, UINT32_MAX, 0, 0};
    bool v4 = is_v4(a->ip);
    const struct host_interface *i = devices_by_index(network, a->index);
    struct l_ifaddrmsg header = {.ifa_family = v4 ? L_AF_INET : L_AF_INET6,
                                 .ifa_prefixlen = (uint8_t)a->prefix,
                                 .ifa_flags = L_IFA_F_PERMANENT,
                                 .ifa_scope = (uint8_t)a->scope,
                                 .ifa_index = a->index};
    netlink_begin(answer, L_RTM_NEWADDR, multi(answer->question), &header, sizeof(header));
    add_ip(answer, L_IFA_ADDRESS, a->ip);
    if (v4)
        add_ip(answer, L_IFA_LOCAL, a->ip);
    if (v4 && a->has_broadcast)
        add_ip(answer, L_IFA_BROADCAST, a->broadcast);
    if (v4 && i)
        netlink_attribute(answer, L_IFA_LABEL, i->name, strlen(i->name) + 1);
    netlink_attribute_u32(answer, L_IFA_FLAGS, L_IFA_F_PERMANENT);
    netlink_attribute(answer, L_IFA_CACHEINFO, forever, sizeof(forever));
    netlink_end(answer);
}

static int get_addresses(struct netlink_answer *answer, const struct host_network *network)
{
    struct l_ifaddrmsg header;
    if (!is_dump(answer->question))
        return -L_EOPNOTSUPP;
    read_header(answer->question, &header, sizeof(header));
    for (int v6 = 0; v6 < 2; v6++) {
        for (unsigned n = 0; n < network->address_count; n++) {
            const struct host_interface_address *a = &network->addresses[n];
            if (is_v4(a->ip) != !v6 || !wants(header.ifa_family, !v6) ||
                (header.ifa_index && header.ifa_index != a->index))
                continue;
            netlink_tell_address(answer, network, a);
        }
    }
    netlink_done(answer);
    return 0;
}

/* --- RTM_GETROUTE --- */

static bool is_zero(const uint8_t ip[16])
{
    static const uint8_t zeros[16];
    return memcmp(is_v4(ip) ? ip + 12 : ip, zeros, is_v4(ip) ? 4 : 16) == 0;
}

static void begin_route(struct netlink_answer *answer, bool v4, uint32_t prefix, uint8_t table,
                        uint8_t protocol, uint8_t scope, uint8_t type, uint32_t flags)
{
    struct l_rtmsg header = {.rtm_family = v4 ? L_AF_INET : L_AF_INET6,
                             .rtm_dst_len = (uint8_t)prefix,
                             .rtm_table = table,
                             .rtm_protocol = protocol,
                             .rtm_scope = scope,
                             .rtm_type = type,
                             .rtm_flags = flags};
    netlink_begin(answer, L_RTM_NEWROUTE, multi(answer->question), &header, sizeof(header));
    netlink_attribute_u32(answer, L_RTA_TABLE, table);
}

void netlink_tell_route(struct netlink_answer *answer, const struct host_network *network,
                        const struct host_route *r)
{
    bool v4 = is_v4(r->to);
    struct devices_way way;
    begin_route(answer, v4, r->prefix, L_RT_TABLE_MAIN,
                r->has_gateway ? L_RTPROT_BOOT : L_RTPROT_KERNEL,
                v4 && !r->has_gateway ? L_RT_SCOPE_LINK : L_RT_SCOPE_UNIVERSE, L_RTN_UNICAST, 0);
    if (!is_zero(r->to) || r->prefix)
        add_ip(answer, L_RTA_DST, r->to);
    if (r->metric)
        netlink_attribute_u32(answer, L_RTA_PRIORITY, r->metric);
    if (v4 && !r->has_gateway && !devices_way(network, r->to, &way) && way.has_source &&
        devices_matches(way.source, r->to, r->prefix))
        add_ip(answer, L_RTA_PREFSRC, way.source);
    if (r->has_gateway)
        add_ip(answer, L_RTA_GATEWAY, r->gateway);
    netlink_attribute_u32(answer, L_RTA_OIF, r->index);
    if (!v4)
        netlink_attribute_u8(answer, L_RTA_PREF, 0);
    netlink_end(answer);
}

/* The table "local": an address's own route, and of IPv4 that of its broadcasts. */
void netlink_tell_local(struct netlink_answer *answer, const struct host_interface_address *a)
{
    bool v4 = is_v4(a->ip);
    begin_route(answer, v4, v4 ? 32 : 128, L_RT_TABLE_LOCAL, L_RTPROT_KERNEL,
                v4 ? L_RT_SCOPE_HOST : L_RT_SCOPE_UNIVERSE, L_RTN_LOCAL, 0);
    add_ip(answer, L_RTA_DST, a->ip);
    if (v4)
        add_ip(answer, L_RTA_PREFSRC, a->ip);
    netlink_attribute_u32(answer, L_RTA_OIF, a->index);
    netlink_end(answer);
    if (v4 && a->has_broadcast) {
        begin_route(answer, true, 32, L_RT_TABLE_LOCAL, L_RTPROT_KERNEL, L_RT_SCOPE_LINK,
                    L_RTN_BROADCAST, 0);
        add_ip(answer, L_RTA_DST, a->broadcast);
        add_ip(answer, L_RTA_PREFSRC, a->ip);
        netlink_attribute_u32(answer, L_RTA_OIF, a->index);
        netlink_end(answer);
    }
}

static void dump_routes(struct netlink_answer *answer, const struct host_network *network,
                        uint8_t family)
{
    for (int v6 = 0; v6 < 2; v6++) {
        for (unsigned n = 0; n < network->route_count && wants(family, !v6); n++) {
            if (is_v4(network->routes[n].to) == !v6)
                netlink_tell_route(answer, network, &network->routes[n]);
        }
        for (unsigned n = 0; n < network->address_count && wants(family, !v6); n++) {
            if (is_v4(network->addresses[n].ip) == !v6)
                netlink_tell_local(answer, &network->addresses[n]);
        }
    }
    netlink_done(answer);
}

static int get_one_route(struct netlink_answer *answer, const struct host_network *network,
                         uint8_t family)
{
    static const uint32_t cache[8];
    bool v4 = family == L_AF_INET;
    uint8_t ip[16] = {0};
    struct devices_way way;
    struct task *t = task_current();
    const void *to =
        netlink_find(answer->question, sizeof(struct l_rtmsg), L_RTA_DST, v4 ? 4 : 16, NULL);
    if (family != L_AF_INET && family != L_AF_INET6)
        return -L_EOPNOTSUPP;
    if (v4) {
        ip[10] = ip[11] = 0xff;
        if (to)
            memcpy(ip + 12, to, 4);
    } else if (to) {
        memcpy(ip, to, 16);
    }
    if (is_zero(ip)) /* this machine */
        ip[v4 ? 12 : 15] = v4 ? 127 : 1, ip[15] = 1;
    int error = devices_way(network, ip, &way);
    if (error)
        return error;
    begin_route(answer, v4, v4 ? 32 : 128, way.local ? L_RT_TABLE_LOCAL : L_RT_TABLE_MAIN, 0,
                L_RT_SCOPE_UNIVERSE, way.local ? L_RTN_LOCAL : L_RTN_UNICAST,
                L_RTM_F_CLONED | (way.local ? L_RTCF_LOCAL : 0));
    add_ip(answer, L_RTA_DST, ip);
    netlink_attribute_u32(answer, L_RTA_OIF, way.index);
    if (way.has_source)
        add_ip(answer, L_RTA_PREFSRC, way.source);
    if (way.has_gateway)
        add_ip(answer, L_RTA_GATEWAY, way.gateway);
    netlink_attribute_u32(answer, L_RTA_UID, t ? t->process->cred.euid : 0);
    netlink_attribute(answer, L_RTA_CACHEINFO, cache, sizeof(cache));
    netlink_end(answer);
    return 0;
}

static int get_routes(struct netlink_answer *answer, const struct host_network *network)
{
    struct l_rtmsg header;
    read_header(answer->question, &header, sizeof(header));
    if (!is_dump(answer->question))
        return get_one_route(answer, network, header.rtm_family);
    dump_routes(answer, network, header.rtm_family);
    return 0;
}

/* --- all of them --- */

static size_t header_size(uint16_t type)
{
    switch (type) {
    case L_RTM_GETADDR:
        return sizeof(struct l_ifaddrmsg);
    case L_RTM_GETROUTE:
        return sizeof(struct l_rtmsg);
    case L_RTM_GETLINK:
        return sizeof(struct l_ifinfomsg);
    default:
        return 0;
    }
}

int netlink_route(struct netlink_answer *answer, const struct l_nlmsghdr *question)
{
    struct host_network network;
    uint16_t type = question->nlmsg_type;
    if (type > L_RTM_MAX)
        return -L_EOPNOTSUPP;
    size_t n = question->nlmsg_len - sizeof(*question);
    if (!n) /* not even a family */
        return 0;
    /* New, change and delete come before get, in fours. */
    if (type % 4 != 2)
        return -L_EPERM;
    /* A dump may be asked for with a struct rtgenmsg alone. */
    if (!is_dump(question) && n < header_size(type))
        return -L_EINVAL;
    if (type == L_RTM_GETNEIGH) {
        if (!is_dump(question))
            return -L_ENOENT;
        netlink_done(answer);
        return 0;
    }
    if (!header_size(type))
        return -L_EOPNOTSUPP;
    int error = devices_read(&network);
    if (error)
        return error;
    error = type == L_RTM_GETLINK   ? get_links(answer, &network)
            : type == L_RTM_GETADDR ? get_addresses(answer, &network)
                                    : get_routes(answer, &network);
    host_network_free(&network);
    return error;
}
