/*
 * Addresses of the host that guests are bound to: a host's socket for each, shared by all guests
 * that have the address together, so that whoever holds a port, guest or program of the host, is
 * seen by the other.
 *
 * A guest that is bound to any address has the host's loopback of both families, or with
 * inet_port_open_lan any address of the host. What comes in goes to the guest that inet_names.c
 * finds.
 *
 * inet_lock guards the list and what a socket has; an own lock, which comes before the host's
 * sockets', is held while an address is taken or given back, so that one is free again when that
 * returns.
 */
#ifndef RUNTIME_NET_INET_PORT_H
#define RUNTIME_NET_INET_PORT_H

#include "runtime/host/socket.h"
#include "runtime/net/inet.h"

struct inet_port;

/* Guests bound to any address are found by other machines as well. Before the first guest runs. */
void inet_port_open_lan(void);

/* s, which has a name, takes the host's addresses of that name; a port that nobody asked for is
 * given anew while the host has it. -L_EADDRINUSE. Where the host refuses for another reason guests
 * alone find it. */
int inet_port_take(struct inet_socket *s);
/* A stream that has taken them listens there. */
int inet_port_listen(struct inet_socket *s);
/* The addresses that s has are to be those of another interface (SO_BINDTODEVICE). */
void inet_port_move(struct inet_socket *s);
/* Whether s, a stream, has that address at the host for itself or listens there: when none of the
 * guests takes a connection, nobody of the host's would. */
bool inet_port_is_whole_locked(const struct inet_socket *s, const struct inet_end *to);
/* There is room for one more connection. */
void inet_port_receive(struct inet_socket *s);
/* Gives back what s has, unless it still has its name. */
void inet_port_give_back(struct inet_socket *s);
/* Gives back what s has though it keeps its name: its connection leaves from there. */
void inet_port_hand_over(struct inet_socket *s);

/* The address from which a datagram of s to another leaves, referenced; NULL: s has none for it. */
struct inet_port *inet_port_for(struct inet_socket *s, const struct inet_end *to);
/* joined: to whom s is connected. */
int inet_port_send(struct inet_port *port, struct inet_socket *s, const void *data, size_t n,
                   const struct inet_end *to, bool joined, const struct inet_how *how);
/* Errors that come back to s are to be told of, where it has asked for that. */
void inet_port_want_returned(struct inet_socket *s);
/* s, which nobody shares it with, takes datagrams and errors of one sender alone; NULL: of all. */
int inet_port_join(struct inet_port *port, struct inet_socket *s, const struct inet_end *to);
void inet_port_put(struct inet_port *port);

/* inet_host.c: addresses, and a connection that came for a listener. */
struct host_address inet_to_host(const struct inet_end *end);
struct inet_end inet_from_host(const struct host_address *address);
void inet_host_accepted(struct inet_socket *listener, struct host_socket *made,
                        const struct inet_end *local, const struct inet_end *peer);

#endif
