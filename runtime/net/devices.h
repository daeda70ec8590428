/*
 * The network as guests see it: the host's interfaces, addresses and routes, or with --isolated a
 * loopback interface alone. Nothing of it can be changed by guests: that is EPERM, as for a user.
 *
 * Functions return 0 or a negative guest errno, call the host, and are called without locks.
 */
#ifndef RUNTIME_NET_DEVICES_H
#define RUNTIME_NET_DEVICES_H

#include "runtime/host/network.h"
#include "runtime/net/inet.h"

/* Freed with host_network_free. -L_ENOMEM. There is a loopback interface always. */
int devices_read(struct host_network *out);

/* Whether an address that is not the loopback's is one of this machine. Asks the host when what is
 * known may be old. */
bool devices_is_own(const uint8_t ip[16]);

/* Whose address it is, likewise: the interface's index; 0: no one's. */
uint32_t devices_owner(const uint8_t ip[16]);

/* NULL: none. */
const struct host_interface *devices_by_index(const struct host_network *network, uint32_t index);
const struct host_interface *devices_by_name(const struct host_network *network, const char *name);

/* How packets to an address leave. */
struct devices_way {
    uint32_t index;
    bool local, has_gateway, has_source; /* local: it is an address of this machine */
    uint8_t gateway[16], source[16];
};

/* -L_ENETUNREACH. */
int devices_way(const struct host_network *network, const uint8_t ip[16], struct devices_way *out);

/* Whether an address of `bits` bits' prefix holds for ip; both of one family. */
bool devices_matches(const uint8_t ip[16], const uint8_t net[16], uint32_t prefix);

/* The requests of netdevice(7), of a socket of that family. -L_ENOTTY for others. */
int64_t devices_ioctl(struct task *task, uint32_t family, uint32_t command, uint64_t arg);

#endif
