/*
 * What is counted per user (real user id), beside processes: things that outlive the process that
 * made them. Root and others are counted alike; whether a limit holds for a user is the caller's
 * business.
 *
 * Counters are atomic. A record lives as long as somebody counts on it.
 */
#ifndef RUNTIME_TASK_USER_H
#define RUNTIME_TASK_USER_H

#include <stdatomic.h>
#include <stdint.h>

struct user {
    struct user *next;
    uint32_t uid, refs;
    atomic_uint in_flight;       /* descriptors sent over sockets and not received yet */
    _Atomic uint64_t pipe_pages; /* that the user's pipes may fill */
};

/* With a reference; NULL: no memory. Takes a lock of its own, the last of all. */
struct user *user_find(uint32_t uid);
struct user *user_get(struct user *user);
/* NULL is ignored. */
void user_put(struct user *user);

#endif
