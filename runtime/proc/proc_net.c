/* /proc/PID/net: interfaces, routes, sockets, as netstat and others read them. */
#include "runtime/abi/errno.h"
#include "runtime/abi/netdevice.h"
#include "runtime/host/heap.h"
#include "runtime/net/census.h"
#include "runtime/net/counts.h"
#include "runtime/net/devices.h"
#include "runtime/proc/proc.h"
#include <stdio.h>
#include <string.h>

static bool is_v4(const uint8_t ip[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(ip, mapped, sizeof(mapped)) == 0;
}

/* The four bytes as a number of this processor, as all these files show them. */
static uint32_t word(const uint8_t *bytes)
{
    uint32_t n;
    memcpy(&n, bytes, sizeof(n));
    return n;
}

static void add_hex(struct proc_text *text, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        proc_add(text, "%02x", bytes[i]);
}

/* --- interfaces, addresses, routes --- */

static int with_devices(struct proc_text *text,
                        void (*show)(struct proc_text *, const struct host_network *))
{
    struct host_network network;
    int error = devices_read(&network);
    if (error)
        return error;
    show(text, &network);
    host_network_free(&network);
    return 0;
}

static void add_devices(struct proc_text *text, const struct host_network *network)
{
    proc_add(text, "Inter-|   Receive                                                |  Transmit\n"
                   " face |bytes    packets errs drop fifo frame compressed multicast|bytes    "
                   "packets errs drop fifo colls carrier compressed\n");
    for (unsigned n = 0; n < network->interface_count; n++) {
        const struct host_interface *i = &network->interfaces[n];
        proc_add(text,
                 "%6s: %7llu %7llu %4llu %4llu    0     0          0 %9llu %8llu %7llu %4llu %4llu"
                 "    0     0       0          0\n",
                 i->name, (unsigned long long)i->received.bytes,
                 (unsigned long long)i->received.packets, (unsigned long long)i->received.errors,
                 (unsigned long long)i->received.dropped, (unsigned long long)i->multicast,
                 (unsigned long long)i->sent.bytes, (unsigned long long)i->sent.packets,
                 (unsigned long long)i->sent.errors, (unsigned long long)i->sent.dropped);
    }
}

static void add_addresses6(struct proc_text *text, const struct host_network *network)
{
    for (unsigned n = 0; n < network->address_count; n++) {
        const struct host_interface_address *a = &network->addresses[n];
        const struct host_interface *i = devices_by_index(network, a->index);
        if (is_v4(a->ip) || !i)
            continue;
        unsigned scope = a->scope == L_RT_SCOPE_HOST   ? 0x10
                         : a->scope == L_RT_SCOPE_LINK ? 0x20
                         : a->scope == L_RT_SCOPE_SITE ? 0x40
                                                       : 0;
        add_hex(text, a->ip, sizeof(a->ip));
        proc_add(text, " %02x %02x %02x %02x %8s\n", a->index, a->prefix, scope, L_IFA_F_PERMANENT,
                 i->name);
    }
}

static void add_padded(struct proc_text *text, const char *line)
{
    proc_add(text, "%-127s\n", line);
}

static void add_routes(struct proc_text *text, const struct host_network *network)
{
    char line[160];
    add_padded(text, "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow"
                     "\tIRTT");
    for (unsigned n = 0; n < network->route_count; n++) {
        const struct host_route *r = &network->routes[n];
        const struct host_interface *i = devices_by_index(network, r->index);
        if (!is_v4(r->to) || !i)
            continue;
        uint32_t mask = r->prefix ? __builtin_bswap32(UINT32_MAX << (32 - r->prefix)) : 0;
        unsigned flags = 1u | (r->has_gateway ? 2u : 0) | (r->prefix == 32 ? 4u : 0);
        snprintf(line, sizeof(line), "%s\t%08X\t%08X\t%04X\t0\t0\t%u\t%08X\t0\t0\t0", i->name,
                 word(r->to + 12), r->has_gateway ? word(r->gateway + 12) : 0, flags, r->metric,
                 mask);
        add_padded(text, line);
    }
}

static void add_route6(struct proc_text *text, const uint8_t to[16], uint32_t prefix,
                       const uint8_t gateway[16], uint32_t metric, uint32_t flags, const char *name)
{
    static const uint8_t zeros[16];
    add_hex(text, to, 16);
    proc_add(text, " %02x ", prefix);
    add_hex(text, zeros, 16);
    proc_add(text, " 00 ");
    add_hex(text, gateway, 16);
    proc_add(text, " %08x %08x %08x %08x %8s\n", metric, 1, 0, flags, name);
}

static void add_routes6(struct proc_text *text, const struct host_network *network)
{
    static const uint8_t zeros[16];
    for (unsigned n = 0; n < network->route_count; n++) {
        const struct host_route *r = &network->routes[n];
        const struct host_interface *i = devices_by_index(network, r->index);
        if (i && !is_v4(r->to))
            add_route6(text, r->to, r->prefix, r->has_gateway ? r->gateway : zeros, r->metric,
                       1u | (r->has_gateway ? 2u : 0), i->name);
    }
    for (unsigned n = 0; n < network->address_count; n++) {
        const struct host_interface_address *a = &network->addresses[n];
        const struct host_interface *i = devices_by_index(network, a->index);
        if (i && !is_v4(a->ip))
            add_route6(text, a->ip, 128, zeros, 0, 0x80200001u /* local */, i->name);
    }
}

#define DEVICES(function, add)                                                                     \
    static int function(struct proc_text *text, const struct proc_subject *s)                      \
    {                                                                                              \
        (void)s;                                                                                   \
        return with_devices(text, add);                                                            \
    }

DEVICES(show_devices, add_devices)
DEVICES(show_addresses6, add_addresses6)
DEVICES(show_routes, add_routes)
DEVICES(show_routes6, add_routes6)

/* Files that say that there is nothing. */
#define NOTHING(function, heading)                                                                 \
    static int function(struct proc_text *text, const struct proc_subject *s)                      \
    {                                                                                              \
        (void)s;                                                                                   \
        proc_add(text, "%s\n", heading);                                                           \
        return 0;                                                                                  \
    }

NOTHING(show_neighbours,
        "IP address       HW type     Flags       HW address            Mask     Device")

/* --- sockets of the network --- */

#define HEAD4                                                                                      \
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "  \
    "inode"
#define HEAD6                                                                                      \
    "  sl  local_address                         remote_address                        st "        \
    "tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
#define DATAGRAMS " ref pointer drops"

static void add_end(struct proc_text *text, bool v6, const struct inet_end *end)
{
    if (v6)
        proc_add(text, "%08X%08X%08X%08X:%04X ", word(end->ip), word(end->ip + 4),
                 word(end->ip + 8), word(end->ip + 12), end->port);
    else
        proc_add(text, "%08X:%04X ", word(end->ip + 12), end->port);
}

#define TICK_NS 10000000u /* in which times are told */

/* A line of /proc/net/tcp and others; `more` follows the inode. */
static void add_socket(struct proc_text *text, unsigned number, bool stream,
                       const struct inet_row *row)
{
    size_t from = text->length;
    proc_add(text, stream ? "%4u: " : "%5u: ", number);
    add_end(text, row->v6, &row->local);
    add_end(text, row->v6, &row->remote);
    proc_add(text, "%02X %08X:%08X %02X:%08llX 00000000 %5u        0 %llu %u %016x", row->state,
             row->state == L_TCP_LISTEN ? 0 : row->send, row->receive, row->timer,
             (unsigned long long)(row->timer_ns / TICK_NS), row->uid, (unsigned long long)row->ino,
             row->refs, 0);
    if (!stream)
        proc_add(text, " %u", row->drops);
    else if (!row->timer)
        proc_add(text, " 100 0 0 10 0");
    size_t length = text->length - from, line = stream ? 149 : 127;
    if (!row->v6 && !text->failed && length < line)
        proc_add(text, "%*s", (int)(line - length), "");
    proc_add(text, "\n");
}

static int add_sockets(struct proc_text *text, bool stream, bool v6, bool lite)
{
    struct inet_row *rows;
    unsigned count, number = 0;
    int error = census_inet(stream, &rows, &count);
    if (error)
        return error;
    if (v6)
        proc_add(text, "%s\n", stream ? HEAD6 : HEAD6 DATAGRAMS);
    else
        proc_add(text, stream ? "%-149s\n" : "%-127s\n", stream ? HEAD4 : " " HEAD4 DATAGRAMS);
    for (unsigned i = 0; i < count; i++) {
        if (rows[i].v6 == v6 && rows[i].lite == lite)
            add_socket(text, number++, stream, &rows[i]);
    }
    free(rows);
    return 0;
}

#define SOCKETS(function, stream, v6, lite)                                                        \
    static int function(struct proc_text *text, const struct proc_subject *s)                      \
    {                                                                                              \
        (void)s;                                                                                   \
        return add_sockets(text, stream, v6, lite);                                                \
    }

SOCKETS(show_tcp, true, false, false)
SOCKETS(show_tcp6, true, true, false)
SOCKETS(show_udp, false, false, false)
SOCKETS(show_udp6, false, true, false)
SOCKETS(show_lite, false, false, true)
SOCKETS(show_lite6, false, true, true)

NOTHING(show_none4, HEAD4 DATAGRAMS)
NOTHING(show_none6, HEAD6 DATAGRAMS)
NOTHING(show_packet, "sk               RefCnt Type Proto  Iface R Rmem   User   Inode")

/* --- AF_UNIX --- */

static void add_unix(struct proc_text *text, const struct unix_row *row)
{
    unsigned state = row->connected ? 3 : 1; /* SS_CONNECTED, SS_UNCONNECTED */
    proc_add(text, "%016x: %08X %08X %08X %04X %02X %5llu", 0, row->refs, 0,
             row->listening ? 0x10000u : 0, (unsigned)row->type, state,
             (unsigned long long)row->ino);
    size_t n = row->name.length > 2 ? row->name.length - 2 : 0;
    const char *name = row->name.un.sun_path;
    if (n && name[0]) { /* of the file system: up to its NUL */
        proc_add(text, " %.*s", (int)strnlen(name, n), name);
    } else if (n) {
        proc_add(text, " @");
        for (size_t i = 1; i < n; i++)
            proc_add(text, "%c", name[i] ? name[i] : '@');
    }
    proc_add(text, "\n");
}

static int show_unix(struct proc_text *text, const struct proc_subject *s)
{
    struct unix_row *rows;
    unsigned count;
    (void)s;
    int error = census_unix(&rows, &count);
    if (error)
        return error;
    proc_add(text, "Num       RefCount Protocol Flags    Type St Inode Path\n");
    for (unsigned i = 0; i < count; i++)
        add_unix(text, &rows[i]);
    free(rows);
    return 0;
}

/* --- sums --- */

struct sums {
    unsigned tcp[2], udp[2], connected, local, waiting;
};

static int sum_up(struct sums *sums)
{
    struct inet_row *rows;
    struct unix_row *locals;
    unsigned count;
    memset(sums, 0, sizeof(*sums));
    for (int stream = 0; stream < 2; stream++) {
        int error = census_inet(stream, &rows, &count);
        if (error)
            return error;
        for (unsigned i = 0; i < count; i++) {
            if (rows[i].timer) {
                sums->waiting++;
                continue;
            }
            ++*(stream ? &sums->tcp[rows[i].v6] : &sums->udp[rows[i].v6]);
            sums->connected +=
                stream && (rows[i].state == L_TCP_ESTABLISHED || rows[i].state == L_TCP_CLOSE_WAIT);
        }
        free(rows);
    }
    int error = census_unix(&locals, &sums->local);
    if (!error)
        free(locals);
    return error;
}

static int show_sockstat(struct proc_text *text, const struct proc_subject *s)
{
    struct sums sums;
    (void)s;
    int error = sum_up(&sums);
    if (error)
        return error;
    unsigned tcp = sums.tcp[0] + sums.tcp[1];
    proc_add(text,
             "sockets: used %u\nTCP: inuse %u orphan 0 tw %u alloc %u mem 0\nUDP: inuse %u mem 0\n"
             "UDPLITE: inuse 0\nRAW: inuse 0\nFRAG: inuse 0 memory 0\n",
             tcp + sums.udp[0] + sums.udp[1] + sums.local, sums.tcp[0], sums.waiting, tcp,
             sums.udp[0]);
    return 0;
}

static int show_sockstat6(struct proc_text *text, const struct proc_subject *s)
{
    struct sums sums;
    (void)s;
    int error = sum_up(&sums);
    if (error)
        return error;
    proc_add(text,
             "TCP6: inuse %u\nUDP6: inuse %u\nUDPLITE6: inuse 0\nRAW6: inuse 0\n"
             "FRAG6: inuse 0 memory 0\n",
             sums.tcp[1], sums.udp[1]);
    return 0;
}

static unsigned long long counted(enum net_count which)
{
    return net_counted(which);
}

static void add_datagrams(struct proc_text *text, const char *name, bool lite)
{
    unsigned long long lost = counted(net_count_of(UDP_NO_ROOM, false, lite));
    proc_add(text,
             "%s: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors "
             "InCsumErrors IgnoredMulti MemErrors\n%s: %llu %llu %llu %llu %llu 0 0 0 0\n",
             name, name, counted(net_count_of(UDP_IN, false, lite)),
             counted(net_count_of(UDP_NO_PORTS, false, lite)), lost,
             counted(net_count_of(UDP_OUT, false, lite)), lost);
}

/* Packets are the host's business and not counted here; what sockets do is. */
static int show_snmp(struct proc_text *text, const struct proc_subject *s)
{
    struct sums sums;
    (void)s;
    int error = sum_up(&sums);
    if (error)
        return error;
    proc_add(text,
             "Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams "
             "InUnknownProtos InDiscards InDelivers OutRequests OutDiscards OutNoRoutes "
             "ReasmTimeout ReasmReqds ReasmOKs ReasmFails FragOKs FragFails FragCreates\n"
             "Ip: 2 64 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
             "Icmp: InMsgs InErrors InCsumErrors InDestUnreachs InTimeExcds InParmProbs "
             "InSrcQuenchs InRedirects InEchos InEchoReps InTimestamps InTimestampReps InAddrMasks "
             "InAddrMaskReps OutMsgs OutErrors OutDestUnreachs OutTimeExcds OutParmProbs "
             "OutSrcQuenchs OutRedirects OutEchos OutEchoReps OutTimestamps OutTimestampReps "
             "OutAddrMasks OutAddrMaskReps\n"
             "Icmp: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
    proc_add(text,
             "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails "
             "EstabResets CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors\n"
             "Tcp: 1 200 120000 -1 %llu %llu %llu %llu %u %llu %llu 0 0 %llu 0\n",
             counted(TCP_ACTIVE_OPENS), counted(TCP_PASSIVE_OPENS), counted(TCP_ATTEMPT_FAILS),
             counted(TCP_ESTAB_RESETS), sums.connected, counted(TCP_IN_SEGMENTS),
             counted(TCP_OUT_SEGMENTS), counted(TCP_OUT_RESETS));
    add_datagrams(text, "Udp", false);
    add_datagrams(text, "UdpLite", true);
    return 0;
}

static void add_datagrams6(struct proc_text *text, const char *name, bool lite)
{
    static const struct {
        const char *name;
        enum net_count which;
    } rows[] = {{"InDatagrams", UDP_IN},
                {"NoPorts", UDP_NO_PORTS},
                {"InErrors", UDP_NO_ROOM},
                {"OutDatagrams", UDP_OUT},
                {"RcvbufErrors", UDP_NO_ROOM}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char whole[40];
        snprintf(whole, sizeof(whole), "%s%s", name, rows[i].name);
        proc_add(text, "%-32s\t%llu\n", whole, counted(net_count_of(rows[i].which, true, lite)));
    }
}

static int show_snmp6(struct proc_text *text, const struct proc_subject *s)
{
    (void)s;
    add_datagrams6(text, "Udp6", false);
    add_datagrams6(text, "UdpLite6", true);
    return 0;
}

const struct proc_entry proc_net_entries[] = {
    PROC_TEXT("arp", show_neighbours),
    PROC_TEXT("dev", show_devices),
    PROC_TEXT("icmp", show_none4),
    PROC_TEXT("icmp6", show_none6),
    PROC_TEXT("if_inet6", show_addresses6),
    PROC_TEXT("ipv6_route", show_routes6),
    PROC_TEXT("packet", show_packet),
    PROC_TEXT("raw", show_none4),
    PROC_TEXT("raw6", show_none6),
    PROC_TEXT("route", show_routes),
    PROC_TEXT("snmp", show_snmp),
    PROC_TEXT("snmp6", show_snmp6),
    PROC_TEXT("sockstat", show_sockstat),
    PROC_TEXT("sockstat6", show_sockstat6),
    PROC_TEXT("tcp", show_tcp),
    PROC_TEXT("tcp6", show_tcp6),
    PROC_TEXT("udp", show_udp),
    PROC_TEXT("udp6", show_udp6),
    PROC_TEXT("udplite", show_lite),
    PROC_TEXT("udplite6", show_lite6),
    PROC_TEXT("unix", show_unix),
    PROC_END,
};
