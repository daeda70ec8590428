/* Urgent data of streams: SIGURG, where the mark is, one urgent byte after the other; and the time
 * at which a stream's bytes came. */
#include "inet.h"

#include <sys/ioctl.h>
#include <sys/time.h>

#ifndef SIOCATMARK
#define SIOCATMARK 0x8905
#endif
#ifndef FIOSETOWN
#define FIOSETOWN 0x8901
#define SIOCSPGRP 0x8902
#define FIOGETOWN 0x8903
#define SIOCGPGRP 0x8904
#endif

static bool signal_comes(int number)
{
    sigset_t set;
    struct timespec patience = {CHECK_PATIENCE, 0};
    sigemptyset(&set);
    sigaddset(&set, number);
    return sigtimedwait(&set, NULL, &patience) == number;
}

static bool signal_waits(int number)
{
    sigset_t set;
    sigpending(&set);
    return sigismember(&set, number);
}

static void told_by_signal(void)
{
    int e[2], id = getpid();
    CHECK(inet_pair("127.0.0.1", e));
    CHECK_EQ(send(e[0], "a", 1, MSG_OOB), 1);
    CHECK_EQ(inet_wait(e[1], POLLPRI), POLLPRI);
    CHECK(!signal_waits(SIGURG)); /* nobody is the owner */
    CHECK_OK(fcntl(e[1], F_SETOWN, getpid()));
    CHECK_EQ(send(e[0], "b", 1, MSG_OOB), 1);
    CHECK(signal_comes(SIGURG));
    CHECK_EQ(send(e[0], "c", 1, 0), 1);
    CHECK_EQ(inet_wait(e[1], POLLIN), POLLIN);
    CHECK(!signal_waits(SIGURG));
    CHECK(!signal_waits(SIGIO)); /* O_ASYNC is not set */
    CHECK_OK(fcntl(e[1], F_SETOWN, 0));
    CHECK_OK(ioctl(e[1], SIOCGPGRP, &id));
    CHECK_EQ(id, 0);
    id = -getpgrp();
    CHECK_OK(ioctl(e[1], SIOCSPGRP, &id));
    CHECK_EQ(fcntl(e[1], F_GETOWN), -getpgrp());
    id = getpid();
    CHECK_OK(ioctl(e[1], FIOSETOWN, &id));
    id = 0;
    CHECK_OK(ioctl(e[1], FIOGETOWN, &id));
    CHECK_EQ(id, getpid());
    id = 0x7ffffff0;
    CHECK_ERRNO(ioctl(e[1], SIOCSPGRP, &id), ESRCH);
    CHECK_EQ(send(e[0], "d", 1, MSG_OOB), 1);
    CHECK(signal_comes(SIGURG));
    CHECK_OK(fcntl(e[1], F_SETFL, O_ASYNC));
    CHECK_EQ(send(e[0], "e", 1, 0), 1);
    CHECK(signal_comes(SIGIO));
    close(e[0]);
    close(e[1]);
}

static int at_mark(int fd)
{
    int mark = -1;
    CHECK_OK(ioctl(fd, SIOCATMARK, &mark));
    return mark;
}

/* Waits until all of it lies there. */
static void arrived(int fd, int count)
{
    int n = -1;
    CHECK_EVENTUALLY(ioctl(fd, FIONREAD, &n) == 0 && n >= count);
}

static void marks(void)
{
    int e[2];
    char data[16];
    CHECK(inet_pair("127.0.0.1", e));
    CHECK_EQ(at_mark(e[1]), 0);
    /* An urgent byte that is not read and at which the reader stands is lost to the next one. */
    CHECK_EQ(send(e[0], "1", 1, MSG_OOB), 1);
    CHECK_EQ(inet_wait(e[1], POLLPRI), POLLPRI);
    CHECK_EQ(at_mark(e[1]), 1);
    CHECK_EQ(send(e[0], "ab", 2, 0), 2);
    CHECK_EQ(send(e[0], "2", 1, MSG_OOB), 1);
    CHECK_EQ(send(e[0], "cd", 2, 0), 2);
    arrived(e[1], 2);
    CHECK_EVENTUALLY(at_mark(e[1]) == 0);
    CHECK_EQ(recv(e[1], data, 16, 0), 2);
    CHECK(memcmp(data, "ab", 2) == 0);
    CHECK_EQ(at_mark(e[1]), 1);
    CHECK_EQ(recv(e[1], data, 16, MSG_OOB | MSG_PEEK), 1);
    CHECK_EQ(recv(e[1], data, 16, MSG_OOB), 1);
    CHECK_EQ(data[0], '2');
    CHECK_EQ(recv(e[1], data, 2, MSG_WAITALL), 2);
    CHECK(memcmp(data, "cd", 2) == 0);
    /* One that the reader does not stand at becomes a byte as all others. */
    CHECK_EQ(send(e[0], "x3", 2, MSG_OOB), 2);
    CHECK_EQ(send(e[0], "y4", 2, MSG_OOB), 2);
    arrived(e[1], 3);
    CHECK_EQ(recv(e[1], data, 16, MSG_OOB), 1);
    CHECK_EQ(data[0], '4');
    CHECK_EQ(recv(e[1], data, 16, 0), 3);
    CHECK(memcmp(data, "x3y", 3) == 0);
    CHECK_EQ(at_mark(e[1]), 1);
    close(e[0]);
    close(e[1]);
}

/* Whether a byte that is sent comes with its time. */
static bool stamped(const int e[2])
{
    char byte;
    uint8_t space[256];
    struct iovec part = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space)};
    struct timespec before, came = {0, 0}, after;
    clock_gettime(CLOCK_REALTIME, &before);
    if (send(e[0], "a", 1, 0) != 1 || recvmsg(e[1], &message, 0) != 1)
        return false;
    clock_gettime(CLOCK_REALTIME, &after);
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_TIMESTAMPNS)
        return false;
    memcpy(&came, CMSG_DATA(c), sizeof(came));
    return came.tv_sec >= before.tv_sec - 1 && came.tv_sec <= after.tv_sec + 1;
}

/* The real kernel begins to look at the clock some time after it was asked to. */
static void times(void)
{
    int e[2];
    CHECK(inet_pair("127.0.0.1", e));
    CHECK(!stamped(e));
    CHECK_OK(inet_set(e[1], SOL_SOCKET, SO_TIMESTAMPNS, 1));
    CHECK_EVENTUALLY(stamped(e));
    close(e[0]);
    close(e[1]);
}

int main(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGURG);
    sigaddset(&set, SIGIO);
    sigprocmask(SIG_BLOCK, &set, NULL);
    told_by_signal();
    marks();
    times();
    return check_done();
}
