/* A guest's side of net.py: what it is told to do with servers of the host, or as a server of its
 * own that the host's side finds.
 *   outside tcp PORT [SIZE]   sends SIZE bytes, ends, and reads as many back
 *   outside udp PORT          asks five times, connected and not
 *   outside dead TCP UDP TCP6 UDP6 HOST   ports where nobody is
 *   outside reset PORT        a server that resets
 *   outside pour PORT         sends as much as goes, says "sent N", and ends
 *   outside taken TCP UDP     ports that the host has, at bind
 *   outside ways PORT         reads in all ways from a server that sends what it is asked for
 *   outside bound             a server of datagrams: says "port N", and answers until "end"
 *   outside own               a port that a guest has, and where none listens
 *   outside quiet             says "quiet", and ends with its input
 *   outside serve             says "port N", and sends one connection's bytes back */
#include "inet.h"

#include <linux/errqueue.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <time.h>

static uint64_t mix(uint64_t sum, const uint8_t *data, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum = sum * 31 + data[i];
    return sum;
}

struct transfer {
    int fd;
    size_t size;
    uint64_t sum;
};

static void *sends(void *arg)
{
    static uint8_t data[50000];
    struct transfer *t = arg;
    uint64_t state = 9;
    for (size_t left = t->size; left;) {
        size_t n = left < sizeof(data) ? left : sizeof(data), done = 0;
        for (size_t i = 0; i < n; i++)
            data[i] = (uint8_t)check_random(&state);
        t->sum = mix(t->sum, data, n);
        for (ssize_t part; done < n && (part = write(t->fd, data + done, n - done)) > 0;)
            done += (size_t)part;
        if (done < n)
            break;
        left -= n;
    }
    shutdown(t->fd, SHUT_WR);
    return NULL;
}

static void tcp(uint16_t port, size_t size)
{
    static uint8_t data[30000];
    struct transfer t = {socket(AF_INET, SOCK_STREAM, 0), size, 0};
    pthread_t thread;
    uint64_t sum = 0;
    size_t got = 0;
    CHECK_OK(inet_connect(t.fd, "127.0.0.1", port));
    union inet_name name;
    socklen_t length = sizeof(name);
    CHECK_OK(getpeername(t.fd, &name.any, &length));
    CHECK_EQ(ntohs(name.in.sin_port), port);
    CHECK(inet_port(t.fd) != 0);
    /* Nothing is sent without a copy, and who asks is told as by a kernel that cannot. */
    CHECK_ERRNO(inet_set(t.fd, SOL_SOCKET, SO_ZEROCOPY, 1), ENOPROTOOPT);
    pthread_create(&thread, NULL, sends, &t);
    for (ssize_t n; (n = read(t.fd, data, sizeof(data))) > 0; got += (size_t)n)
        sum = mix(sum, data, (size_t)n);
    pthread_join(thread, NULL);
    CHECK_EQ(got, size);
    CHECK(sum == t.sum);
    CHECK_EQ(inet_wait(t.fd, POLLIN) & (POLLIN | POLLHUP), POLLIN | POLLHUP);
    close(t.fd);
}

static void udp(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    union inet_name name = inet_at("127.0.0.1", port), from;
    socklen_t length = sizeof(from);
    char data[64];
    CHECK_EQ(sendto(fd, "question", 8, 0, &name.any, sizeof(name.in)), 8);
    CHECK(inet_wait(fd, POLLIN) == POLLIN);
    CHECK_EQ(recvfrom(fd, data, 4, MSG_TRUNC, &from.any, &length), 8);
    CHECK_EQ(ntohs(from.in.sin_port), port);
    CHECK_OK(inet_connect(fd, "127.0.0.1", port));
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(send(fd, "again", 5, 0), 5);
        CHECK_EQ(recv(fd, data, sizeof(data), 0), 5);
    }
    close(fd);
}

/* The shortest of some, as the machine has other work: milliseconds until one is refused. */
static uint64_t refused_ms(const char *text, uint16_t port)
{
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < 10; i++) {
        struct timespec a, b;
        int fd = socket(strchr(text, ':') ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
        clock_gettime(CLOCK_MONOTONIC, &a);
        CHECK_ERRNO(inet_connect(fd, text, port), ECONNREFUSED);
        clock_gettime(CLOCK_MONOTONIC, &b);
        close(fd);
        uint64_t ms = (uint64_t)((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000);
        least = ms < least ? ms : least;
    }
    return least;
}

/* The error of a datagram that came back, which is in the queue of them. data: whether its bytes
 * are known. */
static void told(int fd, const char *text, uint16_t port, bool data)
{
    bool six = strchr(text, ':');
    char bytes[16], space[256];
    union inet_name to, offender, wanted = inet_at(text, port), who = inet_at(text, 0);
    struct iovec part = {bytes, sizeof(bytes)};
    struct msghdr message = {.msg_name = &to,
                             .msg_namelen = sizeof(to),
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = space,
                             .msg_controllen = sizeof(space)};
    struct sock_extended_err error;
    CHECK_EQ(inet_wait(fd, 0), POLLERR);
    CHECK_EQ(recvmsg(fd, &message, MSG_ERRQUEUE), data ? 4 : 0);
    CHECK(!data || memcmp(bytes, "back", 4) == 0);
    CHECK_EQ(message.msg_flags, MSG_ERRQUEUE);
    CHECK(memcmp(&to, &wanted, inet_size(&wanted)) == 0);
    struct cmsghdr *note = CMSG_FIRSTHDR(&message);
    if (!note) {
        CHECK(note != NULL);
        return;
    }
    CHECK_EQ(note->cmsg_level, six ? IPPROTO_IPV6 : IPPROTO_IP);
    CHECK_EQ(note->cmsg_type, six ? IPV6_RECVERR : IP_RECVERR);
    CHECK_EQ(note->cmsg_len, CMSG_LEN(sizeof(error) + inet_size(&wanted)));
    memcpy(&error, CMSG_DATA(note), sizeof(error));
    memcpy(&offender, CMSG_DATA(note) + sizeof(error), inet_size(&wanted));
    CHECK_EQ(error.ee_errno, ECONNREFUSED);
    CHECK_EQ(error.ee_origin, six ? SO_EE_ORIGIN_ICMP6 : SO_EE_ORIGIN_ICMP);
    CHECK_EQ(error.ee_type, six ? 1 : 3);
    CHECK_EQ(error.ee_code, six ? 4 : 3);
    CHECK(memcmp(&offender, &who, inet_size(&who)) == 0);
    CHECK_EQ(inet_error(fd), 0); /* with it the error of the socket has gone */
    CHECK_ERRNO(recvmsg(fd, &message, MSG_ERRQUEUE), EAGAIN);
}

/* Datagrams come back from where nobody is: of sockets that are connected or not, bound or not.
 * Windows tells those that are connected, and not of the data. */
static void come_back(const char *text, uint16_t port, bool windows)
{
    bool six = strchr(text, ':');
    union inet_name to = inet_at(text, port);
    for (int way = windows ? 2 : 0; way < 4; way++) {
        int fd = socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
        if (way & 1)
            CHECK_OK(inet_bind(fd, text, 0));
        CHECK_OK(inet_set(fd, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_RECVERR : IP_RECVERR, 1));
        if (way & 2)
            CHECK_OK(connect(fd, &to.any, inet_size(&to)));
        for (int i = 0; i < (windows ? 1 : 3); i++) { /* Wine has one */
            CHECK_EQ(
                sendto(fd, "back", 4, 0, way & 2 ? NULL : &to.any, way & 2 ? 0 : inet_size(&to)),
                4);
            told(fd, text, port, !windows);
        }
        if (!windows) {
            /* The error is one call's, and what came back stays. */
            CHECK_EQ(sendto(fd, "back", 4, 0, &to.any, inet_size(&to)), 4);
            CHECK_EQ(inet_wait(fd, 0), POLLERR);
            CHECK_ERRNO(sendto(fd, "more", 4, 0, &to.any, inet_size(&to)), ECONNREFUSED);
            CHECK_EQ(inet_error(fd), 0);
            told(fd, text, port, true);
        }
        close(fd);
    }
}

static void dead(uint16_t stream, uint16_t packets, uint16_t six, uint16_t packets6, bool windows)
{
    CHECK(refused_ms("127.0.0.1", stream) <= 50);
    CHECK(refused_ms("::1", six) <= 50);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK_ERRNO(inet_connect(fd, "127.0.0.1", stream), EINPROGRESS);
    CHECK_EQ(inet_wait(fd, POLLOUT), POLLOUT | POLLERR | POLLHUP);
    CHECK_EQ(inet_error(fd), ECONNREFUSED);
    CHECK_EQ(inet_error(fd), 0);
    close(fd);
    char data[16];
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_OK(inet_connect(fd, "127.0.0.1", packets));
    CHECK_EQ(send(fd, "x", 1, 0), 1);
    CHECK_ERRNO(recv(fd, data, sizeof(data), 0), ECONNREFUSED);
    close(fd);
    come_back("127.0.0.1", packets, windows);
    come_back("::1", packets6, windows);
}

static void reset(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char data[16];
    CHECK_OK(inet_connect(fd, "127.0.0.1", port));
    CHECK_EQ(send(fd, "x", 1, 0), 1);
    CHECK_ERRNO(read(fd, data, sizeof(data)), ECONNRESET);
    CHECK_ERRNO(send(fd, "x", 1, MSG_NOSIGNAL), EPIPE);
    close(fd);
}

static void pour(uint16_t port)
{
    static uint8_t data[60000];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    uint64_t state = 9, sum = 0;
    size_t sent = 0;
    CHECK_OK(inet_connect(fd, "127.0.0.1", port));
    CHECK_OK(fcntl(fd, F_SETFL, O_NONBLOCK));
    for (;;) {
        for (size_t i = 0; i < sizeof(data); i++)
            data[i] = (uint8_t)check_random(&state);
        ssize_t n = write(fd, data, sizeof(data));
        if (n <= 0)
            break;
        sum = mix(sum, data, (size_t)n);
        sent += (size_t)n;
    }
    CHECK_EQ(errno, EAGAIN);
    printf("sent %zu %llu\n", sent, (unsigned long long)sum);
    fflush(stdout);
}

/* --- ways --- */

/* Hundreds of bytes are to come; 254: a reset, 255: the end. */
static void ask(int fd, int hundreds)
{
    uint8_t byte = (uint8_t)hundreds;
    CHECK_EQ(send(fd, &byte, 1, 0), 1);
}

static int readable(int fd)
{
    int n = -1;
    CHECK_OK(ioctl(fd, FIONREAD, &n));
    return n;
}

static void *reads_whole(void *arg)
{
    char data[100];
    CHECK_EQ(recv(*(int *)arg, data, sizeof(data), MSG_WAITALL), sizeof(data));
    return NULL;
}

/* A read that waits, and then every other way to hear of what comes. */
static void mixed(int fd)
{
    char data[400];
    ask(fd, 3);
    CHECK_EQ(read(fd, data, 100), 100);
    CHECK_EQ(readable(fd), 200);
    CHECK_EQ(recv(fd, data, sizeof(data), MSG_PEEK), 200);
    CHECK_EQ(read(fd, data, 150), 150);
    CHECK_EQ(inet_wait(fd, POLLIN), POLLIN);
    CHECK_EQ(recv(fd, data, sizeof(data), MSG_DONTWAIT), 50);
    CHECK_ERRNO(recv(fd, data, sizeof(data), MSG_DONTWAIT), EAGAIN);
    ask(fd, 2);
    CHECK_EQ(recv(fd, data, 200, MSG_WAITALL), 200);
    struct timeval moment = {0, 20000}, never = {0, 0};
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof(moment)));
    CHECK_ERRNO(read(fd, data, 1), EAGAIN);
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &never, sizeof(never)));
    ask(fd, 1);
    CHECK_EQ(inet_wait(fd, POLLIN), POLLIN);
    CHECK_EQ(recv(fd, data, sizeof(data), MSG_PEEK), 100);
    CHECK_EQ(read(fd, data, sizeof(data)), 100);
}

/* Whoever reads while an epoll waits for edges: each arrival is one. */
static void edges(int fd)
{
    char data[400];
    int ep = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    ask(fd, 1);
    CHECK_EQ(read(fd, data, sizeof(data)), 100);
    CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event));
    for (int i = 1; i <= 3; i++) {
        ask(fd, 1);
        CHECK_EQ(epoll_wait(ep, &event, 1, 20000), 1);
        CHECK_EQ(readable(fd), i * 100);
    }
    CHECK_EQ(read(fd, data, sizeof(data)), 300);
    close(ep);
}

static void together(int fd)
{
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, reads_whole, &fd);
    ask(fd, 1);
    ask(fd, 1);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQ(readable(fd), 0);
}

/* Bytes in their order, whoever brings them. */
static void flood(int fd)
{
    static uint8_t data[70000];
    uint64_t state = 5;
    size_t at = 0, whole = (size_t)40 * 25000;
    for (int i = 0; i < 40; i++)
        ask(fd, 250);
    while (at < whole) {
        uint64_t how = check_random(&state) % 8;
        size_t most = 1 + check_random(&state) % (how & 1 ? 2000 : sizeof(data));
        if (how == 2)
            CHECK(inet_wait(fd, POLLIN) == POLLIN);
        if (how == 3)
            CHECK(recv(fd, data, most, MSG_PEEK) > 0);
        if (how == 4)
            CHECK(readable(fd) >= 0);
        ssize_t n = recv(fd, data, most, how == 2 ? MSG_DONTWAIT : 0);
        if (n <= 0) {
            CHECK(n > 0);
            return;
        }
        for (ssize_t i = 0; i < n; i++, at++) {
            if (data[i] != (uint8_t)(at % 100)) {
                CHECK_EQ(data[i], at % 100);
                return;
            }
        }
    }
}

static void ways(uint16_t port, bool windows)
{
    char data[400];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_OK(inet_connect(fd, "127.0.0.1", port));
    mixed(fd);
    edges(fd);
    together(fd);
    flood(fd);
    ask(fd, 1);
    CHECK_EQ(read(fd, data, 100), 100);
    ask(fd, 255);
    CHECK_EQ(inet_wait(fd, POLLRDHUP), POLLRDHUP);
    CHECK_EQ(read(fd, data, 100), 0);
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_OK(inet_connect(fd, "127.0.0.1", port));
    ask(fd, 1);
    CHECK_EQ(read(fd, data, 100), 100);
    ask(fd, 254);
    short events = inet_wait(fd, POLLRDHUP) & (POLLERR | POLLHUP | POLLRDHUP);
    int error = inet_error(fd);
    CHECK((windows && events == POLLRDHUP) || /* Wine forgets that it was a reset */
          (events == (POLLERR | POLLHUP | POLLRDHUP) && error == ECONNRESET));
    close(fd);
}

/* Connects from ports that it has bound, and says which. */
static void bound_before(uint16_t port)
{
    static const char *const names[] = {"127.0.0.1", "0.0.0.0"};
    char text[16], byte;
    for (int i = 0; i < 2; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        CHECK_OK(inet_bind(fd, names[i], 0));
        uint16_t own = inet_port(fd);
        CHECK_OK(inet_connect(fd, "127.0.0.1", port));
        CHECK_EQ(inet_port(fd), own);
        int n = snprintf(text, sizeof(text), "%u\n", own);
        CHECK_EQ(send(fd, text, n, 0), n);
        CHECK_EQ(recv(fd, &byte, 1, 0), 0);
        close(fd);
    }
    /* An address alone. */
    union inet_name name;
    socklen_t length = sizeof(name);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_OK(inet_set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1));
    CHECK_OK(inet_bind(fd, "127.0.0.2", 0));
    CHECK_OK(inet_connect(fd, "127.0.0.1", port));
    CHECK_OK(getsockname(fd, &name.any, &length));
    CHECK_EQ(ntohl(name.in.sin_addr.s_addr), 0x7f000002);
    int n = snprintf(text, sizeof(text), "%u\n", ntohs(name.in.sin_port));
    CHECK_EQ(send(fd, text, n, 0), n);
    CHECK_EQ(recv(fd, &byte, 1, 0), 0);
    close(fd);
}

static volatile sig_atomic_t alarms;

static void alarmed(int number)
{
    (void)number;
    alarms++;
}

/* A connection to who takes little and reads nothing yet, with so much sent. */
static int lingering(uint16_t port, int seconds)
{
    static char data[65536];
    struct linger on = {1, seconds};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_OK(inet_connect(fd, "127.0.0.1", port));
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &on, sizeof(on)));
    CHECK_EQ(send(fd, data, sizeof(data), 0), sizeof(data));
    return fd;
}

/* close() waits until what was sent has arrived, the time is over, or a signal comes. */
static void lingers(uint16_t port)
{
    struct sigaction action = {.sa_handler = alarmed};
    const struct itimerval soon = {.it_value = {0, 100000}, .it_interval = {0, 100000}}, off = {0};
    int fd = lingering(port, 1);
    int64_t begun = check_now();
    CHECK_OK(close(fd));
    CHECK(check_now() - begun > 900000000);
    sigaction(SIGALRM, &action, NULL);
    fd = lingering(port, 3600);
    CHECK_OK(setitimer(ITIMER_REAL, &soon, NULL));
    CHECK_OK(close(fd));
    CHECK(alarms > 0);
    CHECK_OK(setitimer(ITIMER_REAL, &off, NULL));
    fd = lingering(port, 3600);
    printf("closing\n");
    fflush(stdout);
    CHECK_OK(close(fd));
    printf("closed\n");
    fflush(stdout);
}

/* One that says so itself. */
static ssize_t send_with_ttl(int fd, union inet_name *to, int ttl)
{
    char byte = (char)ttl, control[CMSG_SPACE(sizeof(ttl))] = {0};
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_name = to,
                             .msg_namelen = sizeof(to->in),
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = IPPROTO_IP;
    header->cmsg_type = IP_TTL;
    header->cmsg_len = CMSG_LEN(sizeof(ttl));
    memcpy(CMSG_DATA(header), &ttl, sizeof(ttl));
    return sendmsg(fd, &message, 0);
}

/* Datagrams with a time to live that the other side is to see, from sockets that are bound and that
 * are not. */
static void marked(uint16_t port)
{
    union inet_name to = inet_at("127.0.0.1", port);
    for (int i = 0; i < 2; i++) {
        int fd = socket(AF_INET, SOCK_DGRAM, 0);
        if (i)
            CHECK_OK(inet_bind(fd, "127.0.0.1", 0));
        for (int ttl = 64; ttl > 61; ttl--) {
            char byte = (char)ttl;
            CHECK_OK(inet_set(fd, IPPROTO_IP, IP_TTL, ttl));
            CHECK_EQ(sendto(fd, &byte, 1, 0, &to.any, sizeof(to.in)), 1);
            CHECK_EQ(recv(fd, &byte, 1, 0), 1);
        }
        CHECK_EQ(send_with_ttl(fd, &to, 17), 1);
        CHECK_EQ(recv(fd, &(char){0}, 1, 0), 1);
        close(fd);
    }
}

static void taken(uint16_t stream, uint16_t packets)
{
    static const char *const names[] = {"127.0.0.1", "0.0.0.0", "::"};
    for (int i = 0; i < 3; i++) {
        int family = i == 2 ? AF_INET6 : AF_INET;
        int fd = socket(family, SOCK_STREAM, 0), datagrams = socket(family, SOCK_DGRAM, 0);
        CHECK_ERRNO(inet_bind(fd, names[i], stream), EADDRINUSE);
        CHECK_ERRNO(inet_bind(datagrams, names[i], packets), EADDRINUSE);
        CHECK_OK(inet_bind(fd, names[i], 0)); /* nothing came of the first */
        CHECK_OK(listen(fd, 1));
        close(fd);
        close(datagrams);
    }
}

/* The next datagram at a socket that is bound to any address, and that it came to the loopback's.
 */
static ssize_t receive_at_loopback(int fd, char *data, size_t size, union inet_name *from)
{
    char space[256];
    struct iovec part = {data, size};
    struct msghdr message = {.msg_name = from,
                             .msg_namelen = sizeof(*from),
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = space,
                             .msg_controllen = sizeof(space)};
    struct in6_pktinfo info = {0};
    ssize_t n = recvmsg(fd, &message, 0);
    struct cmsghdr *note = CMSG_FIRSTHDR(&message);
    if (n > 0 && note && note->cmsg_level == IPPROTO_IPV6 && note->cmsg_type == IPV6_PKTINFO)
        memcpy(&info, CMSG_DATA(note), sizeof(info));
    CHECK(memcmp(&info.ipi6_addr, &from->in6.sin6_addr, sizeof(info.ipi6_addr)) == 0);
    CHECK_EQ(info.ipi6_ifindex, 1);
    return n;
}

/* Two share the port, one at any address, so that the host's is given back by neither alone. */
static void datagrams(void)
{
    int fd = socket(AF_INET6, SOCK_DGRAM, 0), other = socket(AF_INET6, SOCK_DGRAM, 0);
    union inet_name from;
    char data[16];
    CHECK_OK(inet_set(fd, SOL_SOCKET, SO_REUSEADDR, 1));
    CHECK_OK(inet_set(other, SOL_SOCKET, SO_REUSEADDR, 1));
    CHECK_OK(inet_bind(fd, "::", 0));
    CHECK_OK(inet_bind(other, "::", inet_port(fd)));
    close(other);
    printf("port %d\n", inet_port(fd));
    fflush(stdout);
    CHECK_OK(inet_set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1));
    for (;;) {
        ssize_t n = receive_at_loopback(fd, data, sizeof(data), &from);
        if (n < 0 || (n == 3 && memcmp(data, "end", 3) == 0))
            break;
        CHECK_EQ(sendto(fd, data, (size_t)n, 0, &from.any, sizeof(from.in6)), n);
    }
    /* One that is bound keeps its port when it is connected, and is told of nobody there. */
    union inet_name gone = inet_at("::1", inet_dead_port("::1", SOCK_DGRAM));
    uint16_t port = inet_port(fd);
    CHECK_OK(connect(fd, &from.any, sizeof(from.in6)));
    CHECK_EQ(inet_port(fd), port);
    CHECK_EQ(send(fd, "bye", 3, 0), 3);
    CHECK_OK(connect(fd, &gone.any, sizeof(gone.in6)));
    CHECK_EQ(send(fd, "x", 1, 0), 1);
    CHECK_ERRNO(recv(fd, data, sizeof(data), 0), ECONNREFUSED);
    close(fd);
}

static void serve(void)
{
    static uint8_t data[30000];
    int listener = inet_listener("::", 5);
    printf("port %d\n", inet_port(listener));
    fflush(stdout);
    int fd = accept(listener, NULL, NULL);
    CHECK(fd >= 0);
    for (ssize_t n; (n = read(fd, data, sizeof(data))) > 0;)
        CHECK_EQ(send(fd, data, (size_t)n, 0), n);
    close(fd); /* what was sent last goes on its way, also when nobody is here any more */
    close(listener);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    uint16_t port = argc > 2 ? (uint16_t)atoi(argv[2]) : 0;
    if (strcmp(what, "tcp") == 0)
        tcp(port, argc > 3 ? (size_t)atol(argv[3]) : 3000000);
    else if (strcmp(what, "udp") == 0)
        udp(port);
    else if (strcmp(what, "linger") == 0)
        lingers(port);
    else if (strcmp(what, "marked") == 0)
        marked(port);
    else if (strcmp(what, "from") == 0)
        bound_before(port);
    else if (strcmp(what, "dead") == 0)
        dead(port, (uint16_t)atoi(argv[3]), (uint16_t)atoi(argv[4]), (uint16_t)atoi(argv[5]),
             strcmp(argv[6], "wine") == 0);
    else if (strcmp(what, "reset") == 0)
        reset(port);
    else if (strcmp(what, "ways") == 0)
        ways(port, argc > 3 && strcmp(argv[3], "wine") == 0);
    else if (strcmp(what, "pour") == 0)
        pour(port);
    else if (strcmp(what, "own") == 0)
        CHECK_ERRNO(inet_connect(socket(AF_INET, SOCK_STREAM, 0), "127.0.0.1",
                                 inet_dead_port("127.0.0.1", SOCK_STREAM)),
                    ECONNREFUSED);
    else if (strcmp(what, "quiet") == 0)
        CHECK(puts("quiet") >= 0 && fflush(stdout) == 0 && getchar() == '\n');
    else if (strcmp(what, "taken") == 0)
        taken(port, (uint16_t)atoi(argv[3]));
    else if (strcmp(what, "bound") == 0)
        datagrams();
    else
        serve();
    return check_done();
}
