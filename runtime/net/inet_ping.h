/*
 * Echo requests: ping sockets (SOCK_DGRAM of ICMP, icmp(7)) for everybody, and raw sockets of ICMP
 * for those with CAP_NET_RAW, who may send echo requests with them and nothing else.
 *
 * An address of this machine answers here; any other is asked by the host (runtime/host/ping.h). A
 * raw socket sees what is sent and answered here, and what answers its own requests.
 *
 * They are datagram sockets (inet_datagram.c receives) whose number, the identifier of packets,
 * stands for a port and is in a table of its own.
 */
#ifndef RUNTIME_NET_INET_PING_H
#define RUNTIME_NET_INET_PING_H

#include "runtime/net/inet.h"

/* -L_ENOMEM. */
int inet_ping_file(bool v6, bool raw, uint32_t flags, struct file **out);
void inet_ping_close(struct inet_socket *s);
bool inet_ping_is_raw(const struct inet_socket *s);
int inet_ping_bind(struct inet_socket *s, const struct net_address *address);
/* NULL: not connected any more. */
int inet_ping_connect(struct inet_socket *s, const struct net_address *address);
int64_t inet_ping_send(struct inet_socket *s, const void *data, size_t n, uint32_t flags,
                       const struct net_address *to);
/* ICMP_FILTER and ICMP6_FILTER. -L_ENOPROTOOPT for other options. */
int inet_ping_set_option(struct inet_socket *s, uint32_t level, uint32_t name, const void *value,
                         uint32_t length);
int inet_ping_get_option(struct inet_socket *s, uint32_t level, uint32_t name, void *value);

#endif
