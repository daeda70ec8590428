/* What the hosts' views of the network have in common. */
#include "runtime/host/network_build.h"

#include "runtime/abi/netdevice.h"
#include "runtime/host/heap.h"
#include <string.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static void *one_more(void *array, unsigned *count, size_t size, void **made)
{
    void *grown = realloc(array, (*count + 1) * size);
    *made = NULL;
    if (!grown)
        return array;
    *made = (uint8_t *)grown + *count * size;
    memset(*made, 0, size);
    ++*count;
    return grown;
}

struct host_interface *host_network_interface(struct host_network *network)
{
    void *made;
    network->interfaces = one_more(network->interfaces, &network->interface_count,
                                   sizeof(*network->interfaces), &made);
    return made;
}

struct host_interface_address *host_network_address(struct host_network *network)
{
    void *made;
    network->addresses =
        one_more(network->addresses, &network->address_count, sizeof(*network->addresses), &made);
    return made;
}

struct host_route *host_network_route(struct host_network *network)
{
    void *made;
    network->routes =
        one_more(network->routes, &network->route_count, sizeof(*network->routes), &made);
    return made;
}

void host_network_free(struct host_network *network)
{
    free(network->interfaces);
    free(network->addresses);
    free(network->routes);
    memset(network, 0, sizeof(*network));
}

bool host_network_source(uint32_t index, bool v6, struct host_interface_address *out)
{
    struct host_network network;
    bool found = false, near = true;
    if (host_network_read(&network))
        return false;
    for (unsigned i = 0; i < network.address_count && near; i++) {
        const struct host_interface_address *a = &network.addresses[i];
        if (a->index != index || (memcmp(a->ip, mapped, sizeof(mapped)) != 0) != v6)
            continue;
        *out = *a;
        found = true;
        near = a->scope == L_RT_SCOPE_LINK;
    }
    host_network_free(&network);
    return found;
}

void host_network_v4(uint8_t out[16], const void *four)
{
    memcpy(out, mapped, sizeof(mapped));
    memcpy(out + 12, four, 4);
}

static bool is_v4(const uint8_t ip[16])
{
    return memcmp(ip, mapped, sizeof(mapped)) == 0;
}

uint32_t host_network_scope(const uint8_t ip[16])
{
    static const uint8_t loopback[16] = {[15] = 1};
    if (is_v4(ip))
        return ip[12] == 127                    ? L_RT_SCOPE_HOST
               : ip[12] == 169 && ip[13] == 254 ? L_RT_SCOPE_LINK
                                                : L_RT_SCOPE_UNIVERSE;
    if (memcmp(ip, loopback, sizeof(loopback)) == 0)
        return L_RT_SCOPE_HOST;
    if (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80)
        return L_RT_SCOPE_LINK;
    return ip[0] == 0xfe && (ip[1] & 0xc0) == 0xc0 ? L_RT_SCOPE_SITE : L_RT_SCOPE_UNIVERSE;
}

void host_network_broadcast(struct host_interface_address *address)
{
    if (!is_v4(address->ip) || address->prefix >= 31)
        return;
    memcpy(address->broadcast, address->ip, sizeof(address->broadcast));
    for (uint32_t bit = address->prefix; bit < 32; bit++)
        address->broadcast[12 + bit / 8] |= (uint8_t)(0x80 >> bit % 8);
    address->has_broadcast = true;
}

static int by_index(const void *a, const void *b)
{
    uint32_t first = ((const struct host_interface *)a)->index;
    uint32_t second = ((const struct host_interface *)b)->index;
    return (first > second) - (first < second);
}

void host_network_sort(struct host_network *network)
{
    if (network->interface_count)
        qsort(network->interfaces, network->interface_count, sizeof(*network->interfaces),
              by_index);
}

void host_proxies_free(struct host_proxies *proxies)
{
    free(proxies->http);
    free(proxies->https);
    free(proxies->all);
    free(proxies->except);
    memset(proxies, 0, sizeof(*proxies));
}

uint16_t host_network_checksum(const uint8_t *bytes, size_t n)
{
    uint32_t sum = 0;
    for (size_t i = 0; i + 1 < n; i += 2)
        sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
    if (n % 2)
        sum += (uint32_t)bytes[n - 1] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return __builtin_bswap16((uint16_t)~sum);
}
