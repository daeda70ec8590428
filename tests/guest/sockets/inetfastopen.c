/* MSG_FASTOPEN and the options of it, without a cookie: data follow the first packet. */
#include "inet.h"

#include <netinet/tcp.h>

#ifndef TCP_FASTOPEN_CONNECT
#define TCP_FASTOPEN_CONNECT 30
#endif

/* What net.ipv4.tcp_fastopen of this machine says: clients have it, and may send data without a
 * cookie. Without the first or with the second it is as if they connected and then sent. */
#define CLIENTS   1
#define NO_COOKIE 4
static int allowed = CLIENTS;

static void find_allowed(void)
{
    FILE *file = fopen("/proc/sys/net/ipv4/tcp_fastopen", "r");
    if (file && fscanf(file, "%d", &allowed) != 1)
        allowed = CLIENTS;
    if (file)
        fclose(file);
}

static ssize_t open_with(int fd, const char *data, uint16_t port)
{
    union inet_name to = inet_at("127.0.0.1", port);
    if ((allowed & (CLIENTS | NO_COOKIE)) != CLIENTS)
        return connect(fd, &to.any, sizeof(to.in)) ? -1 : send(fd, data, strlen(data), 0);
    return sendto(fd, data, strlen(data), MSG_FASTOPEN, &to.any, sizeof(to.in));
}

static void arrives(int listener, const char *expected)
{
    char data[16] = "";
    int fd = accept(listener, NULL, NULL);
    CHECK_EQ(recv(fd, data, strlen(expected), MSG_WAITALL), strlen(expected));
    CHECK(strcmp(data, expected) == 0);
    close(fd);
}

int main(void)
{
    int listener = inet_listener("127.0.0.1", 8), fd = socket(AF_INET, SOCK_STREAM, 0);
    uint16_t port = inet_port(listener), dead = inet_dead_port("127.0.0.1", SOCK_STREAM);
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    find_allowed();
    int refused = allowed & CLIENTS ? 0 : EOPNOTSUPP;
    int server = socket(AF_INET, SOCK_STREAM, 0); /* not the listener: it might give cookies */
    CHECK_OK(inet_set(server, IPPROTO_TCP, TCP_FASTOPEN, 5));
    CHECK_EQ(inet_number(server, IPPROTO_TCP, TCP_FASTOPEN), 5);
    close(server);
    CHECK_ERRNO(send(fd, "x", 1, MSG_FASTOPEN), refused ? refused : EINVAL);
    CHECK_ERRNO(sendto(fd, "x", 1, MSG_FASTOPEN, &none, sizeof(none)), EOPNOTSUPP);
    CHECK_EQ(open_with(fd, "first", port), 5);
    CHECK_ERRNO(open_with(fd, "again", port), EISCONN);
    CHECK_ERRNO(send(fd, "x", 1, MSG_FASTOPEN), refused ? refused : EISCONN);
    CHECK_EQ(send(fd, "more", 4, 0), 4);
    arrives(listener, "firstmore");
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_ERRNO(open_with(fd, "x", dead), ECONNREFUSED);
    CHECK_EQ(open_with(fd, "second", port), 6);
    arrives(listener, "second");
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK_ERRNO(open_with(fd, "third", port), EINPROGRESS);
    CHECK_EQ(inet_wait(fd, POLLOUT) & POLLOUT, POLLOUT);
    CHECK_EQ(open_with(fd, "third", port), 5);
    arrives(listener, "third");
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK_ERRNO(open_with(fd, "x", dead), EINPROGRESS);
    CHECK(inet_wait(fd, POLLOUT) & POLLERR);
    CHECK_EQ(inet_error(fd), ECONNREFUSED);
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(!inet_set(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1) || errno == refused);
    CHECK_EQ(inet_number(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT), refused == 0);
    CHECK_ERRNO(inet_set(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 2), EINVAL);
    CHECK_OK(inet_connect(fd, "127.0.0.1", port));
    CHECK_ERRNO(inet_set(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 0), refused ? refused : EINVAL);
    CHECK_EQ(send(fd, "fourth", 6, 0), 6);
    arrives(listener, "fourth");
    close(fd);
    CHECK_ERRNO(open_with(listener, "x", port), EISCONN);
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_ERRNO(send(fd, "x", 1, MSG_FASTOPEN), EDESTADDRREQ);
    close(fd);
    return check_done();
}
