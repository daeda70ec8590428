/* Sockets of the network in one line each: what the tests of them share. */
#ifndef GUEST_INET_H
#define GUEST_INET_H

#include "check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

union inet_name {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

/* An address of the family of its text, as inet_pton wants it. */
static inline union inet_name inet_at(const char *text, uint16_t port)
{
    union inet_name name = {0};
    bool v6 = strchr(text, ':') != NULL;
    name.any.sa_family = v6 ? AF_INET6 : AF_INET;
    inet_pton(name.any.sa_family, text,
              v6 ? (void *)&name.in6.sin6_addr : (void *)&name.in.sin_addr);
    if (v6)
        name.in6.sin6_port = htons(port);
    else
        name.in.sin_port = htons(port);
    return name;
}

static inline socklen_t inet_size(const union inet_name *name)
{
    return name->any.sa_family == AF_INET6 ? sizeof(name->in6) : sizeof(name->in);
}

static inline int inet_bind(int fd, const char *text, uint16_t port)
{
    union inet_name name = inet_at(text, port);
    return bind(fd, &name.any, inet_size(&name));
}

static inline int inet_connect(int fd, const char *text, uint16_t port)
{
    union inet_name name = inet_at(text, port);
    return connect(fd, &name.any, inet_size(&name));
}

/* The port of a socket's own name. */
static inline uint16_t inet_port(int fd)
{
    union inet_name name = {0};
    socklen_t length = sizeof(name);
    if (getsockname(fd, &name.any, &length))
        return 0;
    return ntohs(name.any.sa_family == AF_INET6 ? name.in6.sin6_port : name.in.sin_port);
}

/* A socket that listens at a port of the kernel's choice. */
static inline int inet_listener(const char *text, int backlog)
{
    int fd = socket(strchr(text, ':') ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || inet_bind(fd, text, 0) || listen(fd, backlog))
        return -1;
    return fd;
}

/* Two ends of a connection over the loopback. */
static inline bool inet_pair(const char *text, int ends[2])
{
    int listener = inet_listener(text, 1);
    ends[0] = socket(strchr(text, ':') ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool joined = inet_connect(ends[0], text, inet_port(listener)) == 0;
    ends[1] = joined ? accept(listener, NULL, NULL) : -1;
    close(listener);
    return joined && ends[1] >= 0;
}

/* A port where nobody is and, as it is kept, nobody comes: bound and not listening, or for
 * datagrams of another sender alone. */
static inline uint16_t inet_dead_port(const char *text, int type)
{
    int fd = socket(strchr(text, ':') ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);
    if (inet_bind(fd, text, 0) || (type == SOCK_DGRAM && inet_connect(fd, text, 1)))
        return 0;
    return inet_port(fd);
}

static inline int inet_error(int fd)
{
    int error = -1;
    socklen_t length = sizeof(error);
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    return error;
}

static inline int inet_number(int fd, int level, int name)
{
    int value = -1;
    socklen_t length = sizeof(value);
    return getsockopt(fd, level, name, &value, &length) ? -errno : value;
}

static inline int inet_set(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value));
}

/* The events of a descriptor within the patience of the tests; 0: none came. */
static inline short inet_wait(int fd, short events)
{
    struct pollfd p = {fd, events, 0};
    return poll(&p, 1, CHECK_PATIENCE * 1000) == 1 ? p.revents : 0;
}

/* The events there are now. */
static inline short inet_now(int fd, short events)
{
    struct pollfd p = {fd, events, 0};
    poll(&p, 1, 0);
    return p.revents;
}

#endif
