/* Descriptors of every kind. They are the process's, so its threads take them from one table; what
 * a call closes or makes is not written down: a number may stand for anything after a while. */
#include "attack.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#define KNOWN 64

static _Atomic int known[KNOWN];
static _Atomic int folder = AT_FDCWD;

static void keep(struct random *r, int fd)
{
    if (fd < 0)
        return;
    int old = atomic_exchange(&known[below(r, KNOWN)], fd);
    if (old > 2 && one_in(r, 2))
        close(old);
}

static void keep_two(struct random *r, const int *pair)
{
    keep(r, pair[0]);
    keep(r, pair[1]);
}

static void make_file(struct random *r)
{
    static const char *const names[] = {
        "a", "b", "d/a", "/tmp/attack-shared", "/dev/shm/attack", "/mnt/attack-shared"};
    static const int flags[] = {
        O_RDWR, O_RDONLY,       O_WRONLY | O_APPEND, O_RDWR | O_APPEND, O_RDWR | O_NONBLOCK,
        O_PATH, O_RDWR | O_SYNC};
    int fd = open(PICK(r, names), O_CREAT | PICK(r, flags), 0666);
    if (fd >= 0 && one_in(r, 2))
        (void)!write(fd, "content of a file", below(r, 18));
    keep(r, fd);
}

static void make_deleted(struct random *r)
{
    int fd = open("gone", O_RDWR | O_CREAT, 0666);
    unlink("gone");
    keep(r, fd);
}

static void make_pipe(struct random *r)
{
    int pair[2];
    if (pipe2(pair, one_in(r, 2) ? O_NONBLOCK : one_in(r, 4) ? O_DIRECT : 0))
        return;
    if (one_in(r, 2))
        (void)!write(pair[1], "some bytes", below(r, 11));
    keep_two(r, pair);
}

static void make_sockets(struct random *r)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    int pair[2];
    if (socketpair(AF_UNIX, PICK(r, types) | (one_in(r, 2) ? SOCK_NONBLOCK : 0), 0, pair) == 0)
        keep_two(r, pair);
}

static void make_socket(struct random *r)
{
    static const int types[] = {SOCK_STREAM, SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, PICK(r, types) | (one_in(r, 3) ? 0 : SOCK_NONBLOCK), 0);
    socklen_t size = sizeof(name);
    snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "attack-%u", (unsigned)below(r, 5));
    if (one_in(r, 2) && bind(fd, (struct sockaddr *)&name, size) == 0)
        listen(fd, (int)below(r, 10));
    else
        (void)!connect(fd, (struct sockaddr *)&name, size);
    keep(r, fd);
}

/* Those of the network that wait, listen, or are connected to each other by chance. */
static void make_inet(struct random *r)
{
    static const int types[] = {SOCK_STREAM, SOCK_STREAM, SOCK_DGRAM};
    uint8_t name[sizeof(struct sockaddr_in6)];
    socklen_t size = (socklen_t)value_inet(r, name);
    int type = PICK(r, types);
    int fd = socket(((struct sockaddr *)name)->sa_family, type | (one_in(r, 3) ? 0 : SOCK_NONBLOCK),
                    type == SOCK_DGRAM && one_in(r, 4) ? 136 : 0);
    int on = (int)below(r, 2);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (one_in(r, 2) && bind(fd, (struct sockaddr *)name, size) == 0)
        (void)!listen(fd, (int)below(r, 5));
    else if (fcntl(fd, F_GETFL) & O_NONBLOCK)
        (void)!connect(fd, (struct sockaddr *)name, size);
    keep(r, fd);
}

static void make_terminal(struct random *r)
{
    int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | (one_in(r, 2) ? O_NONBLOCK : 0)), zero = 0;
    unsigned number;
    char name[30];
    if (master < 0 || ioctl(master, TIOCSPTLCK, &zero) || ioctl(master, TIOCGPTN, &number))
        return;
    snprintf(name, sizeof(name), "/dev/pts/%u", number);
    keep(r, master);
    keep(r, open(name, O_RDWR | O_NONBLOCK | (one_in(r, 4) ? 0 : O_NOCTTY)));
}

static void make_epoll(struct random *r)
{
    int fd = epoll_create1(0);
    for (unsigned i = 0; i < 4; i++) {
        struct epoll_event event = {.events = (uint32_t)next(r), .data.u64 = next(r)};
        epoll_ctl(fd, EPOLL_CTL_ADD, (int)value_descriptor(r), &event);
    }
    keep(r, fd);
}

static void make_inotify(struct random *r)
{
    int fd = inotify_init1(one_in(r, 4) ? 0 : IN_NONBLOCK);
    inotify_add_watch(fd, ".", IN_ALL_EVENTS);
    inotify_add_watch(fd, "d", IN_ALL_EVENTS);
    keep(r, fd);
}

static void make_timer(struct random *r)
{
    struct itimerspec soon = {{0, 3000000}, {0, 1 + (long)below(r, 5000000)}};
    int fd = timerfd_create(one_in(r, 2) ? CLOCK_MONOTONIC : CLOCK_REALTIME, TFD_NONBLOCK);
    timerfd_settime(fd, 0, &soon, NULL);
    keep(r, fd);
}

static void make_signals(struct random *r)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN);
    keep(r, signalfd(-1, &set, one_in(r, 4) ? 0 : SFD_NONBLOCK));
}

static void make_folder(struct random *r)
{
    static const char *const names[] = {".",    "d",    "/",    "/proc",          "/proc/self/fd",
                                        "/dev", "/tmp", "/mnt", "/proc/self/task"};
    int fd = open(PICK(r, names), O_RDONLY | O_DIRECTORY | (one_in(r, 4) ? O_PATH : 0));
    keep(r, fd);
    if (fd >= 0)
        folder = one_in(r, 2) ? AT_FDCWD : fd;
}

static void make_other(struct random *r)
{
    static const char *const names[] = {"/proc/self/maps",    "/proc/self/mem",
                                        "/proc/self/status",  "/proc/self/comm",
                                        "/proc/meminfo",      "/dev/null",
                                        "/dev/zero",          "/dev/full",
                                        "/dev/urandom",       "/dev/tty",
                                        "/proc/self/exe",     "/proc/self/smaps",
                                        "/proc/self/pagemap", "/proc/self/oom_score_adj",
                                        "/proc/mounts"};
    const char *name = PICK(r, names);
    int fd = open(name, O_RDWR | O_NONBLOCK | O_NOCTTY);
    keep(r, fd >= 0 ? fd : open(name, O_RDONLY | O_NONBLOCK));
}

void descriptor_make(struct random *r)
{
    switch (below(r, 20)) {
    case 0:
    case 1:
        make_file(r);
        break;
    case 2:
        make_deleted(r);
        break;
    case 3:
        make_pipe(r);
        break;
    case 4:
    case 5:
        make_sockets(r);
        break;
    case 6:
        make_socket(r);
        break;
    case 17:
    case 18:
        if (attack_network)
            make_inet(r);
        else
            make_socket(r);
        break;
    case 7:
        make_terminal(r);
        break;
    case 8:
        make_epoll(r);
        break;
    case 9:
        make_inotify(r);
        break;
    case 10:
        make_timer(r);
        break;
    case 11:
        make_signals(r);
        break;
    case 12:
        make_folder(r);
        break;
    case 13:
        keep(r, eventfd((unsigned)below(r, 3), one_in(r, 4) ? 0 : EFD_NONBLOCK));
        break;
    case 14:
        keep(r, (int)syscall(SYS_memfd_create, "memory", (int)below(r, 4)));
        break;
    case 15:
        keep(r, (int)syscall(SYS_pidfd_open, getpid(), 0));
        break;
    default:
        make_other(r);
    }
}

void descriptors_prepare(struct random *r)
{
    for (int fd = 3; fd < 10; fd++)
        close(fd);
    for (unsigned i = 0; i < 2 * KNOWN; i++)
        descriptor_make(r);
    /* One that is as high as the limit allows. */
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        keep(r, dup2(known[0], (int)limit.rlim_cur - 1));
}

uint64_t value_descriptor(struct random *r)
{
    static const int odd[] = {-1,   -2,   AT_FDCWD, 0x7fffffff, (int)0x80000000,
                              1023, 1024, 65536,    999};
    switch (below(r, 12)) {
    case 0:
        return (uint64_t)PICK(r, odd);
    case 1:
        return below(r, 80);
    default:
        return (uint64_t)PICK(r, known);
    }
}

uint64_t value_folder(struct random *r)
{
    return one_in(r, 4) ? value_descriptor(r) : (uint64_t)folder;
}
