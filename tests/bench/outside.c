/* TCP to a server outside: outside serve, which says its port, or outside ROW PORT, which prints
 * the nanoseconds the row took. Rows: send, receive, and receive as poll says 512 MiB, 20,000 round
 * trips of a byte, 2,000 connections in a row. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BYTES       ((size_t)512 << 20)
#define TRIPS       20000
#define CONNECTIONS 2000

static char data[65536];

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int no_delay(int fd)
{
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

static void send_all(int fd)
{
    for (size_t left = BYTES; left;) {
        ssize_t n = write(fd, data, left < sizeof(data) ? left : sizeof(data));
        if (n <= 0)
            exit(1);
        left -= (size_t)n;
    }
}

static void receive_all(int fd)
{
    for (size_t left = BYTES; left;) {
        ssize_t n = read(fd, data, left < sizeof(data) ? left : sizeof(data));
        if (n <= 0)
            exit(1);
        left -= (size_t)n;
    }
}

static void receive_polled(int fd)
{
    for (size_t left = BYTES; left;) {
        struct pollfd item = {fd, POLLIN, 0};
        if (poll(&item, 1, -1) != 1)
            exit(1);
        ssize_t n = recv(fd, data, left < sizeof(data) ? left : sizeof(data), MSG_DONTWAIT);
        if (n <= 0)
            exit(1);
        left -= (size_t)n;
    }
}

static void serve(int fd)
{
    char row;
    if (read(fd, &row, 1) != 1)
        return;
    if (row == 's')
        receive_all(fd);
    else if (row == 'r')
        send_all(fd);
    do {
        if (write(fd, &row, 1) != 1)
            break;
    } while (read(fd, &row, 1) == 1);
}

static int join(uint16_t port)
{
    struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&name, sizeof(name)))
        exit(1);
    return no_delay(fd);
}

static void trip(int fd, char byte)
{
    if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1)
        exit(1);
}

int main(int argc, char **argv)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(name);
    if (argc < 3) {
        int listener = socket(AF_INET, SOCK_STREAM, 0);
        bind(listener, (struct sockaddr *)&name, sizeof(name));
        listen(listener, 100);
        getsockname(listener, (struct sockaddr *)&name, &length);
        printf("%d\n", ntohs(name.sin_port));
        fflush(stdout);
        for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd))
            serve(no_delay(fd));
        return 1;
    }
    uint16_t port = (uint16_t)atoi(argv[2]);
    if (strcmp(argv[1], "connect") == 0) {
        uint64_t begin = now();
        for (int i = 0; i < CONNECTIONS; i++) {
            int fd = join(port);
            trip(fd, 'p');
            close(fd);
        }
        printf("%llu\n", (unsigned long long)(now() - begin));
        return 0;
    }
    int fd = join(port);
    uint64_t begin = now();
    if (strcmp(argv[1], "send") == 0) {
        char byte = 's';
        if (write(fd, &byte, 1) != 1)
            return 1;
        send_all(fd);
        if (read(fd, &byte, 1) != 1)
            return 1;
    } else if (strcmp(argv[1], "receive") == 0 || strcmp(argv[1], "polled") == 0) {
        char byte = 'r';
        if (write(fd, &byte, 1) != 1)
            return 1;
        if (argv[1][0] == 'r')
            receive_all(fd);
        else
            receive_polled(fd);
    } else {
        for (int i = 0; i < TRIPS; i++)
            trip(fd, 'p');
    }
    printf("%llu\n", (unsigned long long)(now() - begin));
    return 0;
}
