/* Sending and receiving over AF_UNIX sockets. */
#include "runtime/abi/errno.h"
#include "runtime/abi/poll.h"
#include "runtime/fs/vfs/sigio.h"
#include "runtime/host/heap.h"
#include "runtime/host/time.h"
#include "runtime/net/unix_rights.h"
#include "runtime/task/process.h"
#include "runtime/task/task.h"
#include <string.h>

/* A stream is cut into messages of this size, so that a reader can start before all is there, and
 * so that there are two of them in a buffer. */
#define STREAM_PIECE    ((size_t)32768)
#define PIECE_OVERHEAD  64u
#define PACKET_OVERHEAD 32u
#define PACKET_MOST     ((size_t)1 << 20) /* more is not copied at once */

static struct l_ucred sender(const struct unix_control *control)
{
    struct task *t = task_current();
    if (control && control->cred.pid)
        return control->cred;
    if (!t)
        return (struct l_ucred){0, 0, 0};
    return (struct l_ucred){t->process->pid, t->process->cred.uid, t->process->cred.gid};
}

/* What Linux's buffers for n bytes take: a head with what describes it, and pages. */
#define HEAD_STRUCT 256u
#define HEAD_SHARED 320u
#define HEAD_MOST   3776u /* of data */
#define PAGE        ((size_t)4096)

static size_t cost_of(size_t n)
{
    size_t head = 512;
    while (head < HEAD_SHARED + (n < HEAD_MOST ? n : HEAD_MOST))
        head *= 2;
    size_t paged = n > HEAD_MOST ? n - HEAD_MOST : 0;
    return HEAD_STRUCT + head + (paged + PAGE - 1) / PAGE * PAGE;
}

static struct unix_message *make_message(const struct unix_socket *s, const void *data, size_t n,
                                         struct l_ucred from)
{
    struct unix_message *m = malloc(sizeof(*m) + n);
    if (!m)
        return NULL;
    memset(m, 0, sizeof(*m));
    m->size = n;
    m->cost = cost_of(n);
    m->cred = from;
    m->from = s->name;
    memcpy(m->data, data, n);
    return m;
}

static size_t memory_of(const struct unix_message *m)
{
    return sizeof(*m) + m->size;
}

bool unix_has_room(const struct unix_socket *s, const struct unix_socket *to)
{
    return to->type == L_SOCK_STREAM || to->peer == s || to->messages < UNIX_DGRAMS;
}

bool unix_writable(const struct unix_socket *s)
{
    return s->sent * 4 <= s->send_buffer;
}

size_t unix_packet_most(const struct unix_socket *s)
{
    size_t most = s->send_buffer - PACKET_OVERHEAD;
    return most < PACKET_MOST ? most : PACKET_MOST;
}

static size_t stream_piece(const struct unix_socket *s)
{
    size_t half = s->send_buffer / 2 - PIECE_OVERHEAD;
    return half < STREAM_PIECE ? half : STREAM_PIECE;
}

void unix_message_left(struct unix_message *m)
{
    struct unix_socket *s = m->sender;
    bool before = unix_writable(s);
    s->sent -= m->cost;
    if (!before && unix_writable(s))
        waitq_wake(&s->write_wait, L_POLLOUT | L_POLLWRNORM);
}

struct sending {
    struct unix_socket *s, *to;
    bool own; /* its own buffer is full, not the other's queue */
};

static bool can_send(void *arg)
{
    const struct sending *w = arg;
    host_mutex_lock(&unix_lock);
    const struct unix_socket *s = w->s, *to = w->to;
    bool ready = s->write_shut || to->read_shut || to->state == UNIX_CLOSED ||
                 (w->own ? s->sent < s->send_buffer : unix_has_room(s, to));
    host_mutex_unlock(&unix_lock);
    return ready;
}

enum no_room { NO_BUFFER = 1, NO_QUEUE };

/* What is positive says which room lacks. unix_lock held. */
static int queue_locked(struct unix_socket *s, struct unix_socket *to, struct unix_message *m)
{
    if (s->error) {
        int error = s->error;
        s->error = 0;
        return -error;
    }
    if (s->write_shut)
        return -L_EPIPE;
    if (to->state == UNIX_CLOSED)
        return s->type == L_SOCK_DGRAM ? -L_ECONNREFUSED : -L_EPIPE;
    if (to->read_shut)
        return -L_EPIPE;
    bool own = s->sent >= s->send_buffer;
    if (own || !unix_has_room(s, to)) {
        async_no_room(s->file);
        if (!own && s->peer == to)
            unix_starve_locked(s);
        return own ? NO_BUFFER : NO_QUEUE;
    }
    m->sender = unix_get(s);
    s->sent += m->cost;
    rights_enter_locked(m->control);
    *(to->last ? &to->last->next : &to->first) = m;
    to->last = m;
    to->queued += m->size;
    to->held += memory_of(m);
    to->messages++;
    to->arrived++;
    return 0;
}

static int send_message(struct unix_socket *s, struct unix_socket *to, struct unix_message *m,
                        bool nonblock)
{
    uint64_t deadline = socket_deadline(s->send_timeout_ns);
    for (;;) {
        host_mutex_lock(&unix_lock);
        int error = queue_locked(s, to, m);
        host_mutex_unlock(&unix_lock);
        if (error == 0)
            waitq_wake(&to->read_wait, L_POLLIN | L_POLLRDNORM);
        if (error <= 0)
            return error;
        if (nonblock)
            return -L_EAGAIN;
        struct sending waiting = {s, to, error == NO_BUFFER};
        error = wait_until(waiting.own ? &s->write_wait : &to->write_wait, can_send, &waiting,
                           deadline);
        if (error)
            return socket_wait_error(error, deadline);
    }
}

/* The destination, referenced. */
static int destination(struct unix_socket *s, struct vfs_caller *caller,
                       const struct net_address *address, struct unix_socket **out)
{
    *out = NULL;
    if (address && s->type == L_SOCK_DGRAM) {
        int error = unix_find(caller, address, out);
        if (!error && (*out)->type != s->type) {
            unix_put(*out);
            return -L_EPROTOTYPE;
        }
        return error;
    }
    host_mutex_lock(&unix_lock);
    int error = 0;
    if (s->peer)
        *out = unix_get(s->peer);
    else
        error = s->state == UNIX_CLOSED ? -L_EPIPE : -L_ENOTCONN;
    if (address && s->type != L_SOCK_DGRAM)
        error = error ? -L_EOPNOTSUPP : -L_EISCONN;
    host_mutex_unlock(&unix_lock);
    if (error) {
        unix_put(*out);
        *out = NULL;
    }
    return error;
}

static int64_t broken(uint32_t flags, const struct unix_socket *s)
{
    struct task *t = task_current();
    if (t && !(flags & L_MSG_NOSIGNAL) && s->type == L_SOCK_STREAM)
        signal_send_task(t, L_SIGPIPE, NULL);
    return -L_EPIPE;
}

int64_t unix_send(struct unix_socket *s, struct vfs_caller *caller, const void *data, size_t n,
                  uint32_t flags, const struct net_address *to, struct unix_control *control)
{
    struct unix_socket *other;
    bool stream = s->type == L_SOCK_STREAM, queued = false;
    /* A message that is queued is the receiver's, and so is its control. */
    struct unix_control *files = control && control->file_count ? control : NULL;
    struct l_ucred from = sender(control);
    size_t done = 0;
    if (flags & L_MSG_OOB)
        return -L_EOPNOTSUPP;
    int error = destination(s, caller, to, &other);
    if (error)
        return error;
    size_t most = stream ? stream_piece(s) : unix_packet_most(s);
    if (!stream && n > most)
        error = -L_EMSGSIZE;
    while (!error && (done < n || (!stream && done == 0))) {
        size_t piece = n - done < most ? n - done : most;
        struct unix_message *m = make_message(s, (const uint8_t *)data + done, piece, from);
        if (!m) {
            error = -L_ENOMEM;
            break;
        }
        /* Descriptors travel with the first byte. */
        m->control = done == 0 ? files : NULL;
        int64_t kept =
            stream ? (int64_t)piece : socket_filter_keeps_data(&other->filter, m->data, piece);
        if (kept < 0) { /* nobody is told */
            free(m);
            done = piece;
            break;
        }
        m->size = (size_t)kept;
        error = send_message(s, other, m, flags & L_MSG_DONTWAIT);
        if (error) {
            free(m);
            break;
        }
        queued = true;
        done += piece;
        if (!stream)
            break;
    }
    unix_put(other);
    if (error && done == 0)
        return error == -L_EPIPE ? broken(flags, s) : error;
    if (!queued || !files)
        unix_control_free(control);
    return (int64_t)done;
}

/* --- receiving --- */

struct receiving {
    struct unix_socket *s;
    bool beyond; /* what lies there has been seen: another has to come */
    uint64_t arrived;
};

static bool can_receive(void *arg)
{
    const struct receiving *w = arg;
    const struct unix_socket *s = w->s;
    host_mutex_lock(&unix_lock);
    bool some = w->beyond ? s->arrived != w->arrived : s->first != NULL;
    bool ready = some || s->read_shut || s->error;
    host_mutex_unlock(&unix_lock);
    return ready;
}

/* The message that MSG_PEEK looks at, and where in it (SO_PEEK_OFF). NULL: all were seen. unix_lock
 * held. */
static struct unix_message *find_peeked(const struct unix_socket *s, size_t *offset)
{
    struct unix_message *m = s->first;
    *offset = s->peek_off > 0 ? (size_t)s->peek_off : 0;
    while (m && s->peek_off >= 0) {
        size_t left = m->size - m->taken;
        if (*offset < left || (!left && !*offset && !m->peeked && s->type != L_SOCK_STREAM))
            break;
        *offset -= left;
        m = m->next;
    }
    return m;
}

static struct unix_control *copy_control(const struct unix_control *control)
{
    struct unix_control *copy = malloc(sizeof(*copy));
    if (!copy)
        return NULL;
    *copy = *control;
    user_get(copy->user);
    for (uint32_t i = 0; i < copy->file_count; i++)
        file_get(copy->files[i]);
    return copy;
}

static void unlink_first(struct unix_socket *s, struct unix_message **done)
{
    struct unix_message *m = s->first;
    s->first = m->next;
    if (!s->first)
        s->last = NULL;
    s->messages--;
    s->held -= memory_of(m);
    unix_message_left(m);
    m->next = *done;
    *done = m;
}

/* A packet, or as much of a stream as is there up to the next descriptors, from m on, behind skip
 * bytes of it. unix_lock held; messages that are used up go to *done. */
static size_t take_locked(struct unix_socket *s, struct unix_message *m, size_t skip, uint8_t *data,
                          size_t n, uint32_t flags, struct socket_received *out,
                          struct unix_message **done)
{
    bool stream = s->type == L_SOCK_STREAM, peek = flags & L_MSG_PEEK;
    size_t got = 0;
    out->from = m->from;
    out->cred = m->cred;
    out->full_size = m->size - skip;
    while (m) {
        struct unix_message *next = m->next;
        size_t from = m->taken + skip, left = m->size - from;
        size_t piece = left < n - got ? left : n - got;
        if (m->control && got)
            break;
        memcpy(data + got, m->data + from, piece);
        got += piece;
        skip = 0;
        if (m->control && !out->control) {
            out->control = peek ? copy_control(m->control) : m->control;
            if (!peek) {
                rights_leave_locked(m->control);
                m->control = NULL;
            }
        }
        if (!stream && piece < left)
            out->flags |= L_MSG_TRUNC;
        if (peek) {
            m->peeked = m->size == 0;
            socket_peeked(&s->peek_off, piece);
        } else {
            socket_taken(&s->peek_off, stream ? piece : m->size);
            s->queued -= stream ? piece : m->size;
            m->taken += piece;
            if (m->taken == m->size || !stream)
                unlink_first(s, done);
        }
        if (!stream || got == n || out->control)
            break;
        m = next;
    }
    return got;
}

/* Nothing is queued. unix_lock held. 1: wait. */
static int64_t nothing_locked(struct unix_socket *s)
{
    if (s->error) {
        int error = s->error;
        s->error = 0;
        return -error;
    }
    if (s->read_shut)
        return 0;
    if (s->type != L_SOCK_DGRAM && s->state != UNIX_CONNECTED)
        return s->type == L_SOCK_STREAM ? -L_EINVAL : -L_ENOTCONN;
    return 1;
}

int64_t unix_receive(struct unix_socket *s, void *data, size_t n, uint32_t flags,
                     struct socket_received *out)
{
    uint64_t deadline = socket_deadline(s->receive_timeout_ns);
    size_t got = 0;
    memset(out, 0, sizeof(*out));
    if (flags & L_MSG_OOB)
        return -L_EOPNOTSUPP;
    for (;;) {
        struct unix_message *done = NULL;
        int64_t result = 0;
        size_t offset = 0;
        host_mutex_lock(&unix_lock);
        struct receiving waiting = {s, (flags & L_MSG_PEEK) && s->first, s->arrived};
        struct unix_message *m = flags & L_MSG_PEEK ? find_peeked(s, &offset) : s->first;
        bool some = m && (n || s->type != L_SOCK_STREAM);
        if (some) {
            got += take_locked(s, m, offset, (uint8_t *)data + got, n - got, flags, out, &done);
        } else if (n || s->type != L_SOCK_STREAM) {
            result = nothing_locked(s);
        }
        /* Those for whom there was no room in this queue. */
        bool shorter = done && s->type == L_SOCK_DGRAM && s->messages < UNIX_DGRAMS;
        if (shorter)
            unix_room_locked(s);
        host_mutex_unlock(&unix_lock);
        unix_messages_free(done);
        if (shorter)
            waitq_wake(&s->write_wait, L_POLLOUT | L_POLLWRNORM);
        size_t low = s->common.receive_low, wanted = flags & L_MSG_WAITALL || low > n ? n : low;
        bool whole =
            got < wanted && s->type == L_SOCK_STREAM && !out->control && !(flags & L_MSG_PEEK);
        if (some && !whole)
            return (int64_t)got;
        if (!some && result != 1)
            return got ? (int64_t)got : result;
        if (flags & L_MSG_DONTWAIT)
            return got ? (int64_t)got : -L_EAGAIN;
        int error = wait_until(&s->read_wait, can_receive, &waiting, deadline);
        if (error)
            return got ? (int64_t)got : socket_wait_error(error, deadline);
    }
}
