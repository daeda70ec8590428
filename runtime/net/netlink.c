/* AF_NETLINK sockets. */
#include "runtime/net/netlink.h"

#include "runtime/abi/capability.h"
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/poll.h"
#include "runtime/abi/stat.h"
#include "runtime/abi/termios.h"
#include "runtime/host/heap.h"
#include "runtime/host/lock.h"
#include "runtime/memory/access.h"
#include "runtime/net/devices.h"
#include "runtime/net/socket_common.h"
#include "runtime/net/unix.h"
#include "runtime/task/process.h"
#include "runtime/task/task.h"
#include "runtime/task/waitq.h"
#include <string.h>

#define GROUPS_MOST  64u
#define BUFFER_LEAST 2304u

/* All but waiting is under netlink_lock. */
struct netlink_socket {
    struct netlink_socket *next;
    int type;
    uint32_t protocol, port; /* port 0: none yet */
    uint64_t groups;
    uint32_t to_port, to_groups; /* connect */
    struct netlink_packet *first, *last;
    size_t held;
    int error;
    uint32_t send_buffer, receive_buffer;
    uint64_t receive_timeout_ns, send_timeout_ns;
    bool pass_cred, packet_info, no_enobufs, broadcast_error, all_nsid, cap_ack, ext_ack, strict;
    struct socket_filter filter;
    struct socket_common common;
    struct waitq wait;
};

static struct host_mutex netlink_lock = HOST_MUTEX_INIT(RANK_NETLINK);
static struct netlink_socket *all_sockets;
static const struct file_ops netlink_file_ops;

int netlink_socket_file(struct task *t, uint32_t type, uint32_t protocol, uint32_t flags,
                        struct file **out)
{
    (void)t;
    if (type != L_SOCK_RAW && type != L_SOCK_DGRAM)
        return -L_ESOCKTNOSUPPORT;
    if (protocol != L_NETLINK_ROUTE && protocol != L_NETLINK_SOCK_DIAG &&
        protocol != L_NETLINK_KOBJECT_UEVENT)
        return -L_EPROTONOSUPPORT;
    struct netlink_socket *s = calloc(1, sizeof(*s));
    if (!s)
        return -L_ENOMEM;
    s->type = (int)type;
    s->protocol = protocol;
    s->send_buffer = s->receive_buffer = L_SK_MEM_MAX;
    waitq_init(&s->wait);
    *out = file_anonymous("socket:", L_S_IFSOCK | 0777, L_O_RDWR | (flags & L_O_NONBLOCK),
                          &netlink_file_ops, s);
    if (!*out) {
        free(s);
        return -L_ENOMEM;
    }
    (*out)->kind |= FILE_WHOLE_WRITE;
    host_mutex_lock(&netlink_lock);
    s->next = all_sockets;
    all_sockets = s;
    host_mutex_unlock(&netlink_lock);
    return 0;
}

static void netlink_release(struct file *file)
{
    struct netlink_socket *s = file->priv;
    host_mutex_lock(&netlink_lock);
    struct netlink_socket **link = &all_sockets;
    while (*link != s)
        link = &(*link)->next;
    *link = s->next;
    host_mutex_unlock(&netlink_lock);
    for (struct netlink_packet *p = s->first, *next; p; p = next) {
        next = p->next;
        free(p);
    }
    free(s);
}

/* --- names --- */

static bool port_taken_locked(const struct netlink_socket *s, uint32_t port)
{
    const struct netlink_socket *o = all_sockets;
    while (o && (o == s || o->protocol != s->protocol || o->port != port))
        o = o->next;
    return o != NULL;
}

/* The process's number, or any below 0. */
static void give_port_locked(struct netlink_socket *s)
{
    struct task *t = task_current();
    uint32_t port = t ? (uint32_t)t->process->pid : 0;
    if (s->port)
        return;
    for (uint32_t next = (uint32_t)-4096; !port || port_taken_locked(s, port); next--)
        port = next;
    s->port = port;
}

static bool is_admin(const struct task *t)
{
    return !t || cred_capable(&t->process->cred, L_CAP_NET_ADMIN);
}

static int parse(const struct net_address *address, struct l_sockaddr_nl *out)
{
    if (address->length < sizeof(*out))
        return -L_EINVAL;
    memcpy(out, address->bytes, sizeof(*out));
    return out->nl_family == L_AF_NETLINK ? 0 : -L_EINVAL;
}

static int bind_to(struct file *file, struct vfs_caller *caller, const struct net_address *address)
{
    struct netlink_socket *s = file->priv;
    struct l_sockaddr_nl name;
    (void)caller;
    int error = parse(address, &name);
    if (error)
        return error;
    if (name.nl_groups && s->protocol == L_NETLINK_SOCK_DIAG && !is_admin(task_current()))
        return -L_EPERM;
    host_mutex_lock(&netlink_lock);
    if (s->port && name.nl_pid != s->port)
        error = -L_EINVAL;
    else if (!s->port && name.nl_pid && port_taken_locked(s, name.nl_pid))
        error = -L_EADDRINUSE;
    if (!error && name.nl_pid)
        s->port = name.nl_pid;
    if (!error) {
        give_port_locked(s);
        s->groups = (s->groups & ~(uint64_t)UINT32_MAX) | name.nl_groups;
    }
    host_mutex_unlock(&netlink_lock);
    if (!error && s->protocol == L_NETLINK_ROUTE)
        netlink_changes_follow(name.nl_groups);
    return error;
}

static int connect_to(struct file *file, struct vfs_caller *caller,
                      const struct net_address *address, bool nonblock)
{
    struct netlink_socket *s = file->priv;
    struct l_sockaddr_nl name;
    (void)caller;
    (void)nonblock;
    if (address->length < sizeof(address->family))
        return -L_EINVAL;
    memset(&name, 0, sizeof(name));
    int error = address->family == L_AF_UNSPEC ? 0 : parse(address, &name);
    if (error)
        return error;
    if ((name.nl_groups || name.nl_pid) && !is_admin(task_current()))
        return -L_EPERM;
    host_mutex_lock(&netlink_lock);
    if (address->family != L_AF_UNSPEC)
        give_port_locked(s);
    s->to_port = name.nl_pid;
    s->to_groups = name.nl_groups;
    host_mutex_unlock(&netlink_lock);
    return 0;
}

static void show(struct net_address *out, uint32_t port, uint32_t groups)
{
    struct l_sockaddr_nl name = {.nl_family = L_AF_NETLINK, .nl_pid = port, .nl_groups = groups};
    memset(out, 0, sizeof(*out));
    out->length = sizeof(name);
    memcpy(out->bytes, &name, sizeof(name));
}

static int get_name(struct file *file, bool peer, struct net_address *out)
{
    struct netlink_socket *s = file->priv;
    host_mutex_lock(&netlink_lock);
    if (peer)
        show(out, s->to_port, s->to_groups);
    else
        show(out, s->port, (uint32_t)s->groups);
    host_mutex_unlock(&netlink_lock);
    return 0;
}

static int listen_on(struct file *file, int backlog)
{
    (void)file;
    (void)backlog;
    return -L_EOPNOTSUPP;
}

static int accept_from(struct file *file, bool nonblock, uint32_t flags, struct file **out,
                       struct net_address *peer)
{
    (void)file;
    (void)nonblock;
    (void)flags;
    (void)out;
    (void)peer;
    return -L_EOPNOTSUPP;
}

static int shut(struct file *file, int how)
{
    (void)file;
    (void)how;
    return -L_EOPNOTSUPP;
}

/* --- options --- */

static bool *flag_of(struct netlink_socket *s, uint32_t level, uint32_t name)
{
    if (level == L_SOL_SOCKET)
        return name == L_SO_PASSCRED ? &s->pass_cred : NULL;
    switch (name) {
    case L_NETLINK_PKTINFO:
        return &s->packet_info;
    case L_NETLINK_BROADCAST_ERROR:
        return &s->broadcast_error;
    case L_NETLINK_NO_ENOBUFS:
        return &s->no_enobufs;
    case L_NETLINK_LISTEN_ALL_NSID:
        return &s->all_nsid;
    case L_NETLINK_CAP_ACK:
        return &s->cap_ack;
    case L_NETLINK_EXT_ACK:
        return &s->ext_ack;
    case L_NETLINK_GET_STRICT_CHK:
        return &s->strict;
    default:
        return NULL;
    }
}

static int set_membership(struct netlink_socket *s, uint32_t name, uint32_t group)
{
    if (!group || group > GROUPS_MOST)
        return -L_EINVAL;
    uint64_t bit = (uint64_t)1 << (group - 1);
    host_mutex_lock(&netlink_lock);
    give_port_locked(s);
    s->groups = name == L_NETLINK_ADD_MEMBERSHIP ? s->groups | bit : s->groups & ~bit;
    host_mutex_unlock(&netlink_lock);
    if (name == L_NETLINK_ADD_MEMBERSHIP && s->protocol == L_NETLINK_ROUTE)
        netlink_changes_follow(bit);
    return 0;
}

static int set_buffer(struct netlink_socket *s, struct task *t, uint32_t name, uint32_t value)
{
    int size = socket_buffer_size(t, name, value, BUFFER_LEAST);
    if (size < 0)
        return size;
    bool send = name == L_SO_SNDBUF || name == L_SO_SNDBUFFORCE;
    *(send ? &s->send_buffer : &s->receive_buffer) = (uint32_t)size;
    return 0;
}

static int set_option(struct file *file, struct task *t, uint32_t level, uint32_t name,
                      const void *value, uint32_t length)
{
    struct netlink_socket *s = file->priv;
    uint32_t number;
    if (level != L_SOL_SOCKET && level != L_SOL_NETLINK)
        return -L_ENOPROTOOPT;
    if (level == L_SOL_SOCKET && name == L_SO_RCVTIMEO)
        return socket_parse_timeout(value, length, &s->receive_timeout_ns);
    if (level == L_SOL_SOCKET && name == L_SO_SNDTIMEO)
        return socket_parse_timeout(value, length, &s->send_timeout_ns);
    if (length < sizeof(number))
        return -L_EINVAL;
    memcpy(&number, value, sizeof(number));
    bool *flag = flag_of(s, level, name);
    if (flag) {
        if (name == L_NETLINK_LISTEN_ALL_NSID && level == L_SOL_NETLINK && !is_admin(t))
            return -L_EPERM;
        *flag = number != 0;
        return 0;
    }
    if (level == L_SOL_NETLINK)
        return name == L_NETLINK_ADD_MEMBERSHIP || name == L_NETLINK_DROP_MEMBERSHIP
                   ? set_membership(s, name, number)
                   : -L_ENOPROTOOPT;
    switch (name) {
    case L_SO_PEEK_OFF:
        return -L_EOPNOTSUPP;
    case L_SO_SNDBUF:
    case L_SO_SNDBUFFORCE:
    case L_SO_RCVBUF:
    case L_SO_RCVBUFFORCE:
        return set_buffer(s, t, name, number);
    default: {
        int result = socket_common_set(&s->common, t, name, value, length);
        return result > 0 ? -L_ENOPROTOOPT : result;
    }
    }
}

static int get_option(struct file *file, uint32_t level, uint32_t name, void *value, uint32_t room)
{
    (void)room;
    struct netlink_socket *s = file->priv;
    int32_t number = 0;
    if (level != L_SOL_SOCKET && level != L_SOL_NETLINK)
        return -L_ENOPROTOOPT;
    const bool *flag = flag_of(s, level, name);
    if (flag) {
        number = *flag;
        memcpy(value, &number, sizeof(number));
        return sizeof(number);
    }
    if (level == L_SOL_NETLINK && name == L_NETLINK_LIST_MEMBERSHIPS) {
        memcpy(value, &s->groups, sizeof(s->groups));
        return sizeof(s->groups);
    }
    if (level == L_SOL_NETLINK)
        return -L_ENOPROTOOPT;
    switch (name) {
    case L_SO_RCVTIMEO:
        return socket_show_timeout(value, s->receive_timeout_ns);
    case L_SO_SNDTIMEO:
        return socket_show_timeout(value, s->send_timeout_ns);
    case L_SO_TYPE:
        number = s->type;
        break;
    case L_SO_DOMAIN:
        number = L_AF_NETLINK;
        break;
    case L_SO_PROTOCOL:
        number = (int32_t)s->protocol;
        break;
    case L_SO_ERROR:
        host_mutex_lock(&netlink_lock);
        number = s->error;
        s->error = 0;
        host_mutex_unlock(&netlink_lock);
        break;
    case L_SO_PEEK_OFF:
        return -L_EOPNOTSUPP;
    case L_SO_ACCEPTCONN:
        break;
    case L_SO_SNDBUF:
        number = (int32_t)s->send_buffer;
        break;
    case L_SO_RCVBUF:
        number = (int32_t)s->receive_buffer;
        break;
    default:
        return socket_common_get(&s->common, name, value);
    }
    memcpy(value, &number, sizeof(number));
    return sizeof(number);
}

/* --- questions and answers --- */

/* How a question ended, with the question, whole where it failed. */
static void tell_end(struct netlink_socket *s, struct netlink_answer *answer, int error)
{
    const struct l_nlmsghdr *question = answer->question;
    bool capped = !error || s->cap_ack;
    size_t n = capped ? sizeof(*question) : question->nlmsg_len;
    int32_t number = error;
    netlink_begin(answer, L_NLMSG_ERROR, capped ? L_NLM_F_CAPPED : 0, &number, sizeof(number));
    netlink_append(answer, question, n);
    netlink_end(answer);
}

static void answer_one(struct netlink_socket *s, struct netlink_answer *answer)
{
    const struct l_nlmsghdr *question = answer->question;
    int error = 0;
    bool dump = false;
    if ((question->nlmsg_flags & L_NLM_F_REQUEST) && question->nlmsg_type >= L_NLMSG_MIN) {
        if (s->protocol == L_NETLINK_ROUTE)
            error = netlink_route(answer, question);
        else if (s->protocol == L_NETLINK_SOCK_DIAG)
            error = netlink_diag(answer, question);
        dump = !error && (question->nlmsg_flags & L_NLM_F_DUMP) == L_NLM_F_DUMP;
    }
    if (error || (question->nlmsg_flags & L_NLM_F_ACK && !dump))
        tell_end(s, answer, error);
}

static void answer_free(struct netlink_answer *answer)
{
    for (struct netlink_packet *p = answer->first, *next; p; p = next) {
        next = p->next;
        free(p);
    }
}

/* Leaves out the packets that the socket's filter does not want, and cuts others as it says. */
static void filter_answer(struct netlink_socket *s, struct netlink_answer *answer)
{
    struct netlink_packet **link = &answer->first;
    answer->last = NULL;
    while (*link) {
        struct netlink_packet *packet = *link;
        int64_t kept = socket_filter_keeps_data(&s->filter, packet->data, packet->size);
        if (kept < 0) {
            *link = packet->next;
            answer->held -= sizeof(*packet) + packet->room;
            free(packet);
            continue;
        }
        packet->size = (size_t)kept;
        answer->last = packet;
        link = &packet->next;
    }
}

/* What does not fit any more is lost, and told so (netlink(7)). */
static void queue_answer(struct netlink_socket *s, struct netlink_answer *answer)
{
    if (socket_filter_is_set(&s->filter))
        filter_answer(s, answer);
    host_mutex_lock(&netlink_lock);
    bool full = answer->failed || s->held > s->receive_buffer;
    if (full && !s->no_enobufs)
        s->error = L_ENOBUFS;
    if (!full && answer->first) {
        *(s->last ? &s->last->next : &s->first) = answer->first;
        s->last = answer->last;
        s->held += answer->held;
        answer->first = NULL;
    }
    host_mutex_unlock(&netlink_lock);
    answer_free(answer);
    waitq_wake(&s->wait, L_POLLIN | L_POLLRDNORM | (full ? L_POLLERR : 0));
}

static bool joined_locked(const struct netlink_socket *s, uint32_t group)
{
    return s->protocol == L_NETLINK_ROUTE && s->groups >> (group - 1) & 1;
}

/* Copies of a packet, one for each socket of the group; fewer when memory runs out. */
static struct netlink_packet *copies_of(const struct netlink_packet *packet, uint32_t group)
{
    struct netlink_packet *copies = NULL;
    unsigned wanted = 0;
    host_mutex_lock(&netlink_lock);
    for (const struct netlink_socket *s = all_sockets; s; s = s->next)
        wanted += joined_locked(s, group);
    host_mutex_unlock(&netlink_lock);
    for (; wanted; wanted--) {
        struct netlink_packet *copy = malloc(sizeof(*copy) + packet->size);
        if (!copy)
            break;
        memcpy(copy, packet, sizeof(*copy) + packet->size);
        copy->room = copy->size;
        copy->group = group;
        copy->next = copies;
        copies = copy;
    }
    return copies;
}

/* One of the copies goes to s, which otherwise is told that it has lost something. */
static void give_copy_locked(struct netlink_socket *s, struct netlink_packet **copies)
{
    struct netlink_packet *copy = *copies;
    int64_t kept = copy ? socket_filter_keeps_data(&s->filter, copy->data, copy->size) : 0;
    if (kept < 0)
        return;
    if (!copy || s->held > s->receive_buffer) {
        if (!s->no_enobufs)
            s->error = L_ENOBUFS;
    } else {
        *copies = copy->next;
        copy->next = NULL;
        copy->size = (size_t)kept;
        *(s->last ? &s->last->next : &s->first) = copy;
        s->last = copy;
        s->held += sizeof(*copy) + copy->room;
    }
    waitq_wake(&s->wait, L_POLLIN | L_POLLRDNORM | L_POLLERR);
}

void netlink_tell_group(uint32_t group, struct netlink_answer *answer)
{
    for (const struct netlink_packet *p = answer->first; p; p = p->next) {
        struct netlink_packet *copies = copies_of(p, group);
        host_mutex_lock(&netlink_lock);
        for (struct netlink_socket *s = all_sockets; s; s = s->next) {
            if (joined_locked(s, group))
                give_copy_locked(s, &copies);
        }
        host_mutex_unlock(&netlink_lock);
        for (struct netlink_packet *next; copies; copies = next) {
            next = copies->next;
            free(copies);
        }
    }
    answer_free(answer);
}

static void answer_all(struct netlink_socket *s, const uint8_t *data, size_t n)
{
    struct l_nlmsghdr question;
    for (size_t at = 0; n - at >= sizeof(question);) {
        memcpy(&question, data + at, sizeof(question));
        if (question.nlmsg_len < sizeof(question) || question.nlmsg_len > n - at)
            return;
        struct netlink_answer answer = {.port = s->port, .question = (const void *)(data + at)};
        answer_one(s, &answer);
        queue_answer(s, &answer);
        size_t whole = (question.nlmsg_len + 3u) & ~(size_t)3;
        at += whole < n - at ? whole : n - at;
    }
}

static int64_t send_any(struct netlink_socket *s, const void *data, size_t n, uint32_t flags,
                        const struct net_address *to)
{
    struct l_sockaddr_nl name = {.nl_pid = s->to_port, .nl_groups = s->to_groups};
    int error = 0;
    if (flags & L_MSG_OOB)
        return -L_EOPNOTSUPP;
    if (!n)
        return -L_ENODATA;
    if (to && to->length) {
        error = parse(to, &name);
        if (!error && (name.nl_pid || name.nl_groups) && !is_admin(task_current()))
            error = -L_EPERM;
    }
    if (error)
        return error;
    if (n > s->send_buffer - 32)
        return -L_EMSGSIZE;
    host_mutex_lock(&netlink_lock);
    give_port_locked(s);
    host_mutex_unlock(&netlink_lock);
    if (name.nl_pid)
        return -L_ECONNREFUSED;
    if (name.nl_groups)
        return (int64_t)n; /* nobody listens */
    answer_all(s, data, n);
    return (int64_t)n;
}

static size_t packet_most(struct file *file)
{
    const struct netlink_socket *s = file->priv;
    return s->send_buffer - 32;
}

static int64_t send_to(struct file *file, struct vfs_caller *caller, const void *data, size_t n,
                       uint32_t flags, const struct net_address *to, struct unix_control *control)
{
    (void)caller;
    int64_t sent = send_any(file->priv, data, n, flags, to);
    if (sent >= 0)
        unix_control_free(control);
    return sent;
}

static bool can_receive(void *arg)
{
    struct netlink_socket *s = arg;
    host_mutex_lock(&netlink_lock);
    bool ready = s->first || s->error;
    host_mutex_unlock(&netlink_lock);
    return ready;
}

/* The first packet; freed by the caller when it left the queue. */
static int64_t take_locked(struct netlink_socket *s, void *data, size_t n, bool peek,
                           struct socket_received *out, struct netlink_packet **done)
{
    struct netlink_packet *p = s->first;
    size_t got = p->size < n ? p->size : n;
    memcpy(data, p->data, got);
    out->full_size = p->size;
    out->flags = got < p->size ? L_MSG_TRUNC : 0;
    show(&out->from, 0, p->group ? 1u << (p->group - 1) : 0);
    if (s->packet_info) {
        out->notes[0] = (struct socket_note){L_SOL_NETLINK, L_NETLINK_PKTINFO, 4, {0}};
        memcpy(out->notes[0].data, &p->group, sizeof(p->group));
        out->note_count = 1;
    }
    out->with_cred = s->pass_cred;
    if (!peek) {
        s->first = p->next;
        if (!s->first) {
            s->last = NULL;
            s->held = 0;
        } else {
            s->held -= sizeof(*p) + p->room < s->held ? sizeof(*p) + p->room : s->held;
        }
        *done = p;
    }
    return (int64_t)got;
}

static int64_t receive_from(struct file *file, void *data, size_t n, uint32_t flags,
                            struct socket_received *out)
{
    struct netlink_socket *s = file->priv;
    uint64_t deadline = socket_deadline(s->receive_timeout_ns);
    memset(out, 0, sizeof(*out));
    if (flags & L_MSG_OOB)
        return -L_EOPNOTSUPP;
    for (;;) {
        struct netlink_packet *done = NULL;
        int64_t result = -L_EAGAIN;
        host_mutex_lock(&netlink_lock);
        if (s->error) {
            result = -s->error;
            s->error = 0;
        } else if (s->first) {
            result = take_locked(s, data, n, flags & L_MSG_PEEK, out, &done);
        }
        host_mutex_unlock(&netlink_lock);
        free(done);
        if (result != -L_EAGAIN || (flags & L_MSG_DONTWAIT))
            return result;
        int error = wait_until(&s->wait, can_receive, s, deadline);
        if (error)
            return socket_wait_error(error, deadline);
    }
}

static struct socket_filter *filter_of(struct file *file)
{
    struct netlink_socket *s = file->priv;
    return &s->filter;
}

static const struct socket_ops netlink_socket_ops = {
    .filter = filter_of,
    .bind = bind_to,
    .listen = listen_on,
    .accept = accept_from,
    .connect = connect_to,
    .get_name = get_name,
    .shutdown = shut,
    .set_option = set_option,
    .get_option = get_option,
    .packet_most = packet_most,
    .send = send_to,
    .receive = receive_from,
};

/* --- the file --- */

static uint32_t netlink_poll(struct file *file, struct poll_table *table)
{
    struct netlink_socket *s = file->priv;
    poll_wait(table, &s->wait);
    uint32_t events = L_POLLOUT | L_POLLWRNORM | L_POLLWRBAND;
    host_mutex_lock(&netlink_lock);
    if (s->first)
        events |= L_POLLIN | L_POLLRDNORM;
    if (s->error)
        events |= L_POLLERR;
    host_mutex_unlock(&netlink_lock);
    return events;
}

static int64_t netlink_ioctl(struct file *file, struct task *task, uint32_t command, uint64_t arg)
{
    (void)file;
    return devices_ioctl(task, L_AF_NETLINK, command, arg);
}

static uint64_t netlink_memory(struct file *file)
{
    struct netlink_socket *s = file->priv;
    host_mutex_lock(&netlink_lock);
    uint64_t held = s->held;
    host_mutex_unlock(&netlink_lock);
    return held;
}

static const struct file_ops netlink_file_ops = {
    SOCKET_FILE_OPS,        .socket = &netlink_socket_ops, .poll = netlink_poll,
    .ioctl = netlink_ioctl, .release = netlink_release,    .memory = netlink_memory};
