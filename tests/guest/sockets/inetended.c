/* Calls of sockets that something else ends: another thread's shutdown or close, a signal with and
 * without restart, a time-out, the listener's end; and a close that lingers. */
#include "inet.h"

#include <pthread.h>
#include <sys/time.h>

static char data[65536];
static atomic_int handled;

static void nothing(int signal)
{
    (void)signal;
    atomic_fetch_add(&handled, 1);
}

/* --- a thread in a call --- */

enum { ACCEPTS, READS, WRITES, CONNECTS, CLOSES };

struct blocked {
    int fd, error, what;
    uint16_t port; /* for CONNECTS */
    ssize_t result;
    int64_t ns; /* that the call took */
    atomic_int tid;
    atomic_bool enough; /* WRITES ends with the next byte */
    atomic_bool done;
    pthread_t thread;
};

static ssize_t call(struct blocked *b)
{
    switch (b->what) {
    case ACCEPTS:
        return accept(b->fd, NULL, NULL);
    case READS:
        return recv(b->fd, data, sizeof(data), 0);
    case CONNECTS:
        return inet_connect(b->fd, "127.0.0.1", b->port);
    case CLOSES:
        return close(b->fd);
    default: /* byte by byte: a part of one is not sent */
        for (;;) {
            ssize_t n = send(b->fd, "x", 1, MSG_NOSIGNAL);
            if (n != 1 || atomic_load(&b->enough))
                return n;
        }
    }
}

static void *blocks(void *arg)
{
    struct blocked *b = arg;
    int64_t start = check_now();
    atomic_store(&b->tid, (int)syscall(SYS_gettid));
    b->result = call(b);
    b->error = errno;
    b->ns = check_now() - start;
    atomic_store(&b->done, true);
    return NULL;
}

/* The thread sleeps in the kernel. */
static bool sleeps(int tid)
{
    char name[64], line[200] = "";
    snprintf(name, sizeof(name), "/proc/self/task/%d/stat", tid);
    int fd = open(name, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
    close(fd);
    const char *behind = n > 0 ? strrchr(line, ')') : NULL;
    return behind && behind[2] == 'S';
}

static void start(struct blocked *b, int fd, int what, uint16_t port)
{
    memset(b, 0, sizeof(*b));
    b->fd = fd;
    b->what = what;
    b->port = port;
    pthread_create(&b->thread, NULL, blocks, b);
    CHECK_EVENTUALLY(atomic_load(&b->tid) && sleeps(atomic_load(&b->tid)));
}

static void ends(struct blocked *b, ssize_t result, int error)
{
    pthread_join(b->thread, NULL);
    CHECK_EQ(b->result, result);
    if (result < 0)
        CHECK_EQ(b->error, error);
}

/* Ends with EINTR; signalled until it does, as it may be between two calls. */
static void interrupted(struct blocked *b, int signal)
{
    CHECK_EVENTUALLY(atomic_load(&b->done) || (pthread_kill(b->thread, signal), false));
    ends(b, -1, EINTR);
}

/* Runs the handler in the thread, and goes on. */
static void restarted(struct blocked *b)
{
    int before = atomic_load(&handled);
    pthread_kill(b->thread, SIGUSR2);
    CHECK_EVENTUALLY(atomic_load(&handled) == before + 1 && sleeps(atomic_load(&b->tid)));
    CHECK(!atomic_load(&b->done));
}

static void patience(int fd, int option)
{
    struct timeval long_time = {100, 0};
    CHECK_OK(setsockopt(fd, SOL_SOCKET, option, &long_time, sizeof(long_time)));
}

static void fill(int fd)
{
    while (send(fd, data, sizeof(data), MSG_DONTWAIT) > 0)
        ;
}

/* --- accept, read and write --- */

static void accepting(void)
{
    int listener = inet_listener("127.0.0.1", 5), fd = socket(AF_INET, SOCK_STREAM, 0);
    struct blocked b;
    start(&b, listener, ACCEPTS, 0);
    CHECK_OK(shutdown(listener, SHUT_RD));
    ends(&b, -1, EINVAL);
    close(listener);
    listener = inet_listener("127.0.0.1", 5);
    start(&b, listener, ACCEPTS, 0);
    interrupted(&b, SIGUSR1);
    start(&b, listener, ACCEPTS, 0);
    restarted(&b);
    CHECK_OK(inet_connect(fd, "127.0.0.1", inet_port(listener)));
    pthread_join(b.thread, NULL);
    CHECK(b.result >= 0);
    close((int)b.result);
    close(fd);
    patience(listener, SO_RCVTIMEO); /* with a time-out nothing is restarted */
    start(&b, listener, ACCEPTS, 0);
    interrupted(&b, SIGUSR2);
    fd = socket(AF_INET, SOCK_STREAM, 0); /* closed here: the call goes on */
    uint16_t port = inet_port(listener);
    start(&b, listener, ACCEPTS, 0);
    close(listener);
    CHECK_OK(inet_connect(fd, "127.0.0.1", port));
    pthread_join(b.thread, NULL);
    CHECK(b.result >= 0);
    close((int)b.result);
    close(fd);
}

static void reading(void)
{
    int e[2];
    struct blocked b;
    CHECK(inet_pair("127.0.0.1", e));
    start(&b, e[0], READS, 0);
    restarted(&b);
    CHECK_EQ(send(e[1], "x", 1, 0), 1);
    ends(&b, 1, 0);
    start(&b, e[0], READS, 0);
    interrupted(&b, SIGUSR1);
    patience(e[0], SO_RCVTIMEO);
    start(&b, e[0], READS, 0);
    interrupted(&b, SIGUSR2);
    start(&b, e[0], READS, 0);
    CHECK_OK(shutdown(e[0], SHUT_RD));
    ends(&b, 0, 0);
    close(e[0]);
    close(e[1]);
    CHECK(inet_pair("127.0.0.1", e)); /* closed here: the call goes on until the other end closes */
    start(&b, e[0], READS, 0);
    close(e[0]);
    CHECK(!atomic_load(&b.done));
    close(e[1]);
    ends(&b, 0, 0);
}

static void *drains(void *arg)
{
    static char there[65536];
    while (read(*(int *)arg, there, sizeof(there)) > 0)
        ;
    return NULL;
}

static void writing(void)
{
    int e[2];
    struct blocked b;
    pthread_t reader;
    CHECK(inet_pair("127.0.0.1", e));
    fill(e[0]);
    start(&b, e[0], WRITES, 0);
    interrupted(&b, SIGUSR1);
    start(&b, e[0], WRITES, 0);
    restarted(&b);
    atomic_store(&b.enough, true);
    pthread_create(&reader, NULL, drains, &e[1]);
    ends(&b, 1, 0);
    close(e[0]);
    pthread_join(reader, NULL);
    close(e[1]);
    CHECK(inet_pair("127.0.0.1", e));
    fill(e[0]);
    patience(e[0], SO_SNDTIMEO);
    start(&b, e[0], WRITES, 0);
    interrupted(&b, SIGUSR2);
    start(&b, e[0], WRITES, 0);
    CHECK_OK(shutdown(e[0], SHUT_WR));
    ends(&b, -1, EPIPE);
    close(e[0]);
    close(e[1]);
}

static void datagrams(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct blocked b;
    CHECK_OK(inet_bind(fd, "127.0.0.1", 0));
    start(&b, fd, READS, 0);
    interrupted(&b, SIGUSR1);
    start(&b, fd, READS, 0);
    restarted(&b);
    CHECK_ERRNO(shutdown(fd, SHUT_RD), ENOTCONN); /* and it ends all the same */
    ends(&b, 0, 0);
    close(fd);
}

/* --- connect, to a listener that has no room --- */

struct waiting {
    struct blocked b;
    int listener, first; /* who has the room */
    uint16_t port;
};

static void begin(struct waiting *w, bool patient)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    w->listener = inet_listener("127.0.0.1", 0);
    w->port = inet_port(w->listener);
    w->first = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_OK(inet_connect(w->first, "127.0.0.1", w->port));
    if (patient)
        patience(fd, SO_SNDTIMEO);
    start(&w->b, fd, CONNECTS, w->port);
}

static void end(struct waiting *w)
{
    close(w->b.fd);
    close(w->first);
    close(w->listener);
}

static void connecting(void)
{
    enum { RESTARTED, CLOSED, SHUT_LISTENER, CLOSED_LISTENER, INTERRUPTED, CASES };
    static struct waiting all[CASES], w;
    for (int how = SHUT_RD; how <= SHUT_RDWR; how++) {
        begin(&w, false);
        CHECK_OK(shutdown(w.b.fd, how));
        ends(&w.b, -1, ECONNRESET);
        CHECK_EQ(inet_now(w.b.fd, POLLIN | POLLOUT), POLLOUT | POLLHUP);
        CHECK_EQ(inet_error(w.b.fd), 0);
        CHECK_OK(fcntl(w.b.fd, F_SETFL, O_NONBLOCK)); /* it may be tried again */
        CHECK_ERRNO(inet_connect(w.b.fd, "127.0.0.1", w.port), EINPROGRESS);
        end(&w);
    }
    begin(&w, false);
    interrupted(&w.b, SIGUSR1); /* and goes on by itself */
    CHECK_OK(fcntl(w.b.fd, F_SETFL, O_NONBLOCK));
    CHECK_ERRNO(inet_connect(w.b.fd, "127.0.0.1", w.port), EALREADY);
    end(&w);
    /* The kernel asks again after a second: all of these together. */
    for (int i = 0; i < CASES; i++)
        begin(&all[i], false);
    interrupted(&all[INTERRUPTED].b, SIGUSR1);
    restarted(&all[RESTARTED].b);
    int gone = all[CLOSED].b.fd;
    close(gone);
    CHECK_OK(shutdown(all[SHUT_LISTENER].listener, SHUT_RD));
    close(all[CLOSED_LISTENER].listener);
    CHECK_OK(close(accept(all[RESTARTED].listener, NULL, NULL)));
    CHECK_OK(close(accept(all[CLOSED].listener, NULL, NULL)));
    CHECK_OK(close(accept(all[INTERRUPTED].listener, NULL, NULL)));
    ends(&all[RESTARTED].b, 0, 0);
    ends(&all[CLOSED].b, 0, 0);
    ends(&all[SHUT_LISTENER].b, -1, ECONNREFUSED);
    ends(&all[CLOSED_LISTENER].b, -1, ECONNREFUSED);
    CHECK_EQ(inet_wait(all[INTERRUPTED].b.fd, POLLOUT), POLLOUT);
    CHECK_OK(inet_connect(all[INTERRUPTED].b.fd, "127.0.0.1", all[INTERRUPTED].port));
    all[CLOSED].b.fd = all[CLOSED_LISTENER].listener = -1;
    for (int i = 0; i < CASES; i++)
        end(&all[i]);
    begin(&w, true);
    interrupted(&w.b, SIGUSR2);
    end(&w);
}

/* --- close --- */

/* A sender whose bytes do not all have room, and that lingers so many seconds. */
static void lingering(int e[2], int seconds)
{
    struct linger linger = {1, seconds};
    CHECK(inet_pair("127.0.0.1", e));
    CHECK_OK(setsockopt(e[0], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
    fill(e[0]);
}

static void closing(void)
{
    int e[2];
    struct blocked b;
    pthread_t reader;
    lingering(e, 1); /* as long as that */
    start(&b, e[0], CLOSES, 0);
    ends(&b, 0, 0);
    CHECK(b.ns > INT64_C(900000000));
    close(e[1]);
    lingering(e, 100); /* until it is taken */
    start(&b, e[0], CLOSES, 0);
    CHECK(!atomic_load(&b.done));
    pthread_create(&reader, NULL, drains, &e[1]);
    ends(&b, 0, 0);
    pthread_join(reader, NULL);
    close(e[1]);
    lingering(e, 100); /* until a signal */
    start(&b, e[0], CLOSES, 0);
    pthread_kill(b.thread, SIGUSR2);
    ends(&b, 0, 0);
    close(e[1]);
    lingering(e, 100); /* until the other side resets */
    start(&b, e[0], CLOSES, 0);
    close(e[1]);
    ends(&b, 0, 0);
    lingering(e, 100); /* at the end of a process it does not */
    int status = -1, last[2];
    char byte;
    CHECK_OK(pipe(last));
    pid_t child = fork();
    if (!child) {
        close(last[1]);
        _exit(read(last[0], &byte, 1) ? 1 : 0);
    }
    close(e[0]);
    close(last[0]);
    close(last[1]);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    close(e[1]);
}

int main(void)
{
    struct sigaction action = {.sa_handler = nothing},
                     restart = {.sa_handler = nothing, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &restart, NULL);
    accepting();
    reading();
    writing();
    datagrams();
    connecting();
    closing();
    return check_done();
}
