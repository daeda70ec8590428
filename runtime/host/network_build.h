/* How the hosts' files fill a struct host_network. */
#ifndef RUNTIME_HOST_NETWORK_BUILD_H
#define RUNTIME_HOST_NETWORK_BUILD_H

#include "runtime/host/network.h"

/* One more, all zeros; NULL: no memory. */
struct host_interface *host_network_interface(struct host_network *network);
struct host_interface_address *host_network_address(struct host_network *network);
struct host_route *host_network_route(struct host_network *network);

void host_network_v4(uint8_t out[16], const void *four);
/* L_RT_SCOPE_* of an address. */
uint32_t host_network_scope(const uint8_t ip[16]);
/* Gives an address of IPv4 its broadcast address, from its prefix. */
void host_network_broadcast(struct host_interface_address *address);
/* By index. */
void host_network_sort(struct host_network *network);

#endif
