/* Interfaces, addresses and routes: GetAdaptersAddresses, GetIfEntry2, GetIpForwardTable2. */
#include "runtime/host/network_build.h"
#include "runtime/host/windows/adapters.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/netdevice.h"
#include "runtime/host/heap.h"

#define LOOPBACK_MTU 65536u
#define QUEUE        1000u

IP_ADAPTER_ADDRESSES *host_adapters(void)
{
    ULONG size = 32768, error;
    IP_ADAPTER_ADDRESSES *list = NULL;
    do { /* adapters may come while memory is made for them */
        free(list);
        list = malloc(size);
        error = list ? GetAdaptersAddresses(AF_UNSPEC,
                                            GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST |
                                                GAA_FLAG_SKIP_FRIENDLY_NAME,
                                            NULL, list, &size)
                     : ERROR_SUCCESS;
    } while (error == ERROR_BUFFER_OVERFLOW);
    if (!error)
        return list;
    free(list);
    return NULL;
}

/* --- interfaces --- */

struct kind {
    IFTYPE type;
    const char *name;
    uint32_t hardware, flags;
};

static const struct kind *kind_of(IFTYPE type)
{
    static const struct kind kinds[] = {
        {IF_TYPE_SOFTWARE_LOOPBACK, "lo", L_ARPHRD_LOOPBACK, L_IFF_LOOPBACK},
        {IF_TYPE_ETHERNET_CSMACD, "eth", L_ARPHRD_ETHER, L_IFF_BROADCAST | L_IFF_MULTICAST},
        {IF_TYPE_IEEE80211, "wlan", L_ARPHRD_ETHER, L_IFF_BROADCAST | L_IFF_MULTICAST},
        {IF_TYPE_PPP, "ppp", L_ARPHRD_PPP, L_IFF_POINTOPOINT | L_IFF_NOARP | L_IFF_MULTICAST},
        {243 /* IF_TYPE_WWANPP */, "wwan", L_ARPHRD_NONE, L_IFF_POINTOPOINT | L_IFF_NOARP},
        {244 /* IF_TYPE_WWANPP2 */, "wwan", L_ARPHRD_NONE, L_IFF_POINTOPOINT | L_IFF_NOARP},
        {0, "tun", L_ARPHRD_NONE, L_IFF_POINTOPOINT | L_IFF_NOARP | L_IFF_MULTICAST},
    };
    const struct kind *kind = kinds;
    while (kind->type && kind->type != type)
        kind++;
    return kind;
}

static void read_traffic(struct host_interface *i)
{
    MIB_IF_ROW2 row;
    memset(&row, 0, sizeof(row));
    row.InterfaceIndex = i->index;
    if (GetIfEntry2(&row) != NO_ERROR)
        return;
    i->received = (struct host_traffic){row.InOctets, row.InUcastPkts + row.InNUcastPkts,
                                        row.InErrors, row.InDiscards};
    i->sent = (struct host_traffic){row.OutOctets, row.OutUcastPkts + row.OutNUcastPkts,
                                    row.OutErrors, row.OutDiscards};
}

static bool add_interface(struct host_network *out, const IP_ADAPTER_ADDRESSES *a, uint32_t index)
{
    const struct kind *kind = kind_of(a->IfType);
    struct host_interface *i = host_network_interface(out);
    if (!i)
        return false;
    snprintf(i->name, sizeof(i->name), "%s", kind->name);
    i->index = index;
    i->hardware = kind->hardware;
    i->flags = kind->flags;
    /* Windows' adapters are enabled or not there; without a cable they are not running. */
    i->flags |=
        a->OperStatus == IfOperStatusUp ? L_IFF_UP | L_IFF_RUNNING | L_IFF_LOWER_UP : L_IFF_UP;
    bool loopback = kind->flags & L_IFF_LOOPBACK;
    i->mtu = loopback || a->Mtu == 0xffffffff ? LOOPBACK_MTU : a->Mtu;
    i->queue = QUEUE;
    if (loopback) {
        i->address_length = 6;
    } else if (a->PhysicalAddressLength <= sizeof(i->address)) {
        i->address_length = (uint8_t)a->PhysicalAddressLength;
        memcpy(i->address, a->PhysicalAddress, i->address_length);
    }
    read_traffic(i);
    return true;
}

static bool add_addresses(struct host_network *out, const IP_ADAPTER_ADDRESSES *adapter,
                          uint32_t index)
{
    const IP_ADAPTER_UNICAST_ADDRESS *u = adapter->FirstUnicastAddress;
    for (; u; u = u->Next) {
        const struct sockaddr *name = u->Address.lpSockaddr;
        if (u->DadState != IpDadStatePreferred && u->DadState != IpDadStateDeprecated)
            continue;
        if (name->sa_family != AF_INET && name->sa_family != AF_INET6)
            continue;
        struct host_interface_address *a = host_network_address(out);
        if (!a)
            return false;
        a->index = index;
        a->prefix = u->OnLinkPrefixLength;
        if (name->sa_family == AF_INET)
            host_network_v4(a->ip, &((const struct sockaddr_in *)name)->sin_addr);
        else
            memcpy(a->ip, &((const struct sockaddr_in6 *)name)->sin6_addr, sizeof(a->ip));
        a->scope = host_network_scope(a->ip);
        if (a->scope == L_RT_SCOPE_HOST)
            a->prefix = name->sa_family == AF_INET ? 8 : 128;
        else if (kind_of(adapter->IfType)->flags & L_IFF_BROADCAST)
            host_network_broadcast(a);
    }
    return true;
}

/* eth0, eth1 and so on in the order of indices, so that names stay. */
static void number_names(struct host_network *out)
{
    for (unsigned n = 0; n < out->interface_count; n++) {
        struct host_interface *i = &out->interfaces[n];
        unsigned before = 0;
        if (i->flags & L_IFF_LOOPBACK)
            continue;
        size_t length = strlen(i->name);
        for (unsigned m = 0; m < n; m++) {
            const char *other = out->interfaces[m].name;
            before += !strncmp(other, i->name, length) && strspn(other + length, "0123456789");
        }
        snprintf(i->name + length, sizeof(i->name) - length, "%u", before);
    }
}

/* --- routes --- */

static void copy_ip(uint8_t out[16], const SOCKADDR_INET *from)
{
    if (from->si_family == AF_INET)
        host_network_v4(out, &from->Ipv4.sin_addr);
    else
        memcpy(out, &from->Ipv6.sin6_addr, 16);
}

static bool is_zero(const SOCKADDR_INET *address)
{
    static const uint8_t zeros[16];
    return address->si_family == AF_INET ? !address->Ipv4.sin_addr.s_addr
                                         : !memcmp(&address->Ipv6.sin6_addr, zeros, 16);
}

/* Windows has routes to own, broadcast and multicast addresses among the others, Linux in a table
 * of its own. */
static bool is_local(const MIB_IPFORWARD_ROW2 *row)
{
    const SOCKADDR_INET *to = &row->DestinationPrefix.Prefix;
    unsigned prefix = row->DestinationPrefix.PrefixLength;
    if (row->Loopback)
        return true;
    if (to->si_family == AF_INET) {
        const uint8_t *ip = (const uint8_t *)&to->Ipv4.sin_addr;
        return prefix == 32 || ip[0] == 127 || ip[0] >= 224;
    }
    return prefix == 128 || to->Ipv6.sin6_addr.s6_addr[0] == 0xff;
}

static uint32_t metric_of(const MIB_IPFORWARD_ROW2 *row, const IP_ADAPTER_ADDRESSES *adapters)
{
    bool v4 = row->DestinationPrefix.Prefix.si_family == AF_INET;
    for (; adapters; adapters = adapters->Next) {
        if (v4 && adapters->IfIndex == row->InterfaceIndex)
            return row->Metric + adapters->Ipv4Metric;
        if (!v4 && adapters->Ipv6IfIndex == row->InterfaceIndex)
            return row->Metric + adapters->Ipv6Metric;
    }
    return row->Metric;
}

static bool add_routes(struct host_network *out, const IP_ADAPTER_ADDRESSES *adapters)
{
    MIB_IPFORWARD_TABLE2 *table;
    bool good = true;
    if (GetIpForwardTable2(AF_UNSPEC, &table) != NO_ERROR)
        return true;
    for (ULONG n = 0; n < table->NumEntries && good; n++) {
        const MIB_IPFORWARD_ROW2 *row = &table->Table[n];
        int family = row->DestinationPrefix.Prefix.si_family;
        if ((family != AF_INET && family != AF_INET6) || is_local(row))
            continue;
        struct host_route *route = host_network_route(out);
        good = route;
        if (!good)
            break;
        route->index = row->InterfaceIndex;
        route->metric = metric_of(row, adapters);
        route->prefix = row->DestinationPrefix.PrefixLength;
        copy_ip(route->to, &row->DestinationPrefix.Prefix);
        copy_ip(route->gateway, &row->NextHop);
        route->has_gateway = !is_zero(&row->NextHop);
    }
    FreeMibTable(table);
    return good;
}

static atomic_bool changed;

static void WINAPI address_changed(PVOID context, PMIB_UNICASTIPADDRESS_ROW row,
                                   MIB_NOTIFICATION_TYPE type)
{
    (void)context;
    (void)row;
    (void)type;
    atomic_store(&changed, true);
}

bool host_network_changed(void)
{
    static atomic_bool watched;
    static HANDLE handle; /* for the rest of the process */
    if (!atomic_exchange(&watched, true)) {
        if (NotifyUnicastIpAddressChange(AF_UNSPEC, address_changed, NULL, FALSE, &handle))
            atomic_store(&watched, false); /* then it is asked each time */
        return true;
    }
    return atomic_exchange(&changed, false);
}

static void (*watch_changed)(void);

static void WINAPI any_address_changed(PVOID context, PMIB_UNICASTIPADDRESS_ROW row,
                                       MIB_NOTIFICATION_TYPE type)
{
    (void)context;
    (void)row;
    (void)type;
    watch_changed();
}

static void WINAPI interface_changed(PVOID context, PMIB_IPINTERFACE_ROW row,
                                     MIB_NOTIFICATION_TYPE type)
{
    (void)context;
    (void)row;
    (void)type;
    watch_changed();
}

static void WINAPI route_changed(PVOID context, PMIB_IPFORWARD_ROW2 row, MIB_NOTIFICATION_TYPE type)
{
    (void)context;
    (void)row;
    (void)type;
    watch_changed();
}

bool host_network_watch(void (*changed)(void))
{
    static HANDLE addresses, interfaces, routes; /* for the rest of the process */
    watch_changed = changed;
    bool watched = NotifyUnicastIpAddressChange(AF_UNSPEC, any_address_changed, NULL, FALSE,
                                                &addresses) == NO_ERROR;
    watched |=
        NotifyIpInterfaceChange(AF_UNSPEC, interface_changed, NULL, FALSE, &interfaces) == NO_ERROR;
    watched |= NotifyRouteChange2(AF_UNSPEC, route_changed, NULL, FALSE, &routes) == NO_ERROR;
    return watched;
}

int host_network_read(struct host_network *out)
{
    memset(out, 0, sizeof(*out));
    IP_ADAPTER_ADDRESSES *list = host_adapters();
    if (!list)
        return -L_EIO;
    bool good = true;
    for (const IP_ADAPTER_ADDRESSES *a = list; a && good; a = a->Next) {
        uint32_t index = a->IfIndex ? a->IfIndex : a->Ipv6IfIndex;
        good = add_interface(out, a, index) && add_addresses(out, a, index);
    }
    good = good && add_routes(out, list);
    free(list);
    if (!good)
        host_network_free(out);
    host_network_sort(out);
    number_names(out);
    return good ? 0 : -L_ENOMEM;
}
