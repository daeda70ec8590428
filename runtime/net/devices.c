/* The network as guests see it. */
#include "runtime/net/devices.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/netdevice.h"
#include "runtime/host/heap.h"
#include "runtime/host/network_build.h"
#include "runtime/net/inet_host.h"
#include <string.h>

#define LOOPBACK_MTU 65536u
#define QUEUE        1000u

static bool has_loopback(const struct host_network *network)
{
    for (unsigned i = 0; i < network->interface_count; i++) {
        if (network->interfaces[i].flags & L_IFF_LOOPBACK)
            return true;
    }
    return false;
}

/* Index 1 is its own on every Linux; no host gives it to another one. */
static int add_loopback(struct host_network *network)
{
    static const uint8_t v4[4] = {127, 0, 0, 1}, v6[16] = {[15] = 1};
    struct host_interface *lo = host_network_interface(network);
    struct host_interface_address *a4 = host_network_address(network);
    struct host_interface_address *a6 = host_network_address(network);
    if (!lo || !a4 || !a6) {
        host_network_free(network);
        return -L_ENOMEM;
    }
    a4 = a6 - 1; /* the array may have moved */
    memcpy(lo->name, "lo", sizeof("lo"));
    lo->index = a4->index = a6->index = 1;
    lo->flags = L_IFF_UP | L_IFF_LOOPBACK | L_IFF_RUNNING | L_IFF_LOWER_UP;
    lo->hardware = L_ARPHRD_LOOPBACK;
    lo->address_length = 6;
    lo->mtu = LOOPBACK_MTU;
    lo->queue = QUEUE;
    host_network_v4(a4->ip, v4);
    a4->prefix = 8;
    memcpy(a6->ip, v6, sizeof(v6));
    a6->prefix = 128;
    a4->scope = a6->scope = L_RT_SCOPE_HOST;
    host_network_sort(network);
    return 0;
}

int devices_read(struct host_network *out)
{
    memset(out, 0, sizeof(*out));
    if (inet_host_allowed() && host_network_read(out) == -L_ENOMEM)
        return -L_ENOMEM;
    return has_loopback(out) ? 0 : add_loopback(out);
}

static struct host_mutex own_lock = HOST_MUTEX_INIT(RANK_DEVICES);
/* Under it. */
static struct host_interface_address *own_addresses;
static unsigned own_count;
static atomic_bool own_known;

/* What the host says now. */
static void renew_own(void)
{
    struct host_network network;
    if (devices_read(&network))
        return;
    host_mutex_lock(&own_lock);
    struct host_interface_address *old = own_addresses;
    own_addresses = network.addresses;
    own_count = network.address_count;
    host_mutex_unlock(&own_lock);
    atomic_store(&own_known, true);
    network.addresses = old;
    host_network_free(&network);
}

uint32_t devices_owner(const uint8_t ip[16])
{
    uint32_t found = 0;
    if (!inet_host_allowed())
        return 0;
    if (host_network_changed() || !atomic_load(&own_known))
        renew_own();
    host_mutex_lock(&own_lock);
    for (unsigned i = 0; i < own_count && !found; i++)
        found = memcmp(own_addresses[i].ip, ip, sizeof(own_addresses[i].ip))
                    ? 0
                    : own_addresses[i].index;
    host_mutex_unlock(&own_lock);
    return found;
}

bool devices_is_own(const uint8_t ip[16])
{
    return devices_owner(ip) != 0;
}

const struct host_interface *devices_by_index(const struct host_network *network, uint32_t index)
{
    for (unsigned i = 0; i < network->interface_count; i++) {
        if (network->interfaces[i].index == index)
            return &network->interfaces[i];
    }
    return NULL;
}

const struct host_interface *devices_by_name(const struct host_network *network, const char *name)
{
    for (unsigned i = 0; i < network->interface_count; i++) {
        if (!strcmp(network->interfaces[i].name, name))
            return &network->interfaces[i];
    }
    return NULL;
}

/* --- ways --- */

static bool is_v4(const uint8_t ip[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(ip, mapped, sizeof(mapped)) == 0;
}

bool devices_matches(const uint8_t ip[16], const uint8_t net[16], uint32_t prefix)
{
    if (is_v4(ip) != is_v4(net))
        return false;
    if (is_v4(ip))
        prefix += 96;
    if (prefix > 128)
        return false;
    uint32_t whole = prefix / 8, rest = prefix % 8;
    return memcmp(ip, net, whole) == 0 && (!rest || !((ip[whole] ^ net[whole]) >> (8 - rest)));
}

/* The address to speak from: of that interface, of ip's own network when there is one. */
static void find_source(const struct host_network *network, const uint8_t ip[16],
                        struct devices_way *way)
{
    const struct host_interface_address *best = NULL;
    const uint8_t *near = way->has_gateway ? way->gateway : ip;
    for (unsigned i = 0; i < network->address_count; i++) {
        const struct host_interface_address *a = &network->addresses[i];
        if (a->index != way->index || is_v4(a->ip) != is_v4(ip))
            continue;
        bool same = devices_matches(near, a->ip, a->prefix);
        if (!best || (same && !devices_matches(near, best->ip, best->prefix)))
            best = a;
    }
    way->has_source = best != NULL;
    if (best)
        memcpy(way->source, best->ip, sizeof(way->source));
}

static const struct host_route *find_route(const struct host_network *network, const uint8_t ip[16])
{
    const struct host_route *best = NULL;
    for (unsigned i = 0; i < network->route_count; i++) {
        const struct host_route *r = &network->routes[i];
        if (!devices_matches(ip, r->to, r->prefix))
            continue;
        if (!best || r->prefix > best->prefix ||
            (r->prefix == best->prefix && r->metric < best->metric))
            best = r;
    }
    return best;
}

int devices_way(const struct host_network *network, const uint8_t ip[16], struct devices_way *out)
{
    memset(out, 0, sizeof(*out));
    for (unsigned i = 0; i < network->address_count; i++) {
        const struct host_interface_address *a = &network->addresses[i];
        bool loopback = a->scope == L_RT_SCOPE_HOST;
        if (!devices_matches(ip, a->ip, loopback ? a->prefix : is_v4(ip) ? 32 : 128))
            continue;
        out->local = out->has_source = true;
        out->index = 1;
        memcpy(out->source, ip, sizeof(out->source));
        return 0;
    }
    const struct host_route *route = find_route(network, ip);
    if (!route)
        return -L_ENETUNREACH;
    out->index = route->index;
    out->has_gateway = route->has_gateway;
    memcpy(out->gateway, route->gateway, sizeof(out->gateway));
    find_source(network, ip, out);
    return 0;
}
