/* AF_INET and AF_INET6 sockets as files, and behind the table of socket operations. */
#include "runtime/net/inet.h"

#include "runtime/abi/capability.h"
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/poll.h"
#include "runtime/abi/stat.h"
#include "runtime/abi/termios.h"
#include "runtime/abi/time.h"
#include "runtime/host/heap.h"
#include "runtime/host/log.h"
#include "runtime/memory/access.h"
#include "runtime/net/devices.h"
#include "runtime/net/inet_host.h"
#include "runtime/net/inet_ping.h"
#include "runtime/net/inet_port.h"
#include "runtime/net/unix.h"
#include "runtime/task/process.h"
#include "runtime/task/task.h"
#include <string.h>

#define PORT_PRIVILEGED 1024u

struct host_mutex inet_lock = HOST_MUTEX_INIT(RANK_INET);

struct inet_socket *inet_new(bool v6, bool stream)
{
    struct inet_socket *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    struct task *t = task_current();
    atomic_init(&s->refs, 1);
    s->v6 = v6;
    s->stream = stream;
    s->uid = t ? t->process->cred.euid : 0;
    s->peek_off = -1;
    inet_set_any(&s->local, !v6);
    inet_options_init(&s->options, v6, stream);
    waitq_init(&s->read_wait);
    waitq_init(&s->write_wait);
    return s;
}

struct inet_socket *inet_get(struct inet_socket *s)
{
    atomic_fetch_add(&s->refs, 1);
    return s;
}

void inet_put(struct inet_socket *s)
{
    if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
        return;
    inet_pieces_free(s->in.first);
    inet_pieces_free(s->errors.first);
    inet_cork_free(s);
    socket_filter_free(&s->filter);
    socket_filter_free(&s->chooser);
    free(s);
}

void inet_wake_readers(struct inet_socket *s)
{
    waitq_wake(&s->read_wait, L_POLLIN | L_POLLRDNORM);
}

void inet_wake_writers(struct inet_socket *s)
{
    waitq_wake(&s->write_wait, L_POLLOUT | L_POLLWRNORM);
}

void inet_wake_all(struct inet_socket *s)
{
    waitq_wake(&s->read_wait, 0);
    waitq_wake(&s->write_wait, 0);
}

struct file *inet_make_file(struct inet_socket *s, uint32_t flags)
{
    struct file *file =
        file_anonymous("socket:", L_S_IFSOCK | 0777, L_O_RDWR | (flags & L_O_NONBLOCK),
                       s->stream ? &inet_stream_ops : &inet_datagram_ops, s);
    if (!file)
        return NULL;
    if (!s->stream)
        file->kind |= FILE_WHOLE_WRITE;
    host_mutex_lock(&inet_lock);
    s->file = file;
    host_mutex_unlock(&inet_lock);
    return file;
}

int inet_socket_file(struct task *t, uint32_t family, uint32_t type, uint32_t protocol,
                     uint32_t flags, struct file **out)
{
    bool stream = type == L_SOCK_STREAM, v6 = family == L_AF_INET6;
    bool icmp = protocol == (v6 ? L_IPPROTO_ICMPV6 : L_IPPROTO_ICMP);
    if (protocol >= L_IPPROTO_MAX)
        return -L_EINVAL;
    if (icmp && (type == L_SOCK_DGRAM ||
                 (type == L_SOCK_RAW && cred_capable(&t->process->cred, L_CAP_NET_RAW))))
        return inet_ping_file(v6, type == L_SOCK_RAW, flags, out);
    if (type == L_SOCK_RAW) {
        host_log("a raw socket was asked for");
        return protocol ? -L_EPERM : -L_EPROTONOSUPPORT;
    }
    if (type != L_SOCK_STREAM && type != L_SOCK_DGRAM)
        return -L_ESOCKTNOSUPPORT;
    bool lite = !stream && protocol == L_IPPROTO_UDPLITE;
    if (protocol && !lite && protocol != (stream ? L_IPPROTO_TCP : L_IPPROTO_UDP))
        return -L_EPROTONOSUPPORT;
    struct inet_socket *s = inet_new(v6, stream);
    if (s)
        s->lite = lite;
    *out = s ? inet_make_file(s, flags) : NULL;
    if (!*out)
        free(s);
    return *out ? 0 : -L_ENOMEM;
}

/* --- operations --- */

/* Whether the address is one of this machine, or any of them. */
static bool is_own(const struct inet_end *end)
{
    return inet_is_any(end) || inet_is_loopback(end) || devices_is_own(end->ip);
}

static int bind_locked(struct inet_socket *s, const struct inet_end *end)
{
    if (s->state != INET_NEW || s->own_port || s->named)
        return -L_EINVAL;
    s->own_ip = !inet_is_any(end);
    if (!end->port && s->options.no_port) { /* it is given by connect, listen or send */
        s->local = *end;
        return 0;
    }
    int error = inet_name_locked(s, end);
    s->own_port = !error;
    s->own_ip = s->own_ip && !error;
    return error;
}

/* The host has the port: nothing was bound. */
static void unbind(struct inet_socket *s)
{
    host_mutex_lock(&inet_lock);
    s->own_port = s->own_ip = false;
    inet_unname_locked(s);
    inet_set_any(&s->local, !s->v6);
    s->local.port = 0;
    host_mutex_unlock(&inet_lock);
}

static int bind_to(struct file *file, struct vfs_caller *caller, const struct net_address *address)
{
    struct inet_socket *s = file->priv;
    struct inet_end end;
    struct net_address any = *address;
    (void)caller;
    if (!s->v6 && any.length >= sizeof(any.in) && any.family == L_AF_UNSPEC &&
        memcmp(any.in.sin_addr, "\0\0\0\0", 4) == 0)
        any.family = L_AF_INET;
    if (s->ping)
        return inet_ping_bind(s, &any);
    int error = inet_parse(s->v6, s->options.v6_only, &any, &end);
    if (error)
        return error == -L_ENETUNREACH ? -L_EINVAL : error;
    bool group = !s->stream && inet_is_multicast(&end);
    if (!is_own(&end) && !group && !s->options.freebind)
        return -L_EADDRNOTAVAIL;
    struct task *t = task_current();
    if (end.port && end.port < PORT_PRIVILEGED && t &&
        !cred_capable(&t->process->cred, L_CAP_NET_BIND_SERVICE))
        return -L_EACCES;
    host_mutex_lock(&inet_lock);
    error = bind_locked(s, &end);
    host_mutex_unlock(&inet_lock);
    if (error || !s->named || s->lite || inet_is_multicast(&end) || !inet_host_allowed())
        return error;
    error = inet_port_take(s);
    if (error)
        unbind(s);
    return error;
}

static int listen_on(struct file *file, int backlog)
{
    return inet_listen(file->priv, backlog);
}

static int accept_from(struct file *file, bool nonblock, uint32_t flags, struct file **out,
                       struct net_address *peer)
{
    return inet_accept(file->priv, nonblock, flags, out, peer);
}

void inet_settle(const struct inet_socket *s, struct inet_end *end)
{
    uint32_t device = s->options.device;
    if (inet_is_any(end))
        inet_set_loopback(end, inet_is_v4(end));
    if (inet_is_broadcast(end) || inet_is_multicast(end))
        return;
    end->via = inet_is_loopback(end) ? INET_LOOPBACK_INDEX : devices_owner(end->ip);
    bool own = end->via != 0, v4_loopback = device == INET_LOOPBACK_INDEX && inet_is_v4(end);
    end->foreign = !own || (device && device != end->via && !v4_loopback);
    if (own && v4_loopback)
        end->via = INET_LOOPBACK_INDEX;
}

static int connect_socket(struct inet_socket *s, const struct net_address *address, bool nonblock)
{
    struct inet_end end;
    if (address->length < sizeof(address->family))
        return -L_EINVAL;
    if (s->ping)
        return inet_ping_connect(s, address->family == L_AF_UNSPEC ? NULL : address);
    if (address->family == L_AF_UNSPEC)
        return s->stream ? inet_disconnect(s) : inet_connect_datagram(s, NULL);
    int error = inet_parse(s->v6, s->options.v6_only, address, &end);
    if (error)
        return error;
    inet_settle(s, &end);
    if (inet_is_broadcast(&end) && (s->stream || !s->options.broadcast))
        return s->stream ? -L_ENETUNREACH : -L_EACCES;
    bool away = end.foreign || inet_is_multicast(&end);
    if ((away && !inet_host_allowed()) || (s->stream && inet_is_multicast(&end)))
        return -L_ENETUNREACH;
    return s->stream ? inet_connect_stream(s, &end, nonblock) : inet_connect_datagram(s, &end);
}

static int connect_to(struct file *file, struct vfs_caller *caller,
                      const struct net_address *address, bool nonblock)
{
    (void)caller;
    return connect_socket(file->priv, address, nonblock);
}

static int get_name(struct file *file, bool peer, struct net_address *out)
{
    struct inet_socket *s = file->priv;
    host_mutex_lock(&inet_lock);
    bool known = !peer || s->state == INET_CONNECTED;
    const struct inet_end *own = s->outer.port ? &s->outer : &s->local;
    inet_show(s, peer ? &s->remote : own, out);
    host_mutex_unlock(&inet_lock);
    return known ? 0 : -L_ENOTCONN;
}

static int shut(struct file *file, int how)
{
    return inet_shutdown(file->priv, how);
}

static size_t packet_most(struct file *file)
{
    const struct inet_socket *s = file->priv;
    return s->v6 ? INET_PACKET_MOST_V6 : INET_PACKET_MOST_V4;
}

/* Where sendto sends a datagram. */
static int destination(const struct inet_socket *s, const struct net_address *to,
                       struct inet_end *end)
{
    struct net_address address = *to;
    if (!s->v6 && address.family == L_AF_UNSPEC)
        address.family = L_AF_INET;
    bool v4 = !s->v6 || (address.length >= sizeof(address.in) && address.family == L_AF_INET);
    if (v4 && s->v6 && s->options.v6_only)
        return -L_ENETUNREACH;
    int error = inet_parse(!v4, s->options.v6_only, &address, end);
    if (error)
        return error;
    if (!end->port)
        return -L_EINVAL;
    inet_settle(s, end);
    return !end->foreign || (inet_host_allowed() && !s->lite) ? 0 : -L_ENETUNREACH;
}

/* MSG_FASTOPEN. */
static int connect_first(struct inet_socket *s, const struct net_address *to, bool nonblock)
{
    if (to && to->length >= sizeof(to->family) && to->family == L_AF_UNSPEC)
        return -L_EOPNOTSUPP;
    host_mutex_lock(&inet_lock);
    bool free = s->state == INET_NEW || s->state == INET_CONNECTING || s->begun;
    host_mutex_unlock(&inet_lock);
    if (!free)
        return -L_EISCONN;
    return to ? connect_socket(s, to, nonblock) : -L_EINVAL;
}

static int64_t send_any(struct inet_socket *s, const void *data, size_t n, uint32_t flags,
                        const struct net_address *to, const struct unix_control *control)
{
    struct inet_end end;
    struct inet_how how;
    if (s->stream) {
        /* No server here gives a cookie for data with the first packet: they follow it. */
        int error = flags & L_MSG_FASTOPEN ? connect_first(s, to, flags & L_MSG_DONTWAIT) : 0;
        return error ? error : inet_stream_send(s, data, n, flags);
    }
    if (s->ping)
        return inet_ping_send(s, data, n, flags, to);
    bool addressed = to && to->length;
    int error = addressed ? destination(s, to, &end) : 0;
    host_mutex_lock(&inet_lock);
    bool v4 = !s->v6 || inet_is_v4(addressed ? &end : &s->remote);
    host_mutex_unlock(&inet_lock);
    if (!error)
        error = inet_parse_control(s, v4, control, &how);
    return error ? error : inet_datagram_send(s, data, n, flags, addressed ? &end : NULL, &how);
}

static int64_t send_to(struct file *file, struct vfs_caller *caller, const void *data, size_t n,
                       uint32_t flags, const struct net_address *to, struct unix_control *control)
{
    (void)caller;
    int64_t sent = send_any(file->priv, data, n, flags, to, control);
    if (sent >= 0)
        unix_control_free(control);
    return sent;
}

static int64_t receive_from(struct file *file, void *data, size_t n, uint32_t flags,
                            struct socket_received *out)
{
    struct inet_socket *s = file->priv;
    if (flags & L_MSG_ERRQUEUE)
        return inet_error_receive(s, data, n, out);
    return s->stream ? inet_stream_receive(s, data, n, flags, out)
                     : inet_datagram_receive(s, data, n, flags, out);
}

static struct socket_filter *filter_of(struct file *file)
{
    struct inet_socket *s = file->priv;
    return &s->filter;
}

static void filter_changed(struct file *file)
{
    inet_stream_filter_changed(file->priv);
}

static const struct socket_ops inet_socket_ops = {
    .takes_notes = true,
    .bind = bind_to,
    .listen = listen_on,
    .accept = accept_from,
    .connect = connect_to,
    .get_name = get_name,
    .shutdown = shut,
    .set_option = inet_set_option,
    .get_option = inet_get_option,
    .filter = filter_of,
    .filter_changed = filter_changed,
    .packet_most = packet_most,
    .send = send_to,
    .receive = receive_from,
};

/* --- the file --- */

static uint32_t stream_events_locked(struct inet_socket *s)
{
    bool no_more = s->read_shut || inet_fin_locked(s);
    uint32_t events = 0;
    if (s->state == INET_LISTENING)
        return s->pending.first || s->error ? L_POLLIN | L_POLLRDNORM : 0;
    if ((no_more && s->write_shut) || s->state == INET_NEW || s->state == INET_OVER)
        events |= L_POLLHUP;
    if (no_more)
        events |= L_POLLIN | L_POLLRDNORM | L_POLLRDHUP;
    if (s->state != INET_CONNECTING) {
        if (inet_readable_locked(s))
            events |= L_POLLIN | L_POLLRDNORM;
        if (s->write_shut || inet_writable_locked(s))
            events |= L_POLLOUT | L_POLLWRNORM;
        if (s->urgent && s->urgent_unread)
            events |= L_POLLPRI;
    }
    if (s->error)
        events |= L_POLLERR;
    return events;
}

static uint32_t datagram_events_locked(struct inet_socket *s)
{
    uint32_t events = L_POLLOUT | L_POLLWRNORM | L_POLLWRBAND;
    if (s->error || s->errors.first)
        events |= L_POLLERR;
    if (s->read_shut)
        events |= L_POLLIN | L_POLLRDNORM | L_POLLRDHUP;
    if (s->read_shut && s->write_shut)
        events |= L_POLLHUP;
    if (s->in.first)
        events |= L_POLLIN | L_POLLRDNORM;
    return events;
}

static uint32_t inet_poll(struct file *file, struct poll_table *table)
{
    struct inet_socket *s = file->priv;
    poll_wait(table, &s->read_wait);
    poll_wait(table, &s->write_wait);
    host_mutex_lock(&inet_lock);
    if (s->stream && s->links[0]) {
        host_mutex_unlock(&inet_lock);
        inet_host_look(s);
        host_mutex_lock(&inet_lock);
    }
    uint32_t events = s->stream ? stream_events_locked(s) : datagram_events_locked(s);
    host_mutex_unlock(&inet_lock);
    return events;
}

/* FIONREAD: of a stream what can be read up to urgent data, else the next datagram's size. */
static uint32_t waiting_locked(const struct inet_socket *s)
{
    if (!s->stream)
        return s->in.first ? (uint32_t)s->in.first->size : 0;
    bool marked = s->urgent && !s->options.oob_inline && s->urgent_at >= s->read_at &&
                  s->urgent_at < s->read_at + s->in.bytes;
    return (uint32_t)(marked ? s->urgent_at - s->read_at : inet_seen_locked(s));
}

static int64_t inet_ioctl(struct file *file, struct task *task, uint32_t command, uint64_t arg)
{
    struct inet_socket *s = file->priv;
    uint32_t value = 0;
    bool known = true;
    inet_host_look(s);
    host_mutex_lock(&inet_lock);
    bool listening = s->state == INET_LISTENING;
    uint64_t stamp = s->stamp;
    if (command == L_FIONREAD)
        value = waiting_locked(s);
    else if (command == L_SIOCOUTQ)
        value = s->stream ? (uint32_t)inet_unsent_locked(s) : 0;
    else if (command == L_SIOCOUTQNSD && s->stream)
        value = (uint32_t)inet_unsent_locked(s);
    else if (command == L_SIOCATMARK && s->stream)
        value = s->urgent && s->urgent_at == s->read_at;
    else
        known = false;
    host_mutex_unlock(&inet_lock);
    if (known)
        return listening && command != L_SIOCATMARK
                   ? -L_EINVAL
                   : put_guest_u32(task->process->space, arg, value);
    if (command != L_SIOCGSTAMP && command != L_SIOCGSTAMPNS)
        return devices_ioctl(task, s->v6 ? L_AF_INET6 : L_AF_INET, command, arg);
    /* The same but for the second number, which is of microseconds or of nanoseconds. */
    int64_t part = command == L_SIOCGSTAMP ? 1000 : 1;
    struct l_timeval tv = {(int64_t)(stamp / 1000000000), (int64_t)(stamp % 1000000000) / part};
    if (!stamp)
        return -L_ENOENT;
    return copy_to_guest(task->process->space, arg, &tv, sizeof(tv)) ? -L_EFAULT : 0;
}

static void inet_release(struct file *file)
{
    struct inet_socket *s = file->priv;
    if (s->ping)
        inet_ping_close(s);
    inet_linger(s);
    inet_close(s);
}

static uint64_t inet_memory(struct file *file)
{
    struct inet_socket *s = file->priv;
    host_mutex_lock(&inet_lock);
    uint64_t bytes =
        s->in.held + s->errors.held + (s->pending.count + s->deferred.count) * sizeof(*s);
    if (s->links[0])
        bytes += s->links[0]->out.held;
    host_mutex_unlock(&inet_lock);
    return bytes;
}

#define INET_FILE_OPS                                                                              \
    {                                                                                              \
        SOCKET_FILE_OPS, .socket = &inet_socket_ops, .poll = inet_poll, .ioctl = inet_ioctl,       \
                         .release = inet_release, .memory = inet_memory                            \
    }
const struct file_ops inet_stream_ops = INET_FILE_OPS;
const struct file_ops inet_datagram_ops = INET_FILE_OPS;
