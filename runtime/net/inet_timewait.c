/*
 * Names of connections that are over: who ended one first keeps its address for a while, lest a
 * late segment of it be taken for another's (FIN_WAIT2 and TIME_WAIT of tcp(7)).
 */
#include "runtime/host/heap.h"
#include "runtime/host/time.h"
#include "runtime/net/inet.h"

#define BUCKETS    4096u
#define WAITS_MOST 16384u

struct inet_wait {
    struct inet_wait_row row;
    bool reuse_address, reuse_port;
    uint32_t device;
    bool void_;               /* the other side has reset it */
    uint64_t until, forget;   /* it is taken for so long, and in the list */
    struct inet_socket *peer; /* that has not ended its side yet; not referenced */
    struct inet_wait *next_of_port, *next;
};

/* The oldest first; all last as long. */
static struct inet_wait *waiting[BUCKETS], *oldest, *newest;
static unsigned waiting_count;

static void forget_oldest(void)
{
    struct inet_wait *w = oldest, **link = &waiting[w->row.local.port % BUCKETS];
    while (*link != w)
        link = &(*link)->next_of_port;
    *link = w->next_of_port;
    oldest = w->next;
    newest = oldest ? newest : NULL;
    waiting_count--;
    if (w->peer)
        w->peer->left_behind = NULL;
    free(w);
}

static void forget_old(void)
{
    uint64_t now = host_clock_monotonic_ns();
    while (oldest && oldest->forget <= now)
        forget_oldest();
}

/* How long the other side may take for its end (TCP_LINGER2). */
static uint64_t half_ns(const struct inet_options *o)
{
    uint64_t ns = (uint64_t)o->linger2 * 1000000000;
    return o->linger2 == UINT32_MAX ? 0 : ns < INET_WAITS_NS ? ns : INET_WAITS_NS;
}

void inet_name_waits_locked(struct inet_socket *s)
{
    struct inet_wait *w = calloc(1, sizeof(*w));
    forget_old();
    if (waiting_count >= WAITS_MOST)
        forget_oldest();
    if (!w)
        return;
    w->row.v6 = s->v6;
    w->row.local = s->local;
    w->row.remote = s->remote;
    w->reuse_address = s->options.reuse_address;
    w->reuse_port = s->options.reuse_port;
    w->device = s->options.device;
    w->until = w->forget = host_clock_monotonic_ns() + INET_WAITS_NS;
    if (!s->fin && s->peer) {
        w->row.half = true;
        w->until -= INET_WAITS_NS - half_ns(&s->options);
        w->peer = s->peer;
        s->peer->left_behind = w;
    }
    w->next_of_port = waiting[s->local.port % BUCKETS];
    waiting[s->local.port % BUCKETS] = w;
    *(newest ? &newest->next : &oldest) = w;
    newest = w;
    waiting_count++;
}

void inet_wait_ends_locked(struct inet_socket *s, bool reset)
{
    struct inet_wait *w = s->left_behind;
    if (!w)
        return;
    s->left_behind = NULL;
    w->peer = NULL;
    w->row.half = false;
    if (w->until > host_clock_monotonic_ns())
        w->until = w->forget;
    w->void_ = reset;
}

bool inet_wait_conflicts_locked(const struct inet_socket *s, const struct inet_end *end)
{
    if (!s->stream)
        return false;
    uint64_t now = host_clock_monotonic_ns();
    forget_old();
    for (const struct inet_wait *w = waiting[end->port % BUCKETS]; w; w = w->next_of_port) {
        const struct inet_end *taken = &w->row.local;
        bool shares = (s->options.reuse_address && w->reuse_address) ||
                      (s->options.reuse_port && w->reuse_port) ||
                      (s->options.device && w->device && s->options.device != w->device);
        if (taken->port == end->port && !w->void_ && w->until > now && !shares &&
            inet_overlap(end, s->options.v6_only, taken, false))
            return true;
    }
    return false;
}

void inet_waits_each_locked(void (*call)(void *arg, const struct inet_wait_row *row), void *arg)
{
    uint64_t now = host_clock_monotonic_ns();
    forget_old();
    for (struct inet_wait *w = oldest; w; w = w->next) {
        w->row.left_ns = w->until > now ? w->until - now : 0;
        if (!w->void_ && w->until > now)
            call(arg, &w->row);
    }
}
