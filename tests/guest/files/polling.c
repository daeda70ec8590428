/* poll, select, epoll over pipes, sockets, eventfd, timerfd, terminals; level and edge triggered,
 * one shot, nested. */
#include "check.h"
#include "terminal.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

static int poll_one(int fd, int events, int milliseconds)
{
    struct pollfd poll_fd = {fd, events, 0};
    int count = poll(&poll_fd, 1, milliseconds);
    return count == 1 ? poll_fd.revents : count;
}

static void pipes(void)
{
    int fds[2];
    char block[65536];
    CHECK_OK(pipe2(fds, O_NONBLOCK));
    CHECK_EQ(poll_one(fds[0], POLLIN, 0), 0);
    CHECK_EQ(poll_one(fds[1], POLLOUT, 0), POLLOUT);
    CHECK_EQ(write(fds[1], "x", 1), 1);
    CHECK_EQ(poll_one(fds[0], POLLIN | POLLPRI, -1), POLLIN);
    CHECK_EQ(read(fds[0], block, 10), 1);
    memset(block, 1, sizeof(block));
    CHECK_EQ(write(fds[1], block, sizeof(block)), (ssize_t)sizeof(block));
    CHECK_ERRNO(write(fds[1], "x", 1), EAGAIN);
    CHECK_EQ(poll_one(fds[1], POLLOUT, 0), 0);
    CHECK_EQ(read(fds[0], block, sizeof(block)), (ssize_t)sizeof(block));
    CHECK_EQ(poll_one(fds[1], POLLOUT, 0), POLLOUT);
    close(fds[1]);
    CHECK_EQ(poll_one(fds[0], POLLIN, 0), POLLHUP);
    CHECK_EQ(poll_one(fds[0], 0, 0), POLLHUP);
    close(fds[0]);
    CHECK_EQ(poll_one(fds[0], POLLIN, 0), POLLNVAL);
    CHECK_OK(pipe(fds));
    close(fds[0]);
    CHECK_EQ(poll_one(fds[1], POLLOUT, 0), POLLOUT | POLLERR);
    close(fds[1]);
    struct pollfd ignored = {-1, POLLIN, 7};
    CHECK_EQ(poll(&ignored, 1, 0), 0);
    CHECK_EQ(ignored.revents, 0);
    int64_t start = check_now();
    CHECK_EQ(poll(NULL, 0, 30), 0);
    CHECK(check_now() - start >= 29000000);
}

static void with_select(void)
{
    int fds[2];
    CHECK_OK(pipe(fds));
    fd_set in, out, except;
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_ZERO(&except);
    FD_SET(fds[0], &in);
    FD_SET(fds[1], &out);
    FD_SET(fds[0], &except);
    struct timeval time = {1000, 0};
    CHECK_EQ(select(fds[1] + 1, &in, &out, &except, &time), 1);
    CHECK(!FD_ISSET(fds[0], &in) && FD_ISSET(fds[1], &out) && !FD_ISSET(fds[0], &except));
    CHECK(time.tv_sec >= 1000 - CHECK_PATIENCE && time.tv_sec <= 1000);
    CHECK_EQ(write(fds[1], "x", 1), 1);
    FD_SET(fds[0], &in);
    CHECK_EQ(select(fds[1] + 1, &in, &out, NULL, NULL), 2);
    close(fds[0]);
    close(fds[1]);
    FD_SET(fds[0], &in);
    CHECK_ERRNO(select(fds[0] + 1, &in, NULL, NULL, NULL), EBADF);
    time = (struct timeval){0, 20000};
    FD_ZERO(&in);
    CHECK_EQ(syscall(SYS_select, 0, &in, NULL, NULL, &time), 0); /* a libc may use a copy */
    CHECK_EQ(time.tv_sec * 1000000 + time.tv_usec, 0);
}

static int wait_one(int epoll, uint32_t *events, int milliseconds)
{
    struct epoll_event got[4];
    int count = epoll_wait(epoll, got, 4, milliseconds);
    *events = count > 0 ? got[0].events : 0;
    return count;
}

static void with_epoll(void)
{
    int fds[2], epoll = epoll_create1(EPOLL_CLOEXEC);
    uint32_t events;
    char byte;
    CHECK_OK(epoll);
    CHECK_OK(pipe2(fds, O_NONBLOCK));
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = UINT64_C(0x1122334455667788)};
    CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &event));
    CHECK_ERRNO(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &event), EEXIST);
    CHECK_ERRNO(epoll_ctl(epoll, EPOLL_CTL_MOD, fds[1], &event), ENOENT);
    CHECK_ERRNO(epoll_ctl(epoll, EPOLL_CTL_ADD, epoll, &event), EINVAL);
    CHECK_EQ(wait_one(epoll, &events, 0), 0);
    CHECK_EQ(write(fds[1], "ab", 2), 2);
    /* Level: as long as there is something. */
    struct epoll_event got;
    CHECK_EQ(epoll_wait(epoll, &got, 1, -1), 1);
    CHECK_EQ(got.data.u64, 0x1122334455667788);
    CHECK_EQ(got.events, EPOLLIN);
    CHECK_EQ(read(fds[0], &byte, 1), 1);
    CHECK_EQ(wait_one(epoll, &events, 0), 1);
    /* Edge: once for each arrival. */
    event.events = EPOLLIN | EPOLLET;
    CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_MOD, fds[0], &event));
    CHECK_EQ(wait_one(epoll, &events, 0), 1);
    CHECK_EQ(wait_one(epoll, &events, 0), 0);
    CHECK_EQ(write(fds[1], "c", 1), 1);
    CHECK_EQ(wait_one(epoll, &events, CHECK_PATIENCE * 1000), 1);
    CHECK_EQ(wait_one(epoll, &events, 0), 0);
    /* One shot. */
    event.events = EPOLLIN | EPOLLONESHOT;
    CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_MOD, fds[0], &event));
    CHECK_EQ(wait_one(epoll, &events, 0), 1);
    CHECK_EQ(write(fds[1], "d", 1), 1);
    CHECK_EQ(wait_one(epoll, &events, 0), 0);
    CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_MOD, fds[0], &event));
    CHECK_EQ(wait_one(epoll, &events, 0), 1);
    /* An epoll can be polled itself. */
    event.events = EPOLLIN;
    CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_MOD, fds[0], &event));
    CHECK_EQ(poll_one(epoll, POLLIN, 0), POLLIN);
    int outer = epoll_create1(0);
    CHECK_OK(epoll_ctl(outer, EPOLL_CTL_ADD, epoll, &event));
    CHECK_EQ(wait_one(outer, &events, 0), 1);
    /* Hang-up is always told; closing removes. */
    while (read(fds[0], &byte, 1) == 1)
        ;
    close(fds[1]);
    CHECK_EQ(wait_one(epoll, &events, 0), 1);
    CHECK_EQ(events, EPOLLHUP);
    close(fds[0]);
    CHECK_EQ(wait_one(epoll, &events, 0), 0);
    close(outer);
    close(epoll);
}

static void counters(void)
{
    int fd = eventfd(3, EFD_NONBLOCK);
    uint64_t value = 0;
    CHECK_EQ(poll_one(fd, POLLIN | POLLOUT, 0), POLLIN | POLLOUT);
    CHECK_EQ(read(fd, &value, 8), 8);
    CHECK_EQ(value, 3);
    CHECK_ERRNO(read(fd, &value, 8), EAGAIN);
    CHECK_ERRNO(read(fd, &value, 4), EINVAL);
    value = UINT64_MAX;
    CHECK_ERRNO(write(fd, &value, 8), EINVAL);
    value = UINT64_MAX - 1;
    CHECK_EQ(write(fd, &value, 8), 8);
    CHECK_EQ(poll_one(fd, POLLOUT, 0), 0);
    close(fd);
    fd = eventfd(2, EFD_SEMAPHORE);
    CHECK_EQ(read(fd, &value, 8), 8);
    CHECK_EQ(value, 1);
    close(fd);

    fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    CHECK_OK(fd);
    CHECK_ERRNO(read(fd, &value, 8), EAGAIN);
    struct itimerspec time = {{0, 5000000}, {0, 5000000}};
    CHECK_OK(timerfd_settime(fd, 0, &time, NULL));
    CHECK_EQ(poll_one(fd, POLLIN, CHECK_PATIENCE * 1000), POLLIN);
    CHECK_EQ(read(fd, &value, 8), 8);
    CHECK(value >= 1);
    CHECK_OK(timerfd_gettime(fd, &time));
    CHECK(time.it_value.tv_nsec <= 5000000 && time.it_interval.tv_nsec == 5000000);
    time = (struct itimerspec){{0, 0}, {0, 0}};
    CHECK_OK(timerfd_settime(fd, 0, &time, NULL));
    CHECK_EQ(poll_one(fd, POLLIN, 20), 0);
    close(fd);
}

static int wake_fd;

static void *waker(void *argument)
{
    (void)argument;
    usleep(20000);
    (void)!write(wake_fd, "12345678", 8);
    return NULL;
}

/* Waiting is ended by another thread, on each kind of file. */
static void woken(void)
{
    int fds[4][2], epoll = epoll_create1(0);
    CHECK_OK(pipe(fds[0]));
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds[1]));
    fds[2][0] = fds[2][1] = eventfd(0, 0);
    terminal_open();
    terminal_mode(0, ICANON | ECHO, 1, 0);
    fds[3][0] = terminal_slave;
    fds[3][1] = terminal_master;
    for (int i = 0; i < 4; i++) {
        pthread_t thread;
        wake_fd = fds[i][1];
        CHECK_EQ(poll_one(fds[i][0], POLLIN, 0), 0);
        pthread_create(&thread, NULL, waker, NULL);
        CHECK_EQ(poll_one(fds[i][0], POLLIN, CHECK_PATIENCE * 1000), POLLIN);
        pthread_join(thread, NULL);
        char buffer[8];
        CHECK_EQ(read(fds[i][0], buffer, 8), 8);
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i}, got = {0};
        CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i][0], &event));
        pthread_create(&thread, NULL, waker, NULL);
        CHECK_EQ(epoll_wait(epoll, &got, 1, CHECK_PATIENCE * 1000), 1);
        CHECK_EQ(got.data.u32, i);
        pthread_join(thread, NULL);
        CHECK_EQ(read(fds[i][0], buffer, 8), 8);
    }
}

static int select_one(int fd)
{
    fd_set set;
    struct timeval none = {0, 0};
    FD_ZERO(&set);
    FD_SET(fd, &set);
    return select(fd + 1, &set, NULL, NULL, &none);
}

static void watch(int epoll, int op, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    CHECK_OK(epoll_ctl(epoll, op, fd, &event));
}

/* An epoll descriptor is ready while something in it is, not since something once was. */
static void drained(void)
{
    int fds[2], sockets[2], inner = epoll_create1(0), middle = epoll_create1(0),
                            outer = epoll_create1(0), event_fd = eventfd(0, 0),
                            timer = timerfd_create(CLOCK_MONOTONIC, 0);
    struct epoll_event got;
    uint64_t count = 1;
    char byte;
    CHECK_OK(pipe(fds));
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
    watch(outer, EPOLL_CTL_ADD, middle, EPOLLIN);
    watch(middle, EPOLL_CTL_ADD, inner, EPOLLIN);
    watch(inner, EPOLL_CTL_ADD, fds[0], EPOLLIN);
    for (int round = 0; round < 2; round++) {
        CHECK_EQ(write(fds[1], "x", 1), 1);
        CHECK_EQ(poll_one(outer, POLLIN, 0), POLLIN);
        CHECK_EQ(poll_one(inner, POLLIN, 0), POLLIN);
        CHECK_EQ(select_one(inner), 1);
        CHECK_EQ(epoll_wait(outer, &got, 1, 0), 1);
        CHECK_EQ(read(fds[0], &byte, 1), 1);
        CHECK_EQ(poll_one(outer, POLLIN, 0), 0);
        CHECK_EQ(poll_one(inner, POLLIN, 0), 0);
        CHECK_EQ(select_one(inner), 0);
        CHECK_EQ(epoll_wait(outer, &got, 1, 0), 0);
    }
    watch(inner, EPOLL_CTL_ADD, event_fd, EPOLLIN);
    CHECK_EQ(write(event_fd, &count, 8), 8);
    CHECK_EQ(poll_one(inner, POLLIN, 0), POLLIN);
    CHECK_EQ(read(event_fd, &count, 8), 8);
    CHECK_EQ(poll_one(inner, POLLIN, 0), 0);
    watch(inner, EPOLL_CTL_ADD, sockets[0], EPOLLIN);
    CHECK_EQ(write(sockets[1], "x", 1), 1);
    CHECK_EQ(poll_one(inner, POLLIN, 0), POLLIN);
    CHECK_EQ(read(sockets[0], &byte, 1), 1);
    CHECK_EQ(poll_one(inner, POLLIN, 0), 0);
    watch(inner, EPOLL_CTL_ADD, timer, EPOLLIN);
    struct itimerspec soon = {{0, 0}, {0, 1000000}};
    CHECK_OK(timerfd_settime(timer, 0, &soon, NULL));
    CHECK_EQ(poll_one(inner, POLLIN, CHECK_PATIENCE * 1000), POLLIN);
    CHECK_EQ(read(timer, &count, 8), 8);
    CHECK_EQ(poll_one(inner, POLLIN, 0), 0);
    CHECK_EQ(write(fds[1], "x", 1), 1);
    watch(inner, EPOLL_CTL_MOD, fds[0], EPOLLOUT);
    CHECK_EQ(poll_one(inner, POLLIN, 0), 0);
    watch(inner, EPOLL_CTL_MOD, fds[0], EPOLLIN);
    CHECK_EQ(poll_one(inner, POLLIN, 0), POLLIN);
    /* Being asked does not use up an edge; being told does. */
    watch(inner, EPOLL_CTL_MOD, fds[0], EPOLLIN | EPOLLET);
    CHECK_EQ(poll_one(inner, POLLIN, 0), POLLIN);
    CHECK_EQ(poll_one(inner, POLLIN, 0), POLLIN);
    CHECK_EQ(epoll_wait(inner, &got, 1, 0), 1);
    CHECK_EQ(poll_one(inner, POLLIN, 0), 0);
}

/* What a wait could not tell for want of memory is told by the next one: edges, single shots, and
 * those of several for which there was no room. */
static void untold(void)
{
    int fds[2], epoll = epoll_create1(0), event_fd = eventfd(1, 0);
    long page = sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_OK(munmap(pages + page, page));
    CHECK_OK(pipe(fds));
    CHECK_EQ(write(fds[1], "x", 1), 1);
    watch(epoll, EPOLL_CTL_ADD, fds[0], EPOLLIN | EPOLLET);
    watch(epoll, EPOLL_CTL_ADD, event_fd, EPOLLIN | EPOLLONESHOT);
    struct epoll_event *bad = (struct epoll_event *)(pages + page), got[4];
    CHECK_ERRNO(epoll_wait(epoll, bad, 4, -1), EFAULT);
    CHECK_EQ(poll_one(epoll, POLLIN, 0), POLLIN);
    CHECK_EQ(epoll_wait(epoll, bad - 1, 4, -1), 1);
    CHECK_EQ(epoll_wait(epoll, got, 4, 0), 1);
    CHECK_EQ(bad[-1].data.fd + got[0].data.fd, fds[0] + event_fd);
    CHECK_EQ(epoll_wait(epoll, got, 4, 0), 0);
    watch(epoll, EPOLL_CTL_MOD, event_fd, EPOLLIN | EPOLLONESHOT);
    CHECK_ERRNO(epoll_wait(epoll, bad, 1, -1), EFAULT);
    CHECK_EQ(epoll_wait(epoll, got, 4, 0), 1);
    CHECK_EQ(got[0].data.fd, event_fd);
    CHECK_EQ(epoll_wait(epoll, got, 4, 0), 0);
    close(epoll);
    close(event_fd);
    close(fds[0]);
    close(fds[1]);
    munmap(pages, page);
}

/* Descriptors that are always ready take turns, and a wait gives as many as there is room for. */
static void many_ready(void)
{
    static struct epoll_event events[2000];
    int epoll = epoll_create1(0), count = 0, wrong = 0, fd = eventfd(1, 0);
    for (int i = 0; i < 1500; i++) {
        int copy = dup(fd);
        if (copy < 0)
            break;
        struct epoll_event event = {.events = EPOLLIN, .data.fd = copy};
        wrong += epoll_ctl(epoll, EPOLL_CTL_ADD, copy, &event) != 0;
        count++;
    }
    CHECK_EQ(epoll_wait(epoll, events, 2000, 0), count);
    bool seen[2000] = {false};
    int different = 0;
    for (int i = 0; i < count; i++) {
        wrong += epoll_wait(epoll, events, 1, 0) != 1;
        different += !seen[events[0].data.fd];
        seen[events[0].data.fd] = true;
    }
    CHECK_EQ(different, count);
    CHECK_EQ(wrong, 0);
}

int main(void)
{
    struct rlimit many;
    CHECK_OK(getrlimit(RLIMIT_NOFILE, &many));
    many.rlim_cur = many.rlim_max < 2000 ? many.rlim_max : 2000;
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &many));
    pipes();
    with_select();
    with_epoll();
    drained();
    untold();
    counters();
    woken();
    many_ready();
    return check_done();
}
