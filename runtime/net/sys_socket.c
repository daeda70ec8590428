/* socket(2) and the calls that connect sockets and set them up. */
#include "runtime/net/sys_socket.h"

#include "runtime/abi/capability.h"
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/poll.h"
#include "runtime/abi/time.h"
#include "runtime/net/net_calls.h"
#include <string.h>

int socket_of(struct task *t, uint64_t fd, struct file **file, struct unix_socket **s)
{
    *file = sys_file(t, fd);
    if (!*file)
        return -L_EBADF;
    *s = unix_of(*file);
    if (*s)
        return 0;
    file_put(*file);
    return -L_ENOTSOCK;
}

bool socket_nonblock(struct file *file, uint32_t flags)
{
    return (flags & L_MSG_DONTWAIT) || (atomic_load(&file->flags) & L_O_NONBLOCK);
}

int get_address(struct task *t, uint64_t address, uint64_t length, struct unix_address *out)
{
    memset(out, 0, sizeof(*out));
    if ((int32_t)length < 2 || length > sizeof(out->un))
        return -L_EINVAL;
    if (copy_from_guest(sys_space(t), &out->un, address, (size_t)length))
        return -L_EFAULT;
    if (out->un.sun_family != L_AF_UNIX && out->un.sun_family != L_AF_UNSPEC)
        return -L_EINVAL;
    out->length = (uint32_t)length;
    return 0;
}

int put_address(struct task *t, uint64_t address, uint64_t length_address,
                const struct unix_address *from)
{
    uint32_t room;
    if (!address)
        return 0;
    if (get_guest_u32(sys_space(t), length_address, &room))
        return -L_EFAULT;
    if ((int32_t)room < 0)
        return -L_EINVAL;
    uint32_t n = from->length < room ? from->length : room;
    if (copy_to_guest(sys_space(t), address, &from->un, n))
        return -L_EFAULT;
    return put_guest_u32(sys_space(t), length_address, from->length);
}

/* The type without its flags, or an errno. */
static int check_type(uint64_t domain, uint64_t type, uint64_t protocol)
{
    uint32_t kind = (uint32_t)type & L_SOCK_TYPE_MASK;
    if ((uint32_t)type & ~(uint32_t)(L_SOCK_TYPE_MASK | L_SOCK_CLOEXEC | L_SOCK_NONBLOCK))
        return -L_EINVAL;
    if ((uint32_t)domain != L_AF_UNIX)
        return -L_EAFNOSUPPORT;
    if ((uint32_t)protocol != 0 && (uint32_t)protocol != L_AF_UNIX)
        return -L_EPROTONOSUPPORT;
    if (kind == L_SOCK_RAW)
        kind = L_SOCK_DGRAM;
    if (kind != L_SOCK_STREAM && kind != L_SOCK_DGRAM && kind != L_SOCK_SEQPACKET)
        return -L_ESOCKTNOSUPPORT;
    return (int)kind;
}

int64_t sys_socket(struct task *t, uint64_t domain, uint64_t type, uint64_t protocol)
{
    struct file *file;
    int kind = check_type(domain, type, protocol);
    if (kind < 0)
        return kind;
    int error = unix_socket_file(kind, (uint32_t)type, &file);
    return error ? error : sys_install(t, file, type & L_SOCK_CLOEXEC);
}

int64_t sys_socketpair(struct task *t, uint64_t domain, uint64_t type, uint64_t protocol,
                       uint64_t address)
{
    struct file *a, *b;
    int kind = check_type(domain, type, protocol);
    if (kind < 0)
        return kind;
    int error = unix_pair(kind, (uint32_t)type, &a, &b);
    if (error)
        return error;
    return sys_install_pair(t, a, b, type & L_SOCK_CLOEXEC, address);
}

int64_t sys_bind(struct task *t, uint64_t fd, uint64_t address, uint64_t length)
{
    struct file *file;
    struct unix_socket *s;
    struct unix_address name;
    struct vfs_caller caller;
    int error = socket_of(t, fd, &file, &s);
    if (error)
        return error;
    error = get_address(t, address, length, &name);
    if (!error && name.un.sun_family != L_AF_UNIX)
        error = -L_EINVAL;
    if (!error) {
        vfs_caller_of(t, &caller);
        error = unix_bind(s, &caller, &name);
    }
    file_put(file);
    return error;
}

int64_t sys_listen(struct task *t, uint64_t fd, uint64_t backlog)
{
    struct file *file;
    struct unix_socket *s;
    int error = socket_of(t, fd, &file, &s);
    if (error)
        return error;
    error = unix_listen(s, (int32_t)backlog);
    file_put(file);
    return error;
}

int64_t sys_accept4(struct task *t, uint64_t fd, uint64_t address, uint64_t length, uint64_t flags)
{
    struct file *file, *made;
    struct unix_socket *s;
    if (flags & ~(uint64_t)(L_SOCK_CLOEXEC | L_SOCK_NONBLOCK))
        return -L_EINVAL;
    int error = socket_of(t, fd, &file, &s);
    if (error)
        return error;
    int64_t fd_made = sys_reserve(t);
    if (fd_made < 0) {
        file_put(file);
        return fd_made;
    }
    error = unix_accept(s, socket_nonblock(file, 0), (uint32_t)flags, &made);
    file_put(file);
    if (!error) {
        struct unix_address name = {.length = 2, .un.sun_family = L_AF_UNIX};
        host_mutex_lock(&unix_lock);
        struct unix_socket *server = unix_of(made);
        if (server->peer)
            name = server->peer->name;
        host_mutex_unlock(&unix_lock);
        error = put_address(t, address, length, &name);
        if (error)
            file_put(made);
    }
    if (error) {
        files_release(t->files, (int)fd_made);
        return error;
    }
    files_fill(t->files, (int)fd_made, made, flags & L_SOCK_CLOEXEC);
    return fd_made;
}

int64_t sys_accept(struct task *t, uint64_t fd, uint64_t address, uint64_t length)
{
    return sys_accept4(t, fd, address, length, 0);
}

int64_t sys_connect(struct task *t, uint64_t fd, uint64_t address, uint64_t length)
{
    struct file *file;
    struct unix_socket *s;
    struct unix_address name;
    struct vfs_caller caller;
    int error = socket_of(t, fd, &file, &s);
    if (error)
        return error;
    error = get_address(t, address, length, &name);
    if (!error) {
        vfs_caller_of(t, &caller);
        error = unix_connect(s, &caller, &name, socket_nonblock(file, 0));
    }
    file_put(file);
    return error;
}

int64_t sys_getsockname(struct task *t, uint64_t fd, uint64_t address, uint64_t length)
{
    struct file *file;
    struct unix_socket *s;
    int error = socket_of(t, fd, &file, &s);
    if (error)
        return error;
    host_mutex_lock(&unix_lock);
    struct unix_address name = s->name;
    host_mutex_unlock(&unix_lock);
    file_put(file);
    return address ? put_address(t, address, length, &name) : -L_EFAULT;
}

int64_t sys_getpeername(struct task *t, uint64_t fd, uint64_t address, uint64_t length)
{
    struct file *file;
    struct unix_socket *s;
    struct unix_address name = {0};
    int error = socket_of(t, fd, &file, &s);
    if (error)
        return error;
    host_mutex_lock(&unix_lock);
    if (s->peer)
        name = s->peer->name;
    else
        error = -L_ENOTCONN;
    host_mutex_unlock(&unix_lock);
    file_put(file);
    if (error)
        return error;
    return address ? put_address(t, address, length, &name) : -L_EFAULT;
}

int64_t sys_shutdown(struct task *t, uint64_t fd, uint64_t how)
{
    struct file *file;
    struct unix_socket *s;
    int error = socket_of(t, fd, &file, &s);
    if (error)
        return error;
    error = unix_shutdown(s, (int32_t)how);
    file_put(file);
    return error;
}

/* --- options --- */

static int set_timeout(struct task *t, uint64_t address, uint64_t length, uint64_t *ns)
{
    struct l_timeval tv;
    if (length < sizeof(tv))
        return -L_EINVAL;
    if (copy_from_guest(sys_space(t), &tv, address, sizeof(tv)))
        return -L_EFAULT;
    if (tv.tv_usec < 0 || tv.tv_usec >= 1000000)
        return -L_EDOM;
    *ns = tv.tv_sec < 0 || tv.tv_sec > INT64_MAX / 2000000000
              ? 0
              : (uint64_t)tv.tv_sec * 1000000000u + (uint64_t)tv.tv_usec * 1000u;
    return 0;
}

/* As socket(7) says: twice what was asked for, as there is more to keep than the data. */
static int set_buffer(struct task *t, struct unix_socket *s, uint32_t name, uint32_t value)
{
    bool force = name == L_SO_SNDBUFFORCE || name == L_SO_RCVBUFFORCE;
    bool sends = name == L_SO_SNDBUF || name == L_SO_SNDBUFFORCE;
    uint32_t least = sends ? UNIX_SEND_LEAST : UNIX_RECEIVE_LEAST;
    if (force && !cred_capable(&t->process->cred, L_CAP_NET_ADMIN))
        return -L_EPERM;
    if (force && (int32_t)value < 0)
        value = 0;
    if (!force && value > L_SK_MEM_MAX)
        value = L_SK_MEM_MAX;
    if (value > INT32_MAX / 2)
        value = INT32_MAX / 2;
    value = 2 * value > least ? 2 * value : least;
    atomic_store(sends ? &s->send_buffer : &s->receive_buffer, value);
    if (sends)
        waitq_wake(&s->write_wait, L_POLLOUT | L_POLLWRNORM);
    return 0;
}

static int set_option(struct task *t, struct unix_socket *s, uint32_t name, uint64_t address,
                      uint64_t length)
{
    uint32_t value;
    if (name == L_SO_RCVTIMEO)
        return set_timeout(t, address, length, &s->receive_timeout_ns);
    if (name == L_SO_SNDTIMEO)
        return set_timeout(t, address, length, &s->send_timeout_ns);
    if (length < 4)
        return -L_EINVAL;
    if (get_guest_u32(sys_space(t), address, &value))
        return -L_EFAULT;
    switch (name) {
    case L_SO_PASSCRED:
        s->pass_cred = value != 0;
        return 0;
    case L_SO_SNDBUF:
    case L_SO_SNDBUFFORCE:
    case L_SO_RCVBUF:
    case L_SO_RCVBUFFORCE:
        return set_buffer(t, s, name, value);
    case L_SO_DEBUG:
    case L_SO_REUSEADDR:
    case L_SO_DONTROUTE:
    case L_SO_BROADCAST:
    case L_SO_KEEPALIVE:
    case L_SO_LINGER:
    case L_SO_REUSEPORT:
    case L_SO_RCVLOWAT:
        return 0; /* accepted on every socket; they have no meaning for AF_UNIX */
    }
    return -L_ENOPROTOOPT;
}

int64_t sys_setsockopt(struct task *t, uint64_t fd, uint64_t level, uint64_t name, uint64_t address,
                       uint64_t length)
{
    struct file *file;
    struct unix_socket *s;
    int error = socket_of(t, fd, &file, &s);
    if (error)
        return error;
    if ((uint32_t)level != L_SOL_SOCKET)
        error = -L_EOPNOTSUPP;
    else if ((int32_t)length < 0)
        error = -L_EINVAL;
    else
        error = set_option(t, s, (uint32_t)name, address, (uint32_t)length);
    file_put(file);
    return error;
}

/* The value of an option and its size; -L_ENOPROTOOPT. */
static int option_value(struct unix_socket *s, uint32_t name, void *value)
{
    int32_t number = 0;
    struct l_timeval tv = {0, 0};
    uint64_t ns = name == L_SO_RCVTIMEO ? s->receive_timeout_ns : s->send_timeout_ns;
    switch (name) {
    case L_SO_PEERCRED:
        memcpy(value, &s->peer_cred, sizeof(s->peer_cred));
        return sizeof(s->peer_cred);
    case L_SO_RCVTIMEO:
    case L_SO_SNDTIMEO:
        tv = (struct l_timeval){(int64_t)(ns / 1000000000), (int64_t)(ns % 1000000000 / 1000)};
        memcpy(value, &tv, sizeof(tv));
        return sizeof(tv);
    case L_SO_LINGER:
        memset(value, 0, 8);
        return 8;
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
    case L_SO_RCVLOWAT:
    case L_SO_SNDLOWAT:
        number = 1;
        break;
    case L_SO_PROTOCOL:
    case L_SO_DEBUG:
    case L_SO_REUSEADDR:
    case L_SO_REUSEPORT:
    case L_SO_KEEPALIVE:
    case L_SO_BROADCAST:
    case L_SO_DONTROUTE:
        break;
    default:
        return -L_ENOPROTOOPT;
    }
    memcpy(value, &number, sizeof(number));
    return sizeof(number);
}

int64_t sys_getsockopt(struct task *t, uint64_t fd, uint64_t level, uint64_t name, uint64_t address,
                       uint64_t length)
{
    struct file *file;
    struct unix_socket *s;
    uint8_t value[32];
    uint32_t room;
    int error = socket_of(t, fd, &file, &s);
    if (error)
        return error;
    int size = -L_EOPNOTSUPP;
    if ((uint32_t)level == L_SOL_SOCKET) {
        host_mutex_lock(&unix_lock);
        size = option_value(s, (uint32_t)name, value);
        host_mutex_unlock(&unix_lock);
    }
    file_put(file);
    if (size < 0)
        return size;
    if (get_guest_u32(sys_space(t), length, &room))
        return -L_EFAULT;
    if ((int32_t)room < 0)
        return -L_EINVAL;
    if (room > (uint32_t)size)
        room = (uint32_t)size;
    if (copy_to_guest(sys_space(t), address, value, room))
        return -L_EFAULT;
    return put_guest_u32(sys_space(t), length, room);
}
