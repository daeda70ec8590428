/*
 * Options of level SOL_SOCKET that every socket keeps and tells (socket(7)), for families without
 * an own use of them: AF_UNIX and netlink. No locks: each is a number that is set and read.
 */
#ifndef RUNTIME_NET_SOCKET_COMMON_H
#define RUNTIME_NET_SOCKET_COMMON_H

#include <stdbool.h>
#include <stdint.h>

struct socket_received;
struct task;

#define SOCKET_COMMON_FLAGS 12u

struct socket_common {
    bool flags[SOCKET_COMMON_FLAGS], linger, timestamp, timestamp_ns;
    uint32_t linger_s, priority, mark, busy_poll, incoming_cpu, receive_low; /* 0: 1 */
    uint64_t pacing_rate;                                                    /* 0: no limit */
};

/* 0, -L_EINVAL, -L_EPERM, -L_EACCES, -L_EOPNOTSUPP; 1: another option. */
int socket_common_set(struct socket_common *common, struct task *t, uint32_t name,
                      const void *value, uint32_t length);
/* The value's size; -L_ENOPROTOOPT: another option. */
int socket_common_get(const struct socket_common *common, uint32_t name, void *value);

/* SO_TIMESTAMP and SO_TIMESTAMPNS, of which the one set last counts. */
void socket_stamp_set(bool *timestamp, bool *timestamp_ns, bool ns, bool on);
/* Adds what they tell. */
void socket_stamp_note(bool timestamp, bool timestamp_ns, uint64_t time_ns,
                       struct socket_received *out);

#endif
