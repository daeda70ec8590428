/* A guest's side of netfaults.py.
 *   faults resets PORT HOST  a server that resets at each moment
 *   faults queued 0 HOST   says "port N"; a connection is reset before it is accepted
 *   faults gone PORT       a server that is killed
 *   faults vanished PORT   a server that is cut off: says "connected 0" before
 *   faults stopped PORT    one process stands still while it is flooded, another goes on
 *   faults scarce          says "port N" and accepts until there are no descriptors, then all
 *   faults churn PORT N    N connections, one after the other
 *   faults pour PORT       leaves as much behind as goes */
#include "inet.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#define FLOOD ((size_t)20 << 20)

static void told(void)
{
    CHECK(getchar() == '\n');
}

static void say(const char *text, unsigned number)
{
    printf("%s %u\n", text, number);
    fflush(stdout);
}

static int ask(uint16_t port, char what)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_OK(inet_connect(fd, "127.0.0.1", port));
    CHECK_EQ(send(fd, &what, 1, MSG_NOSIGNAL), 1);
    return fd;
}

/* Reads or writes until that fails or ends; the errno, or 0 for the end. */
static int until_error(int fd, bool reads)
{
    static char data[65536];
    for (;;) {
        ssize_t n =
            reads ? read(fd, data, sizeof(data)) : send(fd, data, sizeof(data), MSG_NOSIGNAL);
        if (n <= 0)
            return n ? errno : 0;
    }
}

static void resets(uint16_t port, bool windows)
{
    int fd = ask(port, 'a'); /* while nothing was sent to us */
    CHECK_EQ(until_error(fd, true), ECONNRESET);
    CHECK_EQ(until_error(fd, false), EPIPE);
    CHECK_EQ(until_error(fd, true), 0);
    close(fd);
    fd = ask(port, 'b'); /* in the middle of what is sent to us */
    int error = until_error(fd, true);
    CHECK(error == ECONNRESET || (windows && error == 0)); /* Wine forgets which */
    close(fd);
    fd = ask(port, 'c'); /* while we wait for room */
    error = until_error(fd, false);
    CHECK(error == ECONNRESET || error == EPIPE);
    CHECK_EQ(until_error(fd, false), EPIPE);
    close(fd);
    fd = ask(port, 'd'); /* after our end */
    CHECK_OK(shutdown(fd, SHUT_WR));
    CHECK_EQ(until_error(fd, true), ECONNRESET);
    close(fd);
    fd = ask(port, 'e'); /* after its own end */
    CHECK_EQ(until_error(fd, true), 0);
    CHECK_EQ(send(fd, "x", 1, MSG_NOSIGNAL), 1);
    if (!windows) { /* which says nothing of it before the next bytes are sent */
        CHECK(inet_wait(fd, 0) & POLLERR);
        CHECK_EQ(inet_error(fd), EPIPE);
    }
    CHECK_EQ(until_error(fd, false), EPIPE);
    close(fd);
}

static void queued(bool windows)
{
    int listener = inet_listener("127.0.0.1", 5);
    say("port", inet_port(listener));
    told();
    /* Windows may not give such a connection to who accepts; the next one both give. */
    int fd = accept(listener, NULL, NULL), error = until_error(fd, true);
    CHECK(fd >= 0);
    CHECK(error == ECONNRESET || (windows && error == 0));
    close(fd);
    if (error) {
        fd = accept(listener, NULL, NULL);
        CHECK_EQ(until_error(fd, true), 0);
        close(fd);
    }
    close(listener);
}

static void gone(uint16_t port)
{
    int fd = ask(port, 'k');
    int error = until_error(fd, true);
    CHECK(error == 0 || error == ECONNRESET);
    close(fd);
    told(); /* its last descriptor is closed */
    fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_ERRNO(inet_connect(fd, "127.0.0.1", port), ECONNREFUSED);
    close(fd);
}

/* Nothing comes from the other side any more, neither what was asked nor the end. */
static void vanished(uint16_t port)
{
    int fd = ask(port, 'v');
    char byte;
    CHECK_OK(inet_set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 1));
    CHECK_OK(inet_set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 1));
    CHECK_OK(inet_set(fd, IPPROTO_TCP, TCP_KEEPCNT, 2));
    CHECK_OK(inet_set(fd, SOL_SOCKET, SO_KEEPALIVE, 1));
    CHECK_EQ(read(fd, &byte, 1), 1);
    say("connected", 0);
    CHECK_EQ(read(fd, &byte, 1), -1);
    CHECK(errno == ETIMEDOUT || errno == EHOSTUNREACH || errno == ENETUNREACH);
    close(fd);
}

static void takes_flood(uint16_t port)
{
    static char data[65536];
    size_t got = 0;
    int fd = ask(port, 'f');
    raise(SIGSTOP);
    for (ssize_t n; (n = read(fd, data, sizeof(data))) > 0;)
        got += (size_t)n;
    _exit(got == FLOOD ? 0 : 1);
}

static void stopped(uint16_t port)
{
    int status = 0, fd = ask(port, 'p');
    pid_t child = fork();
    if (!child)
        takes_flood(port);
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK(WIFSTOPPED(status));
    for (int i = 0; i < 200; i++) {
        char byte = (char)i, back = 0;
        CHECK_EQ(send(fd, &byte, 1, 0), 1);
        CHECK_EQ(read(fd, &back, 1), 1);
        CHECK_EQ(byte, back);
    }
    CHECK_OK(kill(child, SIGCONT));
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    close(fd);
}

/* All that come, until there are none left or accept fails; its errno, or 0. */
static int accept_all(int listener, int *fds, unsigned *count, unsigned most)
{
    while (*count < most) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            return errno;
        fds[(*count)++] = fd;
    }
    return 0;
}

static void scarce(void)
{
    static int fds[100];
    unsigned count = 0, rest = 0;
    int listener = inet_listener("127.0.0.1", 128);
    say("port", inet_port(listener));
    told();
    int error = accept_all(listener, fds, &count, 100);
    CHECK(error == ENFILE || error == EMFILE);
    CHECK(count > 0);
    say("scarce", count);
    told();
    for (unsigned i = 0; i < count; i++)
        close(fds[i]);
    /* What came meanwhile is still there; the host may say once more that it has no more. */
    while (count + rest < 100) {
        unsigned now = 0;
        accept_all(listener, fds, &now, 1);
        for (unsigned i = 0; i < now; i++)
            close(fds[i]);
        rest += now;
    }
    close(listener);
}

static void churn(uint16_t port, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char back = 0;
        int fd = ask(port, 'x');
        CHECK_EQ(read(fd, &back, 1), 1);
        CHECK_EQ(back, 'x');
        close(fd);
        if (i == count / 10 || i + 1 == count) {
            say("churned", i);
            told();
        }
    }
}

static void pour(uint16_t port)
{
    static char data[60000];
    int fd = ask(port, 'g');
    CHECK_OK(fcntl(fd, F_SETFL, O_NONBLOCK));
    while (write(fd, data, sizeof(data)) > 0)
        ;
    CHECK_EQ(errno, EAGAIN);
    say("poured", 0);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    uint16_t port = argc > 2 ? (uint16_t)atoi(argv[2]) : 0;
    bool windows = argc > 3 && strcmp(argv[3], "wine") == 0;
    if (strcmp(what, "resets") == 0)
        resets(port, windows);
    else if (strcmp(what, "queued") == 0)
        queued(windows);
    else if (strcmp(what, "gone") == 0)
        gone(port);
    else if (strcmp(what, "vanished") == 0)
        vanished(port);
    else if (strcmp(what, "stopped") == 0)
        stopped(port);
    else if (strcmp(what, "scarce") == 0)
        scarce();
    else if (strcmp(what, "churn") == 0)
        churn(port, (unsigned)atoi(argv[3]));
    else
        pour(port);
    return check_done();
}
