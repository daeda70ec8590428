/* Options of sockets of the network: what each is at first, and what becomes of values. What is
 * printed has to be the same on the real kernel. Left out is what depends on the host, its user or
 * a kernel of late. (guest: glibc only) */
#include "inet.h"

#include <netinet/tcp.h>

static const char *const kinds[] = {"tcp", "tcp6", "udp", "udp6"};

static int make(int kind)
{
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

static void try(int level, int name)
{
    static const int values[] = {-1, 0, 1, 2, 5, 100, 300, 70000};
    for (int kind = 0; kind < 4; kind++) {
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
static const int ip_names[] = {1, 2, 6, 7, 8, 10, 11, 12, 13, 14, 18, 20, 21, 23, 24, 32, 33, 49};
static const int tcp_names[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 18, 25, 27, 30, 34};
static const int ipv6_names[] = {2,  3,  4,  5,  8,  11, 16, 17, 19, 23, 25, 26, 29,
                                 33, 49, 51, 53, 56, 58, 60, 66, 67, 73, 74, 78};

#define TRY_ALL(level, names)                                                                      \
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)                                  \
    try(level, names[i])

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

int main(void)
{
    TRY_ALL(SOL_SOCKET, socket_names);
    TRY_ALL(IPPROTO_IP, ip_names);
    TRY_ALL(IPPROTO_TCP, tcp_names);
    TRY_ALL(IPPROTO_IPV6, ipv6_names);
    connected();
    return check_done();
}
