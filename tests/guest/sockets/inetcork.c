/* Datagrams in pieces (MSG_MORE, UDP_CORK) and pieces of one that are datagrams (UDP_SEGMENT). */
#include "inet.h"

#include <netinet/udp.h>

#ifndef UDP_CORK
#define UDP_CORK 1
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#define LEVEL_UDP 17

static int bound(const char *text)
{
    int fd = socket(strchr(text, ':') ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {CHECK_PATIENCE, 0};
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)));
    CHECK_OK(inet_bind(fd, text, 0));
    return fd;
}

static ssize_t send_to(int fd, const char *data, int flags, const char *text, uint16_t port)
{
    union inet_name to = inet_at(text, port);
    return sendto(fd, data, strlen(data), flags, &to.any, inet_size(&to));
}

static void arrives(int fd, const char *expected)
{
    char data[64] = "";
    CHECK_EQ(recv(fd, data, sizeof(data), 0), strlen(expected));
    CHECK(strcmp(data, expected) == 0);
}

static void more(const char *text)
{
    int to = bound(text), other = bound(text), from = bound(text);
    uint16_t port = inet_port(to);
    CHECK_EQ(send_to(from, "abc", MSG_MORE, text, port), 3);
    CHECK_EQ(inet_now(to, POLLIN), 0);
    /* The first says where all goes. */
    CHECK_EQ(send_to(from, "def", MSG_MORE, text, inet_port(other)), 3);
    CHECK_EQ(send(from, "", 0, MSG_MORE), 0);
    CHECK_EQ(send_to(from, "ghi", 0, text, inet_port(other)), 3);
    arrives(to, "abcdefghi");
    CHECK_EQ(inet_now(other, POLLIN), 0);
    CHECK_EQ(send_to(from, "next", 0, text, port), 4);
    arrives(to, "next");
    CHECK_ERRNO(send(from, "x", 1, MSG_MORE), EDESTADDRREQ);
    CHECK_OK(inet_connect(from, text, port));
    CHECK_EQ(send(from, "one", 3, MSG_MORE), 3);
    CHECK_EQ(write(from, "two", 3), 3);
    arrives(to, "onetwo");
    CHECK_EQ(send(from, "", 0, MSG_MORE), 0);
    CHECK_EQ(send(from, "", 0, 0), 0);
    arrives(to, "");
    close(from);
    close(to);
    close(other);
}

static void cork(const char *text)
{
    int to = bound(text), from = bound(text);
    static char large[40000];
    CHECK_EQ(inet_number(from, LEVEL_UDP, UDP_CORK), 0);
    CHECK_OK(inet_set(from, LEVEL_UDP, UDP_CORK, 7));
    CHECK_EQ(inet_number(from, LEVEL_UDP, UDP_CORK), 1);
    CHECK_OK(inet_connect(from, text, inet_port(to)));
    CHECK_EQ(write(from, "ab", 2), 2);
    CHECK_EQ(write(from, "cd", 2), 2);
    CHECK_EQ(inet_now(to, POLLIN), 0);
    CHECK_OK(inet_set(from, LEVEL_UDP, UDP_CORK, 0));
    arrives(to, "abcd");
    CHECK_OK(inet_set(from, LEVEL_UDP, UDP_CORK, 0));
    CHECK_EQ(write(from, "ef", 2), 2);
    arrives(to, "ef");
    /* More than a datagram has is lost, all of it. */
    CHECK_OK(inet_set(from, LEVEL_UDP, UDP_CORK, 1));
    CHECK_EQ(write(from, large, sizeof(large)), sizeof(large));
    CHECK_ERRNO(write(from, large, sizeof(large)), EMSGSIZE);
    CHECK_EQ(write(from, "gh", 2), 2);
    CHECK_OK(inet_set(from, LEVEL_UDP, UDP_CORK, 0));
    arrives(to, "gh");
    /* Nothing is sent by who closes. */
    CHECK_OK(inet_set(from, LEVEL_UDP, UDP_CORK, 1));
    CHECK_EQ(write(from, "lost", 4), 4);
    close(from);
    from = bound(text);
    CHECK_EQ(send_to(from, "end", 0, text, inet_port(to)), 3);
    arrives(to, "end");
    CHECK_ERRNO(setsockopt(from, LEVEL_UDP, UDP_CORK, "x", 1), EINVAL);
    int stream = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_ERRNO(inet_set(stream, LEVEL_UDP, UDP_CORK, 1), ENOPROTOOPT);
    close(stream);
    close(from);
    close(to);
}

static void segments(const char *text)
{
    int to = bound(text), from = bound(text);
    char control[CMSG_SPACE(2)] = {0};
    struct iovec part = {"aabbccd", 7};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    CHECK_EQ(inet_number(from, LEVEL_UDP, UDP_SEGMENT), 0);
    CHECK_ERRNO(inet_set(from, LEVEL_UDP, UDP_SEGMENT, -1), EINVAL);
    CHECK_ERRNO(inet_set(from, LEVEL_UDP, UDP_SEGMENT, 65536), EINVAL);
    CHECK_OK(inet_set(from, LEVEL_UDP, UDP_SEGMENT, 3));
    CHECK_EQ(inet_number(from, LEVEL_UDP, UDP_SEGMENT), 3);
    CHECK_OK(inet_connect(from, text, inet_port(to)));
    CHECK_EQ(send(from, "aaabbbcc", 8, 0), 8);
    arrives(to, "aaa");
    arrives(to, "bbb");
    arrives(to, "cc");
    CHECK_EQ(send(from, "aaa", 3, 0), 3);
    arrives(to, "aaa");
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = LEVEL_UDP;
    header->cmsg_type = UDP_SEGMENT;
    header->cmsg_len = CMSG_LEN(2);
    uint16_t two = 2;
    memcpy(CMSG_DATA(header), &two, sizeof(two));
    CHECK_EQ(sendmsg(from, &message, 0), 7);
    arrives(to, "aa");
    arrives(to, "bb");
    arrives(to, "cc");
    arrives(to, "d");
    static char large[40000];
    CHECK_ERRNO(send(from, large, sizeof(large), 0), EINVAL); /* too many of them */
    CHECK_OK(inet_set(from, LEVEL_UDP, UDP_SEGMENT, 0));
    CHECK_EQ(send(from, "whole", 5, 0), 5);
    arrives(to, "whole");
    CHECK_EQ(inet_number(to, LEVEL_UDP, UDP_GRO), 0);
    CHECK_OK(inet_set(to, LEVEL_UDP, UDP_GRO, 1));
    CHECK_EQ(inet_number(to, LEVEL_UDP, UDP_GRO), 1);
    CHECK_EQ(send(from, "still", 5, 0), 5);
    arrives(to, "still");
    close(from);
    close(to);
}

int main(void)
{
    static const char *const loopbacks[] = {"127.0.0.1", "::1"};
    for (int i = 0; i < 2; i++) {
        more(loopbacks[i]);
        cork(loopbacks[i]);
        segments(loopbacks[i]);
    }
    return check_done();
}
