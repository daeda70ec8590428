/* A socket's groups, for the two files that know them: inet_multicast.c and inet_sources.c. */
#ifndef RUNTIME_NET_INET_GROUP_H
#define RUNTIME_NET_INET_GROUP_H

#include "runtime/net/inet.h"

/* Senders that are wanted, or that are not. */
struct inet_sources {
    unsigned count, room;
    uint8_t ip[][16];
};

/* inet_lock guards it. */
struct inet_group {
    struct inet_group *next;     /* of the socket */
    struct inet_group *all_next; /* of all sockets */
    struct inet_end address;
    uint32_t index;
    bool include;                 /* `sources` are those that are wanted, otherwise those not */
    struct inet_sources *sources; /* NULL: never any */
};

/* An interface by number, by an address that it has, or by the way to the group. */
int inet_find_interface(const struct inet_end *group, const struct inet_end *address,
                        uint32_t *index);
/* Where the group at an interface (0: any) is linked; what is there is NULL without one. */
struct inet_group **inet_find_group_locked(struct inet_socket *s, const struct inet_end *group,
                                           uint32_t index);
/* As inet_join: include says what its sources will be. */
int inet_join_as(struct inet_socket *s, const struct inet_end *group,
                 const struct inet_end *address, uint32_t index, bool include);
/* Whether a group that is joined takes what that sender sends. */
bool inet_source_is_wanted(const struct inet_group *group, const struct inet_end *from);

#endif
