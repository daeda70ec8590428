/*
 * AF_NETLINK sockets: questions to the kernel about interfaces, addresses and routes
 * (NETLINK_ROUTE) and about sockets (NETLINK_SOCK_DIAG); NETLINK_KOBJECT_UEVENT is there and tells
 * nothing, as no device comes or goes. Others are EPROTONOSUPPORT. Only the kernel can be spoken
 * to: another socket is ECONNREFUSED.
 *
 * A question is answered while it is sent, whole, into the socket's queue. Who has joined a group
 * of NETLINK_ROUTE is told what becomes of the host's network (netlink_changes.c).
 */
#ifndef RUNTIME_NET_NETLINK_H
#define RUNTIME_NET_NETLINK_H

#include "runtime/abi/netlink.h"
#include "runtime/net/socket.h"

struct task;
struct netlink_packet;
struct host_interface;
struct host_interface_address;
struct host_network;
struct host_route;

/* socket(2). -L_ESOCKTNOSUPPORT, -L_EPROTONOSUPPORT, -L_ENOMEM. */
int netlink_socket_file(struct task *t, uint32_t type, uint32_t protocol, uint32_t flags,
                        struct file **out);

/* --- what an answer is made of (netlink_answer.c) --- */

/* Packets for one socket. `failed` when memory ran out: what is there is dropped. */
struct netlink_answer {
    struct netlink_packet *first, *last;
    uint32_t port; /* who asked */
    const struct l_nlmsghdr *question;
    size_t message; /* where in the last packet the message begins that is being written */
    size_t held;
    bool gone; /* messages say RTM_DEL* instead of RTM_NEW* */
    bool failed;
};

/* Begins a message with a header of `size` bytes of its own behind struct l_nlmsghdr. */
void netlink_begin(struct netlink_answer *answer, uint16_t type, uint16_t flags, const void *header,
                   size_t size);
void netlink_attribute(struct netlink_answer *answer, uint16_t type, const void *data, size_t n);
void netlink_attribute_u32(struct netlink_answer *answer, uint16_t type, uint32_t value);
void netlink_attribute_u8(struct netlink_answer *answer, uint16_t type, uint8_t value);
/* More of the message as it is. */
void netlink_append(struct netlink_answer *answer, const void *data, size_t n);
void netlink_end(struct netlink_answer *answer);
/* The end of a dump. */
void netlink_done(struct netlink_answer *answer);

/* The first attribute of a type behind a header of `size` bytes, at least `least` bytes long, or
 * NULL. */
const void *netlink_find(const struct l_nlmsghdr *question, size_t size, uint16_t type,
                         size_t least, size_t *n);

/* --- who answers: 0, or an errno that is told as NLMSG_ERROR --- */

int netlink_route(struct netlink_answer *answer, const struct l_nlmsghdr *question);
int netlink_diag(struct netlink_answer *answer, const struct l_nlmsghdr *question);

/* --- what changes --- */

/* From now on sockets of these groups are told. */
void netlink_changes_follow(uint64_t groups);
/* A message for all that have joined a group; what the answer holds is freed. */
void netlink_tell_group(uint32_t group, struct netlink_answer *answer);

/* netlink_route.c: RTM_NEW* of one, and of an address the routes that come with it. */
void netlink_tell_link(struct netlink_answer *answer, const struct host_interface *i);
void netlink_tell_address(struct netlink_answer *answer, const struct host_network *network,
                          const struct host_interface_address *a);
void netlink_tell_route(struct netlink_answer *answer, const struct host_network *network,
                        const struct host_route *r);
void netlink_tell_local(struct netlink_answer *answer, const struct host_interface_address *a);

/* A packet of a queue: messages one after the other. */
struct netlink_packet {
    struct netlink_packet *next;
    uint32_t group; /* that it was told to; 0: an answer */
    size_t size, room;
    uint8_t data[];
};

#endif
