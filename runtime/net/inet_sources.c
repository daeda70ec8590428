/* From whom a group's datagrams are taken: the options of ip(7) and of RFC 3678 about sources. */
#include "runtime/abi/errno.h"
#include "runtime/host/heap.h"
#include "runtime/net/inet_group.h"
#include <string.h>

/* net.ipv4.igmp_max_msf, net.ipv6.mld_max_msf */
#define SOURCES_MOST_V4 10u
#define SOURCES_MOST_V6 64u
#define SOURCES_BLOCK   10u

static unsigned sources_most(const struct inet_end *group)
{
    return inet_is_v4(group) ? SOURCES_MOST_V4 : SOURCES_MOST_V6;
}

static unsigned find_source(const struct inet_sources *sources, const uint8_t ip[16])
{
    unsigned i = 0;
    while (i < sources->count && memcmp(sources->ip[i], ip, 16) != 0)
        i++;
    return i;
}

bool inet_source_is_wanted(const struct inet_group *group, const struct inet_end *from)
{
    const struct inet_sources *sources = group->sources;
    bool listed = sources && find_source(sources, from->ip) < sources->count;
    return listed == group->include;
}

/* --- one source --- */

/* What an option asks: an entry of the list of those that are wanted (include) or not comes or
 * goes. */
struct change {
    bool include, adds;
    struct inet_end group, address; /* address: of the interface, when index is 0 */
    uint32_t index;
    uint8_t source[16];
};

static struct inet_sources *make_sources(unsigned room)
{
    struct inet_sources *made = calloc(1, sizeof(*made) + room * 16);
    if (made)
        made->room = room;
    return made;
}

static int add_locked(struct inet_group *group, const uint8_t source[16])
{
    struct inet_sources *sources = group->sources;
    if (sources && sources->count >= sources_most(&group->address))
        return -L_ENOBUFS;
    if (!sources || sources->count == sources->room) {
        unsigned count = sources ? sources->count : 0;
        struct inet_sources *made = make_sources(count + SOURCES_BLOCK);
        if (!made)
            return -L_ENOBUFS;
        if (count)
            memcpy(made->ip, sources->ip, count * sizeof(made->ip[0]));
        made->count = count;
        free(sources);
        group->sources = sources = made;
    }
    if (find_source(sources, source) < sources->count)
        return -L_EADDRNOTAVAIL;
    memcpy(sources->ip[sources->count++], source, 16);
    return 0;
}

enum { LEAVE = 1 };

static int remove_locked(struct inet_group *group, const uint8_t source[16])
{
    struct inet_sources *sources = group->sources;
    unsigned i = sources ? find_source(sources, source) : 0;
    if (!sources || i == sources->count)
        return -L_EADDRNOTAVAIL;
    if (sources->count == 1 && group->include)
        return LEAVE; /* none is wanted */
    sources->count--;
    memmove(sources->ip[i], sources->ip[i + 1], (sources->count - i) * sizeof(sources->ip[0]));
    return 0;
}

static int change_locked(struct inet_socket *s, const struct change *c, uint32_t index)
{
    struct inet_group *group = *inet_find_group_locked(s, &c->group, index);
    if (!group)
        return -L_EINVAL;
    if (group->sources && group->include != c->include)
        return -L_EINVAL;
    group->include = c->include;
    return c->adds ? add_locked(group, c->source) : remove_locked(group, c->source);
}

static int change(struct inet_socket *s, const struct change *c)
{
    uint32_t index = c->index;
    if (!inet_is_multicast(&c->group))
        return -L_EINVAL;
    int error = 0;
    if (c->include && c->adds)
        error = inet_join_as(s, &c->group, &c->address, index, true);
    if (error && error != -L_EADDRINUSE)
        return error;
    error = inet_find_interface(&c->group, &c->address, &index);
    if (error)
        return error;
    host_mutex_lock(&inet_lock);
    error = change_locked(s, c, index);
    host_mutex_unlock(&inet_lock);
    return error == LEAVE ? inet_leave(s, &c->group, &c->address, index) : error;
}

static void set_v4(struct inet_end *end, const uint8_t ip[4])
{
    inet_set_any(end, true);
    memcpy(end->ip + 12, ip, 4);
}

static int change_v4(struct inet_socket *s, uint32_t name, const void *data, uint32_t length)
{
    struct l_ip_mreq_source given;
    struct inet_end source = {.port = 0};
    struct change c = {.include = name == L_IP_ADD_SOURCE_MEMBERSHIP ||
                                  name == L_IP_DROP_SOURCE_MEMBERSHIP,
                       .adds = name == L_IP_ADD_SOURCE_MEMBERSHIP || name == L_IP_BLOCK_SOURCE};
    if (length != sizeof(given))
        return -L_EINVAL;
    memcpy(&given, data, sizeof(given));
    set_v4(&c.group, given.imr_multiaddr);
    set_v4(&c.address, given.imr_interface);
    set_v4(&source, given.imr_sourceaddr);
    memcpy(c.source, source.ip, sizeof(c.source));
    return change(s, &c);
}

/* The address of a struct sockaddr_storage, which has to be of the level's family. */
static bool take_address(uint32_t level, const uint8_t storage[L_STORAGE_SIZE],
                         struct inet_end *out)
{
    struct net_address address = {.length = sizeof(address.bytes)};
    memcpy(address.bytes, storage, sizeof(address.bytes));
    bool v6 = level == L_IPPROTO_IPV6;
    return address.family == (v6 ? L_AF_INET6 : L_AF_INET) && !inet_parse(v6, false, &address, out);
}

/* A source among several; Linux looks at the family of those of IPv4 alone. */
static bool take_source(uint32_t level, const uint8_t *storage, struct inet_end *out)
{
    struct l_sockaddr_in6 six;
    if (level == L_IPPROTO_IP)
        return take_address(level, storage, out);
    memcpy(&six, storage, sizeof(six));
    memcpy(out->ip, six.sin6_addr, sizeof(out->ip));
    return true;
}

static int change_any(struct inet_socket *s, uint32_t level, uint32_t name, const uint8_t *data,
                      uint32_t length)
{
    struct inet_end source;
    struct change c = {.include =
                           name == L_MCAST_JOIN_SOURCE_GROUP || name == L_MCAST_LEAVE_SOURCE_GROUP,
                       .adds = name == L_MCAST_JOIN_SOURCE_GROUP || name == L_MCAST_BLOCK_SOURCE};
    if (length < L_GROUP_SOURCE_REQ_SIZE)
        return -L_EINVAL;
    memcpy(&c.index, data, sizeof(c.index));
    if (!take_address(level, data + 8, &c.group) ||
        !take_address(level, data + 8 + L_STORAGE_SIZE, &source))
        return -L_EADDRNOTAVAIL;
    inet_set_any(&c.address, level == L_IPPROTO_IP);
    memcpy(c.source, source.ip, sizeof(c.source));
    return change(s, &c);
}

/* --- all sources --- */

/* The sources of a group are those, or all but those. `sources` is taken over. */
static int set_all(struct inet_socket *s, const struct inet_end *group,
                   const struct inet_end *address, uint32_t index, uint32_t mode,
                   struct inet_sources *sources)
{
    struct inet_sources *before = sources;
    int error = -L_EINVAL;
    if (inet_is_multicast(group) && mode <= L_MCAST_INCLUDE)
        error = inet_find_interface(group, address, &index);
    bool leaves = !error && mode == L_MCAST_INCLUDE && !sources;
    if (!error && !leaves) {
        host_mutex_lock(&inet_lock);
        struct inet_group *joined = *inet_find_group_locked(s, group, index);
        if (joined) {
            before = joined->sources;
            joined->sources = sources;
            joined->include = mode == L_MCAST_INCLUDE;
        } else {
            error = -L_EINVAL;
        }
        host_mutex_unlock(&inet_lock);
    }
    free(before);
    return leaves ? inet_leave(s, group, address, index) : error;
}

static int filter_v4(struct inet_socket *s, const uint8_t *data, uint32_t length)
{
    struct l_ip_msfilter given;
    struct inet_end group, address, source;
    struct inet_sources *sources = NULL;
    if (length < sizeof(given))
        return -L_EINVAL;
    memcpy(&given, data, sizeof(given));
    if (given.imsf_numsrc > SOURCES_MOST_V4)
        return -L_ENOBUFS;
    if (given.imsf_numsrc * 4 > length - sizeof(given))
        return -L_EINVAL;
    if (given.imsf_numsrc && !(sources = make_sources(given.imsf_numsrc)))
        return -L_ENOBUFS;
    for (; sources && sources->count < given.imsf_numsrc; sources->count++) {
        set_v4(&source, data + sizeof(given) + sources->count * 4);
        memcpy(sources->ip[sources->count], source.ip, 16);
    }
    set_v4(&group, given.imsf_multiaddr);
    set_v4(&address, given.imsf_interface);
    return set_all(s, &group, &address, 0, given.imsf_fmode, sources);
}

static int filter_any(struct inet_socket *s, uint32_t level, const uint8_t *data, uint32_t length)
{
    struct l_group_filter given;
    struct inet_end group, address, source;
    struct inet_sources *sources = NULL;
    bool right = true;
    if (length < sizeof(given))
        return -L_EINVAL;
    memcpy(&given, data, sizeof(given));
    if (given.gf_numsrc > (level == L_IPPROTO_IP ? SOURCES_MOST_V4 : SOURCES_MOST_V6))
        return -L_ENOBUFS;
    if (given.gf_numsrc * L_STORAGE_SIZE > length - sizeof(given))
        return -L_EINVAL;
    if (!take_address(level, given.gf_group, &group))
        return level == L_IPPROTO_IP ? -L_EADDRNOTAVAIL : -L_EINVAL;
    if (given.gf_numsrc && !(sources = make_sources(given.gf_numsrc)))
        return -L_ENOBUFS;
    for (; right && sources && sources->count < given.gf_numsrc; sources->count++) {
        right = take_source(level, data + sizeof(given) + sources->count * L_STORAGE_SIZE, &source);
        memcpy(sources->ip[sources->count], source.ip, 16);
    }
    if (!right) {
        free(sources);
        return -L_EADDRNOTAVAIL;
    }
    inet_set_any(&address, level == L_IPPROTO_IP);
    return set_all(s, &group, &address, given.gf_interface, given.gf_fmode, sources);
}

int inet_set_source_option(struct inet_socket *s, uint32_t level, uint32_t name, const void *data,
                           uint32_t length)
{
    bool v4 = level == L_IPPROTO_IP, v6 = level == L_IPPROTO_IPV6 && s->v6;
    if (v4 && name >= L_IP_UNBLOCK_SOURCE && name <= L_IP_DROP_SOURCE_MEMBERSHIP)
        return change_v4(s, name, data, length);
    if (v4 && name == L_IP_MSFILTER)
        return filter_v4(s, data, length);
    if (!v4 && !v6)
        return 1;
    switch (name) {
    case L_MCAST_BLOCK_SOURCE:
    case L_MCAST_UNBLOCK_SOURCE:
    case L_MCAST_JOIN_SOURCE_GROUP:
    case L_MCAST_LEAVE_SOURCE_GROUP:
        return change_any(s, level, name, data, length);
    case L_MCAST_MSFILTER:
        return filter_any(s, level, data, length);
    default:
        return 1;
    }
}

/* --- what they are --- */

/* The sources of a group, in a list for the caller; *include. */
static int get_all(struct inet_socket *s, const struct inet_end *group,
                   const struct inet_end *address, uint32_t index, bool *include,
                   struct inet_sources *out)
{
    if (!inet_is_multicast(group))
        return -L_EINVAL;
    int error = inet_find_interface(group, address, &index);
    if (error)
        return error;
    host_mutex_lock(&inet_lock);
    const struct inet_group *joined = *inet_find_group_locked(s, group, index);
    if (joined) {
        *include = joined->include;
        out->count = joined->sources ? joined->sources->count : 0;
        if (out->count)
            memcpy(out->ip, joined->sources->ip, out->count * sizeof(out->ip[0]));
    }
    host_mutex_unlock(&inet_lock);
    return joined ? 0 : -L_EADDRNOTAVAIL;
}

/* As many of the sources as the guest asks for are told. */
static unsigned told(const struct inet_sources *sources, uint32_t asked, uint32_t room, size_t each)
{
    unsigned count = sources->count < asked ? sources->count : asked;
    return count < room / each ? count : (unsigned)(room / each);
}

static int get_v4(struct inet_socket *s, uint8_t *value, uint32_t room,
                  struct inet_sources *sources)
{
    struct l_ip_msfilter asked;
    struct inet_end group, address;
    bool include = false;
    if (room < sizeof(asked))
        return -L_EINVAL;
    memcpy(&asked, value, sizeof(asked));
    set_v4(&group, asked.imsf_multiaddr);
    set_v4(&address, asked.imsf_interface);
    int error = get_all(s, &group, &address, 0, &include, sources);
    if (error)
        return error;
    unsigned count = told(sources, asked.imsf_numsrc, room - (uint32_t)sizeof(asked), 4);
    asked.imsf_fmode = include ? L_MCAST_INCLUDE : L_MCAST_EXCLUDE;
    asked.imsf_numsrc = sources->count;
    memcpy(value, &asked, sizeof(asked));
    for (unsigned i = 0; i < count; i++)
        memcpy(value + sizeof(asked) + i * 4, sources->ip[i] + 12, 4);
    return (int)(sizeof(asked) + count * 4);
}

static int get_any(struct inet_socket *s, uint32_t level, uint8_t *value, uint32_t room,
                   struct inet_sources *sources)
{
    struct l_group_filter asked;
    struct inet_end group, address;
    bool include = false;
    if (room < sizeof(asked))
        return -L_EINVAL;
    memcpy(&asked, value, sizeof(asked));
    if (!take_address(level, asked.gf_group, &group))
        return -L_EINVAL;
    inet_set_any(&address, level == L_IPPROTO_IP);
    int error = get_all(s, &group, &address, asked.gf_interface, &include, sources);
    if (error)
        return error;
    unsigned count = told(sources, asked.gf_numsrc, room - (uint32_t)sizeof(asked), L_STORAGE_SIZE);
    asked.gf_fmode = include ? L_MCAST_INCLUDE : L_MCAST_EXCLUDE;
    asked.gf_numsrc = sources->count;
    memcpy(value, &asked, sizeof(asked));
    for (unsigned i = 0; i < count; i++) {
        struct net_address shown;
        struct inet_end source = {.port = 0};
        struct inet_socket of_level = {.v6 = level == L_IPPROTO_IPV6};
        memcpy(source.ip, sources->ip[i], sizeof(source.ip));
        inet_show(&of_level, &source, &shown);
        memcpy(value + sizeof(asked) + i * L_STORAGE_SIZE, shown.bytes, L_STORAGE_SIZE);
    }
    return (int)(sizeof(asked) + count * L_STORAGE_SIZE);
}

int inet_get_source_option(struct inet_socket *s, uint32_t level, uint32_t name, void *value,
                           uint32_t room)
{
    bool v4 = level == L_IPPROTO_IP, v6 = level == L_IPPROTO_IPV6 && s->v6;
    bool old = v4 && name == L_IP_MSFILTER;
    if (!old && !((v4 || v6) && name == L_MCAST_MSFILTER))
        return -L_ENOPROTOOPT;
    struct inet_sources *sources = make_sources(SOURCES_MOST_V6);
    if (!sources)
        return -L_ENOBUFS;
    int size = old ? get_v4(s, value, room, sources) : get_any(s, level, value, room, sources);
    free(sources);
    return size;
}
