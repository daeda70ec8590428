/* splice, tee, vmsplice and sendfile lose no byte and double none: short writes, full and empty
 * ends, signals and kills; SPLICE_F_NONBLOCK; packets stay packets. */
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define KIB  1024
#define SIZE (256 * KIB) /* of a pipe: more than one write of the kernel takes of it */

static uint8_t pattern[SIZE];

static ssize_t move(int in, int out, size_t n, unsigned flags)
{
    return splice(in, NULL, out, NULL, n, flags);
}

static void set_nonblock(int fd, bool on)
{
    CHECK_OK(fcntl(fd, F_SETFL, on ? O_NONBLOCK : 0));
}

static int make(const char *name)
{
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0);
    return fd;
}

static void make_pipe(int fds[2], size_t filled)
{
    CHECK_OK(pipe(fds));
    CHECK_EQ(fcntl(fds[1], F_SETPIPE_SZ, SIZE), SIZE);
    CHECK_EQ(write(fds[1], pattern, filled), filled);
}

static void close_both(const int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

/* What can be read now. */
static size_t drain(int fd, uint8_t *to, size_t room)
{
    size_t done = 0;
    struct pollfd waits = {fd, POLLIN, 0};
    while (done < room && poll(&waits, 1, 0) == 1 && (waits.revents & POLLIN)) {
        ssize_t got = read(fd, to + done, room - done);
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    return done;
}

/* What went to `there` and then what is left `here` is the start of the pattern. */
static bool is_all(int there, int here, size_t size)
{
    static uint8_t bytes[2 * SIZE];
    size_t went = drain(there, bytes, sizeof(bytes));
    size_t total = went + drain(here, bytes + went, sizeof(bytes) - went);
    return total == size && memcmp(bytes, pattern, size) == 0;
}

static void socket_pair(int fds[2])
{
    int small = 4 * KIB;
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
    CHECK_OK(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)));
}

/* The target takes fewer than there are. */
static void short_writes(void)
{
    int fds[2], ends[2], more[2];
    make_pipe(fds, SIZE);
    socket_pair(ends);
    set_nonblock(ends[0], true);
    ssize_t got;
    while ((got = move(fds[0], ends[0], SIZE, 0)) > 0)
        ;
    CHECK(got == -1 && errno == EAGAIN);
    CHECK(is_all(ends[1], fds[0], SIZE));
    close_both(ends);
    close_both(fds);

    make_pipe(fds, SIZE);
    make_pipe(more, SIZE);
    static uint8_t half[SIZE / 2];
    CHECK_EQ(read(more[0], half, SIZE / 2), SIZE / 2);
    set_nonblock(more[1], true);
    while ((got = move(fds[0], more[1], SIZE, 0)) > 0)
        ;
    CHECK(got == -1 && errno == EAGAIN);
    CHECK_EQ(read(more[0], half, SIZE / 2), SIZE / 2);
    CHECK(is_all(more[0], fds[0], SIZE));
    close_both(more);
    close_both(fds);
}

static void at_the_limit(void)
{
    struct rlimit before, limit;
    int fds[2], fd = make("limit");
    static uint8_t bytes[SIZE];
    make_pipe(fds, SIZE);
    CHECK_OK(getrlimit(RLIMIT_FSIZE, &before));
    limit = (struct rlimit){10000, before.rlim_max};
    CHECK_OK(setrlimit(RLIMIT_FSIZE, &limit));
    signal(SIGXFSZ, SIG_IGN);
    size_t done = 0;
    ssize_t got;
    while ((got = move(fds[0], fd, SIZE, 0)) > 0)
        done += (size_t)got;
    CHECK(got == -1 && errno == EFBIG);
    CHECK_EQ(done, 10000);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 10000);
    CHECK_OK(setrlimit(RLIMIT_FSIZE, &before));
    signal(SIGXFSZ, SIG_DFL);
    CHECK_EQ(pread(fd, bytes, SIZE, 0), 10000);
    CHECK(memcmp(bytes, pattern, 10000) == 0);
    CHECK_EQ(drain(fds[0], bytes, SIZE), SIZE - 10000);
    CHECK(memcmp(bytes, pattern + 10000, SIZE - 10000) == 0);
    close_both(fds);
    close(fd);
}

/* The flag, and O_NONBLOCK of a pipe, concern the pipes alone, and sockets that are read. */
static void nonblocking(void)
{
    int empty[2], full[2], ends[2], fd = make("nonblocking");
    CHECK_EQ(write(fd, pattern, SIZE), SIZE);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    make_pipe(empty, 0);
    make_pipe(full, SIZE);
    socket_pair(ends);
    CHECK_ERRNO(move(empty[0], fd, 10, SPLICE_F_NONBLOCK), EAGAIN);
    CHECK_ERRNO(move(empty[0], full[1], 10, SPLICE_F_NONBLOCK), EAGAIN);
    CHECK_ERRNO(move(fd, full[1], 10, SPLICE_F_NONBLOCK), EAGAIN);
    CHECK_ERRNO(move(ends[1], empty[1], 10, SPLICE_F_NONBLOCK), EAGAIN);
    CHECK_ERRNO(tee(empty[0], full[1], 10, SPLICE_F_NONBLOCK), EAGAIN);
    set_nonblock(empty[0], true);
    set_nonblock(full[1], true);
    CHECK_ERRNO(move(empty[0], fd, 10, 0), EAGAIN);
    CHECK_ERRNO(move(fd, full[1], 10, 0), EAGAIN);
    CHECK_ERRNO(move(ends[1], full[1], 10, 0), EAGAIN);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
    set_nonblock(empty[0], false);
    CHECK_EQ(move(fd, empty[1], 10, SPLICE_F_NONBLOCK), 10);
    CHECK_EQ(move(empty[0], ends[0], 100, SPLICE_F_NONBLOCK), 10);
    CHECK_EQ(move(ends[1], empty[1], 100, SPLICE_F_NONBLOCK), 10);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 10);
    CHECK_ERRNO(move(empty[0], fd, 10, 16), EINVAL);
    close_both(empty);
    close_both(full);
    close_both(ends);
    close(fd);
}

/* A file gives a pipe as much as fits, and does not wait for more room. */
static void as_fits(void)
{
    int fds[2], fd = make("fits");
    static uint8_t bytes[3 * SIZE], back[3 * SIZE];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7 >> 4);
    CHECK_EQ(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    make_pipe(fds, 0);
    size_t done = 0;
    loff_t at = 0;
    while (done < sizeof(bytes)) {
        ssize_t got = splice(fd, &at, fds[1], NULL, sizeof(bytes) - done, 0);
        if (got <= 0 || got > SIZE ||
            drain(fds[0], back + done, sizeof(back) - done) != (size_t)got)
            break;
        done += (size_t)got;
    }
    CHECK_EQ(done, sizeof(bytes));
    CHECK_EQ(at, sizeof(bytes));
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
    CHECK(memcmp(bytes, back, sizeof(bytes)) == 0);
    CHECK_EQ(splice(fd, &at, fds[1], NULL, 10, 0), 0);
    CHECK_ERRNO(splice(fd, NULL, fds[1], &at, 10, 0), ESPIPE);
    off_t start = 0;
    ssize_t sent = sendfile(fds[1], fd, &start, sizeof(bytes));
    CHECK(sent > 0 && sent <= SIZE && start == sent);
    CHECK_EQ(drain(fds[0], back, sizeof(back)), sent);
    CHECK(memcmp(bytes, back, (size_t)sent) == 0);
    close(fds[1]);
    CHECK_EQ(move(fds[0], fd, 10, 0), 0);
    close(fds[0]);
    signal(SIGPIPE, SIG_IGN);
    CHECK_OK(pipe(fds));
    close(fds[0]);
    at = 0;
    CHECK_ERRNO(splice(fd, &at, fds[1], NULL, 10, 0), EPIPE);
    CHECK_EQ(at, 0);
    close(fds[1]);
    /* A larger pipe is emptied by one call. */
    CHECK_OK(pipe(fds));
    CHECK_EQ(fcntl(fds[1], F_SETPIPE_SZ, 4 * SIZE), 4 * SIZE);
    CHECK_EQ(write(fds[1], bytes, sizeof(bytes)), sizeof(bytes));
    at = 0;
    CHECK_EQ(splice(fds[0], NULL, fd, &at, 4 * SIZE, 0), sizeof(bytes));
    CHECK_EQ(at, sizeof(bytes));
    CHECK_EQ(pread(fd, back, sizeof(back), 0), sizeof(bytes));
    CHECK(memcmp(bytes, back, sizeof(bytes)) == 0);
    close_both(fds);
    close(fd);
}

static void with_sendfile(void)
{
    int fds[2], ends[2], fd = make("sent");
    static uint8_t bytes[SIZE];
    CHECK_EQ(write(fd, pattern, SIZE), SIZE);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    make_pipe(fds, 20000);
    socket_pair(ends);
    set_nonblock(fds[1], true);
    set_nonblock(ends[0], true);
    ssize_t got;
    while ((got = sendfile(fds[1], fd, NULL, SIZE)) > 0)
        ;
    CHECK(got == -1 && errno == EAGAIN);
    CHECK_EQ(read(fds[0], bytes, 20000), 20000);
    CHECK(is_all(fds[0], fd, SIZE));
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    while ((got = sendfile(ends[0], fd, NULL, SIZE)) > 0)
        ;
    CHECK(got == -1 && errno == EAGAIN);
    CHECK(is_all(ends[1], fd, SIZE));
    CHECK_ERRNO(sendfile(ends[0], fds[0], NULL, 10), EINVAL);
    close_both(fds);
    close_both(ends);
    close(fd);
}

static void on_signal(int number)
{
    (void)number;
}

/* A child that waits in one splice after the other. Ends with 0 at EINTR. */
static pid_t start_moving(int in, int out)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        struct sigaction action = {.sa_handler = on_signal};
        sigaction(SIGUSR1, &action, NULL);
        ssize_t got;
        while ((got = move(in, out, SIZE, 0)) > 0)
            ;
        _exit(got == -1 && errno == EINTR ? 0 : 1);
    }
    return child;
}

static bool sleeps(pid_t pid)
{
    char name[60], text[300] = "";
    snprintf(name, sizeof(name), "/proc/%d/stat", (int)pid);
    int fd = open(name, O_RDONLY);
    if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
        text[0] = 0;
    close(fd);
    const char *end = strrchr(text, ')');
    return end && (end[2] == 'S' || end[2] == 'D');
}

/* Waits until it sleeps, having moved what it could: `there` has something, or nothing has to. */
static void stop_moving(pid_t child, int there, int sig)
{
    struct pollfd waits = {there, POLLIN, 0};
    int status = -1;
    CHECK(poll(&waits, 1, CHECK_PATIENCE * 1000) == 1);
    CHECK_EVENTUALLY(sleeps(child));
    int64_t until = check_now() + CHECK_PATIENCE * INT64_C(1000000000);
    /* It may have slept before the wait that counts. */
    while (waitpid(child, &status, WNOHANG) == 0 && check_now() < until) {
        kill(child, sig);
        usleep(1000);
    }
    CHECK_EQ(status, sig == SIGKILL ? SIGKILL : 0);
}

static void interrupted(int sig)
{
    int fds[2], ends[2], full[2];
    /* No room in the socket. */
    make_pipe(fds, SIZE);
    socket_pair(ends);
    stop_moving(start_moving(fds[0], ends[0]), ends[1], sig);
    CHECK(is_all(ends[1], fds[0], SIZE));
    close_both(ends);
    /* No room in the pipe; the other side is a socket, a pipe. */
    static uint8_t bytes[SIZE];
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    CHECK_EQ(write(ends[0], pattern, SIZE / 4), SIZE / 4);
    make_pipe(full, SIZE);
    stop_moving(start_moving(ends[1], full[1]), full[0], sig);
    CHECK_EQ(read(full[0], bytes, SIZE), SIZE);
    CHECK(is_all(full[0], ends[1], SIZE / 4));
    CHECK_EQ(write(full[1], pattern, SIZE), SIZE);
    CHECK_EQ(write(fds[1], pattern, SIZE), SIZE);
    stop_moving(start_moving(fds[0], full[1]), full[0], sig);
    CHECK_EQ(read(full[0], bytes, SIZE), SIZE);
    CHECK(is_all(full[0], fds[0], SIZE));
    close_both(ends);
    close_both(full);
    close_both(fds);
}

static void with_tee(void)
{
    int fds[2], copy[2], fd = make("tee");
    static uint8_t bytes[SIZE];
    make_pipe(fds, SIZE);
    make_pipe(copy, 0);
    CHECK_EQ(tee(fds[0], copy[1], 5000, 0), 5000);
    CHECK_EQ(read(copy[0], bytes, SIZE), 5000);
    CHECK(memcmp(bytes, pattern, 5000) == 0);
    CHECK_EQ(tee(fds[0], copy[1], SIZE, 0), SIZE);
    CHECK_ERRNO(tee(fds[0], copy[1], SIZE, SPLICE_F_NONBLOCK), EAGAIN);
    CHECK_EQ(read(copy[0], bytes, SIZE), SIZE);
    CHECK(memcmp(bytes, pattern, SIZE) == 0);
    CHECK_EQ(tee(fds[0], copy[1], 0, 0), 0);
    CHECK_EQ(drain(fds[0], bytes, SIZE), SIZE);
    CHECK(memcmp(bytes, pattern, SIZE) == 0);
    CHECK_ERRNO(tee(fds[0], fds[1], 10, 0), EINVAL);
    CHECK_ERRNO(tee(fds[0], fd, 10, 0), EINVAL);
    CHECK_ERRNO(tee(fd, fds[1], 10, 0), EINVAL);
    CHECK_ERRNO(tee(fds[1], copy[1], 10, 0), EBADF);
    CHECK_ERRNO(tee(-1, copy[1], 10, 0), EBADF);
    CHECK_ERRNO(tee(fds[0], copy[1], 10, 16), EINVAL);
    close(fds[1]);
    CHECK_EQ(tee(fds[0], copy[1], 10, 0), 0);
    close(fds[0]);
    close_both(copy);
    close(fd);
}

static void packets(void)
{
    int fds[2], to[2];
    char text[100];
    CHECK_OK(pipe2(fds, O_DIRECT));
    CHECK_OK(pipe(to));
    CHECK_EQ(write(fds[1], pattern, 4096), 4096); /* nothing joins it */
    CHECK_EQ(write(fds[1], "abc", 3), 3);
    CHECK_EQ(tee(fds[0], to[1], SIZE, 0), 4099);
    CHECK_EQ(read(to[0], text, 100), 100); /* the rest of the packet is gone */
    CHECK_EQ(read(to[0], text, 100), 3);
    CHECK_EQ(move(fds[0], to[1], 50, 0), 50);
    CHECK_EQ(move(fds[0], to[1], SIZE, 0), 4049);
    CHECK_EQ(read(to[0], text, 100), 50);
    CHECK_EQ(read(to[0], text, 100), 100);
    CHECK_EQ(read(to[0], text, 100), 3);
    CHECK(memcmp(text, "abc", 3) == 0);
    close_both(fds);
    close_both(to);
}

static ssize_t give(int fd, void *at, size_t n, unsigned flags)
{
    struct iovec part = {at, n};
    return vmsplice(fd, &part, 1, flags);
}

/* Into a pipe what fits, out of it what is there; O_NONBLOCK and packets mean nothing. */
static void with_memory(void)
{
    int fds[2];
    static uint8_t bytes[2 * SIZE] __attribute__((aligned(4096))), back[2 * SIZE];
    memcpy(bytes, pattern, SIZE);
    memcpy(bytes + SIZE, pattern, SIZE);
    make_pipe(fds, 0);
    struct iovec parts[3] = {{bytes, 5000}, {NULL, 0}, {bytes + 5000, 300}};
    CHECK_EQ(vmsplice(fds[1], parts, 3, SPLICE_F_GIFT), 5300);
    CHECK_EQ(vmsplice(fds[0], &(struct iovec){back, SIZE}, 1, 0), 5300);
    CHECK(memcmp(back, pattern, 5300) == 0);
    size_t done = 0;
    ssize_t got;
    while ((got = give(fds[1], bytes + done, sizeof(bytes) - done, SPLICE_F_NONBLOCK)) > 0)
        done += (size_t)got;
    CHECK(got == -1 && errno == EAGAIN && done >= SIZE - 4096 && done <= SIZE);
    struct iovec two[2] = {{back, 1000}, {back + 1000, sizeof(back) - 1000}};
    CHECK_EQ(vmsplice(fds[0], two, 2, SPLICE_F_NONBLOCK), done);
    CHECK(memcmp(back, bytes, done) == 0);
    CHECK_ERRNO(give(fds[0], back, 10, SPLICE_F_NONBLOCK), EAGAIN);
    CHECK_EQ(give(fds[1], bytes, SIZE, 0), SIZE);
    CHECK(is_all(fds[0], fds[0], SIZE));
    close(fds[1]);
    CHECK_EQ(give(fds[0], back, 10, 0), 0);
    close(fds[0]);
}

static void with_bad_memory(void)
{
    int fds[2], packets[2], fd = make("memory");
    uint8_t *gone = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    static uint8_t bytes[SIZE];
    munmap(gone, 4096);
    make_pipe(fds, 0);
    struct iovec half[2] = {{bytes, 100}, {gone, 100}}, negative = {bytes, (size_t)-1};
    CHECK_EQ(vmsplice(fds[1], half, 2, 0), 100);
    CHECK_ERRNO(give(fds[1], gone, 100, 0), EFAULT);
    CHECK_EQ(write(fds[1], pattern, 100), 100);
    /* Nothing of a page that cannot be copied as a whole is taken. */
    CHECK_EQ(read(fds[0], bytes, 100), 100);
    CHECK_EQ(read(fds[0], bytes, 100), 100);
    CHECK_EQ(write(fds[1], pattern, 200), 200);
    CHECK_ERRNO(vmsplice(fds[0], half, 2, 0), EFAULT);
    CHECK(is_all(fds[0], fds[0], 200));
    CHECK_ERRNO(vmsplice(fds[1], &negative, 1, 0), EINVAL);
    CHECK_ERRNO(vmsplice(fds[1], half, 1025, 0), EINVAL);
    CHECK_ERRNO(vmsplice(fds[1], (void *)8, 1, 0), EFAULT);
    CHECK_ERRNO(give(fds[1], bytes, 10, 16), EINVAL);
    CHECK_EQ(give(fds[1], bytes, 0, 0), 0);
    CHECK_ERRNO(give(fd, bytes, 10, 0), EBADF);
    CHECK_EQ(give(fd, bytes, 0, 0), 0);
    CHECK_ERRNO(give(-1, bytes, 10, 0), EBADF);
    CHECK_OK(pipe2(packets, O_DIRECT));
    CHECK_EQ(give(packets[1], pattern, 100, 0), 100);
    CHECK_EQ(give(packets[1], pattern + 100, 100, 0), 100);
    CHECK(is_all(packets[0], packets[0], 200));
    close(packets[0]);
    signal(SIGPIPE, SIG_IGN);
    CHECK_ERRNO(give(packets[1], gone, 100, 0), EPIPE);
    close(packets[1]);
    close_both(fds);
    close(fd);
}

/* Waits in vmsplice, though the pipe is O_NONBLOCK, until a signal comes. */
static pid_t start_waiting(int fd)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        static uint8_t bytes[SIZE];
        struct sigaction action = {.sa_handler = on_signal};
        sigaction(SIGUSR1, &action, NULL);
        set_nonblock(fd, true);
        ssize_t got;
        while ((got = give(fd, bytes, SIZE, 0)) > 0)
            ;
        _exit(got == -1 && errno == EINTR ? 0 : 1);
    }
    return child;
}

static void waiting_with_memory(int sig)
{
    int fds[2], ready[2];
    make_pipe(ready, 1);
    make_pipe(fds, 0);
    stop_moving(start_waiting(fds[0]), ready[0], sig);
    CHECK_EQ(write(fds[1], pattern, SIZE), SIZE);
    stop_moving(start_waiting(fds[1]), fds[0], sig);
    set_nonblock(fds[0], false);
    CHECK(is_all(fds[0], fds[0], SIZE));
    close_both(fds);
    close_both(ready);
}

static int race_in;

static void *race(void *out)
{
    while (move(race_in, *(int *)out, 10000, 0) > 0)
        ;
    return NULL;
}

/* Those who take from one pipe at once get every byte once. */
static void at_once(void)
{
    int fds[2], outs[3] = {make("a"), make("b"), make("c")};
    pthread_t threads[3];
    CHECK_OK(pipe(fds));
    race_in = fds[0];
    for (int i = 0; i < 3; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, race, &outs[i]), 0);
    uint64_t sum = 0, seen = 0, length = 0, state = 1, total = 0;
    for (int i = 0; i < 300; i++) {
        static uint8_t bytes[16 * KIB];
        size_t n = check_random(&state) % sizeof(bytes) + 1;
        for (size_t k = 0; k < n; k++)
            sum += bytes[k] = (uint8_t)(check_random(&state) >> 24);
        CHECK_EQ(write(fds[1], bytes, n), n);
        total += n;
    }
    close(fds[1]);
    for (int i = 0; i < 3; i++) {
        static uint8_t bytes[4 * KIB];
        ssize_t got;
        pthread_join(threads[i], NULL);
        lseek(outs[i], 0, SEEK_SET);
        while ((got = read(outs[i], bytes, sizeof(bytes))) > 0) {
            length += (size_t)got;
            for (ssize_t k = 0; k < got; k++)
                seen += bytes[k];
        }
        close(outs[i]);
    }
    CHECK_EQ(length, total);
    CHECK_EQ(seen, sum);
    close(fds[0]);
}

int main(void)
{
    char folder[] = "splice-XXXXXX";
    CHECK(mkdtemp(folder) && chdir(folder) == 0);
    for (size_t i = 0; i < SIZE; i++)
        pattern[i] = (uint8_t)(i * 31 >> 5 ^ i);
    short_writes();
    at_the_limit();
    nonblocking();
    as_fits();
    with_sendfile();
    interrupted(SIGUSR1);
    interrupted(SIGKILL);
    with_tee();
    packets();
    with_memory();
    with_bad_memory();
    waiting_with_memory(SIGUSR1);
    waiting_with_memory(SIGKILL);
    at_once();
    return check_done();
}
