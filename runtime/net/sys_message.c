/* sendmsg(2), recvmsg(2) and their kin. */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/stat.h"
#include "runtime/host/heap.h"
#include "runtime/host/time.h"
#include "runtime/memory/access.h"
#include "runtime/net/net_calls.h"
#include "runtime/net/sys_socket.h"
#include "runtime/net/unix_rights.h"
#include "runtime/task/clock.h"
#include "runtime/task/waitq.h"
#include <string.h>

#define CONTROL_MAX 20480u

#define ALIGNED(n) (((n) + 7) & ~(uint64_t)7)

/* The guest's buffers, used up from the front. */
struct parts {
    struct l_iovec *at;
    uint64_t count, total;
};

/* Room for a header's vector in `at`. */
static int get_parts(struct task *t, const struct l_msghdr *message, struct parts *parts)
{
    if (message->msg_iovlen > L_IOV_MAX)
        return -L_EMSGSIZE;
    parts->count = message->msg_iovlen;
    parts->total = 0;
    if (copy_from_guest(sys_space(t), parts->at, message->msg_iov,
                        (size_t)parts->count * sizeof(parts->at[0])))
        return -L_EFAULT;
    for (uint64_t i = 0; i < parts->count; i++) {
        if ((int64_t)parts->at[i].iov_len < 0)
            return -L_EINVAL;
        if (parts->at[i].iov_len > SYS_COUNT_MAX - parts->total)
            parts->at[i].iov_len = SYS_COUNT_MAX - parts->total;
        parts->total += parts->at[i].iov_len;
    }
    return 0;
}

/* The next n bytes of the parts, which must be there, from or to the buffer. */
static int move_parts(struct task *t, struct parts *parts, uint8_t *buffer, size_t n, bool out)
{
    while (n) {
        struct l_iovec *part = parts->at;
        size_t piece = part->iov_len < n ? (size_t)part->iov_len : n;
        int error = 0;
        if (piece)
            error = out ? copy_to_guest(sys_space(t), part->iov_base, buffer, piece)
                        : copy_from_guest(sys_space(t), buffer, part->iov_base, piece);
        if (error)
            return -L_EFAULT;
        part->iov_base += piece;
        part->iov_len -= piece;
        if (!part->iov_len) {
            parts->at++;
            parts->count--;
        }
        parts->total -= piece;
        buffer += piece;
        n -= piece;
    }
    return 0;
}

static size_t piece_of(const struct parts *parts)
{
    return parts->total < SYS_BOUNCE_MAX ? (size_t)parts->total : SYS_BOUNCE_MAX;
}

/* A packet, or all of a stream's bytes. control is taken over when the result is no error. */
static int64_t send_parts(struct task *t, struct file *file, struct parts *parts, uint32_t flags,
                          const struct net_address *to, struct unix_control *control)
{
    const struct socket_ops *ops = file->ops->socket;
    struct vfs_caller caller;
    int64_t done = 0;
    vfs_caller_of(t, &caller);
    if (socket_nonblock(file, flags))
        flags |= L_MSG_DONTWAIT;
    if (!socket_is_stream(file) && parts->total > ops->packet_most(file))
        return -L_EMSGSIZE;
    do {
        size_t n = piece_of(parts);
        uint8_t *buffer = sys_bounce(t, n);
        int64_t sent = buffer ? move_parts(t, parts, buffer, n, false) : -L_ENOMEM;
        if (!sent)
            sent = ops->send(file, &caller, buffer, n, done ? flags | L_MSG_NOSIGNAL : flags, to,
                             done ? NULL : control);
        if (sent < 0)
            return done ? done : sent;
        done += sent;
        if ((size_t)sent < n)
            break;
    } while (parts->total);
    return done;
}

/* As socket_ops.receive. MSG_WAITALL of a stream fills all parts. */
static int64_t receive_parts(struct task *t, struct file *file, struct parts *parts, uint32_t flags,
                             struct socket_received *received)
{
    bool whole = (flags & L_MSG_WAITALL) && !(flags & L_MSG_PEEK) && socket_is_stream(file);
    int64_t done = 0;
    memset(received, 0, sizeof(*received));
    if (socket_nonblock(file, flags))
        flags |= L_MSG_DONTWAIT;
    do {
        struct socket_received more;
        size_t n = piece_of(parts);
        uint8_t *buffer = sys_bounce(t, n);
        int64_t got =
            buffer ? file->ops->socket->receive(file, buffer, n, flags, &more) : -L_ENOMEM;
        if (got < 0)
            return done ? done : got;
        if (!done)
            *received = more;
        received->control = more.control;
        if (!more.discarded && move_parts(t, parts, buffer, (size_t)got, true)) {
            unix_control_free(received->control);
            return -L_EFAULT;
        }
        done += got;
        whole = whole && (size_t)got == n && !received->control && !more.discarded;
    } while (whole && parts->total);
    return done;
}

/* --- control data --- */

static int add_files(struct task *t, const uint8_t *data, size_t n, struct unix_control *control)
{
    int error = n >= 4 ? rights_may_send(t) : 0;
    if (!error && !control->user && !(control->user = user_find(t->process->cred.uid)))
        error = -L_ENOMEM;
    if (error)
        return error;
    for (size_t at = 0; at + 4 <= n; at += 4) {
        int32_t fd;
        memcpy(&fd, data + at, 4);
        if (control->file_count == L_SCM_MAX_FD)
            return -L_EINVAL;
        struct file *file = sys_file_any(t, (uint32_t)fd);
        if (!file)
            return -L_EBADF;
        control->files[control->file_count++] = file;
    }
    return 0;
}

static int add_credentials(struct task *t, const uint8_t *data, size_t n,
                           struct unix_control *control)
{
    struct l_ucred cred;
    if (n != sizeof(cred))
        return -L_EINVAL;
    memcpy(&cred, data, sizeof(cred));
    const struct cred *own = &t->process->cred;
    bool pid = cred.pid == t->process->pid || cred_capable(own, L_CAP_SYS_ADMIN);
    bool uid = cred.uid == own->uid || cred.uid == own->euid || cred.uid == own->suid ||
               cred_capable(own, L_CAP_SETUID);
    bool gid = cred.gid == own->gid || cred.gid == own->egid || cred.gid == own->sgid ||
               cred_capable(own, L_CAP_SETGID);
    if (!pid || !uid || !gid)
        return -L_EPERM;
    control->cred = cred;
    return 0;
}

/* A control message that the socket's family knows. */
static int add_note(const struct l_cmsghdr *header, const uint8_t *body, size_t n,
                    struct unix_control *control)
{
    if (control->note_count == SOCKET_NOTES_MAX)
        return -L_EINVAL;
    struct socket_note *note = &control->notes[control->note_count++];
    note->level = header->cmsg_level;
    note->type = header->cmsg_type;
    note->size = (uint32_t)n;
    memcpy(note->data, body, n < sizeof(note->data) ? n : sizeof(note->data));
    return 0;
}

static int parse_control(struct task *t, const uint8_t *data, size_t size, bool notes,
                         struct unix_control *control)
{
    size_t at = 0;
    int error = 0;
    while (!error && size - at >= sizeof(struct l_cmsghdr)) {
        struct l_cmsghdr header;
        memcpy(&header, data + at, sizeof(header));
        if (header.cmsg_len < sizeof(header) || header.cmsg_len > size - at)
            return -L_EINVAL;
        size_t n = (size_t)header.cmsg_len - sizeof(header);
        const uint8_t *body = data + at + sizeof(header);
        bool own = header.cmsg_level == L_SOL_SOCKET;
        if (own && header.cmsg_type == L_SCM_RIGHTS)
            error = notes ? 0 : add_files(t, body, n, control);
        else if (own && header.cmsg_type == L_SCM_CREDENTIALS)
            error = notes ? 0 : add_credentials(t, body, n, control);
        else if (notes)
            error = add_note(&header, body, n, control);
        else if (own)
            error = -L_EINVAL;
        uint64_t step = ALIGNED(header.cmsg_len);
        if (step >= size - at)
            break;
        at += (size_t)step;
    }
    return error;
}

/* NULL in *out when there is none. */
static int get_control(struct task *t, const struct file *file, const struct l_msghdr *message,
                       struct unix_control **out)
{
    *out = NULL;
    if (!message->msg_control || !message->msg_controllen)
        return 0;
    if (message->msg_controllen > CONTROL_MAX)
        return -L_ENOBUFS;
    size_t size = (size_t)message->msg_controllen;
    uint8_t *data = malloc(size);
    struct unix_control *control = calloc(1, sizeof(*control));
    int error = data && control ? 0 : -L_ENOMEM;
    if (!error && copy_from_guest(sys_space(t), data, message->msg_control, size))
        error = -L_EFAULT;
    if (!error)
        error = parse_control(t, data, size, file->ops->socket->takes_notes, control);
    free(data);
    if (error)
        unix_control_free(control);
    else
        *out = control;
    return error;
}

struct control_room {
    uint64_t address, left, used;
    uint32_t flags;
};

/* One control message; what does not fit is cut and said. */
static int put_control(struct task *t, struct control_room *room, int32_t level, int32_t type,
                       const void *data, size_t n)
{
    struct l_cmsghdr header = {sizeof(header) + n, level, type};
    if (room->left < sizeof(header)) {
        room->flags |= L_MSG_CTRUNC;
        return 0;
    }
    if (header.cmsg_len > room->left) {
        room->flags |= L_MSG_CTRUNC;
        header.cmsg_len = room->left;
        n = (size_t)room->left - sizeof(header);
    }
    if (copy_to_guest(sys_space(t), room->address, &header, sizeof(header)) ||
        copy_to_guest(sys_space(t), room->address + sizeof(header), data, n))
        return -L_EFAULT;
    uint64_t step = ALIGNED(header.cmsg_len);
    if (step > room->left)
        step = room->left;
    room->address += step;
    room->left -= step;
    room->used += step;
    return 0;
}

/* Give the descriptors to the process: as many as there is room for. */
static int put_files(struct task *t, struct control_room *room, struct unix_control *control,
                     bool cloexec)
{
    int32_t fds[L_SCM_MAX_FD];
    uint32_t count = 0;
    uint64_t fits =
        room->left > sizeof(struct l_cmsghdr) ? (room->left - sizeof(struct l_cmsghdr)) / 4 : 0;
    while (count < control->file_count && count < fits) {
        int64_t fd = sys_reserve(t);
        if (fd < 0)
            break;
        fds[count++] = (int32_t)fd;
    }
    if (count < control->file_count)
        room->flags |= L_MSG_CTRUNC;
    int error = count ? put_control(t, room, L_SOL_SOCKET, L_SCM_RIGHTS, fds, count * 4) : 0;
    for (uint32_t i = 0; i < count; i++) {
        if (error)
            files_release(t->files, fds[i]);
        else
            files_fill(t->files, fds[i], file_get(control->files[i]), cloexec);
    }
    return error;
}

/* --- the calls --- */

static int64_t send_one(struct task *t, struct file *file, const struct l_msghdr *message,
                        uint32_t flags)
{
    struct l_iovec *vector = malloc(L_IOV_MAX * sizeof(*vector));
    struct parts parts = {.at = vector};
    struct net_address to;
    struct unix_control *control = NULL;
    bool addressed = message->msg_name && message->msg_namelen;
    int64_t result = vector ? get_parts(t, message, &parts) : -L_ENOMEM;
    if (!result && addressed)
        result = get_address(t, message->msg_name, message->msg_namelen, &to);
    if (!result)
        result = get_control(t, file, message, &control);
    if (!result) {
        result = send_parts(t, file, &parts, flags, addressed ? &to : NULL, control);
        if (result < 0)
            unix_control_free(control);
    }
    free(vector);
    return result;
}

/* Fill in the rest of the header in the guest: name, control data, flags. */
static int finish_receive(struct task *t, struct l_msghdr *message, uint64_t address,
                          struct socket_received *received, uint32_t flags)
{
    struct control_room room = {message->msg_control, message->msg_controllen, 0, 0};
    int error = 0;
    if (!message->msg_control)
        room.left = 0;
    for (uint32_t i = 0; i < received->note_count && !error; i++) {
        const struct socket_note *note = &received->notes[i];
        error = put_control(t, &room, note->level, note->type, note->data, note->size);
    }
    if (!error && received->with_cred)
        error = put_control(t, &room, L_SOL_SOCKET, L_SCM_CREDENTIALS, &received->cred,
                            sizeof(received->cred));
    if (!error && received->control)
        error = put_files(t, &room, received->control, flags & L_MSG_CMSG_CLOEXEC);
    if (!error && message->msg_name) {
        uint32_t length = received->from.length;
        uint32_t n = length < message->msg_namelen ? length : message->msg_namelen;
        if (n && copy_to_guest(sys_space(t), message->msg_name, received->from.bytes, n))
            error = -L_EFAULT;
        message->msg_namelen = length;
    }
    message->msg_controllen = room.used;
    message->msg_flags = received->flags | room.flags | (flags & L_MSG_CMSG_CLOEXEC);
    if (!error && copy_to_guest(sys_space(t), address, message, sizeof(*message)))
        error = -L_EFAULT;
    return error;
}

static int64_t receive_one(struct task *t, struct file *file, uint64_t address, uint32_t flags)
{
    struct l_msghdr message;
    struct socket_received received;
    if (copy_from_guest(sys_space(t), &message, address, sizeof(message)))
        return -L_EFAULT;
    struct l_iovec *vector = malloc(L_IOV_MAX * sizeof(*vector));
    struct parts parts = {.at = vector};
    int64_t got = vector ? get_parts(t, &message, &parts) : -L_ENOMEM;
    if (!got)
        got = receive_parts(t, file, &parts, flags, &received);
    free(vector);
    if (got < 0)
        return got;
    int error = finish_receive(t, &message, address, &received, flags);
    unix_control_free(received.control);
    if (error)
        return error;
    return (flags & L_MSG_TRUNC) && !socket_is_stream(file) ? (int64_t)received.full_size : got;
}

int64_t sys_sendmsg(struct task *t, uint64_t fd, uint64_t address, uint64_t flags)
{
    struct file *file;
    struct l_msghdr message;
    int error = socket_of(t, fd, &file);
    if (error)
        return error;
    int64_t result = -L_EFAULT;
    if (copy_from_guest(sys_space(t), &message, address, sizeof(message)) == 0)
        result = send_one(t, file, &message, (uint32_t)flags);
    file_put(file);
    return result;
}

int64_t sys_recvmsg(struct task *t, uint64_t fd, uint64_t address, uint64_t flags)
{
    struct file *file;
    int error = socket_of(t, fd, &file);
    if (error)
        return error;
    int64_t result = receive_one(t, file, address, (uint32_t)flags);
    file_put(file);
    return result;
}

int64_t sys_sendmmsg(struct task *t, uint64_t fd, uint64_t address, uint64_t count, uint64_t flags)
{
    struct file *file;
    uint32_t done = 0;
    int64_t result = socket_of(t, fd, &file);
    if (result)
        return result;
    if (count > L_IOV_MAX)
        count = L_IOV_MAX;
    while (done < (uint32_t)count) {
        struct l_mmsghdr one;
        uint64_t at = address + done * sizeof(one);
        result = copy_from_guest(sys_space(t), &one, at, sizeof(one));
        if (!result)
            result = send_one(t, file, &one.msg_hdr, (uint32_t)flags);
        if (result < 0)
            break;
        result =
            put_guest_u32(sys_space(t), at + offsetof(struct l_mmsghdr, msg_len), (uint32_t)result);
        if (result < 0)
            break;
        done++;
    }
    file_put(file);
    return done ? done : result;
}

/* Linux looks at the timeout of recvmmsg between messages only, and tells what is left. */
static int64_t put_rest(struct task *t, uint64_t timeout, uint64_t deadline)
{
    uint64_t now = host_clock_monotonic_ns();
    struct l_timespec left = ns_to_timespec(deadline > now ? deadline - now : 0);
    return copy_to_guest(sys_space(t), timeout, &left, sizeof(left));
}

int64_t sys_recvmmsg(struct task *t, uint64_t fd, uint64_t address, uint64_t count, uint64_t flags,
                     uint64_t timeout)
{
    struct file *file;
    uint32_t done = 0, how = (uint32_t)flags & ~(uint32_t)L_MSG_WAITFORONE;
    uint64_t deadline = WAIT_FOREVER;
    int64_t result = time_deadline_from_guest(sys_space(t), timeout, &deadline);
    if (!result)
        result = socket_of(t, fd, &file);
    if (result)
        return result;
    while (done < (uint32_t)count) {
        uint64_t at = address + done * sizeof(struct l_mmsghdr);
        result = receive_one(t, file, at, how);
        if (result < 0)
            break;
        result =
            put_guest_u32(sys_space(t), at + offsetof(struct l_mmsghdr, msg_len), (uint32_t)result);
        if (result < 0)
            break;
        done++;
        if (flags & L_MSG_WAITFORONE)
            how |= L_MSG_DONTWAIT;
        if (host_clock_monotonic_ns() >= deadline)
            break;
    }
    file_put(file);
    if (done && timeout && put_rest(t, timeout, deadline))
        return -L_EFAULT;
    return done ? done : result;
}

int64_t sys_sendto(struct task *t, uint64_t fd, uint64_t data, uint64_t n, uint64_t flags,
                   uint64_t address, uint64_t length)
{
    struct file *file;
    struct net_address to;
    struct l_iovec one = {data, n < SYS_COUNT_MAX ? n : SYS_COUNT_MAX};
    struct parts parts = {&one, 1, one.iov_len};
    int64_t result = socket_of(t, fd, &file);
    if (result)
        return result;
    if (address)
        result = get_address(t, address, length, &to);
    if (!result)
        result = send_parts(t, file, &parts, (uint32_t)flags, address ? &to : NULL, NULL);
    file_put(file);
    return result;
}

int64_t sys_recvfrom(struct task *t, uint64_t fd, uint64_t data, uint64_t n, uint64_t flags,
                     uint64_t address, uint64_t length)
{
    struct file *file;
    struct socket_received received;
    struct l_iovec one = {data, n < SYS_COUNT_MAX ? n : SYS_COUNT_MAX};
    struct parts parts = {&one, 1, one.iov_len};
    int64_t got = socket_of(t, fd, &file);
    if (got)
        return got;
    got = receive_parts(t, file, &parts, (uint32_t)flags, &received);
    if (got >= 0) {
        unix_control_free(received.control);
        if (put_address(t, address, length, &received.from))
            got = -L_EFAULT;
        else if ((flags & L_MSG_TRUNC) && !socket_is_stream(file))
            got = (int64_t)received.full_size;
    }
    file_put(file);
    return got;
}
