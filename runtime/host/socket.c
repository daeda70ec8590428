/* What is alike in sockets of both hosts. */
#include "runtime/host/socket_base.h"

#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/host/heap.h"

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

socklen_t socket_to_host(const struct host_address *address, bool v6, union socket_address *out)
{
    memset(out, 0, sizeof(*out));
    if (v6) {
        out->in6.sin6_family = AF_INET6;
        out->in6.sin6_port = htons(address->port);
        out->in6.sin6_scope_id = address->scope;
        memcpy(&out->in6.sin6_addr, address->ip, 16);
        return sizeof(out->in6);
    }
    out->in.sin_family = AF_INET;
    out->in.sin_port = htons(address->port);
    memcpy(&out->in.sin_addr, address->ip + 12, 4);
    return sizeof(out->in);
}

void socket_from_host(const union socket_address *from, struct host_address *out)
{
    memset(out, 0, sizeof(*out));
    if (from->any.sa_family == AF_INET6) {
        out->port = ntohs(from->in6.sin6_port);
        out->scope = from->in6.sin6_scope_id;
        memcpy(out->ip, &from->in6.sin6_addr, 16);
    } else {
        out->port = ntohs(from->in.sin_port);
        memcpy(out->ip, mapped, sizeof(mapped));
        memcpy(out->ip + 12, &from->in.sin_addr, 4);
    }
}

static struct socket_base *base_of(struct host_socket *s)
{
    return (struct socket_base *)s;
}

void socket_fail(struct host_socket *s, int error)
{
    struct socket_base *b = base_of(s);
    bool told = b->failed;
    b->failed = b->ended = true;
    if (b->closing)
        socket_die(s);
    else if (!told)
        b->user->ended(b->arg, error);
}

/* --- the interface --- */

void host_socket_start(struct host_socket *s, const struct host_socket_user *user, void *arg)
{
    struct socket_base *b = base_of(s);
    host_mutex_lock(&b->lock);
    b->user = user;
    b->arg = arg;
    b->connected = true;
    /* Whoever was told of the connection may have been faster, and has sent or closed. */
    if (!b->dead) {
        socket_started(s);
        socket_flush(s);
    }
    host_mutex_unlock(&b->lock);
}

void host_socket_send(struct host_socket *s)
{
    struct socket_base *b = base_of(s);
    host_mutex_lock(&b->lock);
    if (!b->dead)
        socket_flush(s);
    host_mutex_unlock(&b->lock);
}

int64_t host_socket_take(struct host_socket *s, void *bytes, size_t n)
{
    struct socket_base *b = base_of(s);
    int64_t got = 0;
    host_mutex_lock(&b->lock);
    if (socket_is_open(b))
        got = b->user->drained(b->arg) ? socket_receive(s, bytes, n) : -1;
    host_mutex_unlock(&b->lock);
    return got;
}

void host_socket_finish(struct host_socket *s)
{
    struct socket_base *b = base_of(s);
    host_mutex_lock(&b->lock);
    b->finishing = true;
    if (!b->dead)
        socket_flush(s);
    host_mutex_unlock(&b->lock);
}

void host_socket_close(struct host_socket *s, bool reset)
{
    struct socket_base *b = base_of(s);
    host_mutex_lock(&b->lock);
    if (reset && !b->datagram && !b->dead)
        socket_resets(s);
    bool unstarted = !b->user && !reset;
    b->closing = true;
    if (!unstarted && (!b->connected || b->failed || reset))
        socket_die(s);
    else if (!unstarted && !b->dead)
        socket_flush(s);
    host_mutex_unlock(&b->lock);
}

void host_socket_free(struct host_socket *s)
{
    free(s);
}

int host_socket_name(struct host_socket *s, struct host_address *out)
{
    struct socket_base *b = base_of(s);
    host_mutex_lock(&b->lock);
    int error = b->dead ? -L_EBADF : socket_name_of(s, out);
    host_mutex_unlock(&b->lock);
    return error;
}
