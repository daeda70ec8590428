/* Sockets: one thread with one epoll. */
#include "runtime/host/socket_base.h"

#include <errno.h>
#include <net/if.h>
/* After netinet/in.h. */
#include <linux/errqueue.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "runtime/abi/errno.h"
#include "runtime/host/heap.h"
#include "runtime/host/thread.h"

#define EVENTS         64
#define LINGERING_MOST 64u
/* Of one socket before others have their turn. */
#define TURN ((size_t)1 << 20)
/* As much as an error of ICMP has of a datagram. */
#define RETURNED_MOST 2048

struct host_socket {
    struct socket_base base; /* first */
    int fd;
    bool wants_in, wants_out;
    bool armed; /* the epoll knows it: not before it waits, for a new stream is told to be over */
    bool hung;  /* both sides have sent their end */
    bool wants_returned;
    unsigned linger_s; /* how long its close waits for what was sent to arrive */
    struct host_socket *dead_next;
};

static struct host_mutex pump_lock = HOST_MUTEX_INIT(RANK_HOST_SOCKETS);
static int pump_epoll = -1, pump_event = -1;
static struct host_socket *dead_list; /* pump_lock */
static atomic_uint lingering;         /* threads that wait in close */
static uint8_t pump_buffer[HOST_DATAGRAM_MAX];

/* --- what follows is with the socket's lock --- */

static void arm(struct host_socket *s)
{
    struct epoll_event event = {.events = EPOLLONESHOT, .data.ptr = s};
    if (s->wants_in && !s->base.ended && !s->base.closing)
        event.events |= EPOLLIN;
    if (s->wants_out || s->base.connecting)
        event.events |= EPOLLOUT;
    /* Who has received the end still wants to know of a reset, which comes unasked. */
    bool listens = s->base.ended && s->base.connected && !s->base.failed && !s->hung;
    if (s->base.dead || (event.events == EPOLLONESHOT && !listens))
        return;
    if (!epoll_ctl(pump_epoll, s->armed ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, s->fd, &event))
        s->armed = true;
}

/* The pump's thread releases it. */
static void hand_to_pump(struct host_socket *s)
{
    uint64_t one = 1;
    host_mutex_lock(&pump_lock);
    s->dead_next = dead_list;
    dead_list = s;
    host_mutex_unlock(&pump_lock);
    (void)!write(pump_event, &one, sizeof(one));
}

/* A thread's: close waits as SO_LINGER says (socket(7)), and tells in no other way when all has
 * arrived. */
static void close_lingering(void *arg)
{
    struct host_socket *s = arg;
    struct linger on = {1, (int)s->linger_s};
    setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &on, sizeof(on));
    close(s->fd);
    atomic_fetch_sub(&lingering, 1);
    hand_to_pump(s);
}

static bool lingers(struct host_socket *s)
{
    if (!s->linger_s || s->base.failed || !s->base.connected)
        return false;
    if (atomic_fetch_add(&lingering, 1) < LINGERING_MOST && !host_thread_start(close_lingering, s))
        return true;
    atomic_fetch_sub(&lingering, 1);
    return false;
}

void socket_die(struct host_socket *s)
{
    if (s->base.dead)
        return;
    s->base.dead = true;
    if (s->armed)
        epoll_ctl(pump_epoll, EPOLL_CTL_DEL, s->fd, NULL);
    if (lingers(s))
        return;
    close(s->fd);
    hand_to_pump(s);
}

void socket_flush(struct host_socket *s)
{
    const void *bytes;
    size_t n;
    if (!s->base.connected || s->base.failed || s->wants_out)
        return;
    while ((bytes = s->base.user->next(s->base.arg, &n))) {
        ssize_t sent = send(s->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            s->base.user->sent(s->base.arg, (size_t)sent);
        } else if (errno == EAGAIN) {
            s->wants_out = true;
            arm(s);
            return;
        } else if (errno != EINTR) {
            socket_fail(s, -errno);
            return;
        }
    }
    if (s->base.closing)
        socket_die(s);
    else if (s->base.finishing)
        shutdown(s->fd, SHUT_WR);
}

int socket_name_of(struct host_socket *s, struct host_address *out)
{
    union socket_address a;
    socklen_t length = sizeof(a);
    if (getsockname(s->fd, &a.any, &length))
        return -errno;
    socket_from_host(&a, out);
    return 0;
}

static void end_connect(struct host_socket *s)
{
    struct host_address local;
    int error = 0;
    socklen_t length = sizeof(error);
    getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    s->base.connecting = false;
    s->base.connected = error == 0;
    s->wants_in = s->base.connected;
    s->base.ended = s->base.failed = error != 0;
    if (s->base.closing)
        socket_die(s);
    else
        s->base.user->connected(s->base.arg, -error,
                                !error && socket_name_of(s, &local) == 0 ? &local : NULL);
}

/* What a control message says of a datagram that came back; whether it does. */
static bool parse_returned(const struct cmsghdr *note, struct host_returned *out)
{
    struct sock_extended_err error;
    union socket_address offender;
    bool known = (note->cmsg_level == IPPROTO_IP && note->cmsg_type == IP_RECVERR) ||
                 (note->cmsg_level == IPPROTO_IPV6 && note->cmsg_type == IPV6_RECVERR);
    if (!known || note->cmsg_len < CMSG_LEN(sizeof(error) + sizeof(offender.in)))
        return false;
    size_t rest = note->cmsg_len - CMSG_LEN(sizeof(error));
    memcpy(&error, CMSG_DATA(note), sizeof(error));
    memcpy(&offender, CMSG_DATA(note) + sizeof(error),
           rest < sizeof(offender) ? rest : sizeof(offender));
    out->error = -(int)error.ee_errno;
    out->origin = error.ee_origin;
    out->type = error.ee_type;
    out->code = error.ee_code;
    out->info = error.ee_info;
    out->has_offender = offender.any.sa_family != AF_UNSPEC;
    if (out->has_offender)
        socket_from_host(&offender, &out->offender);
    return true;
}

/* The next datagram that came back; false: there is none. */
static bool take_returned(struct host_socket *s)
{
    uint8_t bytes[RETURNED_MOST];
    union {
        struct cmsghdr head;
        uint8_t space[512];
    } control;
    union socket_address to;
    struct iovec part = {bytes, sizeof(bytes)};
    struct msghdr message = {.msg_name = &to,
                             .msg_namelen = sizeof(to),
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    struct host_returned what = {.bytes = bytes};
    ssize_t n = recvmsg(s->fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (n < 0)
        return false;
    what.n = (size_t)n;
    if (message.msg_namelen)
        socket_from_host(&to, &what.to);
    for (struct cmsghdr *note = CMSG_FIRSTHDR(&message); note; note = CMSG_NXTHDR(&message, note)) {
        if (parse_returned(note, &what))
            s->base.user->returned(s->base.arg, &what);
    }
    return true;
}

/* With what came back its error ends, which calls that come later had given. */
static void take_all_returned(struct host_socket *s)
{
    while (s->wants_returned && take_returned(s))
        ;
}

static void take_datagrams(struct host_socket *s)
{
    union socket_address from;
    struct host_address address;
    take_all_returned(s);
    for (int i = 0; i < EVENTS; i++) {
        socklen_t length = sizeof(from);
        ssize_t n =
            recvfrom(s->fd, pump_buffer, sizeof(pump_buffer), MSG_DONTWAIT, &from.any, &length);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0) {
            int error = errno;
            take_all_returned(s);
            if (!s->wants_returned)
                s->base.user->ended(s->base.arg, -error);
        } else {
            socket_from_host(&from, &address);
            s->base.user->datagram(s->base.arg, pump_buffer, (size_t)n, &address);
        }
    }
}

int64_t socket_receive(struct host_socket *s, void *bytes, size_t room)
{
    ssize_t n = recv(s->fd, bytes, room, MSG_DONTWAIT);
    if (n > 0)
        return n;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    s->base.ended = true;
    s->base.failed = s->base.failed || n < 0;
    s->base.user->ended(s->base.arg, n < 0 ? -errno : 0);
    return -1;
}

/* buffer: HOST_DATAGRAM_MAX bytes. */
static void take_bytes(struct host_socket *s, uint8_t *buffer)
{
    for (size_t done = 0; done < TURN;) {
        size_t room = s->base.user->room(s->base.arg);
        if (!room) {
            s->wants_in = false;
            return;
        }
        int64_t n = socket_receive(s, buffer, room < HOST_DATAGRAM_MAX ? room : HOST_DATAGRAM_MAX);
        if (n <= 0)
            return;
        s->base.user->received(s->base.arg, buffer, (size_t)n);
        done += (size_t)n;
    }
}

static struct host_socket *wrap(int fd, bool datagram, bool v6)
{
    struct host_socket *s = calloc(1, sizeof(*s));
    if (!s) {
        close(fd);
        return NULL;
    }
    host_mutex_init(&s->base.lock, RANK_HOST_SOCKET);
    s->fd = fd;
    s->base.datagram = datagram;
    s->base.v6 = v6;
    return s;
}

/* The connection stays where it is, and would be told of again and again: who listens has to ask.
 */
static void refuse_connections(struct host_socket *s, int error)
{
    if (error != EMFILE && error != ENFILE && error != ENOBUFS && error != ENOMEM)
        return;
    s->wants_in = false;
    s->base.user->ended(s->base.arg, -L_ENFILE);
}

static void take_connections(struct host_socket *s)
{
    for (;;) {
        union socket_address peer, local;
        struct host_address from, to;
        socklen_t length = sizeof(peer), local_length = sizeof(local);
        if (!s->base.user->room(s->base.arg)) {
            s->wants_in = false;
            return;
        }
        int fd = accept4(s->fd, &peer.any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            refuse_connections(s, errno);
            return;
        }
        struct host_socket *made = wrap(fd, false, s->base.v6);
        if (!made)
            return;
        getsockname(fd, &local.any, &local_length);
        socket_from_host(&peer, &from);
        socket_from_host(&local, &to);
        /* It locks the new one; this one stays, as only this thread releases it. */
        host_mutex_unlock(&s->base.lock);
        s->base.user->accepted(s->base.arg, made, &to, &from);
        host_mutex_lock(&s->base.lock);
        if (s->base.dead)
            return;
    }
}

static void look_for_reset(struct host_socket *s)
{
    int error = 0;
    socklen_t length = sizeof(error);
    getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error)
        socket_fail(s, -error);
    else
        s->hung = true;
}

/* --- the pump --- */

static void handle(struct host_socket *s, uint32_t events)
{
    host_mutex_lock(&s->base.lock);
    if (s->base.dead) {
        host_mutex_unlock(&s->base.lock);
        return;
    }
    if (s->base.connecting && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
        end_connect(s);
    if (s->base.datagram && !s->base.closing)
        take_datagrams(s);
    else if (s->base.listening && !s->base.closing && s->wants_in)
        take_connections(s);
    else if (socket_is_open(&s->base) && s->wants_in)
        take_bytes(s, pump_buffer);
    if (s->base.connected && (s->wants_out || s->base.closing)) {
        s->wants_out = false;
        socket_flush(s);
    }
    if (s->base.ended && !s->base.failed && !s->base.closing && (events & (EPOLLERR | EPOLLHUP)))
        look_for_reset(s);
    arm(s);
    host_mutex_unlock(&s->base.lock);
}

static void release_dead(void)
{
    host_mutex_lock(&pump_lock);
    struct host_socket *s = dead_list;
    dead_list = NULL;
    host_mutex_unlock(&pump_lock);
    while (s) {
        struct host_socket *next = s->dead_next;
        /* Whoever marked it may still hold its lock. */
        host_mutex_lock(&s->base.lock);
        host_mutex_unlock(&s->base.lock);
        if (s->base.user)
            s->base.user->released(s->base.arg);
        else
            free(s);
        s = next;
    }
}

static void pump(void *arg)
{
    struct epoll_event events[EVENTS];
    (void)arg;
    for (;;) {
        int n = epoll_wait(pump_epoll, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            uint64_t count;
            if (events[i].data.ptr)
                handle(events[i].data.ptr, events[i].events);
            else
                (void)!read(pump_event, &count, sizeof(count));
        }
        release_dead();
    }
}

static int start_pump(void)
{
    int error = 0;
    host_mutex_lock(&pump_lock);
    if (pump_epoll < 0) {
        struct epoll_event event = {.events = EPOLLIN};
        int ep = epoll_create1(EPOLL_CLOEXEC), ev = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (ep < 0 || ev < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, ev, &event)) {
            error = -L_EMFILE;
        } else {
            pump_epoll = ep;
            pump_event = ev;
            error = host_thread_start(pump, NULL);
        }
        if (error) {
            close(ep);
            close(ev);
            pump_epoll = pump_event = -1;
        }
    }
    host_mutex_unlock(&pump_lock);
    return error;
}

/* --- the interface --- */

int host_socket_open(bool datagram, bool v6, const struct host_socket_user *user, void *arg,
                     struct host_socket **out)
{
    const int on = 1;
    int error = start_pump();
    if (error)
        return error;
    int fd = socket(v6 ? AF_INET6 : AF_INET,
                    (datagram ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (v6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (!datagram) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    *out = wrap(fd, datagram, v6);
    if (!*out)
        return -L_ENOBUFS;
    (*out)->base.user = user;
    (*out)->base.arg = arg;
    if (datagram) {
        host_mutex_lock(&(*out)->base.lock);
        (*out)->wants_in = true;
        arm(*out);
        host_mutex_unlock(&(*out)->base.lock);
    }
    return 0;
}

int host_socket_bind(struct host_socket *s, const struct host_address *address, bool reuse)
{
    const int on = reuse && !s->base.datagram;
    union socket_address a;
    socklen_t length = socket_to_host(address, s->base.v6, &a);
    host_mutex_lock(&s->base.lock);
    if (!s->base.dead)
        setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    int error = s->base.dead ? -L_EBADF : bind(s->fd, &a.any, length) ? -errno : 0;
    host_mutex_unlock(&s->base.lock);
    return error;
}

int host_socket_listen(struct host_socket *s, int backlog)
{
    host_mutex_lock(&s->base.lock);
    int error = s->base.dead ? -L_EBADF : listen(s->fd, backlog) ? -errno : 0;
    if (!error) {
        s->base.listening = s->wants_in = true;
        arm(s);
    }
    host_mutex_unlock(&s->base.lock);
    return error;
}

int host_socket_connect(struct host_socket *s, const struct host_address *address)
{
    union socket_address a = {.any.sa_family = AF_UNSPEC};
    socklen_t length = address ? socket_to_host(address, s->base.v6, &a) : sizeof(a.any);
    host_mutex_lock(&s->base.lock);
    int error = s->base.dead ? -L_EBADF : connect(s->fd, &a.any, length) ? -errno : 0;
    if (!s->base.datagram && (!error || error == -L_EINPROGRESS)) {
        s->base.connecting = true;
        arm(s);
        error = 0;
    }
    host_mutex_unlock(&s->base.lock);
    return error;
}

void socket_started(struct host_socket *s)
{
    const int on = 1;
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    s->wants_in = true;
    arm(s);
}

void host_socket_receive(struct host_socket *s)
{
    uint8_t *buffer = s->base.datagram || s->base.listening ? NULL : malloc(HOST_DATAGRAM_MAX);
    host_mutex_lock(&s->base.lock);
    s->wants_in = !s->base.dead;
    if (buffer && socket_is_open(&s->base))
        take_bytes(s, buffer);
    if (s->wants_in)
        arm(s);
    host_mutex_unlock(&s->base.lock);
    free(buffer);
}

void host_socket_await(struct host_socket *s)
{
    host_mutex_lock(&s->base.lock);
    s->wants_in = !s->base.dead;
    arm(s);
    host_mutex_unlock(&s->base.lock);
}

void host_socket_check(struct host_socket *s)
{
    (void)s; /* the pump hears of it */
}

int host_socket_send_to(struct host_socket *s, const void *bytes, size_t n,
                        const struct host_address *address)
{
    union socket_address a;
    socklen_t length = address ? socket_to_host(address, s->base.v6, &a) : 0;
    int error = -L_EBADF;
    host_mutex_lock(&s->base.lock);
    if (!s->base.dead)
        error = sendto(s->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT, address ? &a.any : NULL,
                       length) < 0
                    ? -errno
                    : 0;
    if (error && !s->base.dead)
        take_all_returned(s);
    host_mutex_unlock(&s->base.lock);
    return error;
}

void host_socket_want_returned(struct host_socket *s)
{
    const int on = 1;
    host_mutex_lock(&s->base.lock);
    if (!s->base.dead)
        s->wants_returned = !setsockopt(s->fd, s->base.v6 ? IPPROTO_IPV6 : IPPROTO_IP,
                                        s->base.v6 ? IPV6_RECVERR : IP_RECVERR, &on, sizeof(on));
    host_mutex_unlock(&s->base.lock);
}

void host_socket_linger(struct host_socket *s, unsigned seconds)
{
    host_mutex_lock(&s->base.lock);
    s->linger_s = seconds;
    host_mutex_unlock(&s->base.lock);
}

void socket_resets(struct host_socket *s)
{
    const struct linger now = {1, 0};
    setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static void set_tcp(int fd, int name, uint32_t value)
{
    setsockopt(fd, IPPROTO_TCP, name, &value, sizeof(value));
}

static int set_device(int fd, uint32_t device)
{
    char name[IF_NAMESIZE] = "";
    if (device && !if_indextoname(device, name))
        return -L_ENODEV;
    return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, sizeof(name)) ? -errno : 0;
}

int host_socket_set_device(struct host_socket *s, uint32_t device)
{
    host_mutex_lock(&s->base.lock);
    int error = s->base.dead ? 0 : set_device(s->fd, device);
    host_mutex_unlock(&s->base.lock);
    return error;
}

int host_socket_may_use(uint32_t device)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int error = set_device(fd, device);
    close(fd);
    return error;
}

void host_socket_mark(struct host_socket *s, unsigned hops, unsigned service)
{
    const int level = s->base.v6 ? IPPROTO_IPV6 : IPPROTO_IP;
    const int hop_limit = (int)hops, type = (int)service;
    host_mutex_lock(&s->base.lock);
    if (!s->base.dead) {
        setsockopt(s->fd, level, s->base.v6 ? IPV6_UNICAST_HOPS : IP_TTL, &hop_limit,
                   sizeof(hop_limit));
        setsockopt(s->fd, level, s->base.v6 ? IPV6_TCLASS : IP_TOS, &type, sizeof(type));
    }
    host_mutex_unlock(&s->base.lock);
}

void host_socket_tune(struct host_socket *s, const struct host_tuning *tuning)
{
    const int on = tuning->keepalive;
    host_mutex_lock(&s->base.lock);
    if (!s->base.dead) {
        set_tcp(s->fd, TCP_KEEPIDLE, tuning->idle_s);
        set_tcp(s->fd, TCP_KEEPINTVL, tuning->interval_s);
        set_tcp(s->fd, TCP_KEEPCNT, tuning->count);
        set_tcp(s->fd, TCP_USER_TIMEOUT, tuning->user_timeout_ms);
        setsockopt(s->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    }
    host_mutex_unlock(&s->base.lock);
}
