/*
 * What sockets of the network have done since the start, as /proc/net/snmp and snmp6 tell it (RFC
 * 4022, RFC 4113). Bytes that are handed over at once are a segment; there are none of handshakes
 * and ends, and what the host does with its own is not known. Without locks.
 */
#ifndef RUNTIME_NET_COUNTS_H
#define RUNTIME_NET_COUNTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum net_count {
    TCP_ACTIVE_OPENS,
    TCP_PASSIVE_OPENS,
    TCP_ATTEMPT_FAILS,
    TCP_ESTAB_RESETS,
    TCP_IN_SEGMENTS,
    TCP_OUT_SEGMENTS,
    TCP_OUT_RESETS,
    /* Of UDP over IPv4; the others follow (net_count_of). */
    UDP_IN,
    UDP_NO_PORTS,
    UDP_OUT,
    UDP_NO_ROOM,
    UDP_KINDS = UDP_NO_ROOM - UDP_IN + 1,
    NET_COUNTS = UDP_IN + 4 * UDP_KINDS
};

extern _Atomic uint64_t net_counts[NET_COUNTS];

static inline void net_count(enum net_count which)
{
    atomic_fetch_add_explicit(&net_counts[which], 1, memory_order_relaxed);
}

/* which: UDP_*. */
static inline enum net_count net_count_of(enum net_count which, bool v6, bool lite)
{
    return which + (enum net_count)UDP_KINDS * ((v6 ? 1u : 0) + (lite ? 2u : 0));
}

static inline uint64_t net_counted(enum net_count which)
{
    return atomic_load_explicit(&net_counts[which], memory_order_relaxed);
}

#endif
