/* AF_UNIX behind the table of socket operations: addresses as calls give them, and options. */
#include "runtime/abi/errno.h"
#include "runtime/abi/poll.h"
#include "runtime/host/time.h"
#include "runtime/net/unix.h"
#include "runtime/task/process.h"
#include "runtime/task/task.h"
#include <string.h>

static int check_address(const struct net_address *address)
{
    if (address->length < 2 || address->length > sizeof(address->un))
        return -L_EINVAL;
    return address->family == L_AF_UNIX || address->family == L_AF_UNSPEC ? 0 : -L_EINVAL;
}

static int bind_to(struct file *file, struct vfs_caller *caller, const struct net_address *address)
{
    if (check_address(address) || address->family != L_AF_UNIX)
        return -L_EINVAL;
    return unix_bind(file->priv, caller, address);
}

static int listen_on(struct file *file, int backlog)
{
    return unix_listen(file->priv, backlog);
}

static int accept_from(struct file *file, bool nonblock, uint32_t flags, struct file **out,
                       struct net_address *peer)
{
    int error = unix_accept(file->priv, nonblock, flags, out);
    if (error)
        return error;
    *peer = (struct net_address){.length = 2, .un.sun_family = L_AF_UNIX};
    host_mutex_lock(&unix_lock);
    struct unix_socket *server = unix_of(*out);
    if (server->peer)
        *peer = server->peer->name;
    host_mutex_unlock(&unix_lock);
    return 0;
}

static int connect_to(struct file *file, struct vfs_caller *caller,
                      const struct net_address *address, bool nonblock)
{
    int error = check_address(address);
    return error ? error : unix_connect(file->priv, caller, address, nonblock);
}

static int get_name(struct file *file, bool peer, struct net_address *out)
{
    struct unix_socket *s = file->priv;
    host_mutex_lock(&unix_lock);
    struct unix_socket *who = peer ? s->peer : s;
    if (who)
        *out = who->name;
    host_mutex_unlock(&unix_lock);
    return who ? 0 : -L_ENOTCONN;
}

static int shut(struct file *file, int how)
{
    return unix_shutdown(file->priv, how);
}

static size_t packet_most(struct file *file)
{
    return unix_packet_most(file->priv);
}

static int64_t send_to(struct file *file, struct vfs_caller *caller, const void *data, size_t n,
                       uint32_t flags, const struct net_address *to, struct unix_control *control)
{
    int error = to ? check_address(to) : 0;
    return error ? error : unix_send(file->priv, caller, data, n, flags, to, control);
}

static int64_t receive_from(struct file *file, void *data, size_t n, uint32_t flags,
                            struct socket_received *out)
{
    struct unix_socket *s = file->priv;
    int64_t got = unix_receive(s, data, n, flags, out);
    if (got >= 0 && (out->from.length == 2 || s->type != L_SOCK_DGRAM))
        out->from.length = 0;
    out->with_cred = s->pass_cred;
    if (got >= 0 && (s->common.timestamp || s->common.timestamp_ns))
        socket_stamp_note(s->common.timestamp, s->common.timestamp_ns, host_clock_realtime_ns(),
                          out);
    return got;
}

/* --- options --- */

static struct socket_filter *filter_of(struct file *file)
{
    struct unix_socket *s = file->priv;
    return &s->filter;
}

static int set_buffer(struct task *t, struct unix_socket *s, uint32_t name, uint32_t value)
{
    bool sends = name == L_SO_SNDBUF || name == L_SO_SNDBUFFORCE;
    int size = socket_buffer_size(t, name, value, sends ? UNIX_SEND_LEAST : UNIX_RECEIVE_LEAST);
    if (size < 0)
        return size;
    atomic_store(sends ? &s->send_buffer : &s->receive_buffer, (uint32_t)size);
    if (sends)
        waitq_wake(&s->write_wait, L_POLLOUT | L_POLLWRNORM);
    return 0;
}

static int set_option(struct file *file, struct task *t, uint32_t level, uint32_t name,
                      const void *data, uint32_t length)
{
    struct unix_socket *s = file->priv;
    uint32_t value;
    if (level != L_SOL_SOCKET)
        return -L_EOPNOTSUPP;
    if (name == L_SO_RCVTIMEO)
        return socket_parse_timeout(data, length, &s->receive_timeout_ns);
    if (name == L_SO_SNDTIMEO)
        return socket_parse_timeout(data, length, &s->send_timeout_ns);
    if (length < 4)
        return -L_EINVAL;
    memcpy(&value, data, sizeof(value));
    switch (name) {
    case L_SO_PASSCRED:
        s->pass_cred = value != 0;
        return 0;
    case L_SO_PEEK_OFF:
        host_mutex_lock(&unix_lock);
        s->peek_off = (int32_t)value;
        host_mutex_unlock(&unix_lock);
        return 0;
    case L_SO_SNDBUF:
    case L_SO_SNDBUFFORCE:
    case L_SO_RCVBUF:
    case L_SO_RCVBUFFORCE:
        return set_buffer(t, s, name, value);
    }
    int result = socket_common_set(&s->common, t, name, data, length);
    return result > 0 ? -L_ENOPROTOOPT : result;
}

static int option_locked(struct unix_socket *s, uint32_t name, void *value, uint32_t room)
{
    int32_t number = 0;
    switch (name) {
    case L_SO_PEERCRED:
        memcpy(value, &s->peer_cred, sizeof(s->peer_cred));
        return sizeof(s->peer_cred);
    case L_SO_RCVTIMEO:
        return socket_show_timeout(value, s->receive_timeout_ns);
    case L_SO_SNDTIMEO:
        return socket_show_timeout(value, s->send_timeout_ns);
    case L_SO_PEERNAME:
        if (!s->peer)
            return -L_ENOTCONN;
        if (s->peer->name.length < room)
            return -L_EINVAL;
        memcpy(value, s->peer->name.bytes, s->peer->name.length);
        return (int)s->peer->name.length;
    case L_SO_TYPE:
        number = s->type;
        break;
    case L_SO_DOMAIN:
        number = L_AF_UNIX;
        break;
    case L_SO_ERROR:
        number = s->error;
        s->error = 0;
        break;
    case L_SO_PEEK_OFF:
        number = s->peek_off;
        break;
    case L_SO_ACCEPTCONN:
        number = s->state == UNIX_LISTENING;
        break;
    case L_SO_SNDBUF:
        number = (int32_t)s->send_buffer;
        break;
    case L_SO_RCVBUF:
        number = (int32_t)s->receive_buffer;
        break;
    case L_SO_PASSCRED:
        number = s->pass_cred;
        break;
    case L_SO_PROTOCOL:
        break;
    default:
        return socket_common_get(&s->common, name, value);
    }
    memcpy(value, &number, sizeof(number));
    return sizeof(number);
}

static int get_option(struct file *file, uint32_t level, uint32_t name, void *value, uint32_t room)
{
    if (level != L_SOL_SOCKET)
        return -L_EOPNOTSUPP;
    host_mutex_lock(&unix_lock);
    int size = option_locked(file->priv, name, value, room);
    host_mutex_unlock(&unix_lock);
    return size;
}

const struct socket_ops unix_socket_ops = {
    .bind = bind_to,
    .listen = listen_on,
    .accept = accept_from,
    .connect = connect_to,
    .get_name = get_name,
    .shutdown = shut,
    .set_option = set_option,
    .get_option = get_option,
    .filter = filter_of,
    .packet_most = packet_most,
    .send = send_to,
    .receive = receive_from,
};
