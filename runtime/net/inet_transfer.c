/* The bytes of streams: sending and receiving. */
#include "runtime/abi/errno.h"
#include "runtime/abi/poll.h"
#include "runtime/fs/vfs/sigio.h"
#include "runtime/host/heap.h"
#include "runtime/host/time.h"
#include "runtime/net/counts.h"
#include "runtime/net/inet.h"
#include "runtime/net/inet_host.h"
#include "runtime/task/process.h"
#include "runtime/task/task.h"
#include <string.h>

/* More is not put into one piece: the receiver can start before all is there. */
#define PIECE_MOST  ((size_t)65536)
#define LINK_MOST   ((size_t)1 << 20) /* that waits for the host to send it */
#define PIECE_LEAST ((size_t)1024 - sizeof(struct inet_piece))

/* Pieces of the largest kind that nobody has, as many as one stream has on its way at most: in
 * steady state it takes those, which are in the processor's caches, and asks for no memory. With
 * inet_lock. */
#define POOL_MOST 44u
static struct inet_piece *pool;
static unsigned pooled;

static struct inet_piece *pool_take_locked(void)
{
    struct inet_piece *piece = pool;
    if (piece) {
        pool = piece->next;
        pooled--;
    }
    return piece;
}

static bool pool_give_locked(struct inet_piece *piece)
{
    if (piece->room != PIECE_MOST || pooled == POOL_MOST)
        return false;
    piece->next = pool;
    pool = piece;
    pooled++;
    return true;
}

void inet_pieces_free(struct inet_piece *piece)
{
    while (piece) {
        struct inet_piece *next = piece->next;
        free(piece);
        piece = next;
    }
}

/* --- room --- */

/* Bytes that may lie in the receiver's queue. */
static size_t limit_of(const struct inet_socket *s)
{
    if (s->links[0])
        return s->options.send_buffer < LINK_MOST ? s->options.send_buffer : LINK_MOST;
    return (size_t)s->options.send_buffer + (s->peer ? s->peer->options.receive_buffer : 0);
}

static size_t queued_of(const struct inet_socket *s)
{
    if (s->links[0])
        return s->links[0]->out.bytes;
    return s->peer ? s->peer->in.bytes : 0;
}

bool inet_writable_locked(const struct inet_socket *s)
{
    return queued_of(s) <= limit_of(s) / 3 * 2;
}

size_t inet_unsent_locked(const struct inet_socket *s)
{
    size_t queued = queued_of(s);
    if (s->links[0])
        return queued;
    size_t own = s->peer ? s->peer->options.receive_buffer : 0;
    return queued > own ? queued - own : 0;
}

bool inet_lingered_locked(const struct inet_socket *s)
{
    return s->lingers && !inet_unsent_locked(s);
}

/* --- sending --- */

static bool can_send(void *arg)
{
    const struct inet_socket *s = arg;
    host_mutex_lock(&inet_lock);
    bool ready =
        s->write_shut || s->error ||
        (s->state != INET_CONNECTING && (s->state != INET_CONNECTED || inet_writable_locked(s)));
    host_mutex_unlock(&inet_lock);
    return ready;
}

/* How much a piece has room for when it begins with n bytes. */
static size_t room_for(size_t n, size_t queued)
{
    size_t room = queued < PIECE_MOST ? queued : PIECE_MOST;
    if (room < PIECE_LEAST)
        room = PIECE_LEAST;
    return room < n ? n : room;
}

/* used: one with so much room that is taken for it; NULL: a new one. */
static struct inet_piece *make_piece(struct inet_piece *used, const void *data, size_t n,
                                     size_t room)
{
    struct inet_piece *piece = used ? used : malloc(sizeof(*piece) + room);
    if (!piece)
        return NULL;
    memset(piece, 0, sizeof(*piece));
    piece->room = room;
    piece->size = n;
    memcpy(piece->data, data, n);
    return piece;
}

static size_t memory_of(const struct inet_piece *piece)
{
    return sizeof(*piece) + piece->room;
}

static void append_piece(struct inet_queue *queue, struct inet_piece *piece)
{
    *(queue->last ? &queue->last->next : &queue->first) = piece;
    queue->last = piece;
    queue->bytes += piece->size;
    queue->held += memory_of(piece);
}

static int error_locked(struct inet_socket *s)
{
    int error = s->error;
    s->error = 0;
    return -error;
}

/* Why nothing can be sent at all; 0: it can. */
static int refusal_locked(struct inet_socket *s)
{
    if (s->error)
        return error_locked(s);
    if (s->write_shut || (s->state != INET_CONNECTED && s->state != INET_CONNECTING))
        return -L_EPIPE;
    return 0;
}

static void drop_locked(struct inet_socket *s, size_t n, struct inet_piece **done);

/* Marks the last byte that was queued as urgent. One before it that is next to be read, and was
 * not, is lost. */
static void mark_urgent_locked(struct inet_socket *to, uint8_t byte, struct inet_piece **done)
{
    if (to->urgent && !to->options.oob_inline && to->urgent_at == to->read_at && to->in.bytes > 1)
        drop_locked(to, 1, done);
    to->urgent = to->urgent_unread = true;
    to->urgent_at = to->read_at + to->in.bytes - 1;
    to->urgent_byte = byte;
}

/* What has become of a piece of a send. */
struct sending {
    const uint8_t *data;
    size_t n;
    bool urgent, outside;
    struct inet_piece *made;      /* holds the first made->size bytes of it */
    size_t room;                  /* that one is to have, when there is none */
    struct inet_piece *used;      /* that is to become it */
    struct inet_socket *to;       /* referenced: has to be woken */
    struct inet_socket *listener; /* likewise, as `to` can be accepted now */
    struct inet_piece *done;      /* nobody's any more */
    struct file_owner owner;      /* of the receiver's file; id 0: nobody to tell of urgent data */
};

enum { SEND_WAIT = -10000, SEND_MAKE };

static void copy_locked(const struct inet_socket *s, size_t skip, uint8_t *data, size_t n,
                        uint64_t *time);

/* Whether the filter of s takes bytes of its queue, behind so many others. */
static bool takes_locked(struct inet_socket *s, size_t skip, size_t n)
{
    struct socket_packet packet;
    uint64_t time = 0;
    if (!socket_filter_is_set(&s->filter))
        return true;
    uint8_t *data = malloc(n ? n : 1);
    if (!data)
        return false; /* as if it was lost */
    copy_locked(s, skip, data, n, &time);
    inet_packet_segment(&s->remote, &s->local, s->read_at + skip, data, n, &packet);
    bool taken = socket_filter_keeps(&s->filter, &packet) > (int64_t)packet.transport;
    free(data);
    return taken;
}

/* n bytes more have come to s. */
static void filter_locked(struct inet_socket *s, size_t n)
{
    size_t before = s->in.bytes - n;
    if (s->blocked || takes_locked(s, before, n))
        return;
    s->blocked = true;
    s->blocked_at = s->read_at + before;
}

void inet_stream_filter_changed(struct inet_socket *s)
{
    host_mutex_lock(&inet_lock);
    bool freed = false;
    if (s->stream && s->blocked) {
        size_t before = inet_seen_locked(s), n = s->in.bytes - before;
        freed = takes_locked(s, before, n < PIECE_MOST ? n : PIECE_MOST);
        s->blocked = !freed;
    }
    host_mutex_unlock(&inet_lock);
    if (freed)
        inet_wake_all(s);
}

/* The count that was queued, an errno, SEND_WAIT for room, SEND_MAKE when a piece is needed. */
static int64_t queue_locked(struct inet_socket *s, struct sending *w)
{
    int error = refusal_locked(s);
    if (error)
        return error;
    if (s->state == INET_CONNECTING)
        return SEND_WAIT;
    struct inet_socket *to = s->peer;
    if (!to && !s->links[0]) { /* it has closed, and answers with a reset */
        inet_wait_ends_locked(s, true);
        inet_reset_locked(s);
        w->to = inet_get(s);
        return (int64_t)w->n;
    }
    struct inet_queue *queue = s->links[0] ? &s->links[0]->out : &to->in;
    size_t limit = limit_of(s), queued = queue->bytes;
    if (queued >= limit) {
        async_no_room(s->file);
        return SEND_WAIT;
    }
    size_t n = w->n < limit - queued ? w->n : limit - queued;
    struct inet_piece *last = queue->last;
    if (w->made) {
        n = w->made->size;
        append_piece(queue, w->made);
        w->made = NULL;
    } else if (last && last->room - last->size >= n) {
        memcpy(last->data + last->size, w->data, n);
        last->size += n;
        queue->bytes += n;
    } else {
        w->n = n < PIECE_MOST ? n : PIECE_MOST;
        w->room = room_for(w->n, queued);
        w->used = w->room == PIECE_MOST ? pool_take_locked() : NULL;
        return SEND_MAKE;
    }
    s->sent_at += n;
    net_count(TCP_OUT_SEGMENTS);
    w->outside = s->links[0] != NULL;
    if (w->outside)
        return (int64_t)n;
    net_count(TCP_IN_SEGMENTS);
    if (to->options.timestamp || to->options.timestamp_ns || to->options.timestamping)
        queue->last->time_ns = host_clock_realtime_ns();
    if (w->urgent) {
        mark_urgent_locked(to, w->data[n - 1], &w->done);
        if (to->file) {
            host_mutex_lock(&to->file->owner_lock);
            w->owner = to->file->owner;
            host_mutex_unlock(&to->file->owner_lock);
        }
    }
    filter_locked(to, n);
    w->to = inet_get(to);
    w->listener = inet_defer_ends_locked(to);
    return (int64_t)n;
}

/* Sends some of n bytes. */
static int64_t send_some(struct inet_socket *s, const uint8_t *data, size_t n, uint32_t flags,
                         uint64_t deadline)
{
    size_t most = n < PIECE_MOST ? n : PIECE_MOST;
    struct sending w = {.data = data, .n = most, .urgent = (flags & L_MSG_OOB) && most == n};
    int64_t result;
    for (;;) {
        host_mutex_lock(&inet_lock);
        result = queue_locked(s, &w);
        host_mutex_unlock(&inet_lock);
        if (result == SEND_MAKE) {
            w.urgent = w.urgent && w.n == n;
            w.made = make_piece(w.used, data, w.n, w.room);
            w.used = NULL;
            if (w.made)
                continue;
            result = -L_ENOMEM;
        }
        if (result != SEND_WAIT)
            break;
        if (flags & L_MSG_DONTWAIT)
            result = -L_EAGAIN;
        else
            result = wait_until(&s->write_wait, can_send, s, deadline);
        if (!result)
            continue;
        result = flags & L_MSG_DONTWAIT ? result : socket_wait_error((int)result, deadline);
        break;
    }
    free(w.made);
    inet_pieces_free(w.done);
    if (w.owner.id)
        async_urgent(&w.owner);
    if (w.outside)
        inet_host_send(s);
    if (w.to) {
        if (w.to == s)
            inet_wake_all(s);
        else
            waitq_wake(&w.to->read_wait, L_POLLIN | L_POLLRDNORM | (w.urgent ? L_POLLPRI : 0));
        inet_put(w.to);
    }
    if (w.listener)
        inet_wake_readers(w.listener);
    inet_put(w.listener);
    return result;
}

static int64_t broken(uint32_t flags)
{
    struct task *t = task_current();
    if (t && !(flags & L_MSG_NOSIGNAL))
        signal_send_task(t, L_SIGPIPE, NULL);
    return -L_EPIPE;
}

int64_t inet_stream_send(struct inet_socket *s, const void *data, size_t n, uint32_t flags)
{
    uint64_t deadline = socket_deadline(s->options.send_timeout_ns);
    size_t done = 0;
    int64_t result = 0;
    if (!n) {
        host_mutex_lock(&inet_lock);
        result = refusal_locked(s);
        host_mutex_unlock(&inet_lock);
    }
    while (done < n) {
        result = send_some(s, (const uint8_t *)data + done, n - done, flags, deadline);
        if (result < 0)
            break;
        done += (size_t)result;
    }
    if (done || result >= 0)
        return (int64_t)done;
    return result == -L_EPIPE ? broken(flags) : result;
}

/* --- receiving --- */

size_t inet_seen_locked(const struct inet_socket *s)
{
    if (!s->blocked)
        return s->in.bytes;
    return s->blocked_at > s->read_at ? (size_t)(s->blocked_at - s->read_at) : 0;
}

bool inet_fin_locked(const struct inet_socket *s)
{
    return s->fin && !s->blocked;
}

/* Bytes that a reader gets before the mark of urgent data, or all; the urgent byte itself is not
 * among them unless SO_OOBINLINE says so. */
static size_t plain_locked(const struct inet_socket *s)
{
    size_t bytes = inet_seen_locked(s);
    if (!s->urgent || s->options.oob_inline || s->urgent_at < s->read_at ||
        s->urgent_at >= s->read_at + bytes)
        return bytes;
    return bytes - 1;
}

bool inet_readable_locked(const struct inet_socket *s)
{
    size_t bytes = plain_locked(s), low = s->options.receive_low;
    return bytes && bytes >= (low < s->options.receive_buffer ? low : s->options.receive_buffer);
}

static void drop_locked(struct inet_socket *s, size_t n, struct inet_piece **done)
{
    s->in.bytes -= n;
    s->read_at += n;
    while (n) {
        struct inet_piece *piece = s->in.first;
        size_t left = piece->size - piece->taken, part = left < n ? left : n;
        piece->taken += part;
        n -= part;
        if (piece->taken < piece->size)
            break;
        s->in.first = piece->next;
        if (!s->in.first)
            s->in.last = NULL;
        s->in.held -= memory_of(piece);
        if (pool_give_locked(piece))
            continue;
        piece->next = *done;
        *done = piece;
    }
}

/* The time of the last piece that was copied from, in *time when that is kept. */
static void copy_locked(const struct inet_socket *s, size_t skip, uint8_t *data, size_t n,
                        uint64_t *time)
{
    const struct inet_piece *piece = s->in.first;
    while (n) {
        size_t left = piece->size - piece->taken;
        if (skip < left) {
            size_t part = left - skip < n ? left - skip : n;
            memcpy(data, piece->data + piece->taken + skip, part);
            *time = piece->time_ns ? piece->time_ns : *time;
            data += part;
            n -= part;
            skip = 0;
        } else {
            skip -= left;
        }
        piece = piece->next;
    }
}

/* Takes up to n bytes, from an offset on when it only peeks, as far as urgent data lets it: a read
 * ends before the mark, and the next starts behind the urgent byte. */
static size_t take_locked(struct inet_socket *s, uint8_t *data, size_t n, bool peek, size_t offset,
                          uint64_t *time, struct inet_piece **done)
{
    size_t skip = 0, seen = inet_seen_locked(s) - offset, got = seen < n ? seen : n;
    if (s->urgent && s->urgent_at >= s->read_at + offset) {
        uint64_t before = s->urgent_at - s->read_at - offset;
        if (before == 0 && !s->options.oob_inline) {
            skip = 1;
            got = seen - 1 < n ? seen - 1 : n;
        } else if (before && before < got) {
            got = (size_t)before;
        }
    }
    copy_locked(s, offset + skip, data, got, time);
    if (peek)
        return got;
    socket_taken(&s->peek_off, got);
    if (skip + got) {
        drop_locked(s, skip + got, done);
        if (s->urgent && s->urgent_at < s->read_at)
            s->urgent = s->urgent_unread = false;
    }
    return got;
}

static bool ended_locked(const struct inet_socket *s)
{
    return inet_fin_locked(s) || s->read_shut || s->state == INET_NEW ||
           s->state == INET_LISTENING || s->state == INET_OVER;
}

struct receiving {
    struct inet_socket *s;
    size_t beyond; /* wakes when more than that lies there (MSG_PEEK) */
};

static bool can_receive(void *arg)
{
    const struct receiving *w = arg;
    host_mutex_lock(&inet_lock);
    bool ready = w->s->error || ended_locked(w->s) || plain_locked(w->s) > w->beyond ||
                 inet_host_offers_locked(w->s);
    host_mutex_unlock(&inet_lock);
    return ready;
}

/* Nothing lies there. 1: wait. */
static int nothing_locked(struct inet_socket *s)
{
    if (inet_fin_locked(s))
        return 0;
    if (s->error)
        return error_locked(s);
    if (s->read_shut)
        return 0;
    if (s->state == INET_NEW || s->state == INET_LISTENING)
        return -L_ENOTCONN;
    return s->state == INET_OVER ? 0 : 1;
}

static int64_t receive_urgent(struct inet_socket *s, uint8_t *data, size_t n, bool peek)
{
    int64_t result = -L_EINVAL;
    host_mutex_lock(&inet_lock);
    if (!s->options.oob_inline && s->urgent && s->urgent_unread) {
        result = n ? 1 : 0;
        if (n)
            *data = s->urgent_byte;
        if (!peek)
            s->urgent_unread = false;
    } else if (s->state == INET_NEW || s->state == INET_OVER) {
        result = s->options.oob_inline ? -L_EINVAL : -L_ENOTCONN;
    }
    host_mutex_unlock(&inet_lock);
    return result;
}

/* A receive ends with that count. */
static int64_t peeked(struct inet_socket *s, bool peek, size_t n)
{
    if (!peek || s->peek_off < 0)
        return (int64_t)n;
    host_mutex_lock(&inet_lock);
    socket_peeked(&s->peek_off, n);
    host_mutex_unlock(&inet_lock);
    return (int64_t)n;
}

int64_t inet_stream_receive(struct inet_socket *s, void *data, size_t n, uint32_t flags,
                            struct socket_received *out)
{
    uint64_t deadline = socket_deadline(s->options.receive_timeout_ns);
    bool peek = flags & L_MSG_PEEK;
    size_t low = s->options.receive_low, got = 0;
    size_t wanted = flags & L_MSG_WAITALL ? n : low < n ? low : n;
    uint64_t time = 0; /* of what was read last */
    memset(out, 0, sizeof(*out));
    out->discarded = flags & L_MSG_TRUNC;
    if (flags & L_MSG_OOB)
        return receive_urgent(s, data, n, peek);
    for (;;) {
        if (peek)
            inet_host_look(s);
        struct inet_piece *done = NULL;
        struct inet_socket *writer = NULL;
        int result = 1;
        host_mutex_lock(&inet_lock);
        bool before = !s->peer || inet_writable_locked(s->peer), outside = s->links[0];
        size_t most = plain_locked(s), offset = peek && s->peek_off > 0 ? (size_t)s->peek_off : 0;
        most = most > offset ? most - offset : 0;
        if (most) {
            size_t part =
                take_locked(s, (uint8_t *)data + got, n - got, peek, offset, &time, &done);
            got += part;
            out->note_count = 0;
            if (time)
                inet_note_times_locked(s, time, out);
        }
        if (!most)
            result = got ? !(s->error || ended_locked(s)) : nothing_locked(s);
        else if (peek)
            result = !ended_locked(s) && !s->error;
        if (s->peer &&
            ((!before && inet_writable_locked(s->peer)) || inet_lingered_locked(s->peer)))
            writer = inet_get(s->peer);
        host_mutex_unlock(&inet_lock);
        inet_pieces_free(done);
        if (most && !peek && outside)
            inet_host_receive(s);
        if (writer)
            waitq_wake(&writer->write_wait, L_POLLOUT | L_POLLWRNORM);
        inet_put(writer);
        if (result < 0)
            return result;
        if ((most || got) && (got >= wanted || result == 0))
            return peeked(s, peek, got);
        if (result == 0)
            return 0;
        if (most && !peek)
            continue;
        bool takes = outside && !peek;
        int64_t more = !takes ? 0 : inet_host_take(s, (uint8_t *)data + got, n - got);
        got += more > 0 ? (size_t)more : 0;
        if (more > 0 && got >= wanted)
            return (int64_t)got;
        if (more)
            continue;
        if (flags & L_MSG_DONTWAIT)
            return got ? peeked(s, peek, got) : -L_EAGAIN;
        if (takes)
            inet_host_await(s);
        struct receiving waiting = {s, peek ? offset + got : 0};
        int error = wait_until(&s->read_wait, can_receive, &waiting, deadline);
        if (error)
            return got ? peeked(s, peek, got) : socket_wait_error(error, deadline);
        if (peek)
            got = 0;
    }
}

int inet_stream_arrived(struct inet_socket *s, const void *data, size_t n)
{
    struct inet_piece *piece = NULL;
    struct inet_socket *listener = NULL;
    net_count(TCP_IN_SEGMENTS);
    host_mutex_lock(&inet_lock);
    struct inet_piece *last = s->in.last;
    bool fits = last && last->room - last->size >= n;
    if (fits) {
        memcpy(last->data + last->size, data, n);
        last->size += n;
        s->in.bytes += n;
        filter_locked(s, n);
    }
    size_t queued = s->in.bytes;
    host_mutex_unlock(&inet_lock);
    if (!fits) {
        piece = make_piece(NULL, data, n, room_for(n, queued));
        if (!piece)
            return -L_ENOMEM;
        host_mutex_lock(&inet_lock);
        append_piece(&s->in, piece);
        filter_locked(s, n);
        listener = inet_defer_ends_locked(s);
        host_mutex_unlock(&inet_lock);
    }
    if (listener)
        inet_wake_readers(listener);
    inet_put(listener);
    inet_wake_readers(s);
    return 0;
}
