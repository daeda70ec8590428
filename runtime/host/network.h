/*
 * What the host says about its network: interfaces, their addresses, routes, name servers, proxies.
 *
 * Names and numbers are Linux's on every host (runtime/abi/netdevice.h): "lo", "eth0", "wlan0";
 * indices are the host's, as scopes of link-local addresses name them. Addresses of IPv4 are
 * ::ffff:a.b.c.d, and their prefixes count from there (0 to 32).
 */
#ifndef RUNTIME_HOST_NETWORK_H
#define RUNTIME_HOST_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOST_INTERFACE_NAME 16

/* Since the interface is there. */
struct host_traffic {
    uint64_t bytes, packets, errors, dropped;
};

struct host_interface {
    char name[HOST_INTERFACE_NAME];
    uint32_t index;
    uint32_t flags;    /* L_IFF_* */
    uint32_t hardware; /* L_ARPHRD_* */
    uint32_t mtu, queue;
    uint8_t address_length; /* of the hardware address; 0: none */
    uint8_t address[8];
    struct host_traffic received, sent;
    uint64_t multicast; /* packets received */
};

struct host_interface_address {
    uint32_t index;
    uint32_t prefix;
    uint32_t scope; /* L_RT_SCOPE_* */
    uint8_t ip[16], broadcast[16];
    bool has_broadcast;
};

struct host_route {
    uint32_t index;
    uint32_t prefix, metric;
    uint8_t to[16], gateway[16];
    bool has_gateway;
};

struct host_network {
    struct host_interface *interfaces; /* by index */
    struct host_interface_address *addresses;
    struct host_route *routes;
    unsigned interface_count, address_count, route_count;
};

/* As it is now. -L_ENOMEM, -L_EIO; then there is nothing to free. */
int host_network_read(struct host_network *out);
void host_network_free(struct host_network *network);

/* An address of an interface, of the family, and rather one that is not link-local: what is sent
 * there comes from it. False: it has none. */
bool host_network_source(uint32_t index, bool v6, struct host_interface_address *out);

/* Whether addresses may have changed since the last call; true for the first one. */
bool host_network_changed(void);

/* From now on `changed` is called, on threads of its own or of the host's, whenever something that
 * host_network_read says may be otherwise, but for what was sent and received. Once. False: nobody
 * will call. */
bool host_network_watch(void (*changed)(void));

/* What resolv.conf(5) has to say, as text that the caller frees: of Linux its file. NULL: none. */
char *host_resolver_text(void);

/* From now on `changed` is called, on a thread of its own or of the host's, whenever name servers
 * may have changed. Once. False: nobody will call. */
bool host_resolver_watch(void (*changed)(void));

/* The user's proxies as variables of the environment want them; freed by host_proxies_free. NULL:
 * none. */
struct host_proxies {
    char *http, *https, *all, *except;
};

void host_proxies_read(struct host_proxies *out);
void host_proxies_free(struct host_proxies *proxies);

/* The checksum of Internet packets (RFC 1071), as it lies in memory. */
uint16_t host_network_checksum(const uint8_t *bytes, size_t n);

#endif
