/* Interfaces, addresses and routes: getifaddrs(3), netdevice(7), /proc/net. */
#include "runtime/host/network_build.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/abi/errno.h"
#include "runtime/host/heap.h"
#include "runtime/host/thread.h"

static void ask_device(int fd, struct host_interface *i)
{
    struct ifreq request;
    memset(&request, 0, sizeof(request));
    memcpy(request.ifr_name, i->name, sizeof(request.ifr_name));
    if (fd >= 0 && !ioctl(fd, SIOCGIFMTU, &request))
        i->mtu = (uint32_t)request.ifr_mtu;
    if (fd >= 0 && !ioctl(fd, SIOCGIFTXQLEN, &request))
        i->queue = (uint32_t)request.ifr_qlen;
}

static bool add_interface(struct host_network *out, int fd, const struct ifaddrs *entry)
{
    const struct sockaddr_ll *link = (const void *)entry->ifa_addr;
    const struct rtnl_link_stats *stats = entry->ifa_data;
    struct host_interface *i = host_network_interface(out);
    if (!i)
        return false;
    snprintf(i->name, sizeof(i->name), "%s", entry->ifa_name);
    i->index = (uint32_t)link->sll_ifindex;
    i->flags = entry->ifa_flags;
    i->hardware = link->sll_hatype;
    if (link->sll_halen <= sizeof(i->address)) {
        i->address_length = link->sll_halen;
        memcpy(i->address, link->sll_addr, i->address_length);
    }
    if (stats) {
        i->received = (struct host_traffic){stats->rx_bytes, stats->rx_packets, stats->rx_errors,
                                            stats->rx_dropped};
        i->sent = (struct host_traffic){stats->tx_bytes, stats->tx_packets, stats->tx_errors,
                                        stats->tx_dropped};
        i->multicast = stats->multicast;
    }
    ask_device(fd, i);
    return true;
}

static uint32_t prefix_of(const uint8_t *mask, size_t size)
{
    uint32_t bits = 0;
    while (bits < size * 8 && mask[bits / 8] & 0x80 >> bits % 8)
        bits++;
    return bits;
}

static bool add_v4(struct host_network *out, const struct ifaddrs *entry)
{
    const struct sockaddr_in *ip = (const void *)entry->ifa_addr;
    const struct sockaddr_in *mask = (const void *)entry->ifa_netmask;
    const struct sockaddr_in *broadcast = (const void *)entry->ifa_broadaddr;
    struct host_interface_address *a = host_network_address(out);
    if (!a)
        return false;
    /* The name may be an alias, "eth0:1". */
    char name[IF_NAMESIZE];
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(entry->ifa_name, ":"), entry->ifa_name);
    a->index = if_nametoindex(name);
    host_network_v4(a->ip, &ip->sin_addr);
    a->prefix = mask ? prefix_of((const void *)&mask->sin_addr, 4) : 32;
    a->scope = host_network_scope(a->ip);
    if (entry->ifa_flags & IFF_BROADCAST && broadcast && broadcast->sin_addr.s_addr) {
        a->has_broadcast = true;
        host_network_v4(a->broadcast, &broadcast->sin_addr);
    }
    return true;
}

static bool add_v6(struct host_network *out, const struct ifaddrs *entry)
{
    const struct sockaddr_in6 *ip = (const void *)entry->ifa_addr;
    const struct sockaddr_in6 *mask = (const void *)entry->ifa_netmask;
    struct host_interface_address *a = host_network_address(out);
    if (!a)
        return false;
    a->index = if_nametoindex(entry->ifa_name);
    memcpy(a->ip, &ip->sin6_addr, sizeof(a->ip));
    a->prefix = mask ? prefix_of((const void *)&mask->sin6_addr, 16) : 128;
    a->scope = host_network_scope(a->ip);
    return true;
}

static bool add_entries(struct host_network *out, const struct ifaddrs *list)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool good = true;
    for (const struct ifaddrs *entry = list; entry && good; entry = entry->ifa_next) {
        int family = entry->ifa_addr ? entry->ifa_addr->sa_family : AF_UNSPEC;
        if (family == AF_PACKET)
            good = add_interface(out, fd, entry);
        else if (family == AF_INET)
            good = add_v4(out, entry);
        else if (family == AF_INET6)
            good = add_v6(out, entry);
    }
    if (fd >= 0)
        close(fd);
    return good;
}

/* RTF_UP without RTF_REJECT. */
static bool usable(unsigned flags)
{
    return (flags & 1) && !(flags & 0x200);
}

static bool add_v4_routes(struct host_network *out)
{
    FILE *file = fopen("/proc/net/route", "re");
    char line[256], name[64];
    unsigned to, gateway, flags, metric, mask;
    bool good = true;
    while (file && good && fgets(line, sizeof(line), file)) {
        if (sscanf(line, "%63s %x %x %x %*d %*d %u %x", name, &to, &gateway, &flags, &metric,
                   &mask) != 6 ||
            !usable(flags))
            continue;
        struct host_route *route = host_network_route(out);
        good = route;
        if (!good)
            break;
        route->index = if_nametoindex(name);
        route->metric = metric;
        route->prefix = prefix_of((const void *)&mask, 4);
        route->has_gateway = gateway != 0;
        host_network_v4(route->to, &to);
        host_network_v4(route->gateway, &gateway);
    }
    if (file)
        fclose(file);
    return good;
}

static void unhex(const char *text, uint8_t out[16])
{
    unsigned byte = 0;
    for (int i = 0; i < 16; i++) {
        if (sscanf(text + 2 * (size_t)i, "%2x", &byte) != 1)
            byte = 0;
        out[i] = (uint8_t)byte;
    }
}

static bool add_v6_routes(struct host_network *out)
{
    static const uint8_t none[16];
    FILE *file = fopen("/proc/net/ipv6_route", "re");
    char line[256], to[33], gateway[33], name[64];
    unsigned prefix, metric, flags;
    bool good = true;
    while (file && good && fgets(line, sizeof(line), file)) {
        if (sscanf(line, "%32s %x %*s %*x %32s %x %*x %*x %x %63s", to, &prefix, gateway, &metric,
                   &flags, name) != 6 ||
            !usable(flags) || flags & 0x80000000u /* RTF_LOCAL */ || !strncmp(to, "ff", 2))
            continue;
        struct host_route *route = host_network_route(out);
        good = route;
        if (!good)
            break;
        route->index = if_nametoindex(name);
        route->metric = metric;
        route->prefix = prefix;
        unhex(to, route->to);
        unhex(gateway, route->gateway);
        route->has_gateway = memcmp(route->gateway, none, sizeof(none)) != 0;
    }
    if (file)
        fclose(file);
    return good;
}

/* A socket that gets a message for each change. */
static _Atomic int changes = -1;

static int open_changes(void)
{
    struct sockaddr_nl name = {.nl_family = AF_NETLINK,
                               .nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE), none = -1;
    if (fd >= 0 && bind(fd, (void *)&name, sizeof(name)) == 0 &&
        atomic_compare_exchange_strong(&changes, &none, fd))
        return fd;
    if (fd >= 0)
        close(fd);
    return none;
}

bool host_network_changed(void)
{
    char message[8192];
    int fd = atomic_load(&changes);
    if (fd < 0) {
        open_changes();
        return true;
    }
    bool some = false;
    /* ENOBUFS: there were more than it could keep. */
    while (recv(fd, message, sizeof(message), 0) >= 0 || errno == ENOBUFS || errno == EINTR)
        some = true;
    return some;
}

static void (*watch_changed)(void);

/* fd is a socket that gets a message for each change; those that are there are one. */
static void watch_main(void *arg)
{
    char message[8192];
    int fd = (int)(intptr_t)arg;
    for (;;) {
        if (recv(fd, message, sizeof(message), 0) < 0 && errno != ENOBUFS && errno != EINTR)
            break;
        while (recv(fd, message, sizeof(message), MSG_DONTWAIT) >= 0 || errno == ENOBUFS)
            ;
        watch_changed();
    }
    close(fd);
}

bool host_network_watch(void (*changed)(void))
{
    struct sockaddr_nl name = {.nl_family = AF_NETLINK,
                               .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
                                            RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    watch_changed = changed;
    if (fd >= 0 && bind(fd, (void *)&name, sizeof(name)) == 0 &&
        host_thread_start(watch_main, (void *)(intptr_t)fd) == 0)
        return true;
    if (fd >= 0)
        close(fd);
    return false;
}

int host_network_read(struct host_network *out)
{
    struct ifaddrs *list;
    memset(out, 0, sizeof(*out));
    if (getifaddrs(&list))
        return -L_EIO;
    bool good = add_entries(out, list) && add_v4_routes(out) && add_v6_routes(out);
    freeifaddrs(list);
    if (!good)
        host_network_free(out);
    host_network_sort(out);
    return good ? 0 : -L_ENOMEM;
}
