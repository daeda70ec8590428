/* AF_UNIX sockets: addresses, connections, waiting. */
#include "runtime/net/unix.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/poll.h"
#include "runtime/abi/termios.h"
#include "runtime/fs/path/path.h"
#include "runtime/host/heap.h"
#include "runtime/host/time.h"
#include "runtime/memory/access.h"
#include "runtime/net/devices.h"
#include "runtime/net/unix_rights.h"
#include "runtime/task/process.h"
#include "runtime/task/task.h"
#include <stdio.h>
#include <string.h>

struct host_mutex unix_lock = HOST_MUTEX_INIT(RANK_UNIX);

static struct unix_socket *abstract_names, *all_sockets;

static struct l_ucred credentials(void)
{
    struct task *t = task_current();
    if (!t)
        return (struct l_ucred){0, 0, 0};
    const struct cred *cred = &t->process->cred;
    return (struct l_ucred){t->process->pid, cred->euid, cred->egid};
}

static struct unix_socket *unix_new(int type)
{
    struct unix_socket *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    atomic_init(&s->refs, 1);
    s->type = type;
    s->name.length = 2;
    s->name.un.sun_family = L_AF_UNIX;
    s->cred = credentials();
    atomic_init(&s->send_buffer, L_SK_MEM_MAX);
    atomic_init(&s->receive_buffer, L_SK_MEM_MAX);
    waitq_init(&s->read_wait);
    waitq_init(&s->write_wait);
    s->peek_off = -1;
    s->peer_cred = (struct l_ucred){0, UINT32_MAX, UINT32_MAX};
    return s;
}

struct unix_socket *unix_get(struct unix_socket *s)
{
    atomic_fetch_add(&s->refs, 1);
    return s;
}

void unix_put(struct unix_socket *s)
{
    if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
        return;
    socket_filter_free(&s->filter);
    free(s);
}

void unix_control_free(struct unix_control *control)
{
    if (!control)
        return;
    for (uint32_t i = 0; i < control->file_count; i++)
        file_put(control->files[i]);
    user_put(control->user);
    free(control);
}

void unix_messages_free(struct unix_message *m)
{
    struct unix_control *list = NULL;
    while (m) {
        struct unix_message *next = m->next;
        if (m->control) {
            m->control->next = list;
            list = m->control;
        }
        unix_put(m->sender);
        free(m);
        m = next;
    }
    rights_drop(list);
}

struct unix_socket *unix_of(struct file *file)
{
    return file->ops == &unix_file_ops ? file->priv : NULL;
}

struct unix_socket *unix_first_locked(void)
{
    return all_sockets;
}

static void enter_all_locked(struct unix_socket *s)
{
    if (s->all_link)
        return;
    s->all_next = all_sockets;
    s->all_link = &all_sockets;
    if (all_sockets)
        all_sockets->all_link = &s->all_next;
    all_sockets = s;
}

static void leave_all_locked(struct unix_socket *s)
{
    if (!s->all_link)
        return;
    *s->all_link = s->all_next;
    if (s->all_next)
        s->all_next->all_link = s->all_link;
    s->all_link = NULL;
}

static struct file *make_file(struct unix_socket *s, uint32_t flags)
{
    struct file *file = file_anonymous("socket:", L_S_IFSOCK | 0777,
                                       L_O_RDWR | (flags & L_O_NONBLOCK), &unix_file_ops, s);
    if (!file)
        return NULL;
    if (s->type != L_SOCK_STREAM)
        file->kind |= FILE_WHOLE_WRITE;
    host_mutex_lock(&unix_lock);
    s->file = file;
    enter_all_locked(s);
    host_mutex_unlock(&unix_lock);
    return file;
}

int unix_socket_file(int type, uint32_t flags, struct file **out)
{
    struct unix_socket *s = unix_new(type);
    *out = s ? make_file(s, flags) : NULL;
    if (!*out)
        free(s);
    return *out ? 0 : -L_ENOMEM;
}

/* Two sockets are each other's peer. unix_lock held (or nobody knows them yet). */
static void join(struct unix_socket *a, struct unix_socket *b)
{
    a->peer = unix_get(b);
    b->peer = unix_get(a);
    a->peer_cred = b->cred;
    b->peer_cred = a->cred;
    a->state = b->state = UNIX_CONNECTED;
}

int unix_pair(int type, uint32_t flags, struct file **a, struct file **b)
{
    int error = unix_socket_file(type, flags, a);
    if (error)
        return error;
    error = unix_socket_file(type, flags, b);
    if (error) {
        file_put(*a);
        return error;
    }
    join((*a)->priv, (*b)->priv);
    return 0;
}

/* --- names --- */

static struct unix_socket *find_abstract(const struct net_address *address)
{
    for (struct unix_socket *s = abstract_names; s; s = s->abstract_next) {
        if (s->name.length == address->length &&
            memcmp(s->name.un.sun_path, address->un.sun_path, address->length - 2) == 0)
            return s;
    }
    return NULL;
}

static void enter_abstract(struct unix_socket *s, const struct net_address *address)
{
    s->name = *address;
    s->bound_abstract = true;
    s->abstract_next = abstract_names;
    abstract_names = s;
}

/* A name of five hexadecimal digits, as unix(7) says. unix_lock held. */
static int autobind(struct unix_socket *s)
{
    static uint32_t next;
    for (uint32_t tries = 0; tries < 1u << 20; tries++) {
        struct net_address address = {.length = 8, .un.sun_family = L_AF_UNIX};
        char digits[8];
        snprintf(digits, sizeof(digits), "%05x", next++ & 0xfffff);
        memcpy(address.un.sun_path + 1, digits, 5);
        if (!find_abstract(&address)) {
            enter_abstract(s, &address);
            return 0;
        }
    }
    return -L_ENOSPC;
}

static bool not_binding(void *arg)
{
    const struct unix_socket *s = arg;
    host_mutex_lock(&unix_lock);
    bool ready = !s->binding;
    host_mutex_unlock(&unix_lock);
    return ready;
}

/* 1: another thread is binding the socket. unix_lock held. */
static int bind_abstract_locked(struct unix_socket *s, const struct net_address *address)
{
    if (s->binding)
        return 1;
    if (s->name.length > 2)
        return address->length == 2 ? 0 : -L_EINVAL;
    if (address->length == 2)
        return autobind(s);
    if (find_abstract(address))
        return -L_EADDRINUSE;
    enter_abstract(s, address);
    return 0;
}

static int bind_abstract(struct unix_socket *s, const struct net_address *address)
{
    for (;;) {
        host_mutex_lock(&unix_lock);
        int error = bind_abstract_locked(s, address);
        host_mutex_unlock(&unix_lock);
        if (error == 1)
            error = wait_until(&s->write_wait, not_binding, s, WAIT_FOREVER);
        else
            return error;
        if (error)
            return error;
    }
}

/* The path as a string that ends. */
static void path_string(const struct net_address *address, char path[109])
{
    size_t length = address->length - 2;
    memcpy(path, address->un.sun_path, length);
    path[length] = 0;
}

/* What a bind to a path gives when the socket has a name: Linux makes the node first. */
static int bound_already(struct vfs_caller *caller, const char *path)
{
    struct path there;
    if (vfs_walk(caller, NULL, path, 0, &there))
        return -L_EINVAL;
    path_put(there);
    return -L_EADDRINUSE;
}

/* A bind to a path has begun: the others wait for how it ends. */
static int begin_bind(struct unix_socket *s, struct vfs_caller *caller, const char *path)
{
    for (;;) {
        host_mutex_lock(&unix_lock);
        bool busy = s->binding, bound = s->name.length > 2;
        if (!busy && !bound)
            s->binding = true;
        host_mutex_unlock(&unix_lock);
        if (bound)
            return bound_already(caller, path);
        if (!busy)
            return 0;
        int error = wait_until(&s->write_wait, not_binding, s, WAIT_FOREVER);
        if (error)
            return error;
    }
}

static void set_path_locked(struct unix_socket *s, const struct net_address *address, size_t n)
{
    s->name = *address;
    s->name.length = 2 + (uint32_t)n + 1;
    if (n + 1 <= sizeof(s->name.un.sun_path))
        s->name.un.sun_path[n] = 0;
    else
        s->name.length = 2 + (uint32_t)sizeof(s->name.un.sun_path);
}

static int bind_path(struct unix_socket *s, struct vfs_caller *caller,
                     const struct net_address *address)
{
    char path[109];
    struct path made;
    struct inode *inode = NULL;
    path_string(address, path);
    int error = begin_bind(s, caller, path);
    if (error)
        return error;
    error = vfs_mknod(caller, NULL, path, L_S_IFSOCK | 0777, 0, &made);
    if (!error) {
        inode = inode_get(made.dentry->inode);
        path_put(made);
    }
    host_mutex_lock(&unix_lock);
    s->binding = false;
    if (inode) {
        inode->ipc = s;
        s->inode = inode;
        set_path_locked(s, address, strlen(path));
    }
    host_mutex_unlock(&unix_lock);
    waitq_wake(&s->write_wait, 0);
    return error == -L_EEXIST ? -L_EADDRINUSE : error;
}

int unix_bind(struct unix_socket *s, struct vfs_caller *caller, const struct net_address *address)
{
    if (address->length == 2 || address->un.sun_path[0] == 0)
        return bind_abstract(s, address);
    return bind_path(s, caller, address);
}

int unix_find(struct vfs_caller *caller, const struct net_address *address,
              struct unix_socket **out)
{
    char text[109];
    struct path path;
    *out = NULL;
    if (address->length <= 2)
        return -L_EINVAL;
    if (address->un.sun_path[0] == 0) {
        host_mutex_lock(&unix_lock);
        struct unix_socket *s = find_abstract(address);
        if (s)
            *out = unix_get(s);
        host_mutex_unlock(&unix_lock);
        return *out ? 0 : -L_ECONNREFUSED;
    }
    path_string(address, text);
    int error = vfs_walk(caller, NULL, text, WALK_FOLLOW, &path);
    if (error)
        return error;
    struct inode *inode = path.dentry->inode;
    error = vfs_permission(&caller->cred, path, 2);
    if (!error && (inode->mode & L_S_IFMT) != L_S_IFSOCK)
        error = -L_ECONNREFUSED;
    host_mutex_lock(&unix_lock);
    if (!error && inode->ipc)
        *out = unix_get(inode->ipc);
    host_mutex_unlock(&unix_lock);
    path_put(path);
    return error ? error : *out ? 0 : -L_ECONNREFUSED;
}

/* --- connecting --- */

int unix_listen(struct unix_socket *s, int backlog)
{
    int error = 0;
    if (s->type == L_SOCK_DGRAM)
        return -L_EOPNOTSUPP;
    host_mutex_lock(&unix_lock);
    if (s->name.length <= 2 || (s->state != UNIX_NEW && s->state != UNIX_LISTENING)) {
        error = -L_EINVAL;
    } else {
        s->state = UNIX_LISTENING;
        s->backlog = backlog < 0 || backlog > L_SOMAXCONN ? L_SOMAXCONN : (uint32_t)backlog;
        s->cred = s->peer_cred = credentials();
    }
    host_mutex_unlock(&unix_lock);
    return error;
}

static bool has_room(void *arg)
{
    const struct unix_socket *s = arg;
    host_mutex_lock(&unix_lock);
    bool ready = s->state != UNIX_LISTENING || s->pending_count <= s->backlog;
    host_mutex_unlock(&unix_lock);
    return ready;
}

/* 1: the listener's queue is full. unix_lock held; server is a new socket for the other side. */
static int connect_locked(struct unix_socket *s, struct unix_socket *listener,
                          struct unix_socket *server)
{
    if (s->state == UNIX_CONNECTED)
        return -L_EISCONN;
    if (s->state != UNIX_NEW)
        return -L_EINVAL;
    if (listener->type != s->type)
        return -L_EPROTOTYPE;
    if (listener->state != UNIX_LISTENING || listener->read_shut)
        return -L_ECONNREFUSED;
    if (listener->pending_count > listener->backlog)
        return 1;
    s->cred = credentials();
    server->name = listener->name;
    server->cred = listener->cred;
    join(s, server);
    struct unix_socket **link = &listener->pending;
    while (*link)
        link = &(*link)->pending_next;
    *link = server; /* its first reference is the queue's */
    listener->pending_count++;
    enter_all_locked(server);
    return 0;
}

static int connect_stream(struct unix_socket *s, struct vfs_caller *caller,
                          const struct net_address *address, bool nonblock)
{
    struct unix_socket *listener, *server = unix_new(s->type);
    if (!server)
        return -L_ENOMEM;
    uint64_t deadline = socket_deadline(s->send_timeout_ns);
    int error = unix_find(caller, address, &listener);
    while (!error) {
        host_mutex_lock(&unix_lock);
        error = connect_locked(s, listener, server);
        host_mutex_unlock(&unix_lock);
        if (error != 1)
            break;
        error =
            nonblock
                ? -L_EAGAIN
                : socket_wait_error(wait_until(&listener->write_wait, has_room, listener, deadline),
                                    deadline);
    }
    if (error)
        unix_put(server);
    else
        waitq_wake(&listener->read_wait, L_POLLIN | L_POLLRDNORM);
    unix_put(listener);
    return error;
}

/* s waits for no room any more. */
static void sated_locked(struct unix_socket *s)
{
    if (!s->starved_at)
        return;
    struct unix_socket **link = &s->starved_at->starved;
    while (*link != s)
        link = &(*link)->starved_next;
    *link = s->starved_next;
    s->starved_at = NULL;
}

void unix_room_locked(struct unix_socket *s)
{
    while (s->starved) {
        struct unix_socket *one = s->starved;
        s->starved = one->starved_next;
        one->starved_at = NULL;
        waitq_wake(&one->write_wait, L_POLLOUT | L_POLLWRNORM);
    }
}

void unix_starve_locked(struct unix_socket *s)
{
    if (s->starved_at || s->type != L_SOCK_DGRAM)
        return;
    s->starved_at = s->peer;
    s->starved_next = s->peer->starved;
    s->peer->starved = s;
}

static int connect_dgram(struct unix_socket *s, struct vfs_caller *caller,
                         const struct net_address *address)
{
    struct unix_socket *other = NULL;
    if (address->un.sun_family != L_AF_UNSPEC) {
        int error = unix_find(caller, address, &other);
        if (error)
            return error;
        if (other->type != s->type) {
            unix_put(other);
            return -L_EPROTOTYPE;
        }
    }
    host_mutex_lock(&unix_lock);
    struct unix_socket *before = s->peer;
    s->peer = other;
    sated_locked(s);
    if (other)
        s->peer_cred = other->cred;
    s->state = other ? UNIX_CONNECTED : UNIX_NEW;
    host_mutex_unlock(&unix_lock);
    unix_put(before);
    return 0;
}

int unix_connect(struct unix_socket *s, struct vfs_caller *caller,
                 const struct net_address *address, bool nonblock)
{
    if (s->type == L_SOCK_DGRAM)
        return connect_dgram(s, caller, address);
    if (address->un.sun_family != L_AF_UNIX)
        return -L_EINVAL;
    return connect_stream(s, caller, address, nonblock);
}

static bool has_pending(void *arg)
{
    const struct unix_socket *s = arg;
    host_mutex_lock(&unix_lock);
    bool ready = s->pending || s->state != UNIX_LISTENING || s->read_shut;
    host_mutex_unlock(&unix_lock);
    return ready;
}

int unix_accept(struct unix_socket *s, bool nonblock, uint32_t flags, struct file **out)
{
    uint64_t deadline = socket_deadline(s->receive_timeout_ns);
    for (;;) {
        host_mutex_lock(&unix_lock);
        bool listening = s->state == UNIX_LISTENING && !s->read_shut;
        struct unix_socket *server = listening ? s->pending : NULL;
        if (server) {
            s->pending = server->pending_next;
            server->pending_next = NULL;
            s->pending_count--;
        }
        host_mutex_unlock(&unix_lock);
        if (!listening)
            return s->type == L_SOCK_DGRAM ? -L_EOPNOTSUPP : -L_EINVAL;
        if (server) {
            waitq_wake(&s->write_wait, 0);
            *out = make_file(server, flags);
            if (!*out)
                unix_put(server);
            return *out ? 0 : -L_ENOMEM;
        }
        if (nonblock)
            return -L_EAGAIN;
        int error = wait_until(&s->read_wait, has_pending, s, deadline);
        if (error)
            return socket_wait_error(error, deadline);
    }
}

/* Wakes who waits at either end. peer: a reference, given back; may be NULL. */
static void wake_both(struct unix_socket *s, struct unix_socket *peer)
{
    waitq_wake(&s->read_wait, 0);
    waitq_wake(&s->write_wait, 0);
    if (peer) {
        waitq_wake(&peer->read_wait, 0);
        waitq_wake(&peer->write_wait, 0);
        unix_put(peer);
    }
}

int unix_shutdown(struct unix_socket *s, int how)
{
    if (how < 0 || how > 2)
        return -L_EINVAL;
    host_mutex_lock(&unix_lock);
    if (s->state != UNIX_CONNECTED && s->state != UNIX_LISTENING) {
        host_mutex_unlock(&unix_lock);
        return -L_ENOTCONN;
    }
    struct unix_socket *peer = s->peer && s->type != L_SOCK_DGRAM ? unix_get(s->peer) : NULL;
    if (how != L_SHUT_WR)
        s->read_shut = true;
    if (how != L_SHUT_RD)
        s->write_shut = true;
    if (peer && how != L_SHUT_RD)
        peer->read_shut = true;
    if (peer && how != L_SHUT_WR)
        peer->write_shut = true;
    host_mutex_unlock(&unix_lock);
    wake_both(s, peer);
    return 0;
}

/* --- closing --- */

static void leave_names(struct unix_socket *s)
{
    if (s->bound_abstract) {
        struct unix_socket **link = &abstract_names;
        while (*link != s)
            link = &(*link)->abstract_next;
        *link = s->abstract_next;
        s->bound_abstract = false;
    }
    if (s->inode && s->inode->ipc == s)
        s->inode->ipc = NULL;
}

/* The file of a socket goes, or a connection that nobody accepted. */
static void unix_close(struct unix_socket *s, bool never_accepted)
{
    host_mutex_lock(&unix_lock);
    struct unix_message *messages = s->first;
    struct unix_socket *peer = s->peer, *pending = s->pending;
    struct inode *inode = s->inode;
    bool unread = s->first != NULL;
    leave_names(s);
    s->state = UNIX_CLOSED;
    s->read_shut = s->write_shut = true;
    for (struct unix_message *m = messages; m; m = m->next)
        unix_message_left(m);
    s->first = s->last = NULL;
    s->peer = NULL;
    s->pending = NULL;
    s->inode = NULL;
    s->file = NULL;
    leave_all_locked(s);
    sated_locked(s);
    unix_room_locked(s);
    bool mutual = peer && peer->peer == s && s->type != L_SOCK_DGRAM;
    if (mutual) {
        peer->read_shut = peer->write_shut = true;
        if (unread || never_accepted)
            peer->error = L_ECONNRESET;
    }
    host_mutex_unlock(&unix_lock);
    wake_both(s, peer);
    unix_messages_free(messages);
    while (pending) {
        struct unix_socket *next = pending->pending_next;
        unix_close(pending, true);
        pending = next;
    }
    if (inode)
        inode_put(inode);
    unix_put(s);
}

static void unix_release(struct file *file)
{
    unix_close(file->priv, false);
}

/* --- the file --- */

static uint32_t unix_poll(struct file *file, struct poll_table *table)
{
    struct unix_socket *s = file->priv;
    uint32_t events = 0;
    poll_wait(table, &s->read_wait);
    poll_wait(table, &s->write_wait);
    host_mutex_lock(&unix_lock);
    struct unix_socket *peer = s->peer;
    if (s->error)
        events |= L_POLLERR;
    if (s->first || s->pending || s->read_shut)
        events |= L_POLLIN | L_POLLRDNORM;
    if (s->read_shut)
        events |= L_POLLRDHUP;
    bool fresh = s->state == UNIX_NEW && s->type != L_SOCK_DGRAM;
    if ((s->read_shut && s->write_shut) || fresh)
        events |= L_POLLHUP;
    bool room = !peer || peer->state == UNIX_CLOSED || unix_has_room(s, peer);
    if (!room)
        unix_starve_locked(s);
    if (s->state != UNIX_LISTENING && ((room && unix_writable(s)) || s->write_shut))
        events |= L_POLLOUT | L_POLLWRNORM | L_POLLWRBAND;
    host_mutex_unlock(&unix_lock);
    return events;
}

static int64_t unix_ioctl(struct file *file, struct task *task, uint32_t command, uint64_t arg)
{
    struct unix_socket *s = file->priv;
    if (command != L_FIONREAD && command != L_SIOCOUTQ)
        return devices_ioctl(task, L_AF_UNIX, command, arg);
    host_mutex_lock(&unix_lock);
    bool listening = s->state == UNIX_LISTENING;
    uint32_t waiting = (uint32_t)s->queued;
    if (command == L_SIOCOUTQ)
        waiting = (uint32_t)s->sent;
    else if (s->type != L_SOCK_STREAM)
        waiting = s->first ? (uint32_t)s->first->size : 0;
    host_mutex_unlock(&unix_lock);
    return listening ? -L_EINVAL : put_guest_u32(task->process->space, arg, waiting);
}

static uint64_t unix_memory(struct file *file)
{
    struct unix_socket *s = file->priv;
    host_mutex_lock(&unix_lock);
    uint64_t bytes = s->held + s->pending_count * sizeof(*s);
    host_mutex_unlock(&unix_lock);
    return bytes;
}

const struct file_ops unix_file_ops = {
    SOCKET_FILE_OPS,
    .socket = &unix_socket_ops,
    .poll = unix_poll,
    .ioctl = unix_ioctl,
    .release = unix_release,
    .memory = unix_memory,
    .inner_refs = rights_inner_refs,
    .collect = rights_collect,
};
