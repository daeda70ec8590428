/* Many streams and epoll: edges with partial reads (an argument: through how many MiB), one shot,
 * exclusive wakes, thousands of items and of idle connections. */
#include "inet.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#define MANY    10000
#define WAITERS 4
#define PACE    64 /* connections that may wait to be accepted */

static long moved = 64l << 20;

static void *fills(void *arg)
{
    static char data[100000];
    int fd = *(int *)arg, ep = epoll_create1(0);
    struct epoll_event event = {EPOLLOUT | EPOLLET, {0}};
    epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event);
    for (long left = moved; left > 0;) {
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
    while (got < moved) {
        ssize_t n = read(e[1], data, sizeof(data));
        if (n > 0)
            got += n;
        else if (n == 0 || errno != EAGAIN || epoll_wait(ep, &event, 1, CHECK_PATIENCE * 1000) != 1)
            break;
    }
    pthread_join(thread, NULL);
    CHECK_EQ(got, moved);
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

/* --- EPOLLEXCLUSIVE --- */

struct waiter {
    int ep;
    _Atomic int tid;
    struct epoll_event events[2];
    int count;
    pthread_t thread;
};

static void *waits(void *arg)
{
    struct waiter *w = arg;
    atomic_store(&w->tid, (int)syscall(SYS_gettid));
    w->count = epoll_wait(w->ep, w->events, 2, CHECK_PATIENCE * 1000);
    return NULL;
}

static bool sleeps(struct waiter *w)
{
    char path[64], text[200] = "";
    snprintf(path, sizeof(path), "/proc/self/task/%d/stat", atomic_load(&w->tid));
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
    close(fd);
    const char *end = n > 0 ? strrchr(text, ')') : NULL;
    return end && end[2] == 'S';
}

static void add(int ep, int fd, uint32_t events, uint32_t data)
{
    struct epoll_event event = {events, {.u32 = data}};
    CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event));
}

/* Each connection wakes the one that waits longest; the others are told by another descriptor, and
 * know of no connection. */
static void exclusive(void)
{
    struct waiter w[WAITERS];
    int listener = inet_listener("127.0.0.1", 10), all = eventfd(0, 0), clients[2];
    for (int i = 0; i < WAITERS; i++) {
        w[i] = (struct waiter){.ep = epoll_create1(0)};
        add(w[i].ep, listener, EPOLLIN | EPOLLEXCLUSIVE, 1);
        add(w[i].ep, all, EPOLLIN, 2);
        pthread_create(&w[i].thread, NULL, waits, &w[i]);
    }
    for (int i = 0; i < WAITERS; i++)
        CHECK_EVENTUALLY(sleeps(&w[i]));
    for (int i = 0; i < 2; i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM, 0);
        CHECK_OK(inet_connect(clients[i], "127.0.0.1", inet_port(listener)));
        pthread_join(w[i].thread, NULL);
        CHECK_EQ(w[i].count, 1);
        CHECK_EQ(w[i].events[0].data.u32, 1);
    }
    CHECK_OK(eventfd_write(all, 1));
    for (int i = 2; i < WAITERS; i++) {
        pthread_join(w[i].thread, NULL);
        CHECK_EQ(w[i].count, 1);
        CHECK_EQ(w[i].events[0].data.u32, 2);
    }
    for (int i = 0; i < WAITERS; i++)
        close(w[i].ep);
    close(clients[0]);
    close(clients[1]);
    close(listener);
    close(all);
}

/* --- thousands --- */

/* As many as there can be, and up to MANY, with `spare` beside. */
static int most_descriptors(int spare)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur < (rlim_t)(MANY + spare) ? (int)limit.rlim_cur - spare : MANY;
}

static long cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Adding, changing and removing that many; ready ones removed and closed. */
static void items(bool same_file)
{
    static int fds[MANY];
    int most = most_descriptors(100), ep = epoll_create1(0), failed = 0;
    struct epoll_event event = {EPOLLIN | EPOLLOUT, {0}};
    for (int i = 0; i < most; i++)
        fds[i] = same_file && i ? dup(fds[0]) : eventfd(1, 0);
    long before = cpu_ms();
    for (int i = 0; i < most; i++)
        failed += epoll_ctl(ep, EPOLL_CTL_ADD, fds[i], &event) != 0;
    for (int i = 0; i < most; i++)
        failed += epoll_ctl(ep, EPOLL_CTL_MOD, fds[i], &event) != 0;
    for (int i = 0; i < most / 2; i++)
        failed += epoll_ctl(ep, EPOLL_CTL_DEL, fds[i], &event) != 0;
    for (int i = 0; i < most; i++)
        close(fds[i]);
    CHECK(cpu_ms() - before < 1000);
    CHECK_EQ(failed, 0);
    CHECK_EQ(epoll_wait(ep, &event, 1, 0), 0);
    close(ep);
}

/* The other ends of the idle connections, in a process of its own; one sends. */
static void connects(uint16_t port, int count, int go)
{
    int middle = -1;
    char byte;
    for (int i = 0; i < count; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (i && i % PACE == 0 && read(go, &byte, 1) != 1)
            _exit(1);
        if (inet_connect(fd, "127.0.0.1", port))
            _exit(1);
        if (i == count / 2)
            middle = fd;
    }
    if (count % PACE == 0 && read(go, &byte, 1) != 1)
        _exit(2);
    if (read(go, &byte, 1) != 1 || send(middle, "x", 1, 0) != 1 || read(go, &byte, 1) != 0)
        _exit(2);
    _exit(0);
}

static void idle(void)
{
    static int fds[MANY];
    struct epoll_event event = {EPOLLIN, {0}}, events[4];
    int listener = inet_listener("127.0.0.1", 2 * PACE), ep = epoll_create1(0), count = 0, go[2];
    int most = most_descriptors(100), status = -1;
    CHECK_OK(pipe(go));
    pid_t child = fork();
    if (child == 0) {
        close(go[1]);
        connects(inet_port(listener), most, go[0]);
    }
    close(go[0]);
    for (; count < most && inet_wait(listener, POLLIN) == POLLIN; count++) {
        fds[count] = accept(listener, NULL, NULL);
        event.data.u32 = (uint32_t)count;
        if (epoll_ctl(ep, EPOLL_CTL_ADD, fds[count], &event))
            break;
        if ((count + 1) % PACE == 0)
            (void)!write(go[1], "n", 1);
    }
    CHECK(count == most);
    long before = cpu_ms();
    CHECK_EQ(epoll_wait(ep, events, 4, 300), 0);
    CHECK(cpu_ms() - before < 100);
    CHECK_EQ(write(go[1], "g", 1), 1);
    CHECK_EQ(epoll_wait(ep, events, 4, CHECK_PATIENCE * 1000), 1);
    CHECK_EQ(events[0].data.u32, count / 2);
    for (int i = 0; i < count; i++)
        close(fds[i]);
    close(go[1]);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    close(ep);
    close(listener);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        moved = atol(argv[1]) << 20;
    edges();
    one_shot();
    exclusive();
    items(false);
    items(true);
    idle();
    return check_done();
}
