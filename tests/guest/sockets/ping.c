/* Echo requests over raw sockets of ICMP to this machine, which answers; filters; who may not have
 * such sockets. Ping sockets the same way, where net.ipv4.ping_group_range lets one be made. */
#include "../inet.h"

#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>

#ifndef ICMP_FILTER
#define ICMP_FILTER 1
#endif

struct echo {
    uint8_t type, code;
    uint16_t sum, id, sequence;
    char text[24]; /* an even number of bytes */
};

static uint16_t sum_of(const void *bytes, size_t n)
{
    const uint8_t *at = bytes;
    uint32_t sum = 0;
    for (size_t i = 0; i + 1 < n; i += 2)
        sum += (uint32_t)at[i] << 8 | at[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return htons((uint16_t)~sum);
}

static struct echo request_of(uint8_t type, uint16_t sequence)
{
    /* Raw sockets see what others on this machine send too. */
    struct echo e = {.type = type, .id = (uint16_t)getpid(), .sequence = htons(sequence)};
    snprintf(e.text, sizeof(e.text), "echo of %d", getpid());
    e.sum = type == ICMP_ECHO ? sum_of(&e, sizeof(e)) : 0;
    return e;
}

/* Whether it answers the request. */
static bool answers(const struct echo *reply, const struct echo *request)
{
    return reply->id == request->id && reply->sequence == request->sequence &&
           !memcmp(reply->text, request->text, sizeof(reply->text));
}

static void be_patient(int fd)
{
    struct timeval patience = {CHECK_PATIENCE, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
}

static void raw_v4(void)
{
    int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), value = 1;
    uint32_t filter = ~(1u << ICMP_ECHOREPLY);
    union inet_name to = inet_at("127.0.0.1", 0), from;
    struct echo request = request_of(ICMP_ECHO, 7), reply;
    uint8_t packet[512], control[64];
    socklen_t length = sizeof(value);
    be_patient(fd);
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &length));
    CHECK_EQ(value, SOCK_RAW);
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &value, &length));
    CHECK_EQ(value, IPPROTO_ICMP);
    CHECK_OK(setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof(filter)));
    value = 1;
    CHECK_OK(setsockopt(fd, SOL_IP, IP_RECVTTL, &value, sizeof(value)));
    CHECK_OK(setsockopt(fd, SOL_IP, IP_RETOPTS, &value, sizeof(value)));
    CHECK_EQ(sendto(fd, &request, sizeof(request), 0, &to.any, sizeof(to.in)), sizeof(request));
    struct iovec part = {packet, sizeof(packet)};
    struct msghdr message = {.msg_name = &from,
                             .msg_namelen = sizeof(from),
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    struct echo mine;
    ssize_t n;
    do { /* others' answers come too */
        message.msg_controllen = sizeof(control);
        n = recvmsg(fd, &message, 0);
        memcpy(&mine, packet + 20, sizeof(mine));
    } while (n > 0 && !answers(&mine, &request));
    reply = mine;
    CHECK_EQ(n, 20 + sizeof(reply));
    const struct iphdr *ip = (const void *)packet;
    CHECK_EQ(ip->version, 4);
    CHECK_EQ(ip->ihl, 5);
    CHECK_EQ(ntohs(ip->tot_len), n);
    CHECK_EQ(ip->protocol, IPPROTO_ICMP);
    CHECK_EQ(ip->ttl, 64);
    CHECK_EQ(ntohl(ip->saddr), INADDR_LOOPBACK);
    CHECK_EQ(ntohl(ip->daddr), INADDR_LOOPBACK);
    CHECK_EQ(sum_of(packet, 20), 0);
    CHECK_EQ(reply.type, ICMP_ECHOREPLY);
    CHECK_EQ(reply.code, 0);
    CHECK_EQ(sum_of(&reply, sizeof(reply)), 0);
    CHECK(!strcmp(reply.text, request.text));
    CHECK_EQ(ntohl(from.in.sin_addr.s_addr), INADDR_LOOPBACK);
    CHECK_EQ(from.in.sin_port, 0);
    const struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    CHECK(c && c->cmsg_level == SOL_IP && c->cmsg_type == IP_TTL);
    CHECK_EQ(c ? *(const int *)CMSG_DATA(c) : 0, 64);
    /* Connected; nobody sees answers that were shut out. */
    CHECK_OK(connect(fd, &to.any, sizeof(to.in)));
    filter = ~0u;
    CHECK_OK(setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof(filter)));
    request = request_of(ICMP_ECHO, 10);
    CHECK_EQ(send(fd, &request, sizeof(request), 0), sizeof(request));
    int seen = 0;
    while (recv(fd, packet, sizeof(packet), MSG_DONTWAIT) > 0) {
        memcpy(&mine, packet + 20, sizeof(mine));
        seen += answers(&mine, &request);
    }
    CHECK_EQ(errno, EAGAIN);
    CHECK_EQ(seen, 0);
    close(fd);
}

static void raw_v6(void)
{
    int fd = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
    struct icmp6_filter filter;
    union inet_name to = inet_at("::1", 0);
    struct echo request = request_of(ICMP6_ECHO_REQUEST, 8), reply;
    be_patient(fd);
    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
    CHECK_OK(setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter)));
    CHECK_EQ(sendto(fd, &request, sizeof(request), 0, &to.any, sizeof(to.in6)), sizeof(request));
    ssize_t n;
    do {
        n = recv(fd, &reply, sizeof(reply), 0);
    } while (n > 0 && !answers(&reply, &request));
    CHECK_EQ(n, sizeof(reply));
    CHECK_EQ(reply.type, ICMP6_ECHO_REPLY);
    CHECK(!strcmp(reply.text, request.text));
    close(fd);
}

/* Whether a ping socket does what it has to, or may not be had. */
static bool ping_socket(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    union inet_name to = inet_at("127.0.0.1", 0), own;
    struct echo request = request_of(ICMP_ECHO, 9), reply, other = request_of(ICMP_ECHOREPLY, 9);
    socklen_t length = sizeof(own);
    if (fd < 0)
        return errno == EACCES;
    be_patient(fd);
    bool good = send(fd, &request, sizeof(request), 0) < 0 && errno == EDESTADDRREQ;
    good =
        good && sendto(fd, &other, sizeof(other), 0, &to.any, sizeof(to.in)) < 0 && errno == EINVAL;
    good = good && sendto(fd, &request, 4, 0, &to.any, sizeof(to.in)) < 0 && errno == EINVAL;
    good =
        good && sendto(fd, &request, sizeof(request), 0, &to.any, sizeof(to.in)) == sizeof(request);
    good = good && recv(fd, &reply, sizeof(reply), 0) == sizeof(reply);
    /* The identifier is the socket's, its "port". */
    good = good && !getsockname(fd, &own.any, &length) && own.in.sin_port == reply.id;
    good = good && reply.type == ICMP_ECHOREPLY && reply.sequence == request.sequence &&
           !strcmp(reply.text, request.text) && !sum_of(&reply, sizeof(reply));
    good = good && recv(fd, &reply, sizeof(reply), MSG_DONTWAIT) < 0 && errno == EAGAIN;
    close(fd);
    return good;
}

static void as_user(void)
{
    CHECK_OK(check_become(check_user()));
    CHECK_ERRNO(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM);
    CHECK_ERRNO(socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6), EPERM);
    CHECK_ERRNO(socket(AF_INET, SOCK_RAW, IPPROTO_RAW), EPERM);
    CHECK(ping_socket());
}

int main(void)
{
    if (getuid() != 0) {
        printf("skipped: needs root\n");
        return 77;
    }
    raw_v4();
    raw_v6();
    CHECK(ping_socket());
    check_in_child(as_user);
    return check_done();
}
