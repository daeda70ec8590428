/* Pipes with O_DIRECT keep packets, also beside plain bytes; SIGPIPE after a part; what cannot be
 * stored for a reader stays; what the pipes of a user who is not privileged may hold. */
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

static char data[65536], got[65536];

static int waiting(int fd)
{
    int n = -1;
    return ioctl(fd, FIONREAD, &n) ? -1 : n;
}

static void packets(void)
{
    int fds[2];
    CHECK_OK(pipe2(fds, O_DIRECT | O_NONBLOCK));
    CHECK(fcntl(fds[1], F_GETFL) & O_DIRECT);
    CHECK_EQ(write(fds[1], "one", 3), 3);
    CHECK_EQ(write(fds[1], "two22", 5), 5);
    CHECK_EQ(waiting(fds[0]), 8);
    CHECK_EQ(read(fds[0], got, 100), 3);
    CHECK_EQ(read(fds[0], got, 2), 2); /* the rest is lost */
    CHECK_EQ(waiting(fds[0]), 0);
    CHECK_ERRNO(read(fds[0], got, 100), EAGAIN);
    /* More than a page is several. */
    CHECK_EQ(write(fds[1], data, 10000), 10000);
    CHECK_EQ(read(fds[0], got, sizeof(got)), 4096);
    CHECK_EQ(read(fds[0], got, sizeof(got)), 4096);
    CHECK_EQ(read(fds[0], got, sizeof(got)), 10000 - 8192);
    CHECK(memcmp(got, data + 8192, 10000 - 8192) == 0);
    /* Each takes a page of the pipe. */
    int count = 0;
    while (write(fds[1], "x", 1) == 1)
        count++;
    CHECK_EQ(errno, EAGAIN);
    CHECK_EQ(count, 16);
    struct pollfd poll_fd = {fds[1], POLLOUT, 0};
    CHECK_EQ(poll(&poll_fd, 1, 0), 0);
    CHECK_EQ(read(fds[0], got, 100), 1);
    CHECK_EQ(poll(&poll_fd, 1, 0), 1);
    CHECK_ERRNO(fcntl(fds[0], F_SETPIPE_SZ, 8192), EBUSY);
    while (read(fds[0], got, 100) > 0)
        ;
    CHECK_EQ(errno, EAGAIN);
    close(fds[0]);
    close(fds[1]);
}

/* A little joins what lies in the page before, however it is written; a page does not. */
static void mixed(void)
{
    int fds[2];
    CHECK_OK(pipe2(fds, O_NONBLOCK));
    CHECK_EQ(write(fds[1], "plain", 5), 5);
    CHECK_OK(fcntl(fds[1], F_SETFL, O_NONBLOCK | O_DIRECT));
    CHECK_EQ(write(fds[1], "packet", 6), 6);
    CHECK_EQ(write(fds[1], data, 4096), 4096);
    CHECK_OK(fcntl(fds[1], F_SETFL, O_NONBLOCK));
    CHECK_EQ(write(fds[1], "more", 4), 4);
    CHECK_EQ(write(fds[1], "end", 3), 3);
    CHECK_EQ(read(fds[0], got, 3), 3);
    CHECK_EQ(read(fds[0], got, sizeof(got)), 8 + 4096);
    CHECK(memcmp(got, "inpacket", 8) == 0);
    CHECK(memcmp(got + 8, data, 4096) == 0);
    CHECK_EQ(read(fds[0], got, 100), 7);
    CHECK(memcmp(got, "moreend", 7) == 0);
    CHECK_ERRNO(read(fds[0], got, 1), EAGAIN);
    close(fds[0]);
    close(fds[1]);
}

static volatile sig_atomic_t broken;

static void on_pipe(int signal)
{
    (void)signal;
    broken++;
}

/* A reader that goes while a writer waits: what was written counts, the signal comes. */
static void part(void)
{
    int fds[2];
    signal(SIGPIPE, on_pipe);
    CHECK_OK(pipe(fds));
    pid_t child = fork();
    if (child == 0) {
        close(fds[1]);
        _exit(read(fds[0], got, 1) == 1 ? 0 : 1);
    }
    close(fds[0]);
    ssize_t n = 0;
    for (int i = 0; i < 4 && !broken; i++)
        n = write(fds[1], data, sizeof(data));
    CHECK(n == -1 || (n > 0 && (size_t)n <= sizeof(data)));
    CHECK_EQ(broken, 1);
    waitpid(child, NULL, 0);
    close(fds[1]);
}

static char *volatile nowhere = (char *)1;

/* Pages and packets are taken whole or not at all. */
static void bad_memory(void)
{
    int fds[2];
    char *memory =
        mmap(NULL, 2 * sizeof(data), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    char *end = memory + sizeof(data);
    CHECK_OK(munmap(end, sizeof(data)));
    CHECK_OK(pipe2(fds, O_NONBLOCK));
    CHECK_ERRNO(read(fds[0], nowhere, 10), EAGAIN);
    CHECK_EQ(write(fds[1], data, 100), 100);
    CHECK_ERRNO(read(fds[0], nowhere, 100), EFAULT);
    CHECK_ERRNO(read(fds[0], end - 50, 100), EFAULT);
    CHECK_EQ(waiting(fds[0]), 100);
    CHECK_EQ(read(fds[0], end - 50, 50), 50);
    CHECK_EQ(write(fds[1], data + 100, 8092), 8092);
    CHECK_EQ(read(fds[0], end - 4500, 8192), 4046);
    CHECK(memcmp(end - 4500, data + 50, 4046) == 0);
    CHECK_EQ(read(fds[0], got, sizeof(got)), 4096);
    CHECK(memcmp(got, data + 4096, 4096) == 0);
    CHECK_OK(fcntl(fds[1], F_SETFL, O_NONBLOCK | O_DIRECT));
    CHECK_EQ(write(fds[1], data, 100), 100);
    CHECK_EQ(write(fds[1], data, 200), 200);
    CHECK_ERRNO(read(fds[0], end - 99, 100), EFAULT);
    CHECK_EQ(read(fds[0], end - 50, 50), 50);
    CHECK_EQ(waiting(fds[0]), 200);
    CHECK_EQ(read(fds[0], got, sizeof(got)), 200);
    close(fds[1]);
    CHECK_EQ(read(fds[0], nowhere, 10), 0);
    close(fds[0]);
    munmap(memory, sizeof(data));
}

struct readers {
    int fd;
    atomic_uint bytes, refused;
};

/* Bytes one by one, every second time into bad memory. */
static void *read_all(void *arg)
{
    struct readers *readers = arg;
    char byte;
    for (unsigned i = 0;; i++) {
        ssize_t n = read(readers->fd, i % 2 ? &byte : nowhere, 1);
        if (n == 1)
            readers->bytes++;
        else if (n == 0)
            return NULL;
        else if (errno == EAGAIN)
            readers->refused++;
    }
}

/* Whoever reads while another does waits for it, also with O_NONBLOCK. */
static void together(void)
{
    pthread_t threads[4];
    int fds[2];
    CHECK_OK(pipe2(fds, O_NONBLOCK));
    CHECK_EQ(write(fds[1], data, 20000), 20000);
    close(fds[1]);
    struct readers readers = {.fd = fds[0]};
    for (unsigned i = 0; i < 4; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, read_all, &readers), 0);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQ(readers.bytes, 20000);
    CHECK_EQ(readers.refused, 0);
    close(fds[0]);
}

/* Exits with 7 when all is as for a user who is not privileged. */
static int unprivileged(void)
{
    struct rlimit most;
    int fds[2] = {-1, -1}, count = 0;
    getrlimit(RLIMIT_NOFILE, &most);
    most.rlim_cur = most.rlim_max < 4096 ? most.rlim_max : 4096;
    setrlimit(RLIMIT_NOFILE, &most);
    if (most.rlim_cur < 4096 || setuid(check_user()) || pipe(fds) ||
        fcntl(fds[0], F_GETPIPE_SZ) != 65536)
        return 1;
    if (fcntl(fds[0], F_SETPIPE_SZ, 2 << 20) != -1 || errno != EPERM)
        return 2;
    while (count < 1500 && pipe(fds) == 0 && fcntl(fds[0], F_GETPIPE_SZ) == 65536)
        count++;
    if (count != 1023)
        return 3;
    /* A little one that cannot grow. */
    if (fcntl(fds[0], F_GETPIPE_SZ) >= 65536)
        return 4;
    return fcntl(fds[0], F_SETPIPE_SZ, 65536) == -1 && errno == EPERM ? 7 : 5;
}

int main(void)
{
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (char)(i * 7 + (i >> 8));
    packets();
    mixed();
    part();
    bad_memory();
    together();
    if (geteuid() == 0) {
        pid_t child = fork();
        if (child == 0)
            _exit(unprivileged());
        int status = 0;
        CHECK_EQ(waitpid(child, &status, 0), child);
        CHECK(WIFEXITED(status));
        CHECK_EQ(WEXITSTATUS(status), 7);
    }
    return check_done();
}
