/* Rows of tests/bench/run.sh: TCP between two processes over the loopback. */
#include "row.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PINGS       20000
#define STREAMED    (512l << 20)
#define CONNECTIONS 5000

static struct sockaddr_in name = {.sin_family = AF_INET};

static int listener(void)
{
    socklen_t size = sizeof(name);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    name.sin_port = 0;
    if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof(name)) || listen(fd, 128) ||
        getsockname(fd, (struct sockaddr *)&name, &size))
        exit(3);
    return fd;
}

static int joined(void)
{
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&name, sizeof(name)))
        _exit(3);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return fd;
}

static void ended(pid_t child)
{
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child || status)
        exit(3);
}

static void ping_pong(void)
{
    char byte = 'x';
    int waiting = listener(), one = 1;
    pid_t child = fork();
    int fd = child ? accept(waiting, NULL, NULL) : joined();
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    for (int i = 0; i < PINGS; i++) {
        if (child ? send(fd, &byte, 1, 0) != 1 || recv(fd, &byte, 1, 0) != 1
                  : recv(fd, &byte, 1, 0) != 1 || send(fd, &byte, 1, 0) != 1)
            _exit(3);
    }
    if (!child)
        _exit(0);
    ended(child);
}

static void stream(void)
{
    static char data[65536];
    int waiting = listener();
    pid_t child = fork();
    int fd = child ? accept(waiting, NULL, NULL) : joined();
    for (long left = STREAMED; left > 0;) {
        size_t most = left < (long)sizeof(data) ? (size_t)left : sizeof(data);
        ssize_t n = child ? recv(fd, data, most, 0) : send(fd, data, most, 0);
        if (n <= 0)
            _exit(3);
        left -= n;
    }
    if (!child)
        _exit(0);
    ended(child);
}

static void connections(void)
{
    char byte;
    int waiting = listener();
    pid_t child = fork();
    for (int i = 0; i < CONNECTIONS; i++) {
        int fd = child ? accept(waiting, NULL, NULL) : joined();
        if (fd < 0 || (child && recv(fd, &byte, 1, 0) != 0))
            _exit(3);
        close(fd);
    }
    if (!child)
        _exit(0);
    ended(child);
}

int main(int argc, char **argv)
{
    static const struct row rows[] = {{"tcp-ping", ping_pong},
                                      {"tcp-stream", stream},
                                      {"tcp-connect", connections},
                                      {NULL, NULL}};
    return rows_main(rows, argc, argv);
}
