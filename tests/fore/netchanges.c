/* Says what becomes of the loopback interface, of addresses of 10.9.8.0/24 and fd00::/64 and of
 * routes to 192.0.2.0/24, as a netlink socket tells it, until the interface is down:
 *   netchanges     says "joined" first */
#include "check.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

static void say(const char *text)
{
    static char last[128];
    if (strcmp(text, last) == 0) /* the kernel tells some things twice */
        return;
    snprintf(last, sizeof(last), "%s", text);
    puts(text);
    fflush(stdout);
}

static bool link_of(const struct nlmsghdr *h)
{
    const struct ifinfomsg *link = NLMSG_DATA(h);
    if (!(link->ifi_flags & IFF_LOOPBACK) || h->nlmsg_type != RTM_NEWLINK)
        return true;
    say(link->ifi_flags & IFF_UP ? "link lo up" : "link lo down");
    return link->ifi_flags & IFF_UP;
}

static void with_ip(const char *what, bool gone, const struct rtattr *a, unsigned n, int type,
                    int family, unsigned prefix)
{
    char ip[64], text[128];
    for (; RTA_OK(a, n); a = RTA_NEXT(a, n)) {
        if (a->rta_type != type || !inet_ntop(family, RTA_DATA(a), ip, sizeof(ip)))
            continue;
        if (strncmp(ip, "10.9.8.", 7) != 0 && strncmp(ip, "fd00:", 5) != 0 &&
            strncmp(ip, "192.0.2.", 8) != 0)
            return;
        snprintf(text, sizeof(text), "%s%s %s/%u", gone ? "no " : "", what, ip, prefix);
        say(text);
        return;
    }
}

static bool message(const struct nlmsghdr *h, unsigned group)
{
    const struct ifaddrmsg *address = NLMSG_DATA(h);
    const struct rtmsg *route = NLMSG_DATA(h);
    switch (h->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
        CHECK_EQ(group, 1u << (RTNLGRP_LINK - 1));
        return link_of(h);
    case RTM_NEWADDR:
    case RTM_DELADDR:
        CHECK_EQ(group, 1u << ((address->ifa_family == AF_INET ? RTNLGRP_IPV4_IFADDR
                                                               : RTNLGRP_IPV6_IFADDR) -
                               1));
        with_ip("address", h->nlmsg_type == RTM_DELADDR, IFA_RTA(address), IFA_PAYLOAD(h),
                IFA_ADDRESS, address->ifa_family, address->ifa_prefixlen);
        break;
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
        if (route->rtm_table == RT_TABLE_MAIN && route->rtm_family == AF_INET)
            with_ip("route", h->nlmsg_type == RTM_DELROUTE, RTM_RTA(route), RTM_PAYLOAD(h), RTA_DST,
                    AF_INET, route->rtm_dst_len);
        break;
    default:
        break;
    }
    return true;
}

int main(void)
{
    static char data[65536];
    struct sockaddr_nl name = {.nl_family = AF_NETLINK,
                               .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE};
    int group = RTNLGRP_IPV6_IFADDR, fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    int other = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), quiet = 0;
    CHECK_OK(bind(fd, (void *)&name, sizeof(name)));
    CHECK_OK(setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)));
    CHECK_OK(setsockopt(other, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)));
    CHECK_OK(setsockopt(other, SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, &group, sizeof(group)));
    say("joined");
    for (bool going = true; going;) {
        struct sockaddr_nl from = {0};
        socklen_t length = sizeof(from);
        ssize_t n = recvfrom(fd, data, sizeof(data), 0, (void *)&from, &length);
        if (!CHECK(n > 0))
            break;
        CHECK_EQ(from.nl_pid, 0);
        for (const struct nlmsghdr *h = (void *)data; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n))
            going = message(h, from.nl_groups) && going;
    }
    quiet = (int)recv(other, data, sizeof(data), MSG_DONTWAIT); /* it has left its group */
    CHECK(quiet < 0 && errno == EAGAIN);
    return check_failed ? 1 : 0;
}
