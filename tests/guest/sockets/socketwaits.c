/* AF_UNIX sockets while something else happens: two threads that bind one socket, senders that wait
 * for room, calls with a time-out that a signal interrupts, transfers larger than any buffer. */
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>

static char folder[] = "/tmp/socketwaits.XXXXXX";

static struct sockaddr_un address(const char *name)
{
    struct sockaddr_un result = {.sun_family = AF_UNIX};
    snprintf(result.sun_path, sizeof(result.sun_path), "%s/%s", folder, name);
    return result;
}

/* --- bind --- */

struct binder {
    int fd, error;
    struct sockaddr_un name;
    pthread_barrier_t *barrier;
};

static void *binds(void *arg)
{
    struct binder *b = arg;
    pthread_barrier_wait(b->barrier);
    b->error = bind(b->fd, (struct sockaddr *)&b->name, sizeof(b->name)) ? errno : 0;
    return NULL;
}

static void bind_twice(void)
{
    int wins[2] = {0, 0}, connects = 0, leftovers = 0, wrong = 0;
    for (int round = 0; round < 300; round++) {
        pthread_barrier_t barrier;
        pthread_t threads[2];
        struct binder b[2];
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        pthread_barrier_init(&barrier, NULL, 2);
        for (int i = 0; i < 2; i++) {
            b[i] = (struct binder){fd, 0, address(i ? "second" : "first"), &barrier};
            pthread_create(&threads[i], NULL, binds, &b[i]);
        }
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
        pthread_barrier_destroy(&barrier);
        int winner = b[0].error ? 1 : 0, client = socket(AF_UNIX, SOCK_STREAM, 0);
        struct stat st;
        wrong += b[winner].error != 0 || b[1 - winner].error != EINVAL;
        wins[winner]++;
        leftovers += stat(b[1 - winner].name.sun_path, &st) == 0;
        listen(fd, 1);
        connects += connect(client, (struct sockaddr *)&b[winner].name, sizeof(b[0].name)) == 0;
        close(client);
        close(fd);
        client = socket(AF_UNIX, SOCK_STREAM, 0);
        for (int i = 0; i < 2; i++)
            wrong += connect(client, (struct sockaddr *)&b[i].name, sizeof(b[i].name)) == 0;
        close(client);
        unlink(b[0].name.sun_path);
        unlink(b[1].name.sun_path);
    }
    CHECK_EQ(wins[0] + wins[1], 300);
    CHECK_EQ(connects, 300);
    CHECK_EQ(leftovers, 0);
    CHECK_EQ(wrong, 0);
}

/* A name cannot be had: the next bind finds the socket without one. */
static void bind_again(void)
{
    struct sockaddr_un taken = address("taken"), other = address("other"), none = address("none");
    int a = socket(AF_UNIX, SOCK_DGRAM, 0), b = socket(AF_UNIX, SOCK_DGRAM, 0);
    CHECK_OK(bind(a, (struct sockaddr *)&taken, sizeof(taken)));
    CHECK_ERRNO(bind(b, (struct sockaddr *)&taken, sizeof(taken)), EADDRINUSE);
    CHECK_OK(bind(b, (struct sockaddr *)&other, sizeof(other)));
    CHECK_ERRNO(bind(b, (struct sockaddr *)&taken, sizeof(taken)), EADDRINUSE);
    CHECK_ERRNO(bind(b, (struct sockaddr *)&none, sizeof(none)), EINVAL);
    CHECK(access(none.sun_path, F_OK) != 0);
    CHECK_OK(bind(b, (struct sockaddr *)&taken, sizeof(sa_family_t))); /* has a name already */
    close(a);
    close(b);
    unlink(taken.sun_path);
    unlink(other.sun_path);
}

/* --- room --- */

static int fill(int fd, size_t n)
{
    static char data[65536];
    int sent = 0;
    while (send(fd, data, n, MSG_DONTWAIT) == (ssize_t)n)
        sent++;
    CHECK_EQ(errno, EAGAIN);
    return sent;
}

static void drain(int fd)
{
    static char data[65536];
    while (recv(fd, data, sizeof(data), MSG_DONTWAIT) > 0)
        ;
}

/* A client of a datagram server that is not connected to it waits for room. */
static void datagram_room(size_t n, uint32_t edge)
{
    struct sockaddr_un name = address("server");
    int server = socket(AF_UNIX, SOCK_DGRAM, 0), clients[3], epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLOUT | edge};
    CHECK_OK(bind(server, (struct sockaddr *)&name, sizeof(name)));
    for (int i = 0; i < 3; i++) {
        clients[i] = socket(AF_UNIX, SOCK_DGRAM, 0);
        CHECK_OK(connect(clients[i], (struct sockaddr *)&name, sizeof(name)));
    }
    CHECK(fill(clients[0], n) > 0);
    struct pollfd poll_fd = {clients[0], POLLOUT, 0};
    CHECK_EQ(poll(&poll_fd, 1, 0), 0);
    CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_ADD, clients[0], &event));
    CHECK_EQ(epoll_wait(epoll, &event, 1, 0), 0);
    drain(server);
    CHECK_EQ(epoll_wait(epoll, &event, 1, CHECK_PATIENCE * 1000), 1);
    CHECK_EQ(event.events, EPOLLOUT);
    CHECK(fill(clients[0], n) > 0);
    CHECK_EQ(epoll_wait(epoll, &event, 1, 0), 0);
    drain(server);
    CHECK_EQ(epoll_wait(epoll, &event, 1, CHECK_PATIENCE * 1000), 1);
    CHECK(fill(clients[0], n) > 0);
    CHECK_EQ(epoll_wait(epoll, &event, 1, 0), 0);
    close(server);
    CHECK_EQ(epoll_wait(epoll, &event, 1, CHECK_PATIENCE * 1000), 1);
    CHECK(event.events & EPOLLOUT);
    CHECK_ERRNO(send(clients[0], "x", 1, 0), ECONNREFUSED);
    for (int i = 0; i < 3; i++)
        close(clients[i]);
    close(epoll);
    unlink(name.sun_path);
}

/* --- time-outs and signals --- */

static volatile sig_atomic_t hits;

static void hit(int signal)
{
    (void)signal;
    hits++;
}

static void interrupted(void)
{
    struct sockaddr_un name = address("listener");
    struct timeval patience = {CHECK_PATIENCE, 0};
    int pair[2], listener = socket(AF_UNIX, SOCK_STREAM, 0);
    char byte;
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CHECK_OK(bind(listener, (struct sockaddr *)&name, sizeof(name)));
    CHECK_OK(listen(listener, 0));
    CHECK_OK(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)));
    CHECK_OK(setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)));
    CHECK_OK(setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)));
    struct sigaction action = {.sa_handler = hit, .sa_flags = SA_RESTART};
    struct itimerval often = {{0, 20000}, {0, 20000}}, never = {{0, 0}, {0, 0}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    CHECK_ERRNO(recv(pair[0], &byte, 1, 0), EINTR);
    CHECK_ERRNO(read(pair[0], &byte, 1), EINTR);
    CHECK_ERRNO(accept(listener, NULL, NULL), EINTR);
    setitimer(ITIMER_REAL, &never, NULL);
    fill(pair[0], 4096);
    setitimer(ITIMER_REAL, &often, NULL);
    CHECK_ERRNO(send(pair[0], &byte, 1, 0), EINTR);
    setitimer(ITIMER_REAL, &never, NULL);
    CHECK(hits > 0);
    signal(SIGALRM, SIG_DFL);
    struct timeval soon = {0, 20000};
    CHECK_OK(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)));
    CHECK_OK(setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)));
    CHECK_ERRNO(recv(pair[0], &byte, 1, 0), EAGAIN);
    CHECK_ERRNO(accept(listener, NULL, NULL), EAGAIN);
    close(pair[0]);
    close(pair[1]);
    close(listener);
    unlink(name.sun_path);
}

/* --- large transfers --- */

#define LARGE ((size_t)5 << 20)

static uint8_t from[LARGE], to[LARGE];

struct transfer {
    int fd, how;
    ssize_t result;
};

static void *sends(void *arg)
{
    struct transfer *t = arg;
    struct iovec parts[3] = {
        {from, 3}, {from + 3, LARGE / 2}, {from + 3 + LARGE / 2, LARGE / 2 - 3}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 3};
    if (t->how == 0)
        t->result = sendmsg(t->fd, &message, 0);
    else if (t->how == 1)
        t->result = send(t->fd, from, LARGE, 0);
    else
        t->result = write(t->fd, from, LARGE);
    return NULL;
}

static bool receive_all(int fd, int how)
{
    struct iovec parts[2] = {{to, LARGE - 7}, {to + LARGE - 7, 7}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    size_t got = 0;
    if (how == 0)
        return recvmsg(fd, &message, MSG_WAITALL) == (ssize_t)LARGE;
    if (how == 1)
        return recv(fd, to, LARGE, MSG_WAITALL) == (ssize_t)LARGE;
    while (got < LARGE) {
        ssize_t n = read(fd, to + got, LARGE - got);
        if (n <= 0)
            return false;
        got += (size_t)n;
    }
    return true;
}

static void large(int how, bool through_pipe)
{
    int fds[2];
    pthread_t thread;
    CHECK_OK(through_pipe ? pipe(fds) : socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
    struct transfer transfer = {fds[1], how, 0};
    memset(to, 0, LARGE);
    pthread_create(&thread, NULL, sends, &transfer);
    CHECK(receive_all(fds[0], how));
    pthread_join(thread, NULL);
    CHECK_EQ(transfer.result, LARGE);
    CHECK(memcmp(from, to, LARGE) == 0);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    uint64_t seed = 5;
    for (size_t i = 0; i < LARGE; i++)
        from[i] = (uint8_t)check_random(&seed);
    CHECK(mkdtemp(folder) != NULL);
    bind_twice();
    bind_again();
    datagram_room(1, 0);
    datagram_room(1, EPOLLET);
    datagram_room(30000, 0);
    interrupted();
    for (int how = 0; how < 3; how++)
        large(how, false);
    large(2, true);
    rmdir(folder);
    return check_done();
}
