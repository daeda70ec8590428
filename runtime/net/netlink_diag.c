/* sock_diag(7): sockets of the network and of AF_UNIX. */
#include "runtime/abi/errno.h"
#include "runtime/host/heap.h"
#include "runtime/net/census.h"
#include "runtime/net/netlink.h"
#include <string.h>

static bool is_dump(const struct l_nlmsghdr *question)
{
    return (question->nlmsg_flags & L_NLM_F_DUMP) == L_NLM_F_DUMP;
}

/* --- of the network --- */

static void put_ip(uint8_t out[16], bool v6, const struct inet_end *end)
{
    if (v6)
        memcpy(out, end->ip, 16);
    else
        memcpy(out, end->ip + 12, 4);
}

static struct l_inet_diag_msg message_of(const struct inet_row *row)
{
    struct l_inet_diag_msg m = {
        .family = row->v6 ? L_AF_INET6 : L_AF_INET,
        .state = row->state,
        .id = {.sport = __builtin_bswap16(row->local.port),
               .dport = __builtin_bswap16(row->remote.port),
               .interface = row->local.scope,
               .cookie = {(uint32_t)row->ino, (uint32_t)(row->ino >> 32)}},
        .timer = row->timer,
        .expires = (uint32_t)(row->timer_ns / 1000000),
        .receive = row->receive,
        .send = row->send,
        .uid = row->uid,
        .inode = (uint32_t)row->ino,
    };
    put_ip(m.id.src, row->v6, &row->local);
    put_ip(m.id.dst, row->v6, &row->remote);
    return m;
}

static void tell_inet(struct netlink_answer *answer, const struct l_inet_diag_req *request,
                      const struct inet_row *row)
{
    struct l_inet_diag_msg m = message_of(row);
    netlink_begin(answer, answer->question->nlmsg_type,
                  is_dump(answer->question) ? L_NLM_F_MULTI : 0, &m, sizeof(m));
    netlink_attribute_u8(answer, L_INET_DIAG_SHUTDOWN, row->shut);
    if (row->v6 && (row->state == L_TCP_LISTEN || row->state == L_TCP_CLOSE))
        netlink_attribute_u8(answer, L_INET_DIAG_SKV6ONLY, row->v6_only);
    if (request->extensions & 1 << (L_INET_DIAG_SKMEMINFO - 1)) {
        uint32_t memory[9] = {row->receive, L_SK_MEM_MAX, row->send, L_SK_MEM_MAX};
        netlink_attribute(answer, L_INET_DIAG_SKMEMINFO, memory, sizeof(memory));
    }
    netlink_end(answer);
}

static bool is_asked(const struct l_inet_diag_req *request, const struct inet_row *row)
{
    struct l_inet_diag_msg m = message_of(row);
    return m.family == request->family && m.id.sport == request->id.sport &&
           m.id.dport == request->id.dport &&
           memcmp(m.id.src, request->id.src, sizeof(m.id.src)) == 0 &&
           memcmp(m.id.dst, request->id.dst, sizeof(m.id.dst)) == 0;
}

static bool is_wanted(const struct l_inet_diag_req *request, const struct inet_row *row)
{
    return (row->v6 ? L_AF_INET6 : L_AF_INET) == request->family &&
           row->lite == (request->protocol == L_IPPROTO_UDPLITE) &&
           (request->states & 1u << row->state) &&
           (!request->id.sport || request->id.sport == __builtin_bswap16(row->local.port)) &&
           (!request->id.dport || request->id.dport == __builtin_bswap16(row->remote.port));
}

static int diag_inet(struct netlink_answer *answer)
{
    const struct l_nlmsghdr *question = answer->question;
    struct l_inet_diag_req request;
    struct inet_row *rows;
    unsigned count;
    bool dump = is_dump(question), found = false;
    if (question->nlmsg_len < sizeof(*question) + sizeof(request))
        return -L_EINVAL;
    memcpy(&request, question + 1, sizeof(request));
    if (request.protocol != L_IPPROTO_TCP && request.protocol != L_IPPROTO_UDP &&
        request.protocol != L_IPPROTO_UDPLITE)
        return -L_ENOENT;
    int error = census_inet(request.protocol == L_IPPROTO_TCP, &rows, &count);
    if (error)
        return error;
    for (unsigned i = 0; i < count && !(found && !dump); i++) {
        if (dump ? !is_wanted(&request, &rows[i]) : !is_asked(&request, &rows[i]))
            continue;
        found = true;
        tell_inet(answer, &request, &rows[i]);
    }
    free(rows);
    if (dump)
        netlink_done(answer);
    return dump || found ? 0 : -L_ENOENT;
}

/* --- AF_UNIX --- */

static uint8_t unix_state(const struct unix_row *row)
{
    return row->listening ? L_TCP_LISTEN : row->connected ? L_TCP_ESTABLISHED : L_TCP_CLOSE;
}

static void tell_unix(struct netlink_answer *answer, uint32_t show, const struct unix_row *row)
{
    struct l_unix_diag_msg m = {.family = L_AF_UNIX,
                                .type = (uint8_t)row->type,
                                .state = unix_state(row),
                                .ino = (uint32_t)row->ino,
                                .cookie = {(uint32_t)row->ino, (uint32_t)(row->ino >> 32)}};
    const uint32_t family = sizeof(row->name.family);
    netlink_begin(answer, answer->question->nlmsg_type,
                  is_dump(answer->question) ? L_NLM_F_MULTI : 0, &m, sizeof(m));
    if ((show & L_UDIAG_SHOW_NAME) && row->name.length > family)
        netlink_attribute(answer, L_UNIX_DIAG_NAME, row->name.un.sun_path,
                          row->name.length - family);
    if ((show & L_UDIAG_SHOW_VFS) && row->file_ino) {
        uint32_t place[2] = {(uint32_t)row->file_ino, (uint32_t)row->file_dev};
        netlink_attribute(answer, L_UNIX_DIAG_VFS, place, sizeof(place));
    }
    if ((show & L_UDIAG_SHOW_PEER) && row->peer_ino)
        netlink_attribute_u32(answer, L_UNIX_DIAG_PEER, (uint32_t)row->peer_ino);
    if (show & L_UDIAG_SHOW_RQLEN) {
        uint32_t queues[2] = {row->receive, row->send};
        netlink_attribute(answer, L_UNIX_DIAG_RQLEN, queues, sizeof(queues));
    }
    netlink_attribute_u8(answer, L_UNIX_DIAG_SHUTDOWN, row->shut);
    netlink_end(answer);
}

static int diag_unix(struct netlink_answer *answer)
{
    const struct l_nlmsghdr *question = answer->question;
    struct l_unix_diag_req request;
    struct unix_row *rows;
    unsigned count;
    bool dump = is_dump(question), found = false;
    if (question->nlmsg_len < sizeof(*question) + sizeof(request))
        return -L_EINVAL;
    memcpy(&request, question + 1, sizeof(request));
    if (!dump && !request.ino)
        return -L_EINVAL;
    int error = census_unix(&rows, &count);
    if (error)
        return error;
    for (unsigned i = 0; i < count && !(found && !dump); i++) {
        bool wanted = dump ? (request.states & 1u << unix_state(&rows[i])) != 0
                           : (uint32_t)rows[i].ino == request.ino;
        found = found || wanted;
        if (wanted)
            tell_unix(answer, request.show, &rows[i]);
    }
    free(rows);
    if (dump)
        netlink_done(answer);
    return dump || found ? 0 : -L_ENOENT;
}

int netlink_diag(struct netlink_answer *answer, const struct l_nlmsghdr *question)
{
    uint8_t family = 0;
    if (question->nlmsg_type != L_SOCK_DIAG_BY_FAMILY)
        return -L_EINVAL;
    if (question->nlmsg_len < sizeof(*question) + 1)
        return -L_EINVAL;
    memcpy(&family, question + 1, sizeof(family));
    if (family == L_AF_INET || family == L_AF_INET6)
        return diag_inet(answer);
    return family == L_AF_UNIX ? diag_unix(answer) : -L_ENOENT;
}
