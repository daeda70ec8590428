/*
 * What sockets of both hosts have: addresses as the host has them, the state, and what follows from
 * it alone (socket.c). Only for socket.c here and in the hosts' folders.
 */
#ifndef RUNTIME_HOST_SOCKET_BASE_H
#define RUNTIME_HOST_SOCKET_BASE_H

#ifdef _WIN32
#include <winsock2.h>
/* After winsock2.h. */
#include <ws2tcpip.h>
#else
#include <netinet/in.h>
#include <sys/socket.h>
#endif

#include "runtime/host/lock.h"
#include "runtime/host/socket.h"

/* The first member of each host's struct host_socket. */
struct socket_base {
    struct host_mutex lock; /* for the whole socket */
    const struct host_socket_user *user;
    void *arg;
    bool datagram, v6, listening, connecting, connected;
    bool ended;     /* nothing more is received */
    bool failed;    /* nothing more is sent */
    bool finishing; /* nothing follows what is to be sent */
    bool closing;
    bool dead; /* the host has none any more */
};

union socket_address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

/* The length of *out. */
socklen_t socket_to_host(const struct host_address *address, bool v6, union socket_address *out);
void socket_from_host(const union socket_address *from, struct host_address *out);

/* --- socket.c; with the lock --- */

/* A stream from which something may come. */
static inline bool socket_is_open(const struct socket_base *b)
{
    return b->connected && !b->ended && !b->closing;
}

/* Nothing goes on; the user is told, once. */
void socket_fail(struct host_socket *s, int error);

/* --- the hosts'; with the lock --- */

/* Ends it: the pump's thread releases it when nothing of it is on its way any more. */
void socket_die(struct host_socket *s);
/* Sends what there is to be sent, as far as it goes now, and does what was to follow. */
void socket_flush(struct host_socket *s);
/* A listener's connection has a user now, and is to be waited for. */
void socket_started(struct host_socket *s);
/* Its end is to be a reset. */
void socket_resets(struct host_socket *s);
int socket_name_of(struct host_socket *s, struct host_address *out);
/* Of a stream that is open. A count; 0: nothing is there; -1: it has ended. */
int64_t socket_receive(struct host_socket *s, void *bytes, size_t n);

#endif
