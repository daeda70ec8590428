/* Streams of IPv4 and IPv6 over the loopback: connecting and being refused, names, partial reads,
 * the end in each of its ways, full buffers, urgent data. */
#include "inet.h"

#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>

#define ALL (POLLIN | POLLOUT | POLLRDHUP | POLLPRI)

static const char *const loopbacks[] = {"127.0.0.1", "::1"};

static void names(const char *text)
{
    int listener = inet_listener(text, 5), fd = -1;
    union inet_name name = {0};
    socklen_t length = sizeof(name);
    bool v6 = strchr(text, ':');
    CHECK(listener >= 0);
    fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    CHECK_ERRNO(getpeername(fd, &name.any, &length), ENOTCONN);
    length = sizeof(name);
    CHECK_OK(getsockname(fd, &name.any, &length));
    CHECK_EQ(length, v6 ? 28 : 16);
    CHECK_EQ(inet_port(fd), 0);
    CHECK_OK(inet_connect(fd, text, inet_port(listener)));
    CHECK_ERRNO(inet_connect(fd, text, inet_port(listener)), EISCONN);
    CHECK_OK(getpeername(fd, &name.any, &length));
    union inet_name wanted = inet_at(text, inet_port(listener));
    CHECK(memcmp(&name, &wanted, length) == 0);
    length = sizeof(name);
    int other = accept4(listener, &name.any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    CHECK(other >= 0);
    CHECK_EQ(length, v6 ? 28 : 16);
    CHECK_EQ(ntohs(v6 ? name.in6.sin6_port : name.in.sin_port), inet_port(fd));
    CHECK_EQ(inet_port(other), inet_port(listener));
    CHECK(fcntl(other, F_GETFL) & O_NONBLOCK);
    CHECK_EQ(fcntl(other, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(inet_number(listener, SOL_SOCKET, SO_ACCEPTCONN), 1);
    CHECK_EQ(inet_number(other, SOL_SOCKET, SO_ACCEPTCONN), 0);
    CHECK_EQ(inet_now(other, ALL), POLLOUT);
    length = 4; /* cut, and the whole length told */
    CHECK_OK(getsockname(fd, &name.any, &length));
    CHECK_EQ(length, v6 ? 28 : 16);
    close(other);
    close(fd);
    close(listener);
}

static int64_t refused_ns(int fd, const char *text, uint16_t port)
{
    int64_t start = check_now();
    int result = inet_connect(fd, text, port);
    return result == -1 && errno == ECONNREFUSED ? check_now() - start : INT64_MAX;
}

static void refused(const char *text)
{
    uint16_t dead = inet_dead_port(text, SOCK_STREAM);
    int family = strchr(text, ':') ? AF_INET6 : AF_INET, error = 0;
    int fd = socket(family, SOCK_STREAM, 0);
    CHECK_ERRNO(inet_connect(fd, text, dead), ECONNREFUSED);
    CHECK_EVENTUALLY(refused_ns(fd, text, dead) < 50000000); /* unless others have the processor */
    CHECK_EQ(inet_error(fd), 0);
    CHECK_EQ(inet_now(fd, ALL), POLLOUT | POLLHUP);
    int listener = inet_listener(text, 1);
    CHECK_OK(inet_connect(fd, text, inet_port(listener))); /* it may be tried again */
    close(listener);
    close(fd);

    fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK_ERRNO(inet_connect(fd, text, dead), EINPROGRESS);
    short events = inet_wait(fd, POLLOUT);
    CHECK_EQ(events, POLLOUT | POLLERR | POLLHUP);
    CHECK_EQ(error = inet_error(fd), ECONNREFUSED);
    CHECK_EQ(inet_error(fd), 0);
    close(fd);

    fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK_ERRNO(inet_connect(fd, text, dead), EINPROGRESS);
    inet_wait(fd, POLLOUT);
    CHECK_ERRNO(inet_connect(fd, text, dead), ECONNREFUSED);
    close(fd);

    listener = inet_listener(text, 1);
    fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK_ERRNO(inet_connect(fd, text, inet_port(listener)), EINPROGRESS);
    CHECK_EQ(inet_wait(fd, POLLOUT), POLLOUT);
    CHECK_EQ(inet_error(fd), 0);
    CHECK_OK(inet_connect(fd, text, inet_port(listener)));
    CHECK_ERRNO(inet_connect(fd, text, inet_port(listener)), EISCONN);
    close(fd);
    close(listener);
}

static void not_connected(void)
{
    char byte = 0;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_ERRNO(send(fd, "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_ERRNO(recv(fd, &byte, 1, 0), ENOTCONN);
    CHECK_ERRNO(shutdown(fd, SHUT_WR), ENOTCONN);
    CHECK_ERRNO(shutdown(fd, 3), EINVAL);
    CHECK_ERRNO(accept(fd, NULL, NULL), EINVAL);
    CHECK_ERRNO(bind(fd, (struct sockaddr *)"\2", 1), EINVAL);
    CHECK_ERRNO(inet_bind(fd, "192.0.2.99", 0), EADDRNOTAVAIL);
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_ERRNO(inet_connect(fd, "::1", 80), EAFNOSUPPORT);
    CHECK_OK(listen(fd, 1)); /* takes a port of its own */
    CHECK(inet_port(fd) != 0);
    CHECK_ERRNO(inet_connect(fd, "127.0.0.1", inet_port(fd)), EISCONN);
    CHECK_ERRNO(recv(fd, &byte, 1, 0), ENOTCONN);
    CHECK_EQ(inet_now(fd, ALL), 0);
    close(fd);
    CHECK_ERRNO(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
    CHECK_ERRNO(socket(AF_INET, SOCK_SEQPACKET, 0), ESOCKTNOSUPPORT);
    int pair[2];
    CHECK_ERRNO(socketpair(AF_INET, SOCK_STREAM, 0, pair), EOPNOTSUPP);
}

static void reading(const char *text)
{
    int e[2], n = -1;
    char data[64], other[64];
    CHECK(inet_pair(text, e));
    CHECK_ERRNO(recv(e[1], data, 10, MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(send(e[0], "hello ", 6, 0), 6);
    CHECK_EQ(write(e[0], "world", 5), 5);
    CHECK_EQ(inet_wait(e[1], ALL), POLLIN | POLLOUT);
    CHECK_EQ(recv(e[1], data, 11, MSG_WAITALL | MSG_PEEK), 11);
    CHECK_OK(ioctl(e[1], FIONREAD, &n));
    CHECK_EQ(n, 11);
    CHECK_EQ(recv(e[1], data, 3, MSG_PEEK), 3);
    CHECK(memcmp(data, "hel", 3) == 0);
    struct iovec parts[2] = {{data, 4}, {other, 40}};
    CHECK_EQ(readv(e[1], parts, 2), 11);
    CHECK(memcmp(data, "hell", 4) == 0 && memcmp(other, "o world", 7) == 0);
    CHECK_EQ(send(e[0], "0123456789", 10, 0), 10);
    CHECK_EQ(recv(e[1], NULL, 4, MSG_TRUNC | MSG_WAITALL), 4); /* thrown away */
    CHECK_EQ(recv(e[1], data, 6, MSG_WAITALL), 6);
    CHECK(memcmp(data, "456789", 6) == 0);
    union inet_name name;
    socklen_t length = sizeof(name);
    CHECK_EQ(send(e[0], "x", 1, MSG_MORE), 1);
    CHECK_EQ(send(e[0], "y", 1, 0), 1);
    CHECK_EQ(recvfrom(e[1], data, 2, MSG_WAITALL, &name.any, &length), 2);
    CHECK_EQ(length, 0);
    CHECK_OK(inet_set(e[1], SOL_SOCKET, SO_RCVLOWAT, 4));
    CHECK_EQ(send(e[0], "abc", 3, 0), 3);
    CHECK_EVENTUALLY(ioctl(e[1], FIONREAD, &n) == 0 && n == 3);
    CHECK_EQ(inet_now(e[1], POLLIN), 0);
    CHECK_EQ(send(e[0], "d", 1, 0), 1);
    CHECK_EQ(inet_wait(e[1], POLLIN), POLLIN);
    CHECK_EQ(read(e[1], data, 10), 4);
    close(e[0]);
    close(e[1]);
}

/* Each way a connection ends, as the other side sees it. */
static void ends(const char *text)
{
    int e[2];
    char data[16];
    CHECK(inet_pair(text, e)); /* half closed, then the other half */
    CHECK_EQ(send(e[0], "last", 4, 0), 4);
    CHECK_OK(shutdown(e[0], SHUT_WR));
    CHECK_ERRNO(send(e[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_EQ(inet_wait(e[1], POLLRDHUP), POLLRDHUP);
    CHECK_EQ(inet_now(e[1], ALL), POLLIN | POLLOUT | POLLRDHUP);
    CHECK_EQ(read(e[1], data, 16), 4);
    CHECK_EQ(read(e[1], data, 16), 0);
    CHECK_EQ(read(e[1], data, 16), 0);
    CHECK_EQ(send(e[1], "back", 4, 0), 4);
    CHECK_EQ(recv(e[0], data, 4, MSG_WAITALL), 4);
    CHECK_EQ(inet_now(e[0], ALL), POLLOUT);
    CHECK_OK(shutdown(e[1], SHUT_WR));
    CHECK_EQ(inet_wait(e[0], POLLIN), POLLIN | POLLHUP);
    CHECK_EQ(inet_wait(e[1], 0), POLLHUP);
    close(e[0]);
    close(e[1]);

    CHECK(inet_pair(text, e)); /* closed with everything read */
    close(e[0]);
    CHECK_EQ(inet_wait(e[1], POLLIN | POLLRDHUP), POLLIN | POLLRDHUP);
    CHECK_EQ(read(e[1], data, 16), 0);
    CHECK_EQ(send(e[1], "x", 1, MSG_NOSIGNAL), 1); /* answered by a reset */
    CHECK_EQ(inet_wait(e[1], 0), POLLERR | POLLHUP);
    CHECK_ERRNO(send(e[1], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_EQ(read(e[1], data, 16), 0);
    close(e[1]);

    CHECK(inet_pair(text, e)); /* closed with something unread */
    CHECK_EQ(send(e[1], "unread", 6, 0), 6);
    CHECK_EQ(inet_wait(e[0], POLLIN), POLLIN);
    close(e[0]);
    CHECK_EQ(inet_wait(e[1], POLLRDHUP), POLLRDHUP | POLLERR | POLLHUP);
    CHECK_ERRNO(read(e[1], data, 16), ECONNRESET);
    CHECK_EQ(read(e[1], data, 16), 0);
    CHECK_ERRNO(send(e[1], "x", 1, MSG_NOSIGNAL), EPIPE);
    union inet_name name;
    socklen_t length = sizeof(name);
    CHECK_ERRNO(getpeername(e[1], &name.any, &length), ENOTCONN);
    close(e[1]);

    CHECK(inet_pair(text, e)); /* no lingering */
    struct linger now = {1, 0};
    CHECK_OK(setsockopt(e[0], SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
    close(e[0]);
    CHECK_EQ(inet_wait(e[1], POLLRDHUP), POLLRDHUP | POLLERR | POLLHUP);
    CHECK_EQ(inet_error(e[1]), ECONNRESET);
    CHECK_EQ(read(e[1], data, 16), 0);
    close(e[1]);

    CHECK(inet_pair(text, e)); /* lingering: what was sent arrives */
    struct linger later = {1, 5};
    CHECK_OK(setsockopt(e[0], SOL_SOCKET, SO_LINGER, &later, sizeof(later)));
    CHECK_EQ(send(e[0], "sent", 4, 0), 4);
    close(e[0]);
    CHECK_EQ(recv(e[1], data, 16, MSG_WAITALL), 4);
    close(e[1]);

    CHECK(inet_pair(text, e)); /* not reading any more */
    CHECK_OK(shutdown(e[1], SHUT_RD));
    CHECK_EQ(inet_now(e[1], ALL), POLLIN | POLLOUT | POLLRDHUP);
    CHECK_EQ(read(e[1], data, 16), 0);
    CHECK_EQ(send(e[0], "still", 5, 0), 5);
    CHECK_EVENTUALLY(recv(e[1], data, 16, MSG_DONTWAIT | MSG_PEEK) == 5);
    close(e[0]);
    close(e[1]);

    CHECK(inet_pair(text, e)); /* disconnected */
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    CHECK_OK(connect(e[0], &none, sizeof(none)));
    CHECK_ERRNO(getpeername(e[0], &name.any, &length), ENOTCONN);
    CHECK_EQ(inet_wait(e[1], POLLRDHUP) & POLLERR, POLLERR);
    CHECK_EQ(inet_error(e[1]), ECONNRESET);
    close(e[0]);
    close(e[1]);

    int listener = inet_listener(text, 5),
        fd = socket(text[0] == ':' ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    CHECK_OK(inet_connect(fd, text, inet_port(listener)));
    close(listener); /* nobody accepted it */
    CHECK_ERRNO(read(fd, data, 16), ECONNRESET);
    close(fd);
}

/* --- a full buffer --- */

static void full(void)
{
    static char data[65536];
    int e[2];
    size_t sent = 0, got = 0;
    CHECK(inet_pair("127.0.0.1", e));
    CHECK_OK(fcntl(e[0], F_SETFL, O_NONBLOCK));
    for (ssize_t n; (n = send(e[0], data, sizeof(data), 0)) > 0;)
        sent += (size_t)n;
    CHECK_EQ(errno, EAGAIN);
    CHECK(sent > 65536);
    /* The receiver takes from the sender's buffer for a while. */
    CHECK_EVENTUALLY(send(e[0], data, sizeof(data), 0) < 0 && inet_now(e[0], POLLOUT) == 0);
    CHECK_OK(fcntl(e[1], F_SETFL, O_NONBLOCK));
    for (ssize_t n; (n = read(e[1], data, sizeof(data))) > 0 || inet_now(e[0], POLLOUT) == 0;)
        got += n > 0 ? (size_t)n : 0;
    CHECK(got >= sent);
    CHECK_EQ(inet_wait(e[0], POLLOUT), POLLOUT);
    struct timeval little = {0, 50000};
    CHECK_OK(fcntl(e[0], F_SETFL, 0));
    CHECK_OK(setsockopt(e[0], SOL_SOCKET, SO_SNDTIMEO, &little, sizeof(little)));
    ssize_t n;
    do {
        n = send(e[0], data, sizeof(data), 0);
    } while (n > 0);
    CHECK_EQ(errno, EAGAIN);
    CHECK_OK(fcntl(e[1], F_SETFL, 0));
    CHECK_OK(setsockopt(e[1], SOL_SOCKET, SO_RCVTIMEO, &little, sizeof(little)));
    do {
        n = read(e[1], data, sizeof(data));
    } while (n > 0);
    CHECK_EQ(errno, EAGAIN);
    close(e[0]);
    close(e[1]);
}

static void *drains(void *arg)
{
    static char data[40000];
    uint64_t sum = 0;
    for (ssize_t n; (n = read(*(int *)arg, data, sizeof(data))) > 0;)
        for (ssize_t i = 0; i < n; i++)
            sum = sum * 31 + (uint8_t)data[i];
    return (void *)(uintptr_t)sum;
}

static void much(const char *text)
{
    enum { SIZE = 3000000 };
    int e[2];
    char *data = malloc(SIZE);
    uint64_t state = 5, sum = 0;
    pthread_t thread;
    void *result;
    for (int i = 0; i < SIZE; i++) {
        data[i] = (char)check_random(&state);
        sum = sum * 31 + (uint8_t)data[i];
    }
    CHECK(inet_pair(text, e));
    pthread_create(&thread, NULL, drains, &e[1]);
    CHECK_EQ(send(e[0], data, SIZE, 0), SIZE);
    close(e[0]);
    pthread_join(thread, &result);
    CHECK((uintptr_t)result == sum);
    close(e[1]);

    CHECK(inet_pair(text, e)); /* from a file, by the kernel */
    FILE *file = tmpfile();
    CHECK_EQ(fwrite(data, 1, SIZE, file), SIZE);
    fflush(file);
    pthread_create(&thread, NULL, drains, &e[1]);
    off_t at = 0;
    while (at < SIZE && sendfile(e[0], fileno(file), &at, SIZE) > 0)
        ;
    CHECK_EQ(at, SIZE);
    close(e[0]);
    pthread_join(thread, &result);
    CHECK((uintptr_t)result == sum);
    fclose(file);
    close(e[1]);
    free(data);
}

static void spliced(void)
{
    int e[2], pipes[2];
    char data[16];
    CHECK(inet_pair("127.0.0.1", e));
    CHECK_OK(pipe(pipes));
    CHECK_EQ(send(e[0], "through", 7, 0), 7);
    CHECK_EQ(splice(e[1], NULL, pipes[1], NULL, 100, 0), 7);
    CHECK_EQ(splice(pipes[0], NULL, e[1], NULL, 7, 0), 7);
    CHECK_EQ(recv(e[0], data, 16, 0), 7);
    CHECK(memcmp(data, "through", 7) == 0);
    close(pipes[0]);
    close(pipes[1]);
    close(e[0]);
    close(e[1]);
}

static void urgent(void)
{
    int e[2], mark = -1, n = -1;
    char data[16];
    CHECK(inet_pair("127.0.0.1", e));
    CHECK_ERRNO(recv(e[1], data, 1, MSG_OOB), EINVAL);
    CHECK_EQ(send(e[0], "ab", 2, 0), 2);
    CHECK_EQ(send(e[0], "cU", 2, MSG_OOB), 2);
    CHECK_EQ(send(e[0], "de", 2, 0), 2);
    CHECK(inet_wait(e[1], POLLPRI) == POLLPRI);
    CHECK_EVENTUALLY(ioctl(e[1], FIONREAD, &n) == 0 && n == 3);
    CHECK_EQ(recv(e[1], data, 1, MSG_OOB), 1);
    CHECK_EQ(data[0], 'U');
    CHECK_ERRNO(recv(e[1], data, 1, MSG_OOB), EINVAL);
    CHECK_OK(ioctl(e[1], SIOCATMARK, &mark));
    CHECK_EQ(mark, 0);
    CHECK_EQ(recv(e[1], data, 16, 0), 3); /* up to the mark */
    CHECK_OK(ioctl(e[1], SIOCATMARK, &mark));
    CHECK_EQ(mark, 1);
    CHECK_EQ(recv(e[1], data, 2, MSG_WAITALL), 2);
    CHECK(memcmp(data, "de", 2) == 0);
    CHECK_OK(ioctl(e[1], SIOCATMARK, &mark));
    CHECK_EQ(mark, 0);
    CHECK_OK(inet_set(e[1], SOL_SOCKET, SO_OOBINLINE, 1));
    CHECK_EQ(send(e[0], "V", 1, MSG_OOB), 1);
    CHECK_EQ(recv(e[1], data, 16, 0), 1);
    CHECK_EQ(data[0], 'V');
    close(e[0]);
    close(e[1]);
}

/* A listener's queue takes one more than it was asked for; who comes then waits until there is
 * room. */
static void full_listener(void)
{
    int listener = inet_listener("127.0.0.1", 1), fds[3];
    uint16_t port = inet_port(listener);
    for (int i = 0; i < 3; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        CHECK_ERRNO(inet_connect(fds[i], "127.0.0.1", port), EINPROGRESS);
        if (i < 2)
            CHECK_EQ(inet_wait(fds[i], POLLOUT), POLLOUT);
    }
    CHECK_EQ(inet_now(fds[2], POLLOUT), 0);
    CHECK_ERRNO(inet_connect(fds[2], "127.0.0.1", port), EALREADY);
    CHECK_OK(close(accept(listener, NULL, NULL)));
    CHECK_EQ(inet_wait(fds[2], POLLOUT), POLLOUT);
    CHECK_EQ(inet_error(fds[2]), 0);
    CHECK_OK(close(accept(listener, NULL, NULL)));
    CHECK_EQ(inet_wait(listener, POLLIN), POLLIN);
    CHECK_OK(close(accept(listener, NULL, NULL)));
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    close(listener);
}

static void broken_pipe(void)
{
    int e[2], status = 0;
    CHECK(inet_pair("127.0.0.1", e));
    CHECK_OK(shutdown(e[0], SHUT_WR));
    pid_t child = fork();
    if (!child) {
        (void)!write(e[0], "x", 1);
        _exit(0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
    close(e[0]);
    close(e[1]);
}

int main(void)
{
    for (int i = 0; i < 2; i++) {
        names(loopbacks[i]);
        refused(loopbacks[i]);
        reading(loopbacks[i]);
        ends(loopbacks[i]);
        much(loopbacks[i]);
    }
    not_connected();
    full();
    spliced();
    urgent();
    full_listener();
    broken_pipe();
    return check_done();
}
