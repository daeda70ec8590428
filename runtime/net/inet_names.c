/* Who is bound to which port: one table for streams, one for datagrams, one for UDP-Lite. */
#include "runtime/abi/errno.h"
#include "runtime/host/random.h"
#include "runtime/net/inet.h"
#include "runtime/net/inet_port.h"

#define BUCKETS         4096u
#define EPHEMERAL_FIRST 32768u /* net.ipv4.ip_local_port_range */
#define EPHEMERAL_LAST  60999u

/* Listeners and those that connect or are bound; apart from them, what listeners accepted. */
static struct inet_socket *names[3][BUCKETS], *children[3][BUCKETS];

/* Which of the tables s is in. */
static unsigned table_of(const struct inet_socket *s)
{
    return s->stream ? 1 : s->lite ? 2 : 0;
}

static struct inet_socket **bucket(const struct inet_socket *s, uint16_t port)
{
    return s->child ? &children[table_of(s)][port % BUCKETS] : &names[table_of(s)][port % BUCKETS];
}

bool inet_sees(const struct inet_socket *s, uint32_t via)
{
    return !s->options.device || s->options.device == (via ? via : INET_LOOPBACK_INDEX);
}

bool inet_overlap(const struct inet_end *a, bool a_v6_only, const struct inet_end *b,
                  bool b_v6_only)
{
    bool a4 = inet_is_v4(a), b4 = inet_is_v4(b);
    if (a4 == b4)
        return inet_same_ip(a, b) || inet_is_any(a) || inet_is_any(b);
    /* One is of IPv6: it gets IPv4 only when it is bound to ::. */
    return a4 ? inet_is_any(b) && !b_v6_only : inet_is_any(a) && !a_v6_only;
}

static bool conflict(const struct inet_socket *s, const struct inet_end *end,
                     const struct inet_socket *other)
{
    const struct inet_options *a = &s->options, *b = &other->options;
    if (other == s || other->local.port != end->port ||
        !inet_overlap(end, a->v6_only, &other->local, b->v6_only))
        return false;
    if (a->device && b->device && a->device != b->device)
        return false;
    if (a->reuse_port && b->reuse_port && s->uid == other->uid)
        return false;
    return !(a->reuse_address && b->reuse_address &&
             !(s->stream && other->state == INET_LISTENING));
}

static bool any_conflict(struct inet_socket *s, const struct inet_end *end)
{
    unsigned at = end->port % BUCKETS;
    for (const struct inet_socket *o = names[table_of(s)][at]; o; o = o->name_next) {
        if (conflict(s, end, o))
            return true;
    }
    for (const struct inet_socket *o = children[table_of(s)][at]; o; o = o->name_next) {
        if (conflict(s, end, o))
            return true;
    }
    return inet_wait_conflicts_locked(s, end);
}

/* --- those that share a port by SO_REUSEPORT, numbered as they came --- */

/* Streams share when they listen. */
static bool shares(const struct inet_socket *s, const struct inet_socket *o)
{
    return o != s && o->sharing && o->local.port == s->local.port &&
           inet_same_ip(&o->local, &s->local) && o->options.v6_only == s->options.v6_only &&
           o->options.device == s->options.device;
}

void inet_share_locked(struct inet_socket *s)
{
    struct inet_socket *one = NULL;
    if (!s->options.reuse_port)
        return;
    s->share = 0;
    for (struct inet_socket *o = names[table_of(s)][s->local.port % BUCKETS]; o; o = o->name_next) {
        if (shares(s, o)) {
            one = o;
            s->share++;
        }
    }
    s->sharing = true;
    if (one) {
        socket_filter_free(&s->chooser);
        socket_filter_copy(&s->chooser, &one->chooser);
    }
}

void inet_unshare_locked(struct inet_socket *s)
{
    struct inet_socket *last = s;
    if (!s->sharing)
        return;
    for (struct inet_socket *o = names[table_of(s)][s->local.port % BUCKETS]; o; o = o->name_next) {
        if (shares(s, o) && o->share > last->share)
            last = o;
    }
    last->share = s->share;
    s->sharing = false;
}

void inet_shares_tell_locked(struct inet_socket *s)
{
    if (!s->sharing)
        return;
    for (struct inet_socket *o = names[table_of(s)][s->local.port % BUCKETS]; o; o = o->name_next) {
        if (shares(s, o)) {
            socket_filter_free(&o->chooser);
            socket_filter_copy(&o->chooser, &s->chooser);
        }
    }
}

struct inet_socket *inet_chosen_locked(struct inet_socket *s, const void *data, size_t n)
{
    struct socket_packet packet = {.data = data, .n = n, .interface = INET_LOOPBACK_INDEX};
    uint32_t share;
    if (!s || !s->sharing || s->state == INET_CONNECTED ||
        !socket_filter_run(&s->chooser, &packet, &share) || s->share == share)
        return s;
    for (struct inet_socket *o = names[table_of(s)][s->local.port % BUCKETS]; o; o = o->name_next) {
        if (shares(s, o) && o->share == share)
            return o;
    }
    return s;
}

/* --- names --- */

static void enter(struct inet_socket *s)
{
    struct inet_socket **head = bucket(s, s->local.port);
    s->name_next = *head;
    *head = s;
    s->named = true;
    if (!s->stream)
        inet_share_locked(s);
}

/* Whether anybody has the port at all: what is given without being asked for is nobody else's. */
static bool taken(const struct inet_socket *s, uint16_t port)
{
    for (int i = 0; i < 2; i++) {
        const struct inet_socket *o =
            i ? children[table_of(s)][port % BUCKETS] : names[table_of(s)][port % BUCKETS];
        for (; o; o = o->name_next) {
            if (o->local.port == port)
                return true;
        }
    }
    return false;
}

static uint16_t free_port(const struct inet_socket *s)
{
    uint32_t first = EPHEMERAL_FIRST, last = EPHEMERAL_LAST;
    uint32_t own_first = s->options.port_range & UINT16_MAX, own_last = s->options.port_range >> 16;
    /* What IP_LOCAL_PORT_RANGE leaves of it, if any. */
    if (own_first >= first && own_first <= last)
        first = own_first;
    if (own_last >= first && own_last <= last)
        last = own_last;
    uint32_t count = last - first + 1, start = (uint32_t)(host_random_u64() % count);
    for (uint32_t i = 0; i < count; i++) {
        uint16_t port = (uint16_t)(first + (start + i) % count);
        if (!taken(s, port))
            return port;
    }
    return 0;
}

int inet_name_locked(struct inet_socket *s, const struct inet_end *end)
{
    struct inet_end name = *end;
    if (s->named)
        inet_unname_locked(s);
    if (!name.port)
        name.port = free_port(s);
    else if (!s->child && any_conflict(s, &name))
        return -L_EADDRINUSE;
    if (!name.port)
        return -L_EADDRINUSE;
    s->local = name;
    s->auto_port = !end->port;
    enter(s);
    return 0;
}

int inet_name_listens_locked(struct inet_socket *s)
{
    unsigned at = s->local.port % BUCKETS;
    for (const struct inet_socket *o = names[table_of(s)][at]; o; o = o->name_next) {
        if (o->state == INET_LISTENING && conflict(s, &s->local, o))
            return -L_EADDRINUSE;
    }
    return 0;
}

void inet_unname_locked(struct inet_socket *s)
{
    if (!s->named)
        return;
    inet_unshare_locked(s);
    struct inet_socket **link = bucket(s, s->local.port);
    while (*link != s)
        link = &(*link)->name_next;
    *link = s->name_next;
    s->named = false;
}

/* How well a socket suits a packet to that address; 0: not at all. One that is bound to the
 * interface goes before others of the same kind. */
static unsigned suits(const struct inet_socket *s, const struct inet_end *to)
{
    unsigned bound = s->options.device ? 1 : 0;
    if (s->local.port != to->port || !inet_sees(s, to->via))
        return 0;
    if (inet_same_ip(&s->local, to))
        return 8 + bound;
    if (!inet_is_any(&s->local))
        return 0;
    if (inet_is_v4(&s->local) == inet_is_v4(to))
        return 4 + bound;
    return inet_is_v4(to) && !inet_is_v4(&s->local) && !s->options.v6_only ? 2 + bound : 0;
}

/* Those that share a port by SO_REUSEPORT take turns. */
struct choice {
    struct inet_socket *best;
    unsigned score, count;
};

static void consider(struct choice *choice, struct inet_socket *s, unsigned score, unsigned turn)
{
    if (!score || score < choice->score)
        return;
    if (score > choice->score) {
        *choice = (struct choice){s, score, 1};
        return;
    }
    choice->count++;
    if (s->options.reuse_port && turn % choice->count == 0)
        choice->best = s;
}

static unsigned next_turn(void)
{
    return (unsigned)host_random_u64();
}

struct inet_socket *inet_find_listener_locked(const struct inet_end *to)
{
    struct choice choice = {NULL, 0, 0};
    if (to->foreign)
        return NULL;
    for (struct inet_socket *s = names[1][to->port % BUCKETS]; s; s = s->name_next) {
        if (s->state == INET_LISTENING)
            consider(&choice, s, suits(s, to), s->options.reuse_port ? next_turn() : 1);
    }
    return inet_chosen_locked(choice.best, NULL, 0);
}

bool inet_listener_has_room_locked(const struct inet_end *to)
{
    bool some = false;
    for (struct inet_socket *s = names[1][to->port % BUCKETS]; s; s = s->name_next) {
        if (s->state != INET_LISTENING || !suits(s, to))
            continue;
        some = true;
        if (!inet_full_locked(s))
            return true;
    }
    return !some;
}

bool inet_name_refuses_locked(const struct inet_socket *s, const struct inet_end *to)
{
    const struct inet_socket *holder = names[1][to->port % BUCKETS];
    while (holder && (holder == s || holder->local.port != to->port ||
                      !inet_port_is_whole_locked(holder, to)))
        holder = holder->name_next;
    return holder != NULL;
}

bool inet_port_is_held_locked(const struct inet_end *to)
{
    const struct inet_socket *s = names[0][to->port % BUCKETS];
    while (s && (!s->own_port || !suits(s, to)))
        s = s->name_next;
    return s != NULL;
}

struct inet_socket *inet_find_datagram_locked(bool lite, const struct inet_end *from,
                                              const struct inet_end *to)
{
    struct choice choice = {NULL, 0, 0};
    if (to->foreign)
        return NULL;
    for (struct inet_socket *s = names[lite ? 2 : 0][to->port % BUCKETS]; s; s = s->name_next) {
        unsigned score = suits(s, to);
        if (score && s->state == INET_CONNECTED) {
            bool same = s->remote.port == from->port && inet_same_ip(&s->remote, from);
            score = same ? score + 16 : 0;
        }
        consider(&choice, s, score, s->options.reuse_port ? next_turn() : 1);
    }
    return choice.best;
}

unsigned inet_find_members_locked(bool lite, const struct inet_end *from, const struct inet_end *to,
                                  uint32_t index, struct inet_socket **out, unsigned room)
{
    unsigned count = 0;
    struct inet_end there = *to;
    there.via = index;
    for (int counts = 1; counts >= 0; counts--) {
        unsigned at = 0;
        for (struct inet_socket *s = names[lite ? 2 : 0][to->port % BUCKETS]; s; s = s->name_next) {
            bool other = s->state == INET_CONNECTED &&
                         (s->remote.port != from->port || !inet_same_ip(&s->remote, from));
            if (!suits(s, &there) || other || !inet_group_takes_locked(s, from, to, index))
                continue;
            if (!counts)
                out[at] = inet_get(s);
            at++;
        }
        count = at;
        if (count > room)
            break;
    }
    return count;
}

void inet_names_each_locked(bool stream, void (*call)(void *arg, struct inet_socket *s), void *arg)
{
    for (unsigned i = 0; i < BUCKETS; i++) {
        for (struct inet_socket *s = names[stream][i]; s; s = s->name_next)
            call(arg, s);
        for (struct inet_socket *s = children[stream][i]; s; s = s->name_next)
            call(arg, s);
    }
}
