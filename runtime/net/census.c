/* All sockets. */
#include "runtime/net/census.h"
#include "runtime/net/counts.h"

#include "runtime/abi/errno.h"
#include "runtime/host/heap.h"
#include "runtime/host/time.h"
#include "runtime/net/unix.h"
#include <string.h>

_Atomic uint64_t net_counts[NET_COUNTS];

/* Rows that are filled under a lock, where memory is not asked for. */
struct census {
    void *rows;
    size_t size; /* of one */
    unsigned count, room;
};

/* The next row, or NULL: it is counted and there is no room for it. */
static void *next_row(struct census *census)
{
    unsigned at = census->count++;
    if (at >= census->room)
        return NULL;
    void *row = (uint8_t *)census->rows + at * census->size;
    memset(row, 0, census->size);
    return row;
}

/* Counts with `fill` until there is room for all. */
static int take(struct census *census, void (*fill)(struct census *, bool), bool kind, void **rows,
                unsigned *count)
{
    for (;;) {
        census->count = 0;
        fill(census, kind);
        if (census->count <= census->room)
            break;
        free(census->rows);
        census->room = census->count + census->count / 8 + 16;
        census->rows = calloc(census->room, census->size);
        if (!census->rows)
            return -L_ENOMEM;
    }
    *rows = census->rows;
    *count = census->count;
    return 0;
}

/* --- of the network --- */

static uint8_t state_of(const struct inet_socket *s)
{
    if (s->stream)
        return inet_tcp_state_locked(s);
    return s->state == INET_CONNECTED ? L_TCP_ESTABLISHED : L_TCP_CLOSE;
}

static void add_inet(void *arg, struct inet_socket *s)
{
    uint8_t state = state_of(s);
    if (s->stream && state == L_TCP_CLOSE)
        return; /* Linux has it in no table either */
    struct inet_row *row = next_row(arg);
    if (!row)
        return;
    row->v6 = s->v6;
    row->lite = s->lite;
    row->v6_only = s->options.v6_only;
    row->state = state;
    row->shut = (uint8_t)(s->read_shut | s->write_shut << 1);
    row->local = s->outer.port ? s->outer : s->local;
    row->remote = s->remote;
    if (!s->remote.port)
        inet_set_any(&row->remote, !s->v6);
    if (state == L_TCP_TIME_WAIT || state == L_TCP_SYN_RECV) { /* nobody's any more, or not yet */
        uint64_t now = host_clock_monotonic_ns();
        row->timer = state == L_TCP_TIME_WAIT ? 3 : 1;
        row->refs = state == L_TCP_TIME_WAIT ? 3 : 0;
        row->timer_ns = state == L_TCP_TIME_WAIT  ? INET_WAITS_NS
                        : s->deferred_until > now ? s->deferred_until - now
                                                  : 0;
        return;
    }
    row->refs = atomic_load(&s->refs);
    row->drops = s->drops;
    row->uid = s->uid;
    row->ino = s->file ? s->file->inode->ino : 0;
    if (s->state == INET_LISTENING) {
        row->receive = s->pending.count;
        row->send = s->backlog;
    } else {
        row->receive = (uint32_t)s->in.bytes;
        row->send = s->stream ? (uint32_t)inet_unsent_locked(s) : 0;
    }
}

static void add_wait(void *arg, const struct inet_wait_row *wait)
{
    struct inet_row *row = next_row(arg);
    if (!row)
        return;
    row->v6 = wait->v6;
    row->state = wait->half ? L_TCP_FIN_WAIT2 : L_TCP_TIME_WAIT;
    row->local = wait->local;
    row->remote = wait->remote;
    row->refs = 3;
    row->timer = 3;
    row->timer_ns = wait->left_ns;
}

static void fill_inet(struct census *census, bool stream)
{
    host_mutex_lock(&inet_lock);
    inet_names_each_locked(stream, add_inet, census);
    if (stream)
        inet_waits_each_locked(add_wait, census);
    host_mutex_unlock(&inet_lock);
}

int census_inet(bool stream, struct inet_row **rows, unsigned *count)
{
    struct census census = {.size = sizeof(**rows)};
    return take(&census, fill_inet, stream, (void **)rows, count);
}

/* --- AF_UNIX --- */

static uint64_t ino_of(const struct unix_socket *s)
{
    return s && s->file ? s->file->inode->ino : 0;
}

static void add_unix(struct census *census, const struct unix_socket *s)
{
    struct unix_row *row = next_row(census);
    if (!row)
        return;
    row->type = s->type;
    row->listening = s->state == UNIX_LISTENING;
    row->connected = s->state == UNIX_CONNECTED;
    row->shut = (uint8_t)(s->read_shut | s->write_shut << 1);
    row->ino = ino_of(s);
    row->peer_ino = ino_of(s->peer);
    if (s->inode) {
        row->file_ino = s->inode->ino;
        row->file_dev = s->inode->super->dev;
    }
    row->receive = row->listening ? s->pending_count : (uint32_t)s->queued;
    row->send = row->listening ? s->backlog : (uint32_t)s->sent;
    row->refs = atomic_load(&s->refs) + (s->file != NULL); /* Linux: of the file and its inode */
    row->name = s->name;
}

static void fill_unix(struct census *census, bool kind)
{
    (void)kind;
    host_mutex_lock(&unix_lock);
    for (const struct unix_socket *s = unix_first_locked(); s; s = s->all_next)
        add_unix(census, s);
    host_mutex_unlock(&unix_lock);
}

int census_unix(struct unix_row **rows, unsigned *count)
{
    struct census census = {.size = sizeof(**rows)};
    return take(&census, fill_unix, false, (void **)rows, count);
}
