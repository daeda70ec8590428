/*
 * All sockets, for those who show them: /proc/net and sock_diag(7). Lists are made under the locks
 * and belong to the caller, who frees them. 0 or -L_ENOMEM.
 */
#ifndef RUNTIME_NET_CENSUS_H
#define RUNTIME_NET_CENSUS_H

#include "runtime/net/inet.h"

/* Sockets of the network that are bound, as netstat shows them. */
struct inet_row {
    bool v6, v6_only, lite;
    uint8_t state; /* L_TCP_* */
    uint8_t shut;  /* 1: receiving, 2: sending */
    struct inet_end local, remote;
    uint32_t uid, refs;
    uint64_t ino; /* 0: nobody has accepted it yet */
    uint32_t receive, send, drops;
    uint8_t timer; /* 1: to be accepted without data, 3: of a name that stays; 0: none */
    uint64_t timer_ns;
};

int census_inet(bool stream, struct inet_row **rows, unsigned *count);

struct unix_row {
    int type;
    bool listening, connected;
    uint8_t shut;
    uint64_t ino, peer_ino;      /* 0: none */
    uint64_t file_ino, file_dev; /* where it is bound in the file system */
    uint32_t receive, send, refs;
    struct net_address name; /* as getsockname gives it */
};

int census_unix(struct unix_row **rows, unsigned *count);

#endif
