/*
 * Sockets of the host, and the one thread that moves their bytes: the pump.
 *
 * Who uses a socket is told what happens by callbacks. They run on the pump's thread, or on that
 * which calls a function below; they may take locks (of ranks after HOST_SOCKET) and must not wait.
 * No function waits, but for what the host's open, bind and listen take. None may be called with a
 * lock held that a callback takes, nor by a callback of the same socket.
 *
 * Addresses of IPv4 are kept as ::ffff:a.b.c.d; a socket is of one family. Errors are negative
 * guest errnos.
 */
#ifndef RUNTIME_HOST_SOCKET_H
#define RUNTIME_HOST_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct host_socket;

struct host_address {
    uint8_t ip[16];
    uint16_t port;
    uint32_t scope; /* of link-local addresses */
};

/* The most that a datagram has. */
#define HOST_DATAGRAM_MAX 65536u

/* A datagram that came back (RFC 792, RFC 4443); numbers as struct l_sock_extended_err has them. */
struct host_returned {
    int error; /* negative guest errno */
    uint8_t origin, type, code;
    uint32_t info;
    struct host_address to;
    bool has_offender;
    struct host_address offender; /* who says so */
    const void *bytes;            /* what is known of its data */
    size_t n;
};

struct host_socket_user {
    /* Of a stream: host_socket_connect has ended; local: its own name, NULL with an error. */
    void (*connected)(void *arg, int error, const struct host_address *local);
    /* How much may be given to received; of a listener: whether a connection is taken. 0: not now,
     * host_socket_receive says when. */
    size_t (*room)(void *arg);
    void (*received)(void *arg, const void *bytes, size_t n);
    /* Of a stream: whether nothing is left of what was received; asked by host_socket_take. */
    bool (*drained)(void *arg);
    /* No more is received. 0: the other side sends no more; an error may still follow. Of a
     * datagram socket: an error that came back, and it goes on. Of a listener: a connection waits
     * that cannot be taken
     * (-L_ENFILE); host_socket_receive tries again. */
    void (*ended)(void *arg, int error);
    /* What is to be sent, of a stream: bytes that stay where they are until as many were sent. NULL
     * for none. */
    const void *(*next)(void *arg, size_t *n);
    void (*sent)(void *arg, size_t n);
    void (*datagram)(void *arg, const void *bytes, size_t n, const struct host_address *from);
    /* Of a datagram socket after host_socket_want_returned; ended is not called for it. */
    void (*returned)(void *arg, const struct host_returned *what);
    /* Of a listener. The new socket does nothing before host_socket_start. */
    void (*accepted)(void *arg, struct host_socket *made, const struct host_address *local,
                     const struct host_address *peer);
    /* After host_socket_close: the last call, not from inside one of the functions below. From now
     * on host_socket_free may be called. */
    void (*released)(void *arg);
};

/* -L_EMFILE, -L_ENOBUFS, -L_EAFNOSUPPORT, -L_EAGAIN (no thread). */
int host_socket_open(bool datagram, bool v6, const struct host_socket_user *user, void *arg,
                     struct host_socket **out);
/* reuse: as SO_REUSEADDR on Linux; on Windows others may not have the address without it. */
int host_socket_bind(struct host_socket *s, const struct host_address *address, bool reuse);
int host_socket_listen(struct host_socket *s, int backlog);
/* A stream: begins, unless it fails at once. A datagram socket: at once; NULL ends it. */
int host_socket_connect(struct host_socket *s, const struct host_address *address);
/* A connection that a listener gave. */
void host_socket_start(struct host_socket *s, const struct host_socket_user *user, void *arg);
/* There is something to send; there is room again, and what waits at the host is received before
 * this returns. */
void host_socket_send(struct host_socket *s);
void host_socket_receive(struct host_socket *s);
/* The same, but room is asked again only when something has come. */
void host_socket_await(struct host_socket *s);
/* Gives what waits at the host to who has nothing left of what was received. 0: nothing is there;
 * -1: there is more to take of what was received, or ended has been called. */
int64_t host_socket_take(struct host_socket *s, void *bytes, size_t n);
/* Of a stream that has received the end: calls ended when the other side has reset it since. Linux
 * tells of that unasked, Windows in no other way. */
void host_socket_check(struct host_socket *s);
/* A datagram, to whom the socket is connected when address is NULL. */
int host_socket_send_to(struct host_socket *s, const void *bytes, size_t n,
                        const struct host_address *address);
/* From now on the user is told of datagrams that come back, and from whom, and not only when the
 * socket is connected. Windows tells of those of connected sockets alone, and neither their data
 * nor who says so: that the port is not reached is said by the other side itself. */
void host_socket_want_returned(struct host_socket *s);
/* The other side is told that nothing follows, once all is sent. */
void host_socket_finish(struct host_socket *s);
/* What is still to be sent is sent, unless reset: then the other side sees a reset. An address is
 * free at once. Functions that are called afterwards, on other threads, do nothing or fail. */
void host_socket_close(struct host_socket *s, bool reset);
/* Before host_socket_close: then `released` is called when the other side has acknowledged all that
 * was sent, or so many seconds after it was sent; a thread of its own waits for that. Windows
 * tells of it for what it had not taken yet; and when many wait already, it is called as ever. */
void host_socket_linger(struct host_socket *s, unsigned seconds);
/* The memory, which stays for such calls. A listener's connection that nobody started needs none.
 */
void host_socket_free(struct host_socket *s);
/* How a stream finds out that the other side has vanished: as Linux's SO_KEEPALIVE, TCP_KEEPIDLE,
 * TCP_KEEPINTVL, TCP_KEEPCNT and TCP_USER_TIMEOUT (0: the host's own). What the host lacks of that
 * stays as it has it. */
struct host_tuning {
    bool keepalive;
    uint32_t idle_s, interval_s, count, user_timeout_ms;
};
void host_socket_tune(struct host_socket *s, const struct host_tuning *tuning);
/* Only what comes and goes by the interface of that number is the socket's from now on; 0: by any.
 * Before it is bound: Windows minds the address that it is bound to then. -L_ENODEV, -L_EPERM. */
int host_socket_set_device(struct host_socket *s, uint32_t device);
/* Whether the host lets its user do that. 0, -L_EPERM, or what opening a socket gives. */
int host_socket_may_use(uint32_t device);
/* What packets of the socket have for a time to live (hop limit) and a type of service (traffic
 * class), as far as the host lets: Windows leaves the latter to its administrators (QOSSetFlow with
 * QOSSetOutgoingDSCPValue). */
void host_socket_mark(struct host_socket *s, unsigned hops, unsigned service);
int host_socket_name(struct host_socket *s, struct host_address *out);

#endif
