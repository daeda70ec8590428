/* socket(2) and the calls that connect sockets and set them up. */
#include "runtime/net/sys_socket.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/host/heap.h"
#include "runtime/net/inet.h"
#include "runtime/net/net_calls.h"
#include "runtime/net/netlink.h"
#include "runtime/net/unix.h"
#include <string.h>

int socket_of(struct task *t, uint64_t fd, struct file **file)
{
    *file = sys_file(t, fd);
    if (!*file)
        return -L_EBADF;
    if ((*file)->ops->socket)
        return 0;
    file_put(*file);
    return -L_ENOTSOCK;
}

bool socket_nonblock(struct file *file, uint32_t flags)
{
    return (flags & L_MSG_DONTWAIT) || (atomic_load(&file->flags) & L_O_NONBLOCK);
}

int get_address(struct task *t, uint64_t address, uint64_t length, struct net_address *out)
{
    memset(out, 0, sizeof(*out));
    if ((int32_t)length < 0 || (uint32_t)length > sizeof(out->bytes))
        return -L_EINVAL;
    if (copy_from_guest(sys_space(t), out->bytes, address, (uint32_t)length))
        return -L_EFAULT;
    out->length = (uint32_t)length;
    return 0;
}

int put_address(struct task *t, uint64_t address, uint64_t length_address,
                const struct net_address *from)
{
    uint32_t room;
    if (!address)
        return 0;
    if (get_guest_u32(sys_space(t), length_address, &room))
        return -L_EFAULT;
    if ((int32_t)room < 0)
        return -L_EINVAL;
    uint32_t n = from->length < room ? from->length : room;
    if (copy_to_guest(sys_space(t), address, from->bytes, n))
        return -L_EFAULT;
    return put_guest_u32(sys_space(t), length_address, from->length);
}

static int new_unix(uint32_t kind, uint32_t protocol, uint32_t flags, struct file **out)
{
    if (protocol != 0 && protocol != L_AF_UNIX)
        return -L_EPROTONOSUPPORT;
    if (kind == L_SOCK_RAW)
        kind = L_SOCK_DGRAM;
    if (kind != L_SOCK_STREAM && kind != L_SOCK_DGRAM && kind != L_SOCK_SEQPACKET)
        return -L_ESOCKTNOSUPPORT;
    return out ? unix_socket_file((int)kind, flags, out) : (int)kind;
}

#define TYPE_FLAGS ((uint32_t)(L_SOCK_TYPE_MASK | L_SOCK_CLOEXEC | L_SOCK_NONBLOCK))

int64_t sys_socket(struct task *t, uint64_t domain, uint64_t type, uint64_t protocol)
{
    struct file *file;
    uint32_t family = (uint32_t)domain, kind = (uint32_t)type & L_SOCK_TYPE_MASK;
    int error = -L_EAFNOSUPPORT;
    if ((uint32_t)type & ~TYPE_FLAGS)
        return -L_EINVAL;
    if (family == L_AF_UNIX)
        error = new_unix(kind, (uint32_t)protocol, (uint32_t)type, &file);
    else if (family == L_AF_INET || family == L_AF_INET6)
        error = inet_socket_file(t, family, kind, (uint32_t)protocol, (uint32_t)type, &file);
    else if (family == L_AF_NETLINK)
        error = netlink_socket_file(t, kind, (uint32_t)protocol, (uint32_t)type, &file);
    return error ? error : sys_install(t, file, type & L_SOCK_CLOEXEC);
}

int64_t sys_socketpair(struct task *t, uint64_t domain, uint64_t type, uint64_t protocol,
                       uint64_t address)
{
    struct file *a, *b;
    uint32_t family = (uint32_t)domain;
    if ((uint32_t)type & ~TYPE_FLAGS)
        return -L_EINVAL;
    if (family == L_AF_INET || family == L_AF_INET6 || family == L_AF_NETLINK)
        return -L_EOPNOTSUPP;
    if (family != L_AF_UNIX)
        return -L_EAFNOSUPPORT;
    int kind = new_unix((uint32_t)type & L_SOCK_TYPE_MASK, (uint32_t)protocol, 0, NULL);
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
    struct net_address name;
    struct vfs_caller caller;
    int error = socket_of(t, fd, &file);
    if (error)
        return error;
    error = get_address(t, address, length, &name);
    if (!error) {
        vfs_caller_of(t, &caller);
        error = file->ops->socket->bind(file, &caller, &name);
    }
    file_put(file);
    return error;
}

int64_t sys_listen(struct task *t, uint64_t fd, uint64_t backlog)
{
    struct file *file;
    int error = socket_of(t, fd, &file);
    if (error)
        return error;
    error = file->ops->socket->listen(file, (int32_t)backlog);
    file_put(file);
    return error;
}

int64_t sys_accept4(struct task *t, uint64_t fd, uint64_t address, uint64_t length, uint64_t flags)
{
    struct file *file, *made = NULL;
    struct net_address peer;
    if (flags & ~(uint64_t)(L_SOCK_CLOEXEC | L_SOCK_NONBLOCK))
        return -L_EINVAL;
    int error = socket_of(t, fd, &file);
    if (error)
        return error;
    int64_t fd_made = sys_reserve(t);
    if (fd_made < 0) {
        file_put(file);
        return fd_made;
    }
    error =
        file->ops->socket->accept(file, socket_nonblock(file, 0), (uint32_t)flags, &made, &peer);
    file_put(file);
    if (!error) {
        error = put_address(t, address, length, &peer);
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
    struct net_address name;
    struct vfs_caller caller;
    int error = socket_of(t, fd, &file);
    if (error)
        return error;
    error = get_address(t, address, length, &name);
    if (!error) {
        vfs_caller_of(t, &caller);
        error = file->ops->socket->connect(file, &caller, &name, socket_nonblock(file, 0));
    }
    file_put(file);
    return error;
}

static int64_t get_name(struct task *t, uint64_t fd, uint64_t address, uint64_t length, bool peer)
{
    struct file *file;
    struct net_address name;
    int error = socket_of(t, fd, &file);
    if (error)
        return error;
    memset(&name, 0, sizeof(name));
    error = file->ops->socket->get_name(file, peer, &name);
    file_put(file);
    if (error)
        return error;
    return address ? put_address(t, address, length, &name) : -L_EFAULT;
}

int64_t sys_getsockname(struct task *t, uint64_t fd, uint64_t address, uint64_t length)
{
    return get_name(t, fd, address, length, false);
}

int64_t sys_getpeername(struct task *t, uint64_t fd, uint64_t address, uint64_t length)
{
    return get_name(t, fd, address, length, true);
}

int64_t sys_shutdown(struct task *t, uint64_t fd, uint64_t how)
{
    struct file *file;
    int error = socket_of(t, fd, &file);
    if (error)
        return error;
    error = file->ops->socket->shutdown(file, (int32_t)how);
    file_put(file);
    return error;
}

/* Room for an option's value, which is small nearly always. NULL: no memory. */
static uint8_t *room_for_value(uint8_t small[SOCKET_OPTION_MAX], uint32_t n)
{
    if (n > SOCKET_OPTION_MAX)
        return calloc(1, n);
    memset(small, 0, SOCKET_OPTION_MAX);
    return small;
}

static void free_value(const uint8_t small[SOCKET_OPTION_MAX], uint8_t *value)
{
    if (value != small)
        free(value);
}

/* Filters are the same in all families. */
static int set_option(struct file *file, struct task *t, uint32_t level, uint32_t name,
                      const void *value, uint32_t n)
{
    const struct socket_ops *ops = file->ops->socket;
    int result =
        level == L_SOL_SOCKET ? socket_filter_set(ops->filter(file), t, name, value, n) : 1;
    if (result > 0)
        return ops->set_option(file, t, level, name, value, n);
    if (!result && ops->filter_changed)
        ops->filter_changed(file);
    return result;
}

int64_t sys_setsockopt(struct task *t, uint64_t fd, uint64_t level, uint64_t name, uint64_t address,
                       uint64_t length)
{
    struct file *file;
    uint8_t small[SOCKET_OPTION_MAX], *value;
    uint32_t n = (uint32_t)length < SOCKET_VALUE_MAX ? (uint32_t)length : SOCKET_VALUE_MAX;
    int error = socket_of(t, fd, &file);
    if (error)
        return error;
    value = room_for_value(small, n);
    if ((int32_t)length < 0)
        error = -L_EINVAL;
    else if (!value)
        error = -L_ENOBUFS;
    else if (copy_from_guest(sys_space(t), value, address, n))
        error = -L_EFAULT;
    else
        error = set_option(file, t, (uint32_t)level, (uint32_t)name, value, n);
    free_value(small, value);
    file_put(file);
    return error;
}

/* The value's size; the guest's room is `room`. */
static int64_t get_option(struct file *file, struct task *t, uint32_t level, uint32_t name,
                          uint64_t address, uint32_t room)
{
    const struct socket_ops *ops = file->ops->socket;
    uint8_t small[SOCKET_OPTION_MAX];
    uint32_t n = (int32_t)room < 0 ? 0 : room < SOCKET_VALUE_MAX ? room : SOCKET_VALUE_MAX;
    uint8_t *value = room_for_value(small, n);
    if (!value)
        return -L_ENOBUFS;
    /* Most do not look at it, and it may not be readable. */
    if (level != L_SOL_SOCKET)
        (void)copy_from_guest(sys_space(t), value, address, n);
    int64_t size = sizeof(uint32_t);
    if (level == L_SOL_SOCKET && name == L_SO_LOCK_FILTER) {
        uint32_t locked = atomic_load(&ops->filter(file)->locked);
        memcpy(value, &locked, sizeof(locked));
    } else {
        size = ops->get_option(file, level, name, value, n);
    }
    if (size >= 0 && (int32_t)room < 0)
        size = -L_EINVAL;
    if (size > room)
        size = room;
    if (size > 0 && copy_to_guest(sys_space(t), address, value, (size_t)size))
        size = -L_EFAULT;
    free_value(small, value);
    return size;
}

int64_t sys_getsockopt(struct task *t, uint64_t fd, uint64_t level, uint64_t name, uint64_t address,
                       uint64_t length)
{
    struct file *file;
    uint32_t room;
    int64_t size = socket_of(t, fd, &file);
    if (size)
        return size;
    if (get_guest_u32(sys_space(t), length, &room))
        size = -L_EFAULT;
    else if ((uint32_t)level == L_SOL_SOCKET && (uint32_t)name == L_SO_ATTACH_FILTER)
        size = socket_filter_get(file->ops->socket->filter(file), t, address, room);
    else
        size = get_option(file, t, (uint32_t)level, (uint32_t)name, address, room);
    file_put(file);
    return size < 0 ? size : put_guest_u32(sys_space(t), length, (uint32_t)size);
}
