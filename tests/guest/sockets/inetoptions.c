/* Options of sockets of the network: what each is at first, and what becomes of values. What is
 * printed has to be the same on the real kernel. Left out is what depends on the host, its user or
 * a kernel of late. (guest: glibc only) */
#include "inet.h"

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

static const char *const kinds[] = {"tcp", "tcp6", "udp", "udp6", "unix", "netlink"};

static int make(int kind)
{
    if (kind >= 4)
        return kind == 4 ? socket(AF_UNIX, SOCK_DGRAM, 0) : socket(AF_NETLINK, SOCK_RAW, 0);
    return socket(kind & 1 ? AF_INET6 : AF_INET, kind & 2 ? SOCK_DGRAM : SOCK_STREAM, 0);
}

static void tell(int fd, int level, int name)
{
    uint8_t value[256] = {0};
    socklen_t length = sizeof(value);
    if (getsockopt(fd, level, name, value, &length)) {
        printf(" %s", strerrorname_np(errno));
        return;
    }
    printf(" %u:", (unsigned)length);
    for (unsigned i = 0; i < length && i < 16; i++)
        printf("%02x", value[i]);
}

static void set(int fd, int level, int name, const void *value, socklen_t length)
{
    printf("; %s", setsockopt(fd, level, name, value, length) ? strerrorname_np(errno) : "set");
    tell(fd, level, name);
}

/* With the kinds from first to last. */
static void try(int level, int name, int first, int last)
{
    static const int values[] = {-1, 0, 1, 2, 5, 100, 300, 70000};
    for (int kind = first; kind <= last; kind++) {
        int fd = make(kind);
        printf("%s %d/%d:", kinds[kind], level, name);
        tell(fd, level, name);
        for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
            set(fd, level, name, &values[i], sizeof(values[i]));
        set(fd, level, name, "\7", 1);
        set(fd, level, name, "", 0);
        printf("\n");
        close(fd);
    }
}

static const int socket_names[] = {2,  3,  4,  5,  6,  9,  10, 11, 13, 14, 15, 16, 20, 21,
                                   28, 29, 30, 34, 35, 38, 39, 40, 41, 43, 44, 45, 49, 56};
static const int ip_names[] = {1,  2,  5,  6,  7,  8,  9,  10, 11, 12, 13,
                               14, 15, 18, 20, 21, 23, 24, 32, 33, 34, 49};
/* Those that every socket has. */
static const int common_names[] = {1,  2,  5,  6,  9,  10, 11, 12, 13, 14, 18, 20, 21,
                                   29, 30, 35, 36, 40, 41, 43, 44, 45, 46, 47, 49, 56};
static const int udp_names[] = {1, 101, 102, 103, 104};
static const int tcp_names[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 18, 25, 27, 30, 34};
static const int ipv6_names[] = {1,  2,  3,  4,  5,  8,  11, 16, 17, 19, 22, 23, 24, 25, 26, 29,
                                 33, 49, 51, 53, 54, 55, 56, 57, 58, 59, 60, 66, 67, 73, 74, 78};

#define TRY_ALL(level, names, first, last)                                                         \
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)                                  \
    try(level, names[i], first, last)

/* Those that a connection changes. */
static void connected(void)
{
    int e[2];
    struct tcp_info info;
    socklen_t length = sizeof(info);
    char data[1000] = "";
    union inet_name name, peer;
    socklen_t size = sizeof(name.in);
    CHECK(inet_pair("127.0.0.1", e));
    CHECK_EQ(inet_number(e[0], IPPROTO_TCP, TCP_MAXSEG) > 500, 1);
    CHECK_EQ(inet_number(e[0], IPPROTO_IP, IP_MTU), 65535);
    CHECK_OK(getsockopt(e[0], SOL_SOCKET, 28 /* SO_PEERNAME */, &name, &size));
    size = sizeof(peer);
    CHECK_OK(getpeername(e[0], &peer.any, &size));
    CHECK(memcmp(&name, &peer, size) == 0);
    CHECK_EQ(send(e[0], data, sizeof(data), 0), sizeof(data));
    CHECK_EQ(recv(e[1], data, sizeof(data), MSG_WAITALL), sizeof(data));
    CHECK_OK(getsockopt(e[1], IPPROTO_TCP, TCP_INFO, &info, &length));
    CHECK(length >= 104);
    CHECK_EQ(info.tcpi_state, TCP_ESTABLISHED);
    CHECK_EQ(info.tcpi_unacked, 0);
    CHECK_EQ(info.tcpi_retransmits, 0);
    CHECK_EQ(info.tcpi_total_retrans, 0);
    CHECK(info.tcpi_snd_mss > 500);
    CHECK(info.tcpi_snd_cwnd > 0);
    close(e[0]);
    CHECK_EQ(recv(e[1], data, 1, 0), 0);
    length = sizeof(info);
    CHECK_OK(getsockopt(e[1], IPPROTO_TCP, TCP_INFO, &info, &length));
    CHECK_EQ(info.tcpi_state, TCP_CLOSE_WAIT);
    close(e[1]);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    size = sizeof(data);
    CHECK_OK(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
    CHECK_OK(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, data, &size));
    CHECK_EQ(size, 16);
    CHECK(strcmp(data, "reno") == 0);
    CHECK_ERRNO(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "nosuch", 6), ENOENT);
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
    size = sizeof(data);
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, data, &size));
    CHECK_EQ(size, 3);
    CHECK(strcmp(data, "lo") == 0);
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "nosuch", 7), ENODEV);
    close(fd);
}

/* Of SO_TIMESTAMP and SO_TIMESTAMPNS the last one counts; sockets of AF_UNIX tell the time too. */
static void stamps(void)
{
    int e[2];
    char data[8], control[128];
    struct iovec part = {data, sizeof(data)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_OK(inet_set(fd, SOL_SOCKET, SO_TIMESTAMP, 1));
    CHECK_OK(inet_set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1));
    CHECK_EQ(inet_number(fd, SOL_SOCKET, SO_TIMESTAMP), 0);
    CHECK_EQ(inet_number(fd, SOL_SOCKET, SO_TIMESTAMPNS), 1);
    CHECK_OK(inet_set(fd, SOL_SOCKET, SO_TIMESTAMP, 0));
    CHECK_EQ(inet_number(fd, SOL_SOCKET, SO_TIMESTAMPNS), 0);
    close(fd);
    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, e));
    for (int ns = 0; ns < 2; ns++) {
        CHECK_OK(inet_set(e[1], SOL_SOCKET, ns ? SO_TIMESTAMPNS : SO_TIMESTAMP, 1));
        CHECK_EQ(send(e[0], "x", 1, 0), 1);
        message.msg_control = control;
        message.msg_controllen = sizeof(control);
        CHECK_EQ(recvmsg(e[1], &message, 0), 1);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        if (!CHECK(header != NULL))
            continue;
        CHECK_EQ(header->cmsg_level, SOL_SOCKET);
        CHECK_EQ(header->cmsg_type, ns ? SCM_TIMESTAMPNS : SCM_TIMESTAMP);
        int64_t seconds;
        memcpy(&seconds, CMSG_DATA(header), sizeof(seconds));
        CHECK(seconds > 1000000000);
    }
    close(e[0]);
    close(e[1]);
}

/* IPV6_ADDRFORM; SO_PEERNAME of a socket that has a peer. */
static void family(void)
{
    union inet_name name;
    socklen_t length = sizeof(name);
    int listener = inet_listener("127.0.0.1", 1), fd = socket(AF_INET6, SOCK_STREAM, 0);
    CHECK_OK(inet_connect(fd, "::ffff:127.0.0.1", inet_port(listener)));
    CHECK_EQ(inet_number(fd, IPPROTO_IPV6, IPV6_ADDRFORM), AF_INET6);
    CHECK_ERRNO(inet_set(fd, IPPROTO_IPV6, IPV6_ADDRFORM, AF_INET6), EINVAL);
    CHECK_OK(inet_set(fd, IPPROTO_IPV6, IPV6_ADDRFORM, AF_INET));
    CHECK_OK(getsockname(fd, &name.any, &length));
    CHECK_EQ(length, sizeof(name.in));
    CHECK_EQ(name.any.sa_family, AF_INET);
    CHECK_ERRNO(inet_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1), ENOPROTOOPT);
    length = sizeof(name.in) + 1;
    CHECK_ERRNO(getsockopt(fd, SOL_SOCKET, 28 /* SO_PEERNAME */, &name, &length), EINVAL);
    length = 8;
    CHECK_OK(getsockopt(fd, SOL_SOCKET, 28, &name, &length));
    CHECK_EQ(length, 8);
    CHECK_EQ(ntohs(name.in.sin_port), inet_port(listener));
    close(fd);
    fd = socket(AF_INET6, SOCK_STREAM, 0);
    int six = inet_listener("::1", 1);
    CHECK_OK(inet_connect(fd, "::1", inet_port(six)));
    CHECK_ERRNO(inet_set(fd, IPPROTO_IPV6, IPV6_ADDRFORM, AF_INET), EADDRNOTAVAIL);
    close(fd);
    close(six);
    close(listener);
}

/* Requests of socket(7), tcp(7) and udp(7) about what lies there and when it came. */
static void requests(void)
{
    int e[2], value = -1, to = socket(AF_INET, SOCK_DGRAM, 0),
              from = socket(AF_INET, SOCK_DGRAM, 0);
    char data[8];
    struct timeval tv;
    struct timespec ts;
    CHECK(inet_pair("127.0.0.1", e));
    CHECK_OK(ioctl(e[0], SIOCOUTQ, &value));
    CHECK_EQ(value, 0);
    CHECK_OK(ioctl(e[0], SIOCOUTQNSD, &value));
    CHECK_EQ(value, 0);
    CHECK_OK(inet_bind(to, "127.0.0.1", 0));
    CHECK_OK(inet_connect(from, "127.0.0.1", inet_port(to)));
    CHECK_EQ(send(from, "abc", 3, 0), 3);
    CHECK_EQ(inet_wait(to, POLLIN), POLLIN);
    CHECK_OK(ioctl(to, SIOCINQ, &value));
    CHECK_EQ(value, 3);
    CHECK_EQ(recv(to, data, sizeof(data), 0), 3);
    CHECK_OK(ioctl(to, SIOCGSTAMP, &tv));
    CHECK_OK(ioctl(to, SIOCGSTAMPNS, &ts));
    CHECK_EQ(tv.tv_sec, ts.tv_sec);
    CHECK_EQ(tv.tv_usec, ts.tv_nsec / 1000);
    close(to);
    /* Who is told by messages has it from them alone. */
    to = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_OK(inet_bind(to, "127.0.0.1", 0));
    CHECK_OK(inet_set(to, SOL_SOCKET, SO_TIMESTAMP, 1));
    CHECK_OK(inet_connect(from, "127.0.0.1", inet_port(to)));
    CHECK_EQ(send(from, "abc", 3, 0), 3);
    CHECK_EQ(recv(to, data, sizeof(data), 0), 3);
    CHECK_ERRNO(ioctl(to, SIOCGSTAMP, &tv), ENOENT);
    CHECK_ERRNO(ioctl(to, SIOCOUTQNSD, &value), ENOTTY);
    CHECK_ERRNO(ioctl(to, SIOCATMARK, &value), ENOTTY);
    close(e[0]);
    close(e[1]);
    close(to);
    close(from);
}

/* IP_LOCAL_PORT_RANGE, which Linux has since 6.3: what is found of it is not counted. */
static void ports(void)
{
    int counted = check_count, fd = socket(AF_INET, SOCK_STREAM, 0);
    if (inet_set(fd, IPPROTO_IP, 51, 45000 | 45019 << 16) == 0) {
        CHECK_ERRNO(inet_set(fd, IPPROTO_IP, 51, 45019 | 45000 << 16), EINVAL);
        CHECK_EQ(inet_number(fd, IPPROTO_IP, 51), (int)(45000u | 45019u << 16));
        if (inet_bind(fd, "127.0.0.1", 0) == 0)
            CHECK(inet_port(fd) >= 45000 && inet_port(fd) <= 45019);
    }
    close(fd);
    check_count = counted;
}

/* IP_BIND_ADDRESS_NO_PORT: the port comes with the connection. */
static void late_port(void)
{
    union inet_name name;
    socklen_t length = sizeof(name);
    int listener = inet_listener("127.0.0.1", 1), fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_OK(inet_set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1));
    CHECK_OK(inet_bind(fd, "127.0.0.2", 0));
    CHECK_EQ(inet_port(fd), 0);
    CHECK_OK(inet_connect(fd, "127.0.0.1", inet_port(listener)));
    CHECK(inet_port(fd) != 0);
    CHECK_OK(getsockname(fd, &name.any, &length));
    CHECK_EQ(ntohl(name.in.sin_addr.s_addr), 0x7f000002);
    close(fd);
    close(listener);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_OK(inet_set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1));
    CHECK_OK(inet_bind(fd, "127.0.0.1", 0));
    CHECK_OK(inet_bind(fd, "127.0.0.3", 0)); /* nothing is bound yet */
    CHECK_OK(listen(fd, 1));
    length = sizeof(name);
    CHECK_OK(getsockname(fd, &name.any, &length));
    CHECK_EQ(ntohl(name.in.sin_addr.s_addr), 0x7f000003);
    CHECK(name.in.sin_port != 0);
    close(fd);
}

int main(void)
{
    TRY_ALL(SOL_SOCKET, socket_names, 0, 3);
    TRY_ALL(SOL_SOCKET, common_names, 4, 5);
    TRY_ALL(IPPROTO_IP, ip_names, 0, 3);
    TRY_ALL(IPPROTO_TCP, tcp_names, 0, 3);
    TRY_ALL(IPPROTO_UDP, udp_names, 2, 3);
    TRY_ALL(IPPROTO_IPV6, ipv6_names, 0, 3);
    connected();
    stamps();
    family();
    requests();
    late_port();
    ports();
    return check_done();
}
