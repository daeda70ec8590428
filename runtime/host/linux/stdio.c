/* The standard handles: the pump that reads, and writing. */
#include "runtime/host/stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

#include "runtime/abi/errno.h"
#include "runtime/host/lock.h"
#include "runtime/host/thread.h"

/* A thread that waits when asked to. Each standard handle has one for input to become readable, or
 * output to have no reader any more; and one for output to have room. */
struct pump {
    struct host_mutex lock;
    struct host_cond asked;
    bool started, wanted;
    void (*ready)(void *);
    void *arg;
    int fd;
    short events;
};

#define PUMP(n, what)                                                                              \
    {                                                                                              \
        .lock = HOST_MUTEX_INIT(RANK_HOST_PUMP), .fd = (n), .events = (what)                       \
    }
/* Errors and the other side's end are told without being asked for. */
static struct pump pumps[3] = {PUMP(0, POLLIN), PUMP(1, 0), PUMP(2, 0)};
static struct pump rooms[3] = {PUMP(0, POLLOUT), PUMP(1, POLLOUT), PUMP(2, POLLOUT)};

static bool missing[3];
static atomic_bool stopped;

/* What is opened takes the lowest number that is free: something has to be there. */
void host_stdio_claim(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            missing[fd] = open("/dev/null", O_RDWR) == fd;
}

enum host_stdio_kind host_stdio_kind(int fd)
{
    struct stat st;
    if (missing[fd] || fstat(fd, &st) < 0)
        return HOST_STDIO_NONE;
    if (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))
        return HOST_STDIO_PIPE;
    if (S_ISREG(st.st_mode))
        return HOST_STDIO_FILE;
    return isatty(fd) ? HOST_STDIO_TERMINAL : HOST_STDIO_DEVICE;
}

static void pump_run(void *arg)
{
    struct pump *p = arg;
    host_mutex_lock(&p->lock);
    for (;;) {
        while (!p->wanted)
            host_cond_wait(&p->asked, &p->lock, HOST_FOREVER);
        host_mutex_unlock(&p->lock);
        struct pollfd f = {.fd = p->fd, .events = p->events};
        while (poll(&f, 1, -1) < 0 && errno == EINTR)
            ;
        host_mutex_lock(&p->lock);
        p->wanted = false;
        void (*ready)(void *) = p->ready;
        void *ready_arg = p->arg;
        host_mutex_unlock(&p->lock);
        if (ready)
            ready(ready_arg);
        host_mutex_lock(&p->lock);
    }
}

static void ask(struct pump *p)
{
    host_mutex_lock(&p->lock);
    p->wanted = true;
    if (!p->started)
        p->started = host_thread_start(pump_run, p) == 0;
    host_cond_signal(&p->asked);
    host_mutex_unlock(&p->lock);
}

void host_stdio_stop(void)
{
    atomic_store(&stopped, true);
}

static bool readable_now(int fd)
{
    if (atomic_load(&stopped))
        return false;
    struct pollfd f = {.fd = fd, .events = POLLIN};
    return poll(&f, 1, 0) != 0;
}

bool host_stdio_readable(int fd)
{
    if (readable_now(fd))
        return true;
    if (atomic_load(&stopped))
        return false;
    ask(&pumps[fd]);
    /* It may have become readable before the pump was asked; then nobody else says so. */
    return readable_now(fd);
}

int64_t host_stdio_read(int fd, void *buffer, size_t n)
{
    enum host_stdio_kind kind = host_stdio_kind(fd);
    if (kind != HOST_STDIO_FILE && kind != HOST_STDIO_DEVICE && !host_stdio_readable(fd))
        return -L_EAGAIN;
    ssize_t got;
    do {
        got = read(fd, buffer, n);
    } while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

size_t host_stdio_available(int fd)
{
    int n;
    return ioctl(fd, FIONREAD, &n) == 0 && n > 0 ? (size_t)n : 0;
}

bool host_stdio_ended(int fd)
{
    struct pollfd f = {.fd = fd, .events = POLLIN};
    return poll(&f, 1, 0) > 0 && (f.revents & POLLHUP);
}

static bool broken_now(int fd)
{
    struct pollfd f = {.fd = fd};
    return poll(&f, 1, 0) > 0;
}

bool host_stdio_broken(int fd)
{
    if (broken_now(fd))
        return true;
    ask(&pumps[fd]);
    /* As with what is readable. */
    return broken_now(fd);
}

static bool room_now(int fd)
{
    struct pollfd f = {.fd = fd, .events = POLLOUT};
    return poll(&f, 1, 0) > 0 && (f.revents & POLLOUT);
}

bool host_stdio_writable(int fd)
{
    if (room_now(fd))
        return true;
    ask(&rooms[fd]);
    /* As with what is readable. */
    return room_now(fd);
}

static void set_ready(struct pump *p, void (*ready)(void *), void *arg)
{
    host_mutex_lock(&p->lock);
    p->ready = ready;
    p->arg = arg;
    host_mutex_unlock(&p->lock);
}

void host_stdio_notify(int fd, void (*ready)(void *), void *arg)
{
    set_ready(&pumps[fd], ready, arg);
    set_ready(&rooms[fd], ready, arg);
}

/* Held over the question whether a pipe has room and the write that needs it, as the three may be
 * one pipe. */
static struct host_mutex into_room = HOST_MUTEX_INIT(RANK_HOST_PUMP);

/* For hosts that know no RWF_NOWAIT: a pipe with room takes PIPE_BUF bytes without blocking, unless
 * another process is quicker. */
static ssize_t write_into_room(int fd, const void *bytes, size_t n)
{
    ssize_t put = -1;
    host_mutex_lock(&into_room);
    struct pollfd f = {.fd = fd, .events = POLLOUT};
    if (poll(&f, 1, 0) > 0)
        put = write(fd, bytes, n < PIPE_BUF ? n : PIPE_BUF);
    else
        errno = EAGAIN;
    host_mutex_unlock(&into_room);
    return put;
}

/* The handle itself is shared with others, and stays as it is: blocking. */
int64_t host_stdio_write_now(int fd, const void *bytes, size_t n)
{
    signal(SIGPIPE, SIG_IGN);
    size_t done = 0;
    while (done < n) {
        struct iovec rest = {(char *)bytes + done, n - done};
        ssize_t put = pwritev2(fd, &rest, 1, -1, RWF_NOWAIT);
        if (put < 0 && (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL))
            put = write_into_room(fd, rest.iov_base, rest.iov_len);
        if (put >= 0)
            done += (size_t)put;
        else if (errno != EINTR)
            return done ? (int64_t)done : -errno;
    }
    return (int64_t)n;
}

int64_t host_stdio_write(int fd, const void *bytes, size_t n)
{
    signal(SIGPIPE, SIG_IGN);
    size_t done = 0;
    while (done < n) {
        ssize_t put = write(fd, (const char *)bytes + done, n - done);
        if (put >= 0) {
            done += (size_t)put;
        } else if (errno == EAGAIN) {
            /* Somebody who shares the handle made it non-blocking. */
            struct pollfd f = {.fd = fd, .events = POLLOUT};
            poll(&f, 1, -1);
        } else if (errno != EINTR) {
            return done ? (int64_t)done : -errno;
        }
    }
    return (int64_t)n;
}

int64_t host_stdio_seek(int fd, int64_t offset, int whence)
{
    off_t at = lseek(fd, offset, whence);
    return at < 0 ? -errno : at;
}

int64_t host_stdio_size(int fd)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    return S_ISREG(st.st_mode) ? st.st_size : -L_ESPIPE;
}
