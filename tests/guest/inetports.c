/* Who may have which port, and what options say: SO_REUSEADDR, SO_REUSEPORT, both families at one
 * port, privileged ports, values as they are told. */
#include "inet.h"

#include <netinet/tcp.h>
#include <sys/wait.h>

static int bound(const char *text, uint16_t port, int option, int type, int *error)
{
    int fd = socket(strchr(text, ':') ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);
    if (option)
        inet_set(fd, SOL_SOCKET, option, 1);
    *error = inet_bind(fd, text, port) ? errno : 0;
    return fd;
}

/* What binding (and listening) gives beside the first. */
static int second(const char *text, uint16_t port, int option, int type)
{
    int error, fd = bound(text, port, option, type, &error);
    if (!error && type == SOCK_STREAM)
        error = listen(fd, 1) ? errno : 0;
    close(fd);
    return error;
}

/* A socket at 127.0.0.1, at a port that is free at 127.0.0.2 and ::1 besides: others on this
 * machine have ports too. */
static int alone(int type, uint16_t *port)
{
    int error, fd = -1;
    for (int tries = 0; tries < 200; tries++) {
        fd = bound("127.0.0.1", 0, 0, type, &error);
        *port = inet_port(fd);
        if (!error && !second("127.0.0.2", *port, 0, type) && !second("::1", *port, 0, type))
            return fd;
        close(fd);
    }
    return -1;
}

static void conflicts(int type)
{
    uint16_t port = 0;
    int error, fd = alone(type, &port);
    CHECK(fd >= 0);
    if (type == SOCK_STREAM)
        CHECK_OK(listen(fd, 1));
    CHECK_EQ(second("127.0.0.1", port, 0, type), EADDRINUSE);
    CHECK_EQ(second("0.0.0.0", port, 0, type), EADDRINUSE);
    CHECK_EQ(second("::", port, 0, type), EADDRINUSE);
    CHECK_EQ(second("127.0.0.1", port, SO_REUSEADDR, type), EADDRINUSE);
    CHECK_ERRNO(inet_bind(fd, "127.0.0.1", 0), EINVAL);
    close(fd);
    fd = bound("127.0.0.1", 0, SO_REUSEADDR, type, &error);
    port = inet_port(fd);
    if (type == SOCK_STREAM) { /* as long as nobody listens */
        int other = bound("127.0.0.1", port, SO_REUSEADDR, type, &error);
        CHECK_EQ(error, 0);
        CHECK_OK(listen(fd, 1));
        CHECK_ERRNO(listen(other, 1), EADDRINUSE);
        CHECK_EQ(second("127.0.0.1", port, SO_REUSEADDR, type), EADDRINUSE);
        close(other);
    } else {
        CHECK_EQ(second("127.0.0.1", port, SO_REUSEADDR, type), 0);
    }
    close(fd);
}

static void families(void)
{
    int error, fd = bound("::", 0, 0, SOCK_STREAM, &error),
               client = socket(AF_INET, SOCK_STREAM, 0);
    uint16_t port = inet_port(fd);
    union inet_name name;
    socklen_t length = sizeof(name);
    CHECK_OK(listen(fd, 5));
    CHECK_EQ(second("0.0.0.0", port, 0, SOCK_STREAM), EADDRINUSE);
    CHECK_OK(inet_connect(client, "127.0.0.1", port));
    int server = accept(fd, &name.any, &length);
    CHECK(server >= 0);
    CHECK_EQ(length, sizeof(name.in6));
    CHECK(IN6_IS_ADDR_V4MAPPED(&name.in6.sin6_addr));
    close(client);
    client = socket(AF_INET6, SOCK_STREAM, 0);
    CHECK_OK(inet_connect(client, "::ffff:127.0.0.1", port));
    close(client);
    client = socket(AF_INET6, SOCK_STREAM, 0);
    CHECK_OK(inet_connect(client, "::", port)); /* this machine */
    length = sizeof(name);
    CHECK_OK(getpeername(client, &name.any, &length));
    CHECK(IN6_IS_ADDR_LOOPBACK(&name.in6.sin6_addr));
    close(client);
    close(server);
    close(fd);
    int v4 = -1;
    error = -1;
    for (int tries = 0; error && tries < 200; tries++) {
        close(v4);
        close(fd);
        fd = socket(AF_INET6, SOCK_STREAM, 0);
        inet_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
        inet_bind(fd, "::", 0);
        v4 = bound("0.0.0.0", port = inet_port(fd), 0, SOCK_STREAM, &error);
    }
    CHECK_EQ(error, 0);
    CHECK_ERRNO(inet_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0), EINVAL);
    CHECK_OK(listen(fd, 1));
    client = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_ERRNO(inet_connect(client, "127.0.0.1", port), ECONNREFUSED);
    close(v4);
    close(client);
    client = socket(AF_INET6, SOCK_STREAM, 0);
    CHECK_OK(inet_set(client, IPPROTO_IPV6, IPV6_V6ONLY, 1));
    CHECK_ERRNO(inet_connect(client, "::ffff:127.0.0.1", port), ENETUNREACH);
    close(client);
    close(fd);
}

/* Two that share a port each get some of the connections. */
static void shared(void)
{
    int error, fds[2], got[2] = {0, 0};
    fds[0] = bound("127.0.0.1", 0, SO_REUSEPORT, SOCK_STREAM, &error);
    uint16_t port = inet_port(fds[0]);
    fds[1] = bound("127.0.0.1", port, SO_REUSEPORT, SOCK_STREAM, &error);
    CHECK_EQ(error, 0);
    CHECK_OK(listen(fds[0], 200));
    CHECK_OK(listen(fds[1], 200));
    CHECK_EQ(second("127.0.0.1", port, 0, SOCK_STREAM), EADDRINUSE);
    for (int i = 0; i < 100; i++) {
        int client = socket(AF_INET, SOCK_STREAM, 0), server = -1;
        CHECK_OK(inet_connect(client, "127.0.0.1", port));
        struct pollfd p[2] = {{fds[0], POLLIN, 0}, {fds[1], POLLIN, 0}};
        CHECK_EQ(poll(p, 2, CHECK_PATIENCE * 1000), 1);
        int which = p[0].revents ? 0 : 1;
        server = accept(fds[which], NULL, NULL);
        got[which]++;
        close(client);
        close(server);
    }
    CHECK(got[0] && got[1]);
    CHECK_EQ(got[0] + got[1], 100);
    close(fds[0]);
    close(fds[1]);
}

/* Others on this machine may take a port that is free for a moment: what depends on that is tried
 * with another one when it does not hold. */
#define TRIES 20

/* A server starts anew while connections of the one before still are, or just ended. */
static bool again_once(void)
{
    int error, listener = bound("127.0.0.1", 0, SO_REUSEADDR, SOCK_STREAM, &error);
    uint16_t port = inet_port(listener);
    bool holds = listen(listener, 5) == 0;
    int client = socket(AF_INET, SOCK_STREAM, 0), server;
    holds = holds && inet_connect(client, "127.0.0.1", port) == 0;
    server = accept(listener, NULL, NULL);
    close(listener);
    holds = holds && second("127.0.0.1", port, 0, SOCK_STREAM) == EADDRINUSE;
    holds = holds && second("127.0.0.1", port, SO_REUSEADDR, SOCK_STREAM) == 0;
    close(server);
    close(client);
    return holds && second("127.0.0.1", port, SO_REUSEADDR, SOCK_STREAM) == 0;
}

static void again(void)
{
    int tries = 0;
    while (tries < TRIES && !again_once())
        tries++;
    CHECK(tries < TRIES);
}

/* What the port gives once a connection to it has ended. */
enum { SERVER_FIRST = 1, SHUT_FIRST = 2, UNREAD = 4, ABORTED = 8, REUSED = 16 };

static bool ended_once(int how, int plain, int reused)
{
    int error,
        listener = bound("127.0.0.1", 0, how & REUSED ? SO_REUSEADDR : 0, SOCK_STREAM, &error);
    uint16_t port = inet_port(listener);
    struct linger now = {1, 0};
    char byte;
    bool holds = listen(listener, 5) == 0;
    int client = socket(AF_INET, SOCK_STREAM, 0);
    holds = holds && inet_connect(client, "127.0.0.1", port) == 0;
    int server = accept(listener, NULL, NULL), first = how & SERVER_FIRST ? server : client,
        other = how & SERVER_FIRST ? client : server;
    close(listener);
    if (how & UNREAD)
        holds = holds && write(other, "x", 1) == 1 && (inet_wait(first, POLLIN) & POLLIN);
    if (how & ABORTED)
        setsockopt(first, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    if (how & SHUT_FIRST)
        holds = holds && shutdown(first, SHUT_WR) == 0;
    else
        close(first);
    ssize_t n = read(other, &byte, 1);
    bool reset = n == -1 && errno == ECONNRESET;
    holds = holds && (how & (UNREAD | ABORTED) ? reset : n == 0);
    holds = holds && second("127.0.0.1", port, 0, SOCK_STREAM) ==
                         (how & (UNREAD | ABORTED) ? 0 : EADDRINUSE);
    close(other);
    if (how & SHUT_FIRST) {
        holds = holds && read(first, &byte, 1) == 0;
        close(first);
    }
    return holds && second("127.0.0.1", port, 0, SOCK_STREAM) == plain &&
           second("0.0.0.0", port, 0, SOCK_STREAM) == plain &&
           second("127.0.0.1", port, SO_REUSEADDR, SOCK_STREAM) == reused;
}

static void ended(int how, int plain, int reused)
{
    int tries = 0;
    while (tries < TRIES && !ended_once(how, plain, reused))
        tries++;
    if (!CHECK(tries < TRIES))
        printf("of ended(%d, %d, %d)\n", how, plain, reused);
}

/* Who ends a connection first keeps its port for a while (TIME_WAIT). */
static void ends(void)
{
    ended(0, 0, 0);
    ended(SERVER_FIRST, EADDRINUSE, EADDRINUSE);
    ended(SERVER_FIRST | REUSED, EADDRINUSE, 0);
    ended(SHUT_FIRST, 0, 0);
    ended(SERVER_FIRST | SHUT_FIRST, EADDRINUSE, EADDRINUSE);
    ended(SERVER_FIRST | UNREAD, 0, 0);
    ended(SERVER_FIRST | ABORTED, 0, 0);
    ended(UNREAD, 0, 0);
}

static void privileged(void)
{
    int status = 0;
    pid_t child = fork();
    if (!child) {
        if (getuid() == 0 && check_become(check_user()))
            _exit(1);
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        _exit(inet_bind(fd, "127.0.0.1", 81) == -1 && errno == EACCES ? 0 : 2);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}

static void kept(int fd, int level, int name, int standard, int value)
{
    CHECK_EQ(inet_number(fd, level, name), standard);
    CHECK_OK(inet_set(fd, level, name, value));
    CHECK_EQ(inet_number(fd, level, name), value);
}

static void options(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), six = socket(AF_INET6, SOCK_DGRAM, 0);
    CHECK_EQ(inet_number(fd, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
    CHECK_EQ(inet_number(fd, SOL_SOCKET, SO_DOMAIN), AF_INET);
    CHECK_EQ(inet_number(fd, SOL_SOCKET, SO_PROTOCOL), IPPROTO_TCP);
    CHECK_EQ(inet_number(six, SOL_SOCKET, SO_TYPE), SOCK_DGRAM);
    CHECK_EQ(inet_number(six, SOL_SOCKET, SO_DOMAIN), AF_INET6);
    CHECK_EQ(inet_number(six, SOL_SOCKET, SO_PROTOCOL), IPPROTO_UDP);
    kept(fd, SOL_SOCKET, SO_KEEPALIVE, 0, 1);
    kept(fd, SOL_SOCKET, SO_REUSEADDR, 0, 1);
    kept(fd, SOL_SOCKET, SO_REUSEPORT, 0, 1);
    kept(fd, SOL_SOCKET, SO_OOBINLINE, 0, 1);
    kept(six, SOL_SOCKET, SO_BROADCAST, 0, 1);
    kept(fd, SOL_SOCKET, SO_RCVLOWAT, 1, 100);
    kept(fd, SOL_SOCKET, SO_PRIORITY, 0, 5);
    kept(fd, IPPROTO_TCP, TCP_NODELAY, 0, 1);
    kept(fd, IPPROTO_TCP, TCP_CORK, 0, 1);
    kept(fd, IPPROTO_TCP, TCP_KEEPIDLE, 7200, 60);
    kept(fd, IPPROTO_TCP, TCP_KEEPINTVL, 75, 10);
    kept(fd, IPPROTO_TCP, TCP_KEEPCNT, 9, 4);
    kept(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 0, 30000);
    kept(fd, IPPROTO_IP, IP_TTL, 64, 20);
    kept(fd, IPPROTO_IP, IP_TOS, 0, 16);
    kept(six, IPPROTO_IPV6, IPV6_V6ONLY, 0, 1);
    kept(six, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 64, 9);
    kept(six, IPPROTO_IPV6, IPV6_RECVPKTINFO, 0, 1);
    CHECK_OK(inet_set(fd, SOL_SOCKET, SO_SNDBUF, 30000));
    CHECK_EQ(inet_number(fd, SOL_SOCKET, SO_SNDBUF), 60000);
    CHECK_OK(inet_set(fd, SOL_SOCKET, SO_RCVBUF, 1));
    CHECK_EQ(inet_number(fd, SOL_SOCKET, SO_RCVBUF), 2304);
    CHECK_ERRNO(inet_set(fd, IPPROTO_IP, IP_TTL, 256), EINVAL);
    CHECK_ERRNO(inet_set(fd, IPPROTO_TCP, TCP_KEEPCNT, 0), EINVAL);
    CHECK_ERRNO(inet_set(fd, IPPROTO_TCP, 12345, 0), ENOPROTOOPT);
    CHECK_ERRNO(inet_set(fd, SOL_SOCKET, 12345, 0), ENOPROTOOPT);
    CHECK_ERRNO(inet_set(fd, 12345, 1, 0), ENOPROTOOPT);
    CHECK_ERRNO(inet_set(six, IPPROTO_TCP, TCP_NODELAY, 1), ENOPROTOOPT);
    CHECK_ERRNO(inet_set(fd, SOL_SOCKET, SO_TYPE, 1), ENOPROTOOPT);
    CHECK_EQ(inet_number(fd, SOL_SOCKET, 12345), -ENOPROTOOPT);
    CHECK_EQ(inet_number(fd, 12345, 1), -EOPNOTSUPP);
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, "", 1), EINVAL);
    CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_TTL, "\41", 1));
    CHECK_EQ(inet_number(fd, IPPROTO_IP, IP_TTL), 33);
    struct linger linger = {1, 7}, told = {0, 0};
    socklen_t length = sizeof(told);
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_LINGER, &told, &length));
    CHECK(told.l_onoff == 1 && told.l_linger == 7);
    char name[16] = "";
    length = sizeof(name);
    CHECK_OK(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &length));
    CHECK(name[0] != 0);
    struct tcp_info info;
    length = sizeof(info);
    CHECK_OK(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length));
    CHECK_EQ(info.tcpi_state, TCP_CLOSE);
    close(fd);
    close(six);
    int e[2]; /* what a listener had, its connections have */
    int listener = inet_listener("127.0.0.1", 1);
    CHECK_OK(inet_set(listener, IPPROTO_TCP, TCP_NODELAY, 1));
    CHECK_OK(inet_set(listener, SOL_SOCKET, SO_KEEPALIVE, 1));
    e[0] = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_OK(inet_connect(e[0], "127.0.0.1", inet_port(listener)));
    e[1] = accept(listener, NULL, NULL);
    CHECK_EQ(inet_number(e[1], IPPROTO_TCP, TCP_NODELAY), 1);
    CHECK_EQ(inet_number(e[1], SOL_SOCKET, SO_KEEPALIVE), 1);
    length = sizeof(info);
    CHECK_OK(getsockopt(e[1], IPPROTO_TCP, TCP_INFO, &info, &length));
    CHECK_EQ(info.tcpi_state, TCP_ESTABLISHED);
    close(e[0]);
    close(e[1]);
    close(listener);
}

int main(void)
{
    conflicts(SOCK_STREAM);
    conflicts(SOCK_DGRAM);
    families();
    shared();
    again();
    ends();
    privileged();
    options();
    return check_done();
}
