/*
 * What of a socket is at the host: a connection, a listener, or a port for datagrams that leave.
 *
 * A link joins one inet_socket with one socket of the host; it outlives the former until what was
 * sent is on its way. inet_lock guards it; the functions are called without the lock, as they call
 * the host's, whose own lock comes before.
 */
#ifndef RUNTIME_NET_INET_HOST_H
#define RUNTIME_NET_INET_HOST_H

#include "runtime/net/inet.h"

struct host_socket;

struct inet_link {
    atomic_uint refs;      /* the host's one, and those of calls that run */
    struct inet_socket *s; /* referenced; s->link, or an older one of it */
    struct host_socket *host;
    struct inet_queue out;
    bool starved; /* the host's thread found no room */
    bool direct;  /* who receives takes it from the host, whose thread says only that it is there */
    bool left;    /* and may not have taken all of it */
    bool closed;  /* what it still has is counted */
    bool gone;    /* nothing of it is at the host any more */
    atomic_uint mark; /* inet_host_mark_of */
    struct waitq going;
};

/* Whether guests may leave this process. */
bool inet_host_allowed(void);
void inet_host_forbid(void);

/* s, which is INET_CONNECTING, connects to s->remote: it becomes INET_CONNECTED or INET_OVER some
 * time. A negative errno when that fails at once. */
int inet_host_connect(struct inet_socket *s);
/* A listener is to be found at the host's loopback as well. -L_EADDRINUSE; where the host refuses
 * for another reason, guests alone find it. */
int inet_host_listen(struct inet_socket *s);
/* s has bytes to send, room again, room for one more connection. */
void inet_host_send(struct inet_socket *s);
void inet_host_receive(struct inet_socket *s);
/* What has come for the stream s so far is in its queue, its end and a reset are known. */
void inet_host_look(struct inet_socket *s);
/* For a thread that receives and found the queue empty: up to n bytes straight from the host. 0:
 * there is nothing; -1: s has changed. */
int64_t inet_host_take(struct inet_socket *s, void *data, size_t n);
/* It is going to wait, until inet_host_offers_locked or something is in the queue. */
void inet_host_await(struct inet_socket *s);
/* Whether it is to take, or to begin waiting anew, since others that wait may have taken. */
bool inet_host_offers_locked(const struct inet_socket *s);
/* The host finds out as the options of s say whether the other side is still there. */
void inet_host_tune(struct inet_socket *s);
/* What packets of s have: the time to live above a byte of the type of service; 0: what every
 * socket has at first. how: of a datagram that says so itself, or NULL. */
#define INET_HOPS_FIRST 64u
uint32_t inet_host_mark_of(const struct inet_socket *s, bool v4, const struct inet_how *how);
/* A socket of the host has that, when it had another. */
void inet_host_apply_mark(struct host_socket *host, atomic_uint *mark, uint32_t wanted);
/* Whether datagrams of s that come back from the host are to be told of (IP_RECVERR, IPV6_RECVERR);
 * that has become so. */
bool inet_host_wants_returned(const struct inet_socket *s, bool v4);
void inet_host_want_returned(struct inet_socket *s);
/* SO_BINDTODEVICE: whether the host lets its user (-L_EPERM); what s has at the host is to be of
 * s->options.device from now on. */
int inet_host_may_use(uint32_t device);
void inet_host_move(struct inet_socket *s);
/* The options of a stream about that may have changed; datagrams have it when they are sent. */
void inet_host_mark(struct inet_socket *s);
/* The two links of s are given up. */
void inet_host_finish(struct inet_socket *s);
void inet_host_close(struct inet_socket *s, bool reset);
/* As inet_host_close, but it waits up to the deadline until what was sent has arrived, as far as
 * the host tells, or a signal comes. */
void inet_host_close_lingering(struct inet_socket *s, uint64_t deadline_ns);
/* Waits until what closed sockets had is sent, as long as some of it is within idle_ns. Returns the
 * bytes that are left. inet_host_hurry ends that, now and from now on. */
uint64_t inet_host_drain(uint64_t idle_ns);
void inet_host_hurry(void);
/* A datagram for somebody who is not in this process. */
int inet_host_send_to(struct inet_socket *s, const void *data, size_t n, const struct inet_end *to,
                      const struct inet_how *how);
/* A datagram socket's destination is at the host (NULL: nowhere any more). */
int inet_host_connect_datagram(struct inet_socket *s, const struct inet_end *to);

#endif
