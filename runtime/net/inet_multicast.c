/*
 * Groups for multicast. They reach guests alone: a datagram for a group is given to each guest's
 * socket that has joined it at the interface where it is sent, and goes nowhere else.
 */
#include "runtime/abi/errno.h"
#include "runtime/host/heap.h"
#include "runtime/net/devices.h"
#include "runtime/net/inet_group.h"
#include <string.h>

/* net.ipv4.igmp_max_memberships; of IPv6 Linux counts memory. */
#define GROUPS_MOST_V4 20u
#define GROUPS_MOST_V6 400u

static struct inet_group *all; /* inet_lock */

/* The interface that a group is joined at when none is named. */
static int default_index(const struct host_network *network, const struct inet_end *group,
                         uint32_t *index)
{
    struct devices_way way;
    int error = devices_way(network, group->ip, &way);
    if (!error)
        *index = way.index;
    return error ? -L_ENODEV : 0;
}

/* Which interface has an address; 0: none. */
static uint32_t index_of(const struct host_network *network, const struct inet_end *address)
{
    for (unsigned i = 0; i < network->address_count; i++) {
        if (memcmp(network->addresses[i].ip, address->ip, sizeof(address->ip)) == 0)
            return network->addresses[i].index;
    }
    return 0;
}

int inet_find_interface(const struct inet_end *group, const struct inet_end *address,
                        uint32_t *index)
{
    struct host_network network;
    if (*index == INET_LOOPBACK_INDEX)
        return 0;
    if (!*index && address && inet_is_loopback(address)) {
        *index = INET_LOOPBACK_INDEX;
        return 0;
    }
    int error = devices_read(&network);
    if (error)
        return error;
    if (*index) {
        error = devices_by_index(&network, *index) ? 0 : -L_ENODEV;
    } else if (address && !inet_is_any(address)) {
        *index = index_of(&network, address);
        error = *index ? 0 : -L_ENODEV;
    } else {
        error = default_index(&network, group, index);
    }
    host_network_free(&network);
    return error;
}

struct inet_group **inet_find_group_locked(struct inet_socket *s, const struct inet_end *group,
                                           uint32_t index)
{
    struct inet_group **link = &s->groups;
    while (*link && (!inet_same_ip(&(*link)->address, group) || (index && (*link)->index != index)))
        link = &(*link)->next;
    return link;
}

static int join_locked(struct inet_socket *s, struct inet_group *group)
{
    bool v4 = inet_is_v4(&group->address);
    if (*inet_find_group_locked(s, &group->address, group->index))
        return -L_EADDRINUSE;
    if (s->group_count >= (v4 ? GROUPS_MOST_V4 : GROUPS_MOST_V6))
        return v4 ? -L_ENOBUFS : -L_ENOMEM;
    group->next = s->groups;
    s->groups = group;
    s->group_count++;
    group->all_next = all;
    all = group;
    return 0;
}

static void forget_locked(struct inet_group *group)
{
    struct inet_group **link = &all;
    while (*link != group)
        link = &(*link)->all_next;
    *link = group->all_next;
}

int inet_join(struct inet_socket *s, const struct inet_end *group, const struct inet_end *address,
              uint32_t index)
{
    return inet_join_as(s, group, address, index, false);
}

int inet_join_as(struct inet_socket *s, const struct inet_end *group,
                 const struct inet_end *address, uint32_t index, bool include)
{
    if (!inet_is_multicast(group))
        return -L_EINVAL;
    int error = inet_find_interface(group, address, &index);
    struct inet_group *made = error ? NULL : calloc(1, sizeof(*made));
    if (!made)
        return error ? error : -L_ENOBUFS;
    made->address = *group;
    made->index = index;
    made->include = include;
    host_mutex_lock(&inet_lock);
    error = join_locked(s, made);
    host_mutex_unlock(&inet_lock);
    if (error)
        free(made);
    return error;
}

int inet_leave(struct inet_socket *s, const struct inet_end *group, const struct inet_end *address,
               uint32_t index)
{
    if (!inet_is_multicast(group))
        return inet_is_v4(group) ? -L_EADDRNOTAVAIL : -L_EINVAL;
    if (!index && address && !inet_is_any(address) && inet_find_interface(group, address, &index))
        return -L_ENODEV;
    host_mutex_lock(&inet_lock);
    struct inet_group **link = inet_find_group_locked(s, group, index), *left = *link;
    if (left) {
        *link = left->next;
        s->group_count--;
        forget_locked(left);
    }
    host_mutex_unlock(&inet_lock);
    if (left)
        free(left->sources);
    free(left);
    return left ? 0 : -L_EADDRNOTAVAIL;
}

void inet_leave_all(struct inet_socket *s)
{
    host_mutex_lock(&inet_lock);
    struct inet_group *list = s->groups;
    for (struct inet_group *g = list; g; g = g->next)
        forget_locked(g);
    s->groups = NULL;
    s->group_count = 0;
    host_mutex_unlock(&inet_lock);
    while (list) {
        struct inet_group *next = list->next;
        free(list->sources);
        free(list);
        list = next;
    }
}

int inet_multicast_interface(struct inet_socket *s, bool v4, const struct inet_end *address,
                             uint32_t index)
{
    bool none = !index && (!address || inet_is_any(address));
    int error = none ? 0 : inet_find_interface(NULL, address, &index);
    if (error)
        return v4 && !index ? -L_EADDRNOTAVAIL : error;
    host_mutex_lock(&inet_lock);
    if (v4) {
        s->group_index = index;
        inet_set_any(&s->group_source, true);
        if (address)
            s->group_source = *address;
    } else {
        s->group_index6 = index;
    }
    host_mutex_unlock(&inet_lock);
    return 0;
}

bool inet_group_takes_locked(const struct inet_socket *s, const struct inet_end *from,
                             const struct inet_end *group, uint32_t index)
{
    bool known = false,
         everything = inet_is_v4(group) ? s->options.multicast_all : s->options.multicast_all6;
    for (const struct inet_group *g = s->groups; g; g = g->next) {
        if (inet_same_ip(&g->address, group) && g->index == index)
            return inet_source_is_wanted(g, from);
    }
    for (const struct inet_group *g = all; g && !known; g = g->all_next)
        known =
            inet_same_ip(&g->address, group) && g->index == index && inet_source_is_wanted(g, from);
    return known && everything;
}

uint32_t inet_group_way(const struct inet_socket *s, const struct inet_end *group)
{
    struct host_network network;
    host_mutex_lock(&inet_lock);
    uint32_t index = inet_is_v4(group) ? s->group_index : s->group_index6;
    if (s->options.device)
        index = s->options.device;
    host_mutex_unlock(&inet_lock);
    if (index == INET_LOOPBACK_INDEX && !inet_is_v4(group))
        return 0; /* no route of IPv6 for groups leads to the loopback */
    if (index || devices_read(&network))
        return index;
    if (default_index(&network, group, &index))
        index = 0;
    host_network_free(&network);
    return index;
}

/* --- options --- */

/* What of a struct ip_mreqn was given: the interface by its address, or by number. */
static int set_v4(struct inet_socket *s, uint32_t name, const uint8_t *data, uint32_t length)
{
    struct inet_end group = {.port = 0}, address = {.port = 0};
    uint32_t index = 0;
    inet_set_any(&group, true);
    inet_set_any(&address, true);
    bool interface = name == L_IP_MULTICAST_IF;
    if (length < (interface ? 4 : sizeof(struct l_ip_mreq)))
        return -L_EINVAL;
    if (length >= sizeof(struct l_ip_mreqn))
        memcpy(&index, data + offsetof(struct l_ip_mreqn, imr_ifindex), sizeof(index));
    if (length >= sizeof(struct l_ip_mreq)) {
        memcpy(group.ip + 12, data, 4);
        memcpy(address.ip + 12, data + 4, 4);
    } else {
        memcpy(address.ip + 12, data, 4);
    }
    if (interface)
        return inet_multicast_interface(s, true, &address, index);
    return name == L_IP_ADD_MEMBERSHIP ? inet_join(s, &group, &address, index)
                                       : inet_leave(s, &group, &address, index);
}

static int set_v6(struct inet_socket *s, uint32_t name, const uint8_t *data, uint32_t length)
{
    struct inet_end group = {.port = 0};
    uint32_t index;
    if (name == L_IPV6_MULTICAST_IF) {
        if (length < sizeof(index))
            return -L_EINVAL;
        memcpy(&index, data, sizeof(index));
        return inet_multicast_interface(s, false, NULL, index);
    }
    if (length < sizeof(struct l_ipv6_mreq))
        return -L_EINVAL;
    memcpy(group.ip, data, sizeof(group.ip));
    memcpy(&index, data + sizeof(group.ip), sizeof(index));
    return name == L_IPV6_ADD_MEMBERSHIP ? inet_join(s, &group, NULL, index)
                                         : inet_leave(s, &group, NULL, index);
}

/* MCAST_JOIN_GROUP and MCAST_LEAVE_GROUP: the address is of the level's family. */
static int set_any(struct inet_socket *s, uint32_t level, uint32_t name, const uint8_t *data,
                   uint32_t length)
{
    struct net_address address = {.length = sizeof(address.bytes)};
    struct inet_end group;
    uint32_t index;
    if (length < L_GROUP_REQ_SIZE)
        return -L_EINVAL;
    memcpy(&index, data, sizeof(index));
    memcpy(address.bytes, data + L_GROUP_REQ_SIZE - sizeof(address.bytes), sizeof(address.bytes));
    if (address.family != (level == L_IPPROTO_IP ? L_AF_INET : L_AF_INET6) ||
        inet_parse(level == L_IPPROTO_IPV6, false, &address, &group))
        return -L_EINVAL;
    return name == L_MCAST_JOIN_GROUP ? inet_join(s, &group, NULL, index)
                                      : inet_leave(s, &group, NULL, index);
}

int inet_set_group_option(struct inet_socket *s, uint32_t level, uint32_t name, const void *data,
                          uint32_t length)
{
    bool v4 = level == L_IPPROTO_IP, v6 = level == L_IPPROTO_IPV6 && s->v6;
    bool either = (v4 || v6) && (name == L_MCAST_JOIN_GROUP || name == L_MCAST_LEAVE_GROUP);
    bool member4 = v4 && (name == L_IP_ADD_MEMBERSHIP || name == L_IP_DROP_MEMBERSHIP);
    bool member6 = v6 && (name == L_IPV6_ADD_MEMBERSHIP || name == L_IPV6_DROP_MEMBERSHIP);
    if (s->stream && v4 && name == L_IP_MULTICAST_IF)
        return -L_EINVAL;
    if (s->stream && member4)
        return -L_EPROTO;
    if (s->stream && member6)
        return length < sizeof(struct l_ipv6_mreq) ? -L_EINVAL : -L_EPROTO;
    if (s->stream && v6 && name == L_IPV6_MULTICAST_IF)
        return -L_ENOPROTOOPT;
    if (either)
        return set_any(s, level, name, data, length);
    int source = inet_set_source_option(s, level, name, data, length);
    if (source <= 0)
        return source;
    if (member4 || (v4 && name == L_IP_MULTICAST_IF))
        return set_v4(s, name, data, length);
    if (member6 || (v6 && name == L_IPV6_MULTICAST_IF))
        return set_v6(s, name, data, length);
    return 1;
}
