/* For output.sh: waits with poll and epoll for the reader of the standard output to go, and says
 * with its status whether that is told as on Linux: 0. With "write" it writes meanwhile until that
 * fails. With "full" it fills the pipe without blocking, and waits for its reader to make room. The
 * line "waiting" goes to the standard error before. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define PATIENCE_MS 30000

static void *wait_for_end(void *arg)
{
    struct pollfd output = {1, 0, 0};
    (void)arg;
    return (void *)(long)(poll(&output, 1, PATIENCE_MS) == 1 && output.revents == POLLERR);
}

static int write_until_broken(void)
{
    pthread_t waiting;
    void *told;
    char byte = '.';
    if (pthread_create(&waiting, NULL, wait_for_end, NULL) != 0)
        return 9;
    while (write(1, &byte, 1) == 1)
        ;
    int error = errno;
    pthread_join(waiting, &told);
    return error != EPIPE ? 4 : !told;
}

/* The reader begins to read when "waiting" is said. */
static int fill(void)
{
    static const char waiting[] = "waiting\n";
    static char bytes[10000];
    struct pollfd output = {1, POLLOUT, 0};
    struct epoll_event event = {.events = EPOLLOUT | EPOLLET}, got = {0};
    int epoll = epoll_create1(0);
    if (fcntl(1, F_SETFL, O_NONBLOCK) != 0 || poll(&output, 1, 0) != 1)
        return 20;
    while (write(1, bytes, sizeof(bytes)) > 0)
        ;
    if (errno != EAGAIN || poll(&output, 1, 0) != 0)
        return 21;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, 1, &event) != 0 || epoll_wait(epoll, &got, 1, 0) != 0)
        return 22;
    if (write(2, waiting, sizeof(waiting) - 1) < 0)
        return 23;
    if (epoll_wait(epoll, &got, 1, PATIENCE_MS) != 1 || got.events != EPOLLOUT)
        return 24;
    if (poll(&output, 1, PATIENCE_MS) != 1 || output.revents != POLLOUT)
        return 25;
    return write(1, "", 1) == 1 ? 0 : 26;
}

int main(int argc, char **argv)
{
    static const char waiting[] = "waiting\n";
    struct pollfd output = {1, 0, 0};
    struct epoll_event event = {.events = EPOLLET}, got = {0};
    int epoll = epoll_create1(0);
    signal(SIGPIPE, SIG_IGN);
    if (argc > 1 && !strcmp(argv[1], "full"))
        return fill();
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, 1, &event) != 0 || poll(&output, 1, 0) != 0)
        return 10;
    if (write(2, waiting, sizeof(waiting) - 1) < 0)
        return 11;
    int error = argc > 1 && !strcmp(argv[1], "write") ? write_until_broken() : !wait_for_end(NULL);
    if (error)
        return error;
    if (epoll_wait(epoll, &got, 1, PATIENCE_MS) != 1 || got.events != EPOLLERR)
        return 2;
    output.events = POLLOUT;
    if (poll(&output, 1, 0) != 1 || output.revents != (POLLOUT | POLLERR))
        return 3;
    return write(1, "", 1) != -1 || errno != EPIPE ? 5 : 0;
}
