/* Multicast from some senders alone, or from all but some: options, their errors, who gets what. */
#include "inet.h"

#include <sched.h>

/* A group that no other run of this has. */
static char group[32];
#define GROUP6 "ff01::7767"
#define LO     "127.0.0.1"

static struct in_addr v4(const char *text)
{
    struct in_addr address;
    inet_pton(AF_INET, text, &address);
    return address;
}

static int change(int fd, int name, const char *source)
{
    struct ip_mreq_source request = {v4(group), v4(LO), v4(source)};
    return setsockopt(fd, IPPROTO_IP, name, &request, sizeof(request));
}

static int member(int fd, int name)
{
    struct ip_mreqn request = {v4(group), v4(LO), 0};
    return setsockopt(fd, IPPROTO_IP, name, &request, sizeof(request));
}

static int change_any(int fd, int level, int name, const char *joined, const char *source)
{
    struct group_source_req request = {.gsr_interface = 1};
    union inet_name to = inet_at(joined, 0), from = inet_at(source, 0);
    memcpy(&request.gsr_group, &to, inet_size(&to));
    memcpy(&request.gsr_source, &from, inet_size(&from));
    return setsockopt(fd, level, name, &request, sizeof(request));
}

/* The mode of the group's filter is that, with as many sources, the last of which ends so. */
static void filter_is(int fd, unsigned mode, unsigned count, int last)
{
    uint8_t bytes[IP_MSFILTER_SIZE(16)] = {0};
    struct ip_msfilter *filter = (struct ip_msfilter *)bytes;
    socklen_t length = sizeof(bytes);
    filter->imsf_multiaddr = v4(group);
    filter->imsf_interface = v4(LO);
    filter->imsf_numsrc = 16;
    CHECK_OK(getsockopt(fd, IPPROTO_IP, IP_MSFILTER, filter, &length));
    CHECK_EQ(length, IP_MSFILTER_SIZE(count));
    CHECK_EQ(filter->imsf_fmode, mode);
    CHECK_EQ(filter->imsf_numsrc, count);
    if (count)
        CHECK_EQ(bytes[length - 1], last);
}

static int set_filter(int fd, unsigned mode, unsigned count, const char *const *sources)
{
    uint8_t bytes[IP_MSFILTER_SIZE(16)] = {0};
    struct ip_msfilter *filter = (struct ip_msfilter *)bytes;
    filter->imsf_multiaddr = v4(group);
    filter->imsf_interface = v4(LO);
    filter->imsf_fmode = mode;
    filter->imsf_numsrc = count;
    for (unsigned i = 0; i < count; i++)
        filter->imsf_slist[i] = v4(sources[i]);
    return setsockopt(fd, IPPROTO_IP, IP_MSFILTER, filter, IP_MSFILTER_SIZE(count));
}

static void included(int fd)
{
    CHECK_OK(change(fd, IP_ADD_SOURCE_MEMBERSHIP, "127.0.0.1"));
    filter_is(fd, MCAST_INCLUDE, 1, 1);
    CHECK_ERRNO(change(fd, IP_ADD_SOURCE_MEMBERSHIP, "127.0.0.1"), EADDRNOTAVAIL);
    CHECK_OK(change(fd, IP_ADD_SOURCE_MEMBERSHIP, "127.0.0.2"));
    filter_is(fd, MCAST_INCLUDE, 2, 2);
    CHECK_ERRNO(member(fd, IP_ADD_MEMBERSHIP), EADDRINUSE);
    CHECK_ERRNO(change(fd, IP_BLOCK_SOURCE, "127.0.0.1"), EINVAL);
    CHECK_ERRNO(change(fd, IP_UNBLOCK_SOURCE, "127.0.0.1"), EINVAL);
    CHECK_ERRNO(change(fd, IP_DROP_SOURCE_MEMBERSHIP, "127.0.0.9"), EADDRNOTAVAIL);
    CHECK_OK(change(fd, IP_DROP_SOURCE_MEMBERSHIP, "127.0.0.1"));
    filter_is(fd, MCAST_INCLUDE, 1, 2);
    /* The last takes the membership along. */
    CHECK_OK(change(fd, IP_DROP_SOURCE_MEMBERSHIP, "127.0.0.2"));
    CHECK_ERRNO(member(fd, IP_DROP_MEMBERSHIP), EADDRNOTAVAIL);
    CHECK_ERRNO(change(fd, IP_DROP_SOURCE_MEMBERSHIP, "127.0.0.2"), EINVAL);
}

static void excluded(int fd)
{
    CHECK_ERRNO(change(fd, IP_BLOCK_SOURCE, "127.0.0.1"), EINVAL);
    CHECK_OK(member(fd, IP_ADD_MEMBERSHIP));
    filter_is(fd, MCAST_EXCLUDE, 0, 0);
    CHECK_ERRNO(change(fd, IP_UNBLOCK_SOURCE, "127.0.0.1"), EADDRNOTAVAIL);
    CHECK_OK(change(fd, IP_BLOCK_SOURCE, "127.0.0.1"));
    CHECK_OK(change(fd, IP_BLOCK_SOURCE, "127.0.0.5"));
    filter_is(fd, MCAST_EXCLUDE, 2, 5);
    CHECK_ERRNO(change(fd, IP_BLOCK_SOURCE, "127.0.0.1"), EADDRNOTAVAIL);
    CHECK_ERRNO(change(fd, IP_ADD_SOURCE_MEMBERSHIP, "127.0.0.1"), EINVAL);
    CHECK_OK(change(fd, IP_UNBLOCK_SOURCE, "127.0.0.5"));
    filter_is(fd, MCAST_EXCLUDE, 1, 1);
    CHECK_OK(member(fd, IP_DROP_MEMBERSHIP));
    CHECK_ERRNO(setsockopt(fd, IPPROTO_IP, IP_BLOCK_SOURCE, group, 8), EINVAL);
    /* One that has no list yet may become one of those that include. */
    CHECK_OK(member(fd, IP_ADD_MEMBERSHIP));
    CHECK_OK(change(fd, IP_ADD_SOURCE_MEMBERSHIP, "127.0.0.1"));
    filter_is(fd, MCAST_INCLUDE, 1, 1);
    CHECK_OK(member(fd, IP_DROP_MEMBERSHIP));
}

static void whole(int fd)
{
    static const char *const sources[] = {"127.0.0.1", "127.0.0.3"};
    CHECK_ERRNO(set_filter(fd, MCAST_INCLUDE, 1, sources), EINVAL);
    CHECK_OK(member(fd, IP_ADD_MEMBERSHIP));
    CHECK_OK(set_filter(fd, MCAST_INCLUDE, 2, sources));
    filter_is(fd, MCAST_INCLUDE, 2, 3);
    CHECK_OK(set_filter(fd, MCAST_EXCLUDE, 1, sources));
    filter_is(fd, MCAST_EXCLUDE, 1, 1);
    CHECK_ERRNO(set_filter(fd, 7, 1, sources), EINVAL);
    CHECK_ERRNO(setsockopt(fd, IPPROTO_IP, IP_MSFILTER, group, 8), EINVAL);
    CHECK_OK(set_filter(fd, MCAST_INCLUDE, 0, sources));
    CHECK_ERRNO(member(fd, IP_DROP_MEMBERSHIP), EADDRNOTAVAIL);
    /* There may be so many (net.ipv4.igmp_max_msf). */
    int added = 0;
    char text[32];
    for (; added < 30; added++) {
        snprintf(text, sizeof(text), "127.0.1.%d", added + 1);
        if (change(fd, IP_ADD_SOURCE_MEMBERSHIP, text))
            break;
    }
    CHECK_EQ(errno, ENOBUFS);
    CHECK(added >= 10 && added < 30);
    CHECK_OK(member(fd, IP_DROP_MEMBERSHIP));
}

static void any_family(int fd)
{
    int six = socket(AF_INET6, SOCK_DGRAM, 0);
    uint8_t bytes[GROUP_FILTER_SIZE(4)] = {0};
    struct group_filter *filter = (struct group_filter *)bytes;
    socklen_t length = sizeof(bytes);
    CHECK_OK(change_any(fd, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, group, "127.0.0.1"));
    filter_is(fd, MCAST_INCLUDE, 1, 1);
    CHECK_ERRNO(change_any(fd, IPPROTO_IP, MCAST_BLOCK_SOURCE, group, "127.0.0.1"), EINVAL);
    CHECK_OK(change_any(fd, IPPROTO_IP, MCAST_LEAVE_SOURCE_GROUP, group, "127.0.0.1"));
    CHECK_ERRNO(change_any(fd, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, GROUP6, "::1"), EADDRNOTAVAIL);
    CHECK_OK(change_any(six, IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, GROUP6, "::1"));
    CHECK_OK(change_any(six, IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, GROUP6, "::2"));
    CHECK_ERRNO(change_any(six, IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, GROUP6, "::2"),
                EADDRNOTAVAIL);
    union inet_name to = inet_at(GROUP6, 0);
    filter->gf_interface = 1;
    memcpy(&filter->gf_group, &to, inet_size(&to));
    filter->gf_numsrc = 4;
    CHECK_OK(getsockopt(six, IPPROTO_IPV6, MCAST_MSFILTER, filter, &length));
    CHECK_EQ(length, GROUP_FILTER_SIZE(2));
    CHECK_EQ(filter->gf_fmode, MCAST_INCLUDE);
    CHECK_EQ(filter->gf_numsrc, 2);
    CHECK_EQ(((struct sockaddr_in6 *)&filter->gf_slist[1])->sin6_addr.s6_addr[15], 2);
    filter->gf_fmode = MCAST_EXCLUDE;
    CHECK_OK(setsockopt(six, IPPROTO_IPV6, MCAST_MSFILTER, filter, GROUP_FILTER_SIZE(2)));
    CHECK_OK(change_any(six, IPPROTO_IPV6, MCAST_UNBLOCK_SOURCE, GROUP6, "::1"));
    CHECK_ERRNO(change_any(six, IPPROTO_IPV6, MCAST_UNBLOCK_SOURCE, GROUP6, "::1"), EADDRNOTAVAIL);
    close(six);
}

static int sender(const char *address)
{
    struct ip_mreqn way = {.imr_ifindex = 1};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_OK(inet_bind(fd, address, 0));
    CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &way, sizeof(way)));
    return fd;
}

/* Sends from one and then from the other; says what arrived. */
static const char *arrived(int fd, const int *senders)
{
    static char got[3];
    union inet_name to = inet_at(group, inet_port(fd));
    memset(got, 0, sizeof(got));
    for (int i = 0; i < 2; i++)
        CHECK_EQ(sendto(senders[i], i ? "2" : "1", 1, 0, &to.any, inet_size(&to)), 1);
    /* What was sent to the socket itself comes behind. */
    union inet_name self = inet_at(LO, inet_port(fd));
    CHECK_EQ(sendto(senders[0], "", 0, 0, &self.any, inet_size(&self)), 0);
    char byte;
    for (int n = 0; n < 2 && recv(fd, &byte, 1, 0) == 1; n++)
        got[n] = byte;
    if (got[1])
        CHECK_EQ(recv(fd, &byte, 1, 0), 0);
    return got;
}

static void arrival(int fd)
{
    int senders[2] = {sender("127.0.0.1"), sender("127.0.0.2")};
    struct timeval patience = {CHECK_PATIENCE, 0};
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)));
    CHECK_OK(inet_bind(fd, "0.0.0.0", 0));
    CHECK_OK(member(fd, IP_ADD_MEMBERSHIP));
    CHECK(strcmp(arrived(fd, senders), "12") == 0);
    CHECK_OK(change(fd, IP_BLOCK_SOURCE, "127.0.0.1"));
    CHECK(strcmp(arrived(fd, senders), "2") == 0);
    CHECK_OK(change(fd, IP_UNBLOCK_SOURCE, "127.0.0.1"));
    CHECK(strcmp(arrived(fd, senders), "12") == 0);
    CHECK_OK(member(fd, IP_DROP_MEMBERSHIP));
    CHECK_OK(change(fd, IP_ADD_SOURCE_MEMBERSHIP, "127.0.0.1"));
    CHECK(strcmp(arrived(fd, senders), "1") == 0);
    CHECK_OK(change(fd, IP_ADD_SOURCE_MEMBERSHIP, "127.0.0.2"));
    CHECK(strcmp(arrived(fd, senders), "12") == 0);
    close(senders[0]);
    close(senders[1]);
}

int main(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    CHECK_OK(sched_setaffinity(0, sizeof(one), &one)); /* keeps the order of datagrams */
    snprintf(group, sizeof(group), "239.81.%d.%d", getpid() >> 8 & 255, getpid() & 255);
    included(fd);
    excluded(fd);
    whole(fd);
    any_family(fd);
    arrival(fd);
    return check_done();
}
