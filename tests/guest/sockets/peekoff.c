/* SO_PEEK_OFF: where MSG_PEEK looks, and how that moves, for sockets of each kind. */
#include "inet.h"

#include <sched.h>

#ifndef SO_PEEK_OFF
#define SO_PEEK_OFF 42
#endif

static int offset(int fd)
{
    return inet_number(fd, SOL_SOCKET, SO_PEEK_OFF);
}

static int set(int fd, int value)
{
    return inet_set(fd, SOL_SOCKET, SO_PEEK_OFF, value);
}

/* Peeks up to n bytes, which have to be these. flags: to be there in msg_flags. */
static void peek(int fd, size_t n, const char *expected, int flags)
{
    char data[64] = "";
    struct iovec part = {data, n};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    CHECK_EQ(recvmsg(fd, &message, MSG_PEEK | MSG_DONTWAIT), strlen(expected));
    CHECK(strcmp(data, expected) == 0);
    CHECK_EQ(message.msg_flags & MSG_TRUNC, flags);
}

static void take(int fd, size_t n, const char *expected)
{
    char data[64] = "";
    CHECK_EQ(recv(fd, data, n, MSG_DONTWAIT), strlen(expected));
    CHECK(strcmp(data, expected) == 0);
}

static void none(int fd)
{
    char byte;
    CHECK_ERRNO(recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
}

static void streams(int from, int to)
{
    CHECK_EQ(offset(to), -1);
    CHECK_EQ(send(from, "abcdef", 6, 0), 6);
    CHECK(inet_wait(to, POLLIN) & POLLIN);
    peek(to, 2, "ab", 0);
    peek(to, 2, "ab", 0);
    CHECK_OK(set(to, 1));
    peek(to, 2, "bc", 0);
    CHECK_EQ(offset(to), 3);
    peek(to, 2, "de", 0);
    peek(to, 9, "f", 0);
    CHECK_EQ(offset(to), 6);
    none(to);
    take(to, 2, "ab");
    CHECK_EQ(offset(to), 4);
    none(to);
    CHECK_OK(set(to, 0));
    peek(to, 1, "c", 0);
    take(to, 3, "cde");
    CHECK_EQ(offset(to), 0);
    CHECK_EQ(send(from, "ghi", 3, 0), 3);
    CHECK_OK(set(to, 0));
    CHECK_EVENTUALLY(recv(to, (char[8]){0}, 8, MSG_PEEK | MSG_DONTWAIT) < 4 && offset(to) >= 4);
    CHECK_OK(set(to, -1));
    peek(to, 9, "fghi", 0);
    CHECK_OK(set(to, 2));
    peek(to, 9, "hi", 0);
    take(to, 9, "fghi");
    CHECK_EQ(offset(to), 0);
    CHECK_OK(set(to, 3));
    none(to);
    CHECK_OK(shutdown(from, SHUT_WR));
    CHECK(inet_wait(to, POLLIN) & POLLIN);
    CHECK_EQ(recv(to, (char[8]){0}, 8, MSG_PEEK), 0);
    CHECK_OK(set(to, -7));
    CHECK_EQ(offset(to), -7);
}

static void packets(int from, int to)
{
    CHECK_EQ(offset(to), -1);
    CHECK_EQ(send(from, "abcdef", 6, 0), 6);
    CHECK_EQ(send(from, "ghij", 4, 0), 4);
    CHECK(inet_wait(to, POLLIN) & POLLIN);
    CHECK_OK(set(to, 0));
    peek(to, 2, "ab", MSG_TRUNC);
    CHECK_EQ(offset(to), 2);
    peek(to, 3, "cde", MSG_TRUNC);
    peek(to, 9, "f", 0);
    CHECK_EQ(offset(to), 6);
    peek(to, 2, "gh", MSG_TRUNC);
    peek(to, 9, "ij", 0);
    CHECK_EQ(offset(to), 10);
    none(to);
    take(to, 3, "abc");
    printf("%d\n", offset(to));
    CHECK_OK(set(to, 1));
    peek(to, 9, "hij", 0);
    CHECK_EQ(recv(to, (char[8]){0}, 8, MSG_TRUNC), 4);
    printf("%d\n", offset(to));
    none(to);
    CHECK_OK(set(to, 0));
    /* With MSG_TRUNC the length that is told counts. */
    CHECK_EQ(send(from, "klmno", 5, 0), 5);
    CHECK(inet_wait(to, POLLIN) & POLLIN);
    printf("%d", (int)recv(to, (char[8]){0}, 2, MSG_PEEK | MSG_TRUNC));
    printf(" %d\n", offset(to));
    CHECK_OK(set(to, 3));
    printf("%d", (int)recv(to, (char[8]){0}, 1, MSG_PEEK | MSG_TRUNC));
    printf(" %d\n", offset(to));
    take(to, 9, "klmno");
    /* Empty ones. */
    CHECK_OK(set(to, 0));
    CHECK_EQ(send(from, "", 0, 0), 0);
    CHECK_EQ(send(from, "p", 1, 0), 1);
    CHECK(inet_wait(to, POLLIN) & POLLIN);
    peek(to, 4, "", 0);
    peek(to, 4, "p", 0);
    none(to);
    CHECK_OK(set(to, 0));
    peek(to, 4, "p", 0);
    CHECK_OK(set(to, -1));
    peek(to, 4, "", 0);
    take(to, 4, "");
    take(to, 4, "p");
}

int main(void)
{
    int e[2];
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    CHECK_OK(sched_setaffinity(0, sizeof(one), &one)); /* datagrams sent in a row come together */
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, e));
    streams(e[0], e[1]);
    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, e));
    packets(e[0], e[1]);
    CHECK_OK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, e));
    packets(e[0], e[1]);
    for (int v6 = 0; v6 < 2; v6++) {
        const char *loopback = v6 ? "::1" : "127.0.0.1";
        e[0] = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
        e[1] = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
        CHECK_OK(inet_bind(e[1], loopback, 0));
        CHECK_OK(inet_connect(e[0], loopback, inet_port(e[1])));
        packets(e[0], e[1]);
    }
    /* Linux has it for TCP since 6.10: these are not counted. */
    int counted = check_count;
    CHECK(inet_pair("127.0.0.1", e));
    if (set(e[1], -1) == 0)
        streams(e[0], e[1]);
    check_count = counted;
    return check_done();
}
