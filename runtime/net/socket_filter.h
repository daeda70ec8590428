/*
 * Filters of sockets (SO_ATTACH_FILTER, socket(7)): a program of classic BPF that looks at each
 * packet before it is queued, and says how much of it is kept.
 *
 * A filter is part of a socket. The functions lock for themselves and may be called with a family's
 * lock held, but socket_filter_set and socket_filter_get, which reach guest memory: without locks.
 * Errors are negative guest errnos.
 */
#ifndef RUNTIME_NET_SOCKET_FILTER_H
#define RUNTIME_NET_SOCKET_FILTER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_program;
struct task;

struct socket_filter {
    _Atomic(struct bpf_program *) program; /* NULL: none */
    atomic_bool locked;                    /* SO_LOCK_FILTER */
};

/* A packet as a filter sees it. Behind a header of the link, which is made up, come that of the
 * network, that of the transport and the data; offset 0 is the transport's header. */
#define SOCKET_HEADERS_MAX 80u
struct socket_packet {
    uint16_t protocol;          /* of the link: ETH_P_* */
    uint8_t interface;          /* its number; 0: none */
    uint8_t network, transport; /* lengths of the headers */
    uint8_t headers[SOCKET_HEADERS_MAX];
    const uint8_t *data;
    size_t n;
};

/* How many bytes of the packet, its transport's header among them, are kept; negative: it is
 * dropped. All when there is no filter. */
int64_t socket_filter_keeps(struct socket_filter *filter, const struct socket_packet *packet);
/* The same of data alone. */
int64_t socket_filter_keeps_data(struct socket_filter *filter, const void *data, size_t n);
/* What a program says of a packet, and whether there is one. */
bool socket_filter_run(struct socket_filter *filter, const struct socket_packet *packet,
                       uint32_t *out);
/* What is cheap to ask before a packet is made. */
static inline bool socket_filter_is_set(struct socket_filter *filter)
{
    return atomic_load(&filter->program) != NULL;
}

/* Options of level SOL_SOCKET about filters; 1: another option. */
int socket_filter_set(struct socket_filter *filter, struct task *t, uint32_t name,
                      const void *value, uint32_t length);
/* SO_GET_FILTER: the instructions go to the guest at `address` when `room` says that there is room
 * for them; their number. */
int socket_filter_get(struct socket_filter *filter, struct task *t, uint64_t address,
                      uint32_t room);
/* A program out of the guest in place of what is there: as SO_ATTACH_FILTER. */
int socket_filter_attach(struct socket_filter *filter, struct task *t, const void *value,
                         uint32_t length);
/* A descriptor of a program of bpf(2): there is none. */
int socket_filter_attach_other(struct socket_filter *filter, struct task *t, const void *value,
                               uint32_t length);
/* `to`, which is empty, has the same. */
void socket_filter_copy(struct socket_filter *to, struct socket_filter *from);
void socket_filter_free(struct socket_filter *filter);

#endif
