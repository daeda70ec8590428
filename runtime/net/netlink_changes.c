/* What becomes of the host's network, for the groups of NETLINK_ROUTE: it is read anew whenever it
 * may be otherwise, and compared. */
#include "runtime/host/lock.h"
#include "runtime/host/log.h"
#include "runtime/net/devices.h"
#include "runtime/net/inet_host.h"
#include "runtime/net/netlink.h"
#include <string.h>

#define BIT(group) ((uint64_t)1 << ((group)-1))
#define FOLLOWED                                                                                   \
    (BIT(L_RTNLGRP_LINK) | BIT(L_RTNLGRP_IPV4_IFADDR) | BIT(L_RTNLGRP_IPV6_IFADDR) |               \
     BIT(L_RTNLGRP_IPV4_ROUTE) | BIT(L_RTNLGRP_IPV6_ROUTE))

static struct host_mutex changes_lock = HOST_MUTEX_INIT(RANK_NETWORK_CHANGES);
static struct host_network known; /* changes_lock */
static bool following;            /* changes_lock */

static const struct l_nlmsghdr unasked; /* messages are answers to nothing */

static struct netlink_answer begin(bool gone)
{
    return (struct netlink_answer){.question = &unasked, .gone = gone};
}

static bool is_v4(const uint8_t ip[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(ip, mapped, sizeof(mapped)) == 0;
}

/* --- what is the same --- */

static bool same_link(const struct host_interface *a, const struct host_interface *b)
{
    return a->index == b->index && a->flags == b->flags && a->mtu == b->mtu &&
           a->hardware == b->hardware && a->queue == b->queue &&
           a->address_length == b->address_length && !strcmp(a->name, b->name) &&
           !memcmp(a->address, b->address, a->address_length);
}

static bool same_address(const struct host_interface_address *a,
                         const struct host_interface_address *b)
{
    return a->index == b->index && a->prefix == b->prefix && a->scope == b->scope &&
           !memcmp(a->ip, b->ip, sizeof(a->ip)) && a->has_broadcast == b->has_broadcast &&
           (!a->has_broadcast || !memcmp(a->broadcast, b->broadcast, sizeof(a->broadcast)));
}

static bool same_route(const struct host_route *a, const struct host_route *b)
{
    return a->index == b->index && a->prefix == b->prefix && a->metric == b->metric &&
           !memcmp(a->to, b->to, sizeof(a->to)) && a->has_gateway == b->has_gateway &&
           (!a->has_gateway || !memcmp(a->gateway, b->gateway, sizeof(a->gateway)));
}

static bool has_address(const struct host_network *n, const struct host_interface_address *wanted)
{
    for (unsigned i = 0; i < n->address_count; i++) {
        if (same_address(&n->addresses[i], wanted))
            return true;
    }
    return false;
}

static bool has_route(const struct host_network *n, const struct host_route *wanted)
{
    for (unsigned i = 0; i < n->route_count; i++) {
        if (same_route(&n->routes[i], wanted))
            return true;
    }
    return false;
}

/* --- telling --- */

static void tell_link(const struct host_interface *i, bool gone)
{
    struct netlink_answer answer = begin(gone);
    netlink_tell_link(&answer, i);
    netlink_tell_group(L_RTNLGRP_LINK, &answer);
}

static void tell_links(const struct host_network *old, const struct host_network *now)
{
    for (unsigned i = 0; i < now->interface_count; i++) {
        const struct host_interface *link = &now->interfaces[i];
        const struct host_interface *before = devices_by_index(old, link->index);
        if (!before || !same_link(before, link))
            tell_link(link, false);
    }
}

static void tell_lost_links(const struct host_network *old, const struct host_network *now)
{
    for (unsigned i = 0; i < old->interface_count; i++) {
        if (!devices_by_index(now, old->interfaces[i].index))
            tell_link(&old->interfaces[i], true);
    }
}

/* Those of one that the other has not. */
static void tell_addresses(const struct host_network *of, const struct host_network *other,
                           bool gone)
{
    for (unsigned i = 0; i < of->address_count; i++) {
        const struct host_interface_address *a = &of->addresses[i];
        bool v4 = is_v4(a->ip);
        if (has_address(other, a))
            continue;
        struct netlink_answer address = begin(gone), route = begin(gone);
        netlink_tell_address(&address, of, a);
        netlink_tell_group(v4 ? L_RTNLGRP_IPV4_IFADDR : L_RTNLGRP_IPV6_IFADDR, &address);
        netlink_tell_local(&route, a);
        netlink_tell_group(v4 ? L_RTNLGRP_IPV4_ROUTE : L_RTNLGRP_IPV6_ROUTE, &route);
    }
}

static void tell_routes(const struct host_network *of, const struct host_network *other, bool gone)
{
    for (unsigned i = 0; i < of->route_count; i++) {
        const struct host_route *r = &of->routes[i];
        if (has_route(other, r))
            continue;
        struct netlink_answer answer = begin(gone);
        netlink_tell_route(&answer, of, r);
        netlink_tell_group(is_v4(r->to) ? L_RTNLGRP_IPV4_ROUTE : L_RTNLGRP_IPV6_ROUTE, &answer);
    }
}

static void changed(void)
{
    struct host_network now;
    host_mutex_lock(&changes_lock);
    if (!devices_read(&now)) {
        tell_links(&known, &now);
        tell_routes(&known, &now, true);
        tell_addresses(&known, &now, true);
        tell_lost_links(&known, &now);
        tell_addresses(&now, &known, false);
        tell_routes(&now, &known, false);
        host_network_free(&known);
        known = now;
    }
    host_mutex_unlock(&changes_lock);
}

void netlink_changes_follow(uint64_t groups)
{
    if (!(groups & FOLLOWED) || !inet_host_allowed())
        return;
    bool watched = true;
    host_mutex_lock(&changes_lock);
    if (!following) {
        following = true;
        watched = host_network_watch(changed);
        /* Whatever is told waits for this: it is a difference. */
        if (devices_read(&known))
            memset(&known, 0, sizeof(known));
    }
    host_mutex_unlock(&changes_lock);
    if (!watched)
        host_log("changes of the host's network are not seen");
}
