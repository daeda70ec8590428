/* Multicast over the loopback: joining and leaving, who gets a datagram, where it comes from. */
#include "inet.h"

#define GROUP6 "ff01::7766"

/* Groups that no other run of this has. */
static char group[32], other[32];

static int member(const char *bound, uint16_t *port)
{
    int fd = socket(strchr(bound, ':') ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK_OK(inet_set(fd, SOL_SOCKET, SO_REUSEADDR, 1));
    CHECK_OK(inet_bind(fd, bound, *port));
    *port = inet_port(fd);
    return fd;
}

static int change(int fd, int name, const char *joined, const char *interface, int index)
{
    struct ip_mreqn request = {.imr_ifindex = index};
    inet_pton(AF_INET, joined, &request.imr_multiaddr);
    inet_pton(AF_INET, interface, &request.imr_address);
    return setsockopt(fd, IPPROTO_IP, name, &request, sizeof(request));
}

static int change6(int fd, int name, const char *group, unsigned index)
{
    struct ipv6_mreq request = {.ipv6mr_interface = index};
    inet_pton(AF_INET6, group, &request.ipv6mr_multiaddr);
    return setsockopt(fd, IPPROTO_IPV6, name, &request, sizeof(request));
}

static int change_any(int fd, int level, int name, const char *group, unsigned index)
{
    struct group_req request = {.gr_interface = index};
    union inet_name address = inet_at(group, 0);
    memcpy(&request.gr_group, &address, inet_size(&address));
    return setsockopt(fd, level, name, &request, sizeof(request));
}

static ssize_t send_to(int fd, const char *group, uint16_t port)
{
    union inet_name to = inet_at(group, port);
    return sendto(fd, "x", 1, 0, &to.any, inet_size(&to));
}

/* How many datagrams lie there. */
static int waiting(int fd)
{
    char byte;
    int n = 0;
    while (recv(fd, &byte, 1, MSG_DONTWAIT) == 1)
        n++;
    return n;
}

static void joining(void)
{
    uint16_t port = 0;
    int fd = member("0.0.0.0", &port), stream = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_OK(change(fd, IP_ADD_MEMBERSHIP, group, "127.0.0.1", 0));
    CHECK_ERRNO(change(fd, IP_ADD_MEMBERSHIP, group, "127.0.0.1", 0), EADDRINUSE);
    CHECK_ERRNO(change(fd, IP_ADD_MEMBERSHIP, group, "0.0.0.0", 1), EADDRINUSE);
    CHECK_ERRNO(change(fd, IP_ADD_MEMBERSHIP, "127.0.0.1", "127.0.0.1", 0), EINVAL);
    CHECK_ERRNO(change(fd, IP_ADD_MEMBERSHIP, other, "0.0.0.0", 9999), ENODEV);
    CHECK_ERRNO(change(fd, IP_DROP_MEMBERSHIP, other, "127.0.0.1", 0), EADDRNOTAVAIL);
    CHECK_ERRNO(change(stream, IP_ADD_MEMBERSHIP, group, "127.0.0.1", 0), EPROTO);
    CHECK_ERRNO(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, "1234", 4), EINVAL);
    CHECK_OK(change(fd, IP_DROP_MEMBERSHIP, group, "127.0.0.1", 0));
    CHECK_OK(change_any(fd, IPPROTO_IP, MCAST_JOIN_GROUP, group, 1));
    CHECK_ERRNO(change(fd, IP_ADD_MEMBERSHIP, group, "127.0.0.1", 0), EADDRINUSE);
    CHECK_OK(change_any(fd, IPPROTO_IP, MCAST_LEAVE_GROUP, group, 1));
    int joined = 0;
    char text[32];
    for (; joined < 30; joined++) {
        snprintf(text, sizeof(text), "239.79.67.%d", joined + 1);
        if (change(fd, IP_ADD_MEMBERSHIP, text, "127.0.0.1", 0))
            break;
    }
    CHECK_EQ(errno, ENOBUFS);
    CHECK_EQ(joined, 20);
    close(fd);
    close(stream);
    port = 0;
    fd = member("::", &port);
    CHECK_OK(change6(fd, IPV6_JOIN_GROUP, GROUP6, 1));
    CHECK_ERRNO(change6(fd, IPV6_JOIN_GROUP, GROUP6, 1), EADDRINUSE);
    CHECK_ERRNO(change6(fd, IPV6_JOIN_GROUP, "::1", 1), EINVAL);
    CHECK_ERRNO(change6(fd, IPV6_JOIN_GROUP, GROUP6, 9999), ENODEV);
    CHECK_ERRNO(change6(fd, IPV6_LEAVE_GROUP, "ff01::9", 1), EADDRNOTAVAIL);
    CHECK_OK(change6(fd, IPV6_LEAVE_GROUP, GROUP6, 1));
    CHECK_OK(change_any(fd, IPPROTO_IPV6, MCAST_JOIN_GROUP, GROUP6, 1));
    CHECK_OK(change_any(fd, IPPROTO_IPV6, MCAST_LEAVE_GROUP, GROUP6, 1));
    close(fd);
}

/* Members, those that are bound to the group, and those that take what anybody joined. */
static void reaching(void)
{
    uint16_t port = 0;
    int a = member("0.0.0.0", &port), b = member(group, &port), c = member("0.0.0.0", &port),
        d = member("0.0.0.0", &port), sender = socket(AF_INET, SOCK_DGRAM, 0);
    struct in_addr loopback = {htonl(INADDR_LOOPBACK)}, told = {0};
    socklen_t length = sizeof(told);
    CHECK_OK(inet_set(d, IPPROTO_IP, IP_MULTICAST_ALL, 0));
    CHECK_OK(setsockopt(sender, IPPROTO_IP, IP_MULTICAST_IF, &loopback, sizeof(loopback)));
    CHECK_OK(getsockopt(sender, IPPROTO_IP, IP_MULTICAST_IF, &told, &length));
    CHECK_EQ(told.s_addr, loopback.s_addr);
    CHECK_EQ(send_to(sender, group, port), 1); /* nobody has joined */
    CHECK_EQ(waiting(a) + waiting(b) + waiting(c) + waiting(d), 0);
    CHECK_OK(change(a, IP_ADD_MEMBERSHIP, group, "127.0.0.1", 0));
    CHECK_EQ(send_to(sender, group, port), 1);
    CHECK_EQ(inet_wait(a, POLLIN), POLLIN);
    CHECK_EQ(waiting(a), 1);
    CHECK_EQ(waiting(b), 1);
    CHECK_EQ(waiting(c), 1);
    CHECK_EQ(waiting(d), 0);
    CHECK_OK(change(d, IP_ADD_MEMBERSHIP, other, "127.0.0.1", 0));
    CHECK_EQ(send_to(sender, other, port), 1);
    CHECK_EQ(waiting(a), 1);
    CHECK_EQ(waiting(b), 0);
    CHECK_EQ(waiting(c), 1);
    CHECK_EQ(waiting(d), 1);
    CHECK_OK(inet_set(sender, IPPROTO_IP, IP_MULTICAST_LOOP, 0)); /* the interface loops itself */
    CHECK_EQ(send_to(sender, group, port), 1);
    CHECK_EQ(waiting(a), 1);
    CHECK_OK(change(a, IP_DROP_MEMBERSHIP, group, "127.0.0.1", 0));
    CHECK_EQ(waiting(b) + waiting(c), 2);
    CHECK_EQ(send_to(sender, group, port), 1);
    CHECK_EQ(waiting(a) + waiting(b) + waiting(c) + waiting(d), 0);
    CHECK_OK(change(a, IP_ADD_MEMBERSHIP, group, "127.0.0.1", 0));
    CHECK_OK(inet_connect(sender, group, port));
    CHECK_EQ(send(sender, "y", 1, 0), 1);
    union inet_name from;
    length = sizeof(from);
    char byte;
    CHECK_EQ(recvfrom(a, &byte, 1, MSG_DONTWAIT, &from.any, &length), 1);
    CHECK_EQ(ntohl(from.in.sin_addr.s_addr), INADDR_LOOPBACK);
    CHECK_EQ(ntohs(from.in.sin_port), inet_port(sender));
    close(a); /* leaves */
    waiting(b);
    CHECK_EQ(send(sender, "z", 1, 0), 1);
    CHECK_EQ(waiting(b), 0);
    close(b);
    close(c);
    close(d);
    close(sender);
}

static void interface6(void)
{
    uint16_t port = 0;
    int a = member("::", &port), b = member("::", &port), sender = socket(AF_INET6, SOCK_DGRAM, 0);
    CHECK_OK(inet_set(sender, IPPROTO_IPV6, IPV6_MULTICAST_IF, 1));
    CHECK_EQ(inet_number(sender, IPPROTO_IPV6, IPV6_MULTICAST_IF), 1);
    CHECK_ERRNO(inet_set(sender, IPPROTO_IPV6, IPV6_MULTICAST_IF, 9999), ENODEV);
    CHECK_OK(change6(a, IPV6_JOIN_GROUP, GROUP6, 1));
    CHECK_ERRNO(send_to(sender, GROUP6, port), ENETUNREACH); /* no route leads there */
    CHECK_EQ(waiting(a) + waiting(b), 0);
    close(a);
    close(b);
    close(sender);
}

int main(void)
{
    unsigned number = check_user();
    snprintf(group, sizeof(group), "239.77.%u.%u", number >> 8, number & 255);
    snprintf(other, sizeof(other), "239.78.%u.%u", number >> 8, number & 255);
    joining();
    reaching();
    interface6();
    return check_done();
}
