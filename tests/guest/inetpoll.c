/* Many streams and epoll: edges with partial reads, one shot, thousands of idle connections. */
#include "inet.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#define MOVED (64l << 20)
#define IDLE  4000

static void *fills(void *arg)
{
    static char data[100000];
    int fd = *(int *)arg, ep = epoll_create1(0);
    struct epoll_event event = {EPOLLOUT | EPOLLET, {0}};
    epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event);
    for (long left = MOVED; left > 0;) {
        ssize_t n = send(fd, data, left < (long)sizeof(data) ? (size_t)left : sizeof(data), 0);
        if (n > 0)
            left -= n;
        else if (errno != EAGAIN || epoll_wait(ep, &event, 1, CHECK_PATIENCE * 1000) != 1)
            break;
    }
    close(ep);
    return NULL;
}

/* Through edges both ways, with reads that leave something each time but when told there is none.
 */
static void edges(void)
{
    static char data[7777];
    int e[2], ep = epoll_create1(0);
    long got = 0;
    pthread_t thread;
    struct epoll_event event = {EPOLLIN | EPOLLET, {0}};
    CHECK(inet_pair("127.0.0.1", e));
    CHECK_OK(fcntl(e[0], F_SETFL, O_NONBLOCK));
    CHECK_OK(fcntl(e[1], F_SETFL, O_NONBLOCK));
    CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, e[1], &event));
    pthread_create(&thread, NULL, fills, &e[0]);
    while (got < MOVED) {
        ssize_t n = read(e[1], data, sizeof(data));
        if (n > 0)
            got += n;
        else if (n == 0 || errno != EAGAIN || epoll_wait(ep, &event, 1, CHECK_PATIENCE * 1000) != 1)
            break;
    }
    pthread_join(thread, NULL);
    CHECK_EQ(got, MOVED);
    /* An edge for each arrival, none without. */
    CHECK_EQ(send(e[0], "a", 1, 0), 1);
    CHECK_EQ(epoll_wait(ep, &event, 1, CHECK_PATIENCE * 1000), 1);
    CHECK_EQ(epoll_wait(ep, &event, 1, 0), 0);
    CHECK_EQ(send(e[0], "b", 1, 0), 1);
    CHECK_EQ(epoll_wait(ep, &event, 1, CHECK_PATIENCE * 1000), 1);
    close(e[0]);
    CHECK_EQ(epoll_wait(ep, &event, 1, CHECK_PATIENCE * 1000), 1);
    close(e[1]);
    close(ep);
}

static void one_shot(void)
{
    int e[2], ep = epoll_create1(0);
    struct epoll_event event = {EPOLLIN | EPOLLONESHOT, {0}};
    CHECK(inet_pair("::1", e));
    CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, e[1], &event));
    CHECK_EQ(send(e[0], "a", 1, 0), 1);
    CHECK_EQ(epoll_wait(ep, &event, 1, CHECK_PATIENCE * 1000), 1);
    CHECK_EQ(send(e[0], "b", 1, 0), 1);
    CHECK_EQ(epoll_wait(ep, &event, 1, 0), 0);
    event.events = EPOLLIN | EPOLLONESHOT;
    CHECK_OK(epoll_ctl(ep, EPOLL_CTL_MOD, e[1], &event));
    CHECK_EQ(epoll_wait(ep, &event, 1, CHECK_PATIENCE * 1000), 1);
    close(e[0]);
    close(e[1]);
    close(ep);
}

static void idle(void)
{
    static int fds[IDLE * 2];
    struct rlimit limit;
    struct rusage before, after;
    struct epoll_event event = {EPOLLIN, {0}}, events[4];
    int listener = inet_listener("127.0.0.1", 100), ep = epoll_create1(0), count = 0;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int most = limit.rlim_cur < 2 * IDLE + 100 ? (int)limit.rlim_cur / 2 - 50 : IDLE;
    for (; count < most; count++) {
        fds[2 * count] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (inet_connect(fds[2 * count], "127.0.0.1", inet_port(listener)))
            break;
        fds[2 * count + 1] = accept(listener, NULL, NULL);
        event.data.u32 = (uint32_t)count;
        if (epoll_ctl(ep, EPOLL_CTL_ADD, fds[2 * count + 1], &event))
            break;
    }
    CHECK(count == most);
    getrusage(RUSAGE_SELF, &before);
    CHECK_EQ(epoll_wait(ep, events, 4, 300), 0);
    getrusage(RUSAGE_SELF, &after);
    long used = (after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000000 +
                after.ru_utime.tv_usec - before.ru_utime.tv_usec +
                (after.ru_stime.tv_sec - before.ru_stime.tv_sec) * 1000000 +
                after.ru_stime.tv_usec - before.ru_stime.tv_usec;
    CHECK(used < 100000);
    CHECK_EQ(send(fds[2 * (count / 2)], "x", 1, 0), 1);
    CHECK_EQ(epoll_wait(ep, events, 4, CHECK_PATIENCE * 1000), 1);
    CHECK_EQ(events[0].data.u32, count / 2);
    for (int i = 0; i < 2 * count; i++)
        close(fds[i]);
    close(ep);
    close(listener);
}

int main(void)
{
    edges();
    one_shot();
    idle();
    return check_done();
}
