/* Messages of netlink(7) and their attributes. */
#include "runtime/abi/errno.h"
#include "runtime/host/heap.h"
#include "runtime/net/netlink.h"
#include <string.h>

/* What Linux puts into one packet of a dump. */
#define PACKET_SIZE 3776u

static size_t aligned(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

/* Room for n more bytes at the end of the last packet; NULL: no memory. */
static uint8_t *room_for(struct netlink_answer *answer, size_t n)
{
    struct netlink_packet *p = answer->last;
    if (answer->failed)
        return NULL;
    if (p && p->size + n > p->room) { /* a message that is longer than a packet */
        size_t room = p->size + n > 2 * p->room ? p->size + n : 2 * p->room;
        struct netlink_packet *grown = realloc(p, sizeof(*p) + room);
        if (grown) {
            struct netlink_packet **link = &answer->first;
            while (*link != p)
                link = &(*link)->next;
            *link = answer->last = grown;
            answer->held += room - grown->room;
            grown->room = room;
        }
        p = grown;
    }
    answer->failed = !p;
    if (!p)
        return NULL;
    uint8_t *at = p->data + p->size;
    memset(at, 0, n);
    p->size += n;
    return at;
}

static void new_packet(struct netlink_answer *answer)
{
    struct netlink_packet *p = malloc(sizeof(*p) + PACKET_SIZE);
    if (!p) {
        answer->failed = true;
        return;
    }
    p->next = NULL;
    p->group = 0;
    p->size = 0;
    p->room = PACKET_SIZE;
    *(answer->last ? &answer->last->next : &answer->first) = p;
    answer->last = p;
    answer->held += sizeof(*p) + PACKET_SIZE;
}

void netlink_begin(struct netlink_answer *answer, uint16_t type, uint16_t flags, const void *header,
                   size_t size)
{
    struct l_nlmsghdr h = {0, (uint16_t)(type + answer->gone), flags, answer->question->nlmsg_seq,
                           answer->port};
    /* A message of its own packet, unless it is one of a dump. */
    if (!answer->last || !(flags & L_NLM_F_MULTI) || type == L_NLMSG_DONE)
        new_packet(answer);
    answer->message = answer->last ? answer->last->size : 0;
    uint8_t *at = room_for(answer, sizeof(h) + aligned(size));
    if (!at)
        return;
    memcpy(at, &h, sizeof(h));
    memcpy(at + sizeof(h), header, size);
}

void netlink_attribute(struct netlink_answer *answer, uint16_t type, const void *data, size_t n)
{
    struct l_nlattr a = {(uint16_t)(sizeof(a) + n), type};
    uint8_t *at = room_for(answer, sizeof(a) + aligned(n));
    if (!at)
        return;
    memcpy(at, &a, sizeof(a));
    memcpy(at + sizeof(a), data, n);
}

void netlink_append(struct netlink_answer *answer, const void *data, size_t n)
{
    uint8_t *at = room_for(answer, aligned(n));
    if (at)
        memcpy(at, data, n);
}

void netlink_attribute_u32(struct netlink_answer *answer, uint16_t type, uint32_t value)
{
    netlink_attribute(answer, type, &value, sizeof(value));
}

void netlink_attribute_u8(struct netlink_answer *answer, uint16_t type, uint8_t value)
{
    netlink_attribute(answer, type, &value, sizeof(value));
}

/* The message was too much for a packet that has others: it goes into one of its own. */
static void split(struct netlink_answer *answer)
{
    struct netlink_packet *full = answer->last;
    size_t from = answer->message, n = full->size - from;
    new_packet(answer);
    uint8_t *at = room_for(answer, n);
    if (!at)
        return;
    memcpy(at, full->data + from, n);
    full->size = from;
    answer->message = 0;
}

void netlink_end(struct netlink_answer *answer)
{
    if (answer->failed)
        return;
    if (answer->message && answer->last->size > PACKET_SIZE)
        split(answer);
    if (answer->failed)
        return;
    uint32_t n = (uint32_t)(answer->last->size - answer->message);
    memcpy(answer->last->data + answer->message, &n, sizeof(n));
}

void netlink_done(struct netlink_answer *answer)
{
    int32_t error = 0;
    netlink_begin(answer, L_NLMSG_DONE, L_NLM_F_MULTI, &error, sizeof(error));
    netlink_end(answer);
}

const void *netlink_find(const struct l_nlmsghdr *question, size_t size, uint16_t type,
                         size_t least, size_t *n)
{
    const uint8_t *at = (const uint8_t *)question;
    size_t from = sizeof(*question) + aligned(size), end = question->nlmsg_len;
    while (from + sizeof(struct l_nlattr) <= end) {
        struct l_nlattr a;
        memcpy(&a, at + from, sizeof(a));
        if (a.nla_len < sizeof(a) || a.nla_len > end - from)
            return NULL;
        if ((a.nla_type & 0x3fff) == type && a.nla_len - sizeof(a) >= least) {
            if (n)
                *n = a.nla_len - sizeof(a);
            return at + from + sizeof(a);
        }
        from += aligned(a.nla_len);
    }
    return NULL;
}
