/* O_ASYNC: signals when a pipe, a socket or an inotify descriptor becomes ready, to whom F_SETOWN
 * says, with F_SETSIG's information; FIOASYNC. */
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

static volatile sig_atomic_t count, last, last_fd, last_code, last_band;

static void handler(int signal, siginfo_t *info, void *context)
{
    (void)context;
    count++;
    last = signal;
    last_code = info->si_code;
    last_fd = info->si_fd;
    last_band = (int)info->si_band;
}

static void reset(void)
{
    count = last = last_fd = last_code = last_band = 0;
}

static void fills(int fd)
{
    static char data[4096];
    while (write(fd, data, sizeof(data)) > 0)
        ;
    CHECK_EQ(errno, EAGAIN);
}

static void drains(int fd)
{
    static char data[4096];
    while (read(fd, data, sizeof(data)) > 0)
        ;
    CHECK_EQ(errno, EAGAIN);
}

/* fds[0] reads what fds[1] writes; both do not wait. */
static void readiness(int fds[2])
{
    char byte;
    int on = 1, off = 0;
    reset();
    CHECK_EQ(write(fds[1], "x", 1), 1);
    CHECK_EQ(count, 0);
    CHECK_OK(ioctl(fds[0], FIOASYNC, &on));
    CHECK(fcntl(fds[0], F_GETFL) & O_ASYNC);
    CHECK_EQ(write(fds[1], "x", 1), 1);
    CHECK_EQ(count, 0); /* nobody owns it */
    CHECK_OK(fcntl(fds[0], F_SETOWN, getpid()));
    CHECK_EQ(fcntl(fds[0], F_GETOWN), getpid());
    CHECK_EQ(write(fds[1], "x", 1), 1);
    CHECK_EQ(count, 1);
    CHECK_EQ(last, SIGIO);
    CHECK_EQ(last_code, SI_KERNEL);
    CHECK_EQ(read(fds[0], &byte, 1), 1);
    CHECK_EQ(count, 1);
    CHECK_OK(fcntl(fds[0], F_SETSIG, SIGRTMIN));
    CHECK_EQ(fcntl(fds[0], F_GETSIG), SIGRTMIN);
    CHECK_EQ(write(fds[1], "x", 1), 1);
    CHECK_EQ(count, 2);
    CHECK_EQ(last, SIGRTMIN);
    CHECK_EQ(last_fd, fds[0]);
    CHECK_EQ(last_code, POLL_IN);
    CHECK_EQ(last_band, POLLIN | POLLRDNORM);
    CHECK_OK(ioctl(fds[0], FIOASYNC, &off));
    CHECK(!(fcntl(fds[0], F_GETFL) & O_ASYNC));
    CHECK_EQ(write(fds[1], "x", 1), 1);
    CHECK_EQ(count, 2);
}

/* The writer is told when there is room again. */
static void room(int fds[2])
{
    CHECK_OK(fcntl(fds[1], F_SETOWN, getpid()));
    CHECK_OK(fcntl(fds[1], F_SETSIG, SIGRTMIN));
    CHECK_OK(fcntl(fds[1], F_SETFL, O_NONBLOCK | O_ASYNC));
    fills(fds[1]);
    reset();
    drains(fds[0]);
    CHECK(count >= 1);
    CHECK_EQ(last_fd, fds[1]);
    CHECK_EQ(last_code, POLL_OUT);
    CHECK_EQ(last_band, POLLOUT | POLLWRNORM | POLLWRBAND);
    CHECK_OK(fcntl(fds[1], F_SETFL, O_NONBLOCK));
}

static void pipes(void)
{
    int fds[2];
    CHECK_OK(pipe2(fds, O_NONBLOCK));
    readiness(fds);
    room(fds);
    /* The end of the other side. */
    CHECK_OK(fcntl(fds[0], F_SETFL, O_NONBLOCK | O_ASYNC));
    reset();
    close(fds[1]);
    CHECK(count >= 1);
    CHECK_EQ(last_fd, fds[0]);
    close(fds[0]);
}

static void sockets(void)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    for (int i = 0; i < 3; i++) {
        int fds[2];
        CHECK_OK(socketpair(AF_UNIX, types[i] | SOCK_NONBLOCK, 0, fds));
        readiness(fds);
        room(fds);
        close(fds[0]);
        close(fds[1]);
    }
}

static void owners(void)
{
    int fds[2], go[2];
    CHECK_OK(pipe2(fds, O_NONBLOCK));
    CHECK_OK(pipe(go));
    CHECK_OK(fcntl(fds[0], F_SETFL, O_NONBLOCK | O_ASYNC));
    CHECK_ERRNO(fcntl(fds[0], F_SETOWN, 1 << 29), ESRCH);
    struct f_owner_ex ex = {F_OWNER_TID, gettid()};
    CHECK_OK(fcntl(fds[0], F_SETOWN_EX, &ex));
    reset();
    CHECK_EQ(write(fds[1], "x", 1), 1);
    CHECK_EQ(count, 1);
    /* A group: the child gets it, and the parent is in another one. */
    pid_t child = fork();
    if (child == 0) {
        sigset_t io, before;
        sigemptyset(&io);
        sigaddset(&io, SIGIO);
        sigprocmask(SIG_BLOCK, &io, &before);
        setpgid(0, 0);
        reset();
        (void)!write(go[1], "g", 1);
        sigsuspend(&before);
        _exit(last == SIGIO ? 7 : 1);
    }
    char byte;
    int status = 0;
    CHECK_EQ(read(go[0], &byte, 1), 1);
    CHECK_OK(fcntl(fds[0], F_SETOWN, -child));
    CHECK_EQ(fcntl(fds[0], F_GETOWN), -child);
    reset();
    CHECK_EQ(write(fds[1], "x", 1), 1);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    CHECK_EQ(count, 0);
    /* The description keeps it when descriptors come and go. */
    CHECK_OK(fcntl(fds[0], F_SETOWN, getpid()));
    int other = dup(fds[0]);
    close(fds[0]);
    CHECK_EQ(write(fds[1], "x", 1), 1);
    CHECK_EQ(count, 1);
    close(other);
    signal(SIGPIPE, SIG_IGN);
    CHECK_ERRNO(write(fds[1], "x", 1), EPIPE);
    CHECK_EQ(count, 1);
    close(fds[1]);
}

static void others(void)
{
    int on = 1, event = eventfd(0, EFD_NONBLOCK), watch = inotify_init1(IN_NONBLOCK);
    CHECK_ERRNO(ioctl(event, FIOASYNC, &on), ENOTTY);
    CHECK_OK(ioctl(watch, FIOASYNC, &on));
    CHECK_OK(fcntl(watch, F_SETOWN, getpid()));
    CHECK(inotify_add_watch(watch, "/tmp", IN_CREATE) > 0);
    reset();
    char name[] = "/tmp/async.XXXXXX";
    close(mkstemp(name));
    unlink(name);
    CHECK(count >= 1);
    CHECK_EQ(last, SIGIO);
    close(event);
    close(watch);
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGIO, &action, NULL);
    sigaction(SIGRTMIN, &action, NULL);
    pipes();
    sockets();
    owners();
    others();
    return check_done();
}
