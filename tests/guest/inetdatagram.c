/* Datagrams of IPv4 and IPv6 over the loopback: names, sizes, what is cut, ports where nobody is,
 * connected sockets, control data, times. */
#include "inet.h"

#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/uio.h>

static int bound(const char *text)
{
    int fd = socket(strchr(text, ':') ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK_OK(inet_bind(fd, text, 0));
    return fd;
}

static ssize_t send_to(int fd, const void *data, size_t n, const char *text, uint16_t port)
{
    union inet_name name = inet_at(text, port);
    return sendto(fd, data, n, 0, &name.any, inet_size(&name));
}

static void sizes(const char *text)
{
    static char big[70000], back[70000];
    int a = bound(text), b = bound(text), n = -1;
    bool v6 = strchr(text, ':');
    char data[16];
    union inet_name name;
    socklen_t length = sizeof(name);
    CHECK_EQ(send_to(a, "0123456789", 10, text, inet_port(b)), 10);
    CHECK_EQ(send_to(a, "second", 6, text, inet_port(b)), 6);
    CHECK_EQ(send_to(a, "", 0, text, inet_port(b)), 0);
    CHECK_EQ(inet_wait(b, POLLIN), POLLIN);
    CHECK_OK(ioctl(b, FIONREAD, &n));
    CHECK_EQ(n, 10);
    CHECK_EQ(recv(b, data, 4, MSG_PEEK), 4);
    CHECK_EQ(recv(b, data, 4, MSG_PEEK | MSG_TRUNC), 10);
    struct iovec part = {data, 4};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_name = &name, .msg_namelen = sizeof(name)};
    CHECK_EQ(recvmsg(b, &message, MSG_TRUNC), 10);
    CHECK_EQ(message.msg_flags, MSG_TRUNC);
    CHECK_EQ(message.msg_namelen, v6 ? 28 : 16);
    union inet_name wanted = inet_at(text, inet_port(a));
    CHECK(memcmp(&name, &wanted, message.msg_namelen) == 0);
    CHECK_EQ(recvfrom(b, data, 4, 0, &name.any, &length), 4); /* the rest is lost */
    CHECK_EQ(length, v6 ? 28 : 16);
    CHECK_EQ(recv(b, data, 16, 0), 0);
    CHECK_ERRNO(recv(b, data, 16, MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(send_to(a, big, v6 ? 65527 : 65507, text, inet_port(b)), v6 ? 65527 : 65507);
    CHECK_ERRNO(send_to(a, big, v6 ? 65528 : 65508, text, inet_port(b)), EMSGSIZE);
    CHECK_EQ(recv(b, back, sizeof(back), 0), v6 ? 65527 : 65507);
    CHECK_ERRNO(send(a, "x", 1, 0), EDESTADDRREQ);
    CHECK_ERRNO(send_to(a, "x", 1, text, 0), EINVAL);
    CHECK_ERRNO(accept(a, NULL, NULL), EOPNOTSUPP);
    CHECK_ERRNO(listen(a, 1), EOPNOTSUPP);
    CHECK_ERRNO(shutdown(a, SHUT_WR), ENOTCONN);
    close(a);
    close(b);
}

static void dead_ports(const char *text)
{
    int family = strchr(text, ':') ? AF_INET6 : AF_INET;
    uint16_t dead = inet_dead_port(text, SOCK_DGRAM);
    char data[16];
    int fd = socket(family, SOCK_DGRAM, 0);
    CHECK_EQ(send_to(fd, "x", 1, text, dead), 1);
    CHECK(inet_port(fd) != 0);
    CHECK_ERRNO(recv(fd, data, 16, MSG_DONTWAIT), EAGAIN);
    close(fd);
    fd = socket(family, SOCK_DGRAM, 0);
    CHECK_OK(inet_connect(fd, text, dead));
    CHECK_EQ(send(fd, "x", 1, 0), 1);
    CHECK_EQ(inet_wait(fd, 0), POLLERR);
    CHECK_ERRNO(recv(fd, data, 16, 0), ECONNREFUSED);
    CHECK_ERRNO(recv(fd, data, 16, MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(send(fd, "x", 1, 0), 1);
    inet_wait(fd, 0);
    CHECK_ERRNO(send(fd, "x", 1, 0), ECONNREFUSED);
    CHECK_EQ(send(fd, "x", 1, 0), 1);
    inet_wait(fd, 0);
    CHECK_EQ(inet_error(fd), ECONNREFUSED);
    CHECK_EQ(inet_error(fd), 0);
    close(fd);
}

static void connected(const char *text)
{
    int server = bound(text), other = bound(text),
        fd = socket(strchr(text, ':') ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
    char data[16];
    union inet_name name;
    socklen_t length = sizeof(name);
    CHECK_ERRNO(getpeername(fd, &name.any, &length), ENOTCONN);
    CHECK_OK(inet_connect(fd, text, inet_port(server)));
    CHECK_OK(getpeername(fd, &name.any, &length));
    CHECK_EQ(send_to(other, "stranger", 8, text, inet_port(fd)), 8);
    CHECK_EQ(send_to(server, "friend", 6, text, inet_port(fd)), 6);
    CHECK_EQ(recv(fd, data, 16, 0), 6); /* of others nothing is taken */
    CHECK_ERRNO(recv(fd, data, 16, MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(send_to(fd, "aside", 5, text, inet_port(other)), 5);
    CHECK_EQ(recv(other, data, 16, 0), 5);
    CHECK_EQ(write(fd, "ahead", 5), 5);
    CHECK_EQ(read(server, data, 16), 5);
    CHECK_OK(shutdown(fd, SHUT_RD));
    CHECK_EQ(recv(fd, data, 16, 0), 0);
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    CHECK_OK(connect(fd, &none, sizeof(none)));
    CHECK_ERRNO(getpeername(fd, &name.any, &length), ENOTCONN);
    CHECK_ERRNO(send(fd, "x", 1, 0), EDESTADDRREQ);
    close(fd);
    close(other);
    close(server);
}

static void told(void)
{
    int a = bound("127.0.0.1"), b = bound("127.0.0.1");
    char data[16], control[256] __attribute__((aligned(8)));
    struct iovec part = {data, 16};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    bool time = false, info = false, ttl = false;
    CHECK_OK(inet_set(b, SOL_SOCKET, SO_TIMESTAMP, 1));
    CHECK_OK(inet_set(b, IPPROTO_IP, IP_PKTINFO, 1));
    CHECK_OK(inet_set(b, IPPROTO_IP, IP_RECVTTL, 1));
    CHECK_EQ(send_to(a, "x", 1, "127.0.0.1", inet_port(b)), 1);
    CHECK_EQ(recvmsg(b, &message, 0), 1);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMP) {
            struct timeval tv;
            memcpy(&tv, CMSG_DATA(c), sizeof(tv));
            time = tv.tv_sec > 1000000000;
        } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo i;
            memcpy(&i, CMSG_DATA(c), sizeof(i));
            info = i.ipi_addr.s_addr == htonl(INADDR_LOOPBACK);
        } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) {
            int value;
            memcpy(&value, CMSG_DATA(c), sizeof(value));
            ttl = value == 64;
        }
    }
    CHECK(time && info && ttl);
    struct timeval stamp = {0, 0};
    CHECK_OK(inet_set(b, SOL_SOCKET, SO_TIMESTAMP, 0));
    CHECK_EQ(send_to(a, "x", 1, "127.0.0.1", inet_port(b)), 1);
    message.msg_controllen = 20; /* cut */
    CHECK_EQ(recvmsg(b, &message, 0), 1);
    CHECK(message.msg_flags & MSG_CTRUNC);
    (void)stamp;
    close(a);
    close(b);
}

static void many(void)
{
    int a = bound("127.0.0.1"), b = bound("127.0.0.1");
    char data[8][16];
    struct iovec parts[8];
    struct mmsghdr messages[8] = {0};
    union inet_name name = inet_at("127.0.0.1", inet_port(b));
    for (int i = 0; i < 8; i++) {
        snprintf(data[i], sizeof(data[i]), "packet %d", i);
        parts[i] = (struct iovec){data[i], (size_t)i + 1};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i],
                                              .msg_iovlen = 1,
                                              .msg_name = &name,
                                              .msg_namelen = sizeof(name.in)};
    }
    CHECK_EQ(sendmmsg(a, messages, 8, 0), 8);
    CHECK_EQ(messages[7].msg_len, 8);
    for (int i = 0; i < 8; i++) {
        parts[i].iov_len = 16;
        messages[i].msg_hdr.msg_name = NULL;
    }
    CHECK_EQ(recvmmsg(b, messages, 8, MSG_WAITFORONE, NULL), 8);
    CHECK_EQ(messages[4].msg_len, 5);
    /* More than fits is lost, and nobody waits. */
    CHECK_OK(inet_set(b, SOL_SOCKET, SO_RCVBUF, 4096));
    int sent = 0, got = 0;
    for (int i = 0; i < 200; i++)
        sent += send_to(a, data, sizeof(data), "127.0.0.1", inet_port(b)) == sizeof(data);
    CHECK_EQ(sent, 200);
    while (recv(b, data, sizeof(data), MSG_DONTWAIT) > 0)
        got++;
    CHECK(got > 0 && got < 200);
    struct timeval little = {0, 30000};
    CHECK_OK(setsockopt(b, SOL_SOCKET, SO_RCVTIMEO, &little, sizeof(little)));
    CHECK_ERRNO(recv(b, data, 1, 0), EAGAIN);
    close(a);
    close(b);
}

static void mixed(void)
{
    int dual = bound("::"), v4 = socket(AF_INET, SOCK_DGRAM, 0);
    union inet_name name;
    socklen_t length = sizeof(name);
    char data[16];
    CHECK_EQ(send_to(v4, "four", 4, "127.0.0.1", inet_port(dual)), 4);
    CHECK_EQ(recvfrom(dual, data, 16, 0, &name.any, &length), 4);
    CHECK(IN6_IS_ADDR_V4MAPPED(&name.in6.sin6_addr));
    CHECK_EQ(sendto(dual, "back", 4, 0, &name.any, length), 4);
    CHECK_EQ(recv(v4, data, 16, 0), 4);
    int only = socket(AF_INET6, SOCK_DGRAM, 0);
    CHECK_OK(inet_set(only, IPPROTO_IPV6, IPV6_V6ONLY, 1));
    CHECK_ERRNO(send_to(only, "x", 1, "::ffff:127.0.0.1", 9), ENETUNREACH);
    CHECK_ERRNO(send_to(v4, "x", 1, "255.255.255.255", 9), EACCES);
    CHECK_EQ(send_to(v4, "any", 3, "0.0.0.0", inet_port(dual)), 3);
    CHECK_EQ(recv(dual, data, 16, 0), 3);
    close(only);
    close(dual);
    close(v4);
}

int main(void)
{
    static const char *const loopbacks[] = {"127.0.0.1", "::1"};
    for (int i = 0; i < 2; i++) {
        sizes(loopbacks[i]);
        dead_ports(loopbacks[i]);
        connected(loopbacks[i]);
    }
    told();
    many();
    mixed();
    return check_done();
}
