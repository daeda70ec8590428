/* SO_SNDBUF of AF_UNIX sockets: what it is after it was set, and that it bounds what a sender may
 * have on the way; SO_RCVBUF is kept and bounds nothing (unix(7)). */
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#ifndef SO_SNDBUFFORCE
#define SO_SNDBUFFORCE 32
#define SO_RCVBUFFORCE 33
#endif

static char data[1 << 20];

static int limit_of(const char *name)
{
    char path[64], text[32] = "212992";
    snprintf(path, sizeof(path), "/proc/sys/net/core/%s", name);
    int fd = open(path, O_RDONLY);
    if (fd >= 0)
        (void)!read(fd, text, sizeof(text) - 1);
    close(fd);
    return atoi(text);
}

static int get(int fd, int option)
{
    int value = -1;
    socklen_t size = sizeof(value);
    CHECK_OK(getsockopt(fd, SOL_SOCKET, option, &value, &size));
    return value;
}

static int set(int fd, int option, int value)
{
    CHECK_OK(setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value)));
    return get(fd, option);
}

static int on_the_way(int fd)
{
    int bytes = -1;
    CHECK_OK(ioctl(fd, TIOCOUTQ, &bytes));
    return bytes;
}

static void values(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), value = 5000;
    CHECK(fd >= 0);
    CHECK_EQ(get(fd, SO_SNDBUF), limit_of("wmem_default"));
    CHECK_EQ(get(fd, SO_RCVBUF), limit_of("rmem_default"));
    CHECK_EQ(set(fd, SO_SNDBUF, 5000), 10000);
    CHECK_EQ(set(fd, SO_RCVBUF, 5000), 10000);
    CHECK_EQ(set(fd, SO_SNDBUF, 0), 4608);
    CHECK_EQ(set(fd, SO_RCVBUF, 0), 2304);
    CHECK_EQ(set(fd, SO_SNDBUF, 2304), 4608);
    CHECK_EQ(set(fd, SO_SNDBUF, 2305), 4610);
    CHECK_EQ(set(fd, SO_RCVBUF, 1153), 2306);
    CHECK_EQ(set(fd, SO_SNDBUF, 1 << 30), 2 * limit_of("wmem_max"));
    CHECK_EQ(set(fd, SO_RCVBUF, 1 << 30), 2 * limit_of("rmem_max"));
    CHECK_EQ(set(fd, SO_SNDBUF, -1), 2 * limit_of("wmem_max"));
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &value, 3), EINVAL);
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, (void *)1, 4), EFAULT);
    pid_t child = fork();
    if (child == 0) {
        if (getuid() == 0)
            CHECK_OK(setuid(1000));
        CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &value, sizeof(value)), EPERM);
        CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &value, sizeof(value)), EPERM);
        _exit(check_failed);
    }
    int status = 1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    close(fd);
}

/* The largest packet is 32 bytes less than the buffer. */
static void packets(int type)
{
    int fds[2];
    CHECK_OK(socketpair(AF_UNIX, type, 0, fds));
    CHECK_EQ(set(fds[0], SO_SNDBUF, 8192), 16384);
    CHECK_EQ(set(fds[1], SO_RCVBUF, 0), 2304);
    CHECK_EQ(send(fds[0], data, 16384 - 32, 0), 16384 - 32);
    CHECK_EQ(recv(fds[1], data, sizeof(data), 0), 16384 - 32);
    CHECK_ERRNO(send(fds[0], data, 16384 - 31, 0), EMSGSIZE);
    CHECK_EQ(on_the_way(fds[0]), 0);
    close(fds[0]);
    close(fds[1]);
}

static short ready(int fd)
{
    struct pollfd one = {fd, POLLIN | POLLOUT, 0};
    poll(&one, 1, 0);
    return one.revents;
}

static int fill(int fd, size_t piece)
{
    int sum = 0;
    ssize_t sent;
    while ((sent = send(fd, data, piece, MSG_DONTWAIT)) > 0)
        sum += (int)sent;
    CHECK_EQ(errno, EAGAIN);
    return sum;
}

/* What a sender that does not wait gets rid of is bounded by its buffer; when it is ready again. */
static void filling(int type)
{
    int sums[2];
    for (int i = 0; i < 2; i++) {
        int fds[2];
        CHECK_OK(socketpair(AF_UNIX, type, 0, fds));
        int buffer = set(fds[0], SO_SNDBUF, i ? 65536 : 8192);
        set(fds[1], SO_RCVBUF, 0);
        CHECK_EQ(ready(fds[0]), POLLOUT);
        sums[i] = fill(fds[0], 1000);
        CHECK(sums[i] >= 1000 && sums[i] <= buffer + 1000);
        CHECK(on_the_way(fds[0]) >= buffer);
        CHECK_EQ(ready(fds[0]), 0);
        /* The other direction has a buffer of its own. */
        CHECK_EQ(ready(fds[1]), POLLIN | POLLOUT);
        CHECK_EQ(recv(fds[1], data, 1000, 0), 1000);
        CHECK_EQ(ready(fds[0]), 0);
        CHECK_EQ(send(fds[0], data, 1000, MSG_DONTWAIT), 1000);
        int left = sums[i];
        while (left > 0 && recv(fds[1], data, 1000, MSG_DONTWAIT) == 1000)
            left -= 1000;
        CHECK_EQ(left, 0);
        CHECK_EQ(ready(fds[0]), POLLOUT);
        CHECK_EQ(on_the_way(fds[0]), 0);
        close(fds[0]);
        close(fds[1]);
    }
    CHECK(sums[1] >= 4 * sums[0] && sums[1] <= 16 * sums[0]);
}

static pid_t send_in_child(const int *fds, size_t n)
{
    pid_t child = fork();
    if (child == 0) {
        close(fds[1]);
        _exit(send(fds[0], data, n, 0) == (ssize_t)n ? 0 : 1);
    }
    return child;
}

static void ends_well(pid_t child)
{
    int status = 1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}

/* One that waits never has more on the way; a larger buffer lets it go on. */
static void waiting(void)
{
    int fds[2], most = 0, left = 300000;
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
    CHECK_EQ(set(fds[0], SO_SNDBUF, 0), 4608);
    pid_t child = send_in_child(fds, (size_t)left);
    struct pollfd one = {fds[1], POLLIN, 0};
    int there = 0;
    while (left > 0 && poll(&one, 1, CHECK_PATIENCE * 1000) == 1 &&
           ioctl(fds[1], FIONREAD, &there) == 0) {
        most = there > most ? there : most;
        ssize_t got = recv(fds[1], data, 1500, 0);
        if (got <= 0)
            break;
        left -= (int)got;
    }
    CHECK_EQ(left, 0);
    check_(most <= 2 * 4608, __FILE__, __LINE__, "%d bytes were on the way", most);
    ends_well(child);
    child = send_in_child(fds, 100000);
    CHECK_EQ(poll(&one, 1, CHECK_PATIENCE * 1000), 1);
    set(fds[0], SO_SNDBUF, limit_of("wmem_max"));
    ends_well(child);
    CHECK_EQ(recv(fds[1], data, 100000, MSG_WAITALL), 100000);
    close(fds[0]);
    close(fds[1]);
}

static int bound(const char *name, struct sockaddr_un *address, socklen_t *size)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1, "sockbuf-%s-%d", name,
             (int)getpid());
    *size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(address->sun_path + 1));
    CHECK_OK(bind(fd, (struct sockaddr *)address, *size));
    return fd;
}

/* The buffer is the sender's, whoever the receivers are; a receiver that goes gives it back. */
static void datagrams(void)
{
    struct sockaddr_un to, other_to;
    socklen_t size, other_size;
    int receiver = bound("one", &to, &size), other = bound("two", &other_to, &other_size);
    int sender = socket(AF_UNIX, SOCK_DGRAM, 0), second = socket(AF_UNIX, SOCK_DGRAM, 0);
    int sent = 0;
    CHECK_EQ(set(sender, SO_SNDBUF, 0), 4608);
    while (sendto(sender, data, 1, MSG_DONTWAIT, (struct sockaddr *)&to, size) == 1)
        sent++;
    CHECK_EQ(errno, EAGAIN);
    CHECK(sent >= 2 && sent <= 9);
    CHECK(on_the_way(sender) >= 4608);
    CHECK_ERRNO(sendto(sender, data, 1, MSG_DONTWAIT, (struct sockaddr *)&other_to, other_size),
                EAGAIN);
    CHECK_EQ(ready(sender), 0);
    CHECK_EQ(sendto(second, data, 1, MSG_DONTWAIT, (struct sockaddr *)&to, size), 1);
    CHECK_EQ(close(receiver), 0);
    CHECK_EQ(on_the_way(sender), 0);
    CHECK_EQ(ready(sender), POLLOUT);
    CHECK_EQ(sendto(sender, data, 1, MSG_DONTWAIT, (struct sockaddr *)&other_to, other_size), 1);
    close(sender);
    CHECK_EQ(recv(other, data, 10, MSG_DONTWAIT), 1);
    close(other);
    close(second);
}

int main(void)
{
    values();
    packets(SOCK_DGRAM);
    packets(SOCK_SEQPACKET);
    filling(SOCK_STREAM);
    filling(SOCK_SEQPACKET);
    filling(SOCK_DGRAM);
    waiting();
    datagrams();
    return check_done();
}
