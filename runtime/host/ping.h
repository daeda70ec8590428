/*
 * Echo requests of ICMP to other machines, as a user may send them: ping sockets of Linux
 * (icmp(7)), IcmpSendEcho2Ex of Windows. What comes back is an answer or an error that really came,
 * or nothing at all.
 *
 * Callbacks run on threads of the host's, may take locks and must not wait. Addresses as in
 * runtime/host/socket.h; sequence numbers as the packet has them. Errors are negative guest errnos.
 */
#ifndef RUNTIME_HOST_PING_H
#define RUNTIME_HOST_PING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct host_address;
struct host_ping;

/* The most data that a request has behind its header. */
#define HOST_PING_MAX 65500u

/* What came back instead of an answer: type and code of the ICMP packet (of IPv4 or IPv6). */
struct host_ping_error {
    int error;
    uint8_t type, code;
};

struct host_ping_user {
    void (*answered)(void *arg, const struct host_address *from, uint16_t sequence,
                     const void *data, size_t n, uint8_t ttl);
    /* from: who says so; to: where the request went. */
    void (*failed)(void *arg, const struct host_address *from, const struct host_address *to,
                   uint16_t sequence, const struct host_ping_error *error);
    /* After host_ping_close: the last call. Perhaps from inside it. */
    void (*released)(void *arg);
};

/* -L_EACCES: the host does not let its users. -L_EMFILE, -L_ENOMEM, -L_EAGAIN. */
int host_ping_open(bool v6, const struct host_ping_user *user, void *arg, struct host_ping **out);
/* -L_ENETUNREACH and others; -L_ENOBUFS: too many are on the way. */
int host_ping_send(struct host_ping *ping, const struct host_address *to, uint16_t sequence,
                   const void *data, size_t n, uint8_t ttl);
/* Requests leave by the interface of that number from now on, and answers come by it; 0: by any.
 * -L_ENODEV, -L_EACCES. */
int host_ping_set_device(struct host_ping *ping, uint32_t device);
void host_ping_close(struct host_ping *ping);

#endif
