/* What goes with datagrams beside their data: control messages of sender and receiver, and errors
 * that come back (IP_RECVERR, MSG_ERRQUEUE). (guest: glibc only) */
#include "inet.h"

#include <linux/errqueue.h>
#include <sys/uio.h>

#ifndef IP_RECVORIGDSTADDR
#define IP_RECVORIGDSTADDR 20
#endif
#ifndef IPV6_RECVORIGDSTADDR
#define IPV6_RECVORIGDSTADDR 74
#endif

static int bound(const char *text)
{
    int fd = socket(strchr(text, ':') ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK_OK(inet_bind(fd, text, 0));
    return fd;
}

/* One control message. */
struct control {
    struct cmsghdr head;
    uint8_t data[64];
};

/* Sends "x" with one control message. */
static ssize_t send_with(int fd, const char *text, uint16_t port, int level, int type,
                         const void *data, size_t size)
{
    union inet_name name = inet_at(text, port);
    struct control control = {{CMSG_LEN(size), level, type}, {0}};
    struct iovec part = {(void *)"x", 1};
    struct msghdr message = {.msg_name = &name,
                             .msg_namelen = inet_size(&name),
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = CMSG_SPACE(size)};
    memcpy(control.data, data, size);
    return sendmsg(fd, &message, 0);
}

/* What came with the next datagram; the number of messages. */
struct received {
    union inet_name from;
    uint8_t space[512];
    int flags;
    struct msghdr message;
    char data[2000];
};

static ssize_t receive(int fd, int flags, struct received *r)
{
    struct iovec part = {r->data, sizeof(r->data)};
    memset(&r->message, 0, sizeof(r->message));
    r->message.msg_name = &r->from;
    r->message.msg_namelen = sizeof(r->from);
    r->message.msg_iov = &part;
    r->message.msg_iovlen = 1;
    r->message.msg_control = r->space;
    r->message.msg_controllen = sizeof(r->space);
    return recvmsg(fd, &r->message, flags);
}

static int count(struct received *r)
{
    int n = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&r->message); c; c = CMSG_NXTHDR(&r->message, c))
        n++;
    return n;
}

/* The data of a message, of that size; zeros when there is none. */
static const void *note(struct received *r, int level, int type, size_t size)
{
    static const uint8_t none[64];
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&r->message); c; c = CMSG_NXTHDR(&r->message, c)) {
        if (c->cmsg_level == level && c->cmsg_type == type) {
            CHECK_EQ(c->cmsg_len, CMSG_LEN(size));
            return CMSG_DATA(c);
        }
    }
    CHECK(!"there is such a message");
    return none;
}

static int number(struct received *r, int level, int type)
{
    int value;
    memcpy(&value, note(r, level, type, sizeof(value)), sizeof(value));
    return value;
}

static void v4(void)
{
    int a = bound("127.0.0.1"), b = bound("0.0.0.0"), value;
    uint16_t port = inet_port(b);
    uint8_t byte = 0x14;
    struct received r;
    CHECK_OK(inet_set(b, IPPROTO_IP, IP_PKTINFO, 1));
    CHECK_OK(inet_set(b, IPPROTO_IP, IP_RECVTTL, 1));
    CHECK_OK(inet_set(b, IPPROTO_IP, IP_RECVTOS, 1));
    CHECK_OK(inet_set(b, IPPROTO_IP, IP_RECVORIGDSTADDR, 1));
    CHECK_OK(inet_set(a, IPPROTO_IP, IP_TTL, 9));
    CHECK_OK(inet_set(a, IPPROTO_IP, IP_TOS, 0x20));
    value = 33;
    CHECK_EQ(send_with(a, "127.0.0.5", port, IPPROTO_IP, IP_TTL, &value, sizeof(value)), 1);
    CHECK_EQ(receive(b, 0, &r), 1);
    CHECK_EQ(count(&r), 4);
    struct in_pktinfo info;
    memcpy(&info, note(&r, IPPROTO_IP, IP_PKTINFO, sizeof(info)), sizeof(info));
    CHECK_EQ(info.ipi_ifindex, 1);
    CHECK_EQ(ntohl(info.ipi_addr.s_addr), 0x7f000005);
    CHECK_EQ(number(&r, IPPROTO_IP, IP_TTL), 33);
    CHECK_EQ(*(const uint8_t *)note(&r, IPPROTO_IP, IP_TOS, 1), 0x20);
    struct sockaddr_in original;
    memcpy(&original, note(&r, IPPROTO_IP, IP_RECVORIGDSTADDR, sizeof(original)), sizeof(original));
    CHECK_EQ(ntohs(original.sin_port), port);
    CHECK_EQ(ntohl(original.sin_addr.s_addr), 0x7f000005);
    CHECK_EQ(send_with(a, "127.0.0.1", port, IPPROTO_IP, IP_TOS, &byte, 1), 1);
    CHECK_EQ(receive(b, 0, &r), 1);
    CHECK_EQ(number(&r, IPPROTO_IP, IP_TTL), 9);
    CHECK_EQ(*(const uint8_t *)note(&r, IPPROTO_IP, IP_TOS, 1), 0x14);
    memset(&info, 0, sizeof(info)); /* where it is said to come from */
    info.ipi_ifindex = 1;
    info.ipi_spec_dst.s_addr = htonl(0x7f000009);
    CHECK_EQ(send_with(b, "127.0.0.1", inet_port(a), IPPROTO_IP, IP_PKTINFO, &info, sizeof(info)),
             1);
    CHECK_EQ(receive(a, 0, &r), 1);
    CHECK_EQ(count(&r), 0);
    CHECK_EQ(ntohl(r.from.in.sin_addr.s_addr), 0x7f000009);
    CHECK_EQ(ntohs(r.from.in.sin_port), port);
    info.ipi_spec_dst.s_addr = htonl(0x01020304);
    /* Not one of this machine: EINVAL or, of late, ENETUNREACH. */
    CHECK_EQ(send_with(b, "127.0.0.1", port, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info)), -1);
    value = 0;
    CHECK_ERRNO(send_with(a, "127.0.0.1", port, IPPROTO_IP, IP_TTL, &value, sizeof(value)), EINVAL);
    value = 256;
    CHECK_ERRNO(send_with(a, "127.0.0.1", port, IPPROTO_IP, IP_TTL, &value, sizeof(value)), EINVAL);
    CHECK_ERRNO(send_with(a, "127.0.0.1", port, IPPROTO_IP, IP_TOS, &value, sizeof(value)), EINVAL);
    CHECK_ERRNO(send_with(a, "127.0.0.1", port, IPPROTO_IP, IP_TTL, &value, 2), EINVAL);
    CHECK_ERRNO(send_with(a, "127.0.0.1", port, IPPROTO_IP, IP_PKTINFO, &info, 8), EINVAL);
    CHECK_ERRNO(send_with(a, "127.0.0.1", port, IPPROTO_IP, 99, &value, 4), EINVAL);
    CHECK_ERRNO(send_with(a, "127.0.0.1", port, SOL_SOCKET, 99, &value, 4), EINVAL);
    CHECK_EQ(send_with(a, "127.0.0.1", port, 99, 99, &value, 4), 1); /* another's */
    CHECK_EQ(send_with(a, "127.0.0.1", port, SOL_SOCKET, SCM_RIGHTS, &a, 4), 1);
    CHECK_EQ(receive(b, 0, &r), 1);
    CHECK_EQ(receive(b, 0, &r), 1);
    CHECK_EQ(count(&r), 4);
    close(a);
    close(b);
}

static void v6(void)
{
    int a = bound("::1"), b = bound("::"), value;
    uint16_t port = inet_port(b);
    struct received r;
    CHECK_OK(inet_set(b, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1));
    CHECK_OK(inet_set(b, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1));
    CHECK_OK(inet_set(b, IPPROTO_IPV6, IPV6_RECVTCLASS, 1));
    CHECK_OK(inet_set(b, IPPROTO_IPV6, IPV6_RECVORIGDSTADDR, 1));
    CHECK_OK(inet_set(a, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 7));
    value = 0x55;
    CHECK_EQ(send_with(a, "::1", port, IPPROTO_IPV6, IPV6_TCLASS, &value, sizeof(value)), 1);
    CHECK_EQ(receive(b, 0, &r), 1);
    CHECK_EQ(count(&r), 4);
    struct in6_pktinfo info;
    memcpy(&info, note(&r, IPPROTO_IPV6, IPV6_PKTINFO, sizeof(info)), sizeof(info));
    CHECK_EQ(info.ipi6_ifindex, 1);
    CHECK(IN6_IS_ADDR_LOOPBACK(&info.ipi6_addr));
    CHECK_EQ(number(&r, IPPROTO_IPV6, IPV6_HOPLIMIT), 7);
    CHECK_EQ(number(&r, IPPROTO_IPV6, IPV6_TCLASS), 0x55);
    struct sockaddr_in6 original;
    memcpy(&original, note(&r, IPPROTO_IPV6, IPV6_RECVORIGDSTADDR, sizeof(original)),
           sizeof(original));
    CHECK_EQ(ntohs(original.sin6_port), port);
    value = 200;
    CHECK_EQ(send_with(a, "::1", port, IPPROTO_IPV6, IPV6_HOPLIMIT, &value, sizeof(value)), 1);
    CHECK_EQ(receive(b, 0, &r), 1);
    CHECK_EQ(number(&r, IPPROTO_IPV6, IPV6_HOPLIMIT), 200);
    CHECK_EQ(number(&r, IPPROTO_IPV6, IPV6_TCLASS), 0);
    value = 256;
    CHECK_ERRNO(send_with(a, "::1", port, IPPROTO_IPV6, IPV6_HOPLIMIT, &value, 4), EINVAL);
    CHECK_ERRNO(send_with(a, "::1", port, IPPROTO_IPV6, IPV6_TCLASS, &value, 4), EINVAL);
    CHECK_ERRNO(send_with(a, "::1", port, IPPROTO_IPV6, 99, &value, 4), EINVAL);
    /* IPv4 at a socket of IPv6 is told of by messages of both levels. */
    int c = bound("127.0.0.1");
    CHECK_OK(inet_set(b, IPPROTO_IP, IP_RECVTTL, 1));
    value = 44;
    CHECK_EQ(send_with(c, "127.0.0.1", port, IPPROTO_IP, IP_TTL, &value, sizeof(value)), 1);
    CHECK_EQ(receive(b, 0, &r), 1);
    CHECK_EQ(count(&r), 2);
    memcpy(&info, note(&r, IPPROTO_IPV6, IPV6_PKTINFO, sizeof(info)), sizeof(info));
    CHECK(IN6_IS_ADDR_V4MAPPED(&info.ipi6_addr));
    CHECK_EQ(number(&r, IPPROTO_IP, IP_TTL), 44);
    close(a);
    close(b);
    close(c);
}

/* Datagrams to a port where nobody is come back. */
static void errors(const char *text)
{
    bool six = strchr(text, ':');
    int level = six ? IPPROTO_IPV6 : IPPROTO_IP, option = six ? IPV6_RECVERR : IP_RECVERR;
    int fd = bound(text);
    uint16_t dead = inet_dead_port(text, SOCK_DGRAM);
    union inet_name to = inet_at(text, dead);
    static char big[1500];
    struct received r;
    CHECK_ERRNO(receive(fd, MSG_ERRQUEUE, &r), EAGAIN);
    CHECK_EQ(sendto(fd, "lost", 4, 0, &to.any, inet_size(&to)), 4);
    CHECK_ERRNO(receive(fd, MSG_ERRQUEUE, &r), EAGAIN); /* nobody asked */
    CHECK_OK(inet_set(fd, level, option, 1));
    CHECK_EQ(sendto(fd, "back", 4, 0, &to.any, inet_size(&to)), 4);
    CHECK_EQ(inet_wait(fd, POLLIN), POLLERR);
    CHECK_EQ(receive(fd, MSG_ERRQUEUE, &r), 4);
    CHECK(memcmp(r.data, "back", 4) == 0);
    CHECK_EQ(r.message.msg_flags, MSG_ERRQUEUE);
    CHECK_EQ(r.message.msg_namelen, inet_size(&to));
    CHECK(memcmp(&r.from, &to, inet_size(&to)) == 0);
    CHECK_EQ(count(&r), 1);
    struct sock_extended_err error;
    size_t size = sizeof(error) + inet_size(&to);
    memcpy(&error, note(&r, level, option, size), sizeof(error));
    CHECK_EQ(error.ee_errno, ECONNREFUSED);
    CHECK_EQ(error.ee_origin, six ? SO_EE_ORIGIN_ICMP6 : SO_EE_ORIGIN_ICMP);
    CHECK_EQ(error.ee_type, six ? 1 : 3);
    CHECK_EQ(error.ee_code, six ? 4 : 3);
    union inet_name offender = {0}, wanted = inet_at(text, 0);
    memcpy(&offender, (const uint8_t *)note(&r, level, option, size) + sizeof(error),
           inet_size(&to));
    CHECK(memcmp(&offender, &wanted, inet_size(&to)) == 0);
    CHECK_EQ(inet_now(fd, POLLIN), 0); /* with it the error of the socket has gone */
    CHECK_EQ(inet_error(fd), 0);
    CHECK_ERRNO(receive(fd, MSG_ERRQUEUE, &r), EAGAIN);
    CHECK_OK(connect(fd, &to.any, inet_size(&to)));
    CHECK_EQ(send(fd, big, sizeof(big), 0), sizeof(big)); /* one comes back in part */
    CHECK_EQ(inet_wait(fd, 0), POLLERR);
    CHECK_ERRNO(send(fd, "x", 1, 0), ECONNREFUSED);
    CHECK_EQ(inet_now(fd, 0), POLLERR); /* it is in the queue still */
    CHECK_EQ(receive(fd, MSG_ERRQUEUE, &r), six ? 1184 : 520);
    CHECK_EQ(send(fd, "x", 1, 0), 1);
    CHECK_EQ(inet_wait(fd, 0), POLLERR);
    CHECK_ERRNO(recv(fd, big, 1, 0), ECONNREFUSED);
    CHECK_OK(inet_set(fd, level, option, 0)); /* forgets */
    CHECK_EQ(inet_now(fd, 0), 0);
    CHECK_ERRNO(receive(fd, MSG_ERRQUEUE, &r), EAGAIN);
    close(fd);
}

/* IP_RECVERR of a socket of IPv6 is about what it sends to IPv4, and is told as of IPv6. */
static void mapped_errors(void)
{
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    uint16_t dead = inet_dead_port("127.0.0.1", SOCK_DGRAM);
    union inet_name to = inet_at("::ffff:127.0.0.1", dead), who = inet_at("::ffff:127.0.0.1", 0);
    struct received r;
    struct sock_extended_err error;
    size_t size = sizeof(error) + sizeof(who.in6);
    CHECK_OK(inet_set(fd, IPPROTO_IPV6, IPV6_RECVERR, 1));
    CHECK_EQ(sendto(fd, "lost", 4, 0, &to.any, sizeof(to.in6)), 4);
    CHECK_ERRNO(receive(fd, MSG_ERRQUEUE, &r), EAGAIN);
    CHECK_OK(inet_set(fd, IPPROTO_IP, IP_RECVERR, 1));
    CHECK_EQ(sendto(fd, "back", 4, 0, &to.any, sizeof(to.in6)), 4);
    CHECK_EQ(inet_wait(fd, POLLIN), POLLERR);
    CHECK_EQ(receive(fd, MSG_ERRQUEUE, &r), 4);
    CHECK(memcmp(&r.from, &to, sizeof(to.in6)) == 0);
    CHECK_EQ(count(&r), 1);
    const uint8_t *told = note(&r, IPPROTO_IPV6, IPV6_RECVERR, size);
    memcpy(&error, told, sizeof(error));
    CHECK_EQ(error.ee_errno, ECONNREFUSED);
    CHECK_EQ(error.ee_origin, SO_EE_ORIGIN_ICMP);
    CHECK_EQ(error.ee_type, 3);
    CHECK(memcmp(told + sizeof(error), &who, sizeof(who.in6)) == 0);
    close(fd);
}

int main(void)
{
    v4();
    v6();
    errors("127.0.0.1");
    errors("::1");
    mapped_errors();
    return check_done();
}
