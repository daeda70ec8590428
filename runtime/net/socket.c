/* What all sockets share. */
#include "runtime/net/socket.h"

#include <string.h>

#include "runtime/abi/capability.h"
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/time.h"
#include "runtime/host/time.h"
#include "runtime/net/unix.h"
#include "runtime/task/process.h"
#include "runtime/task/task.h"
#include "runtime/task/waitq.h"

static int64_t receive(struct file *file, void *buffer, size_t n, uint32_t flags)
{
    struct socket_received received = {.control = NULL};
    int64_t got = n ? file->ops->socket->receive(file, buffer, n, flags, &received) : 0;
    if (got >= 0)
        unix_control_free(received.control);
    return got;
}

static uint32_t nonblock_flag(struct file *file)
{
    return atomic_load(&file->flags) & L_O_NONBLOCK ? L_MSG_DONTWAIT : 0;
}

int64_t socket_file_read(struct file *file, void *buffer, size_t n, uint64_t *pos)
{
    (void)pos;
    return receive(file, buffer, n, nonblock_flag(file));
}

int64_t socket_file_read_now(struct file *file, void *buffer, size_t n)
{
    return receive(file, buffer, n, L_MSG_DONTWAIT);
}

int64_t socket_file_write(struct file *file, const void *buffer, size_t n, uint64_t *pos)
{
    (void)pos;
    return file->ops->socket->send(file, NULL, buffer, n, nonblock_flag(file), NULL, NULL);
}

uint64_t socket_deadline(uint64_t timeout_ns)
{
    return timeout_ns ? host_clock_monotonic_ns() + timeout_ns : WAIT_FOREVER;
}

int socket_wait_error(int error, uint64_t deadline)
{
    if (error == -L_ETIMEDOUT)
        return -L_EAGAIN;
    return error == -L_ERESTARTSYS && deadline != WAIT_FOREVER ? -L_EINTR : error;
}

int socket_parse_timeout(const void *value, uint32_t length, uint64_t *ns)
{
    struct l_timeval tv;
    if (length < sizeof(tv))
        return -L_EINVAL;
    memcpy(&tv, value, sizeof(tv));
    if (tv.tv_usec < 0 || tv.tv_usec >= (int64_t)(NS_PER_SEC / NS_PER_US))
        return -L_EDOM;
    *ns = tv.tv_sec < 0 || tv.tv_sec > INT64_MAX / (int64_t)(2 * NS_PER_SEC)
              ? 0
              : (uint64_t)tv.tv_sec * NS_PER_SEC + (uint64_t)tv.tv_usec * NS_PER_US;
    return 0;
}

int socket_show_timeout(void *value, uint64_t ns)
{
    struct l_timeval tv = {(int64_t)(ns / NS_PER_SEC), (int64_t)(ns % NS_PER_SEC / NS_PER_US)};
    memcpy(value, &tv, sizeof(tv));
    return sizeof(tv);
}

int socket_buffer_size(struct task *t, uint32_t name, uint32_t value, uint32_t least)
{
    bool force = name == L_SO_SNDBUFFORCE || name == L_SO_RCVBUFFORCE;
    if (force && !cred_capable(&t->process->cred, L_CAP_NET_ADMIN))
        return -L_EPERM;
    if (force && (int32_t)value < 0)
        value = 0;
    if (!force && value > L_SK_MEM_MAX)
        value = L_SK_MEM_MAX;
    if (value > INT32_MAX / 2)
        value = INT32_MAX / 2;
    return (int)(2 * value > least ? 2 * value : least);
}
