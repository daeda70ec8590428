/* What goes with datagrams beside their data: control messages, and errors that came back. */
#include "runtime/abi/capability.h"
#include "runtime/abi/errno.h"
#include "runtime/abi/time.h"
#include "runtime/host/heap.h"
#include "runtime/net/devices.h"
#include "runtime/net/socket_common.h"
#include "runtime/net/unix.h"
#include "runtime/task/process.h"
#include "runtime/task/task.h"
#include <string.h>

/* What of a datagram comes back with an error: as much as a packet of ICMP has room for. */
#define RETURNED_V4 520u
#define RETURNED_V6 1184u

/* --- sending --- */

static int check_interface(uint32_t index)
{
    struct host_network network;
    if (index <= INET_LOOPBACK_INDEX)
        return 0;
    int error = devices_read(&network);
    if (error)
        return error;
    bool known = devices_by_index(&network, index) != NULL;
    host_network_free(&network);
    return known ? 0 : -L_ENODEV;
}

/* The address that a datagram is to come from: one of this machine's, or any. */
static int take_source(const struct inet_end *source, struct inet_how *out)
{
    if (inet_is_any(source))
        return 0;
    if (!inet_is_loopback(source))
        return -L_EINVAL;
    out->from = *source;
    out->from.port = 1;
    return 0;
}

static int parse_v4(const struct socket_note *note, struct inet_how *out)
{
    struct l_in_pktinfo info;
    struct inet_end source = {.port = 0};
    int32_t value = note->data[0];
    if (note->size >= sizeof(value))
        memcpy(&value, note->data, sizeof(value));
    switch (note->type) {
    case L_IP_PKTINFO:
        if (note->size != sizeof(info))
            return -L_EINVAL;
        memcpy(&info, note->data, sizeof(info));
        inet_set_any(&source, true);
        memcpy(source.ip + 12, info.ipi_spec_dst, 4);
        int error = check_interface((uint32_t)info.ipi_ifindex);
        return error ? error : take_source(&source, out);
    case L_IP_TTL:
        if (note->size != sizeof(value) || value < 1 || value > UINT8_MAX)
            return -L_EINVAL;
        out->ttl = value;
        return 0;
    case L_IP_TOS:
        if ((note->size != sizeof(value) && note->size != 1) || value < 0 || value > UINT8_MAX)
            return -L_EINVAL;
        out->tos = value;
        return 0;
    default:
        return -L_EINVAL;
    }
}

static int parse_v6(const struct socket_note *note, struct inet_how *out)
{
    struct l_in6_pktinfo info;
    struct inet_end source = {.port = 0};
    int32_t value = 0;
    memcpy(&value, note->data, sizeof(value));
    switch (note->type) {
    case L_IPV6_PKTINFO:
        if (note->size < sizeof(info))
            return -L_EINVAL;
        memcpy(&info, note->data, sizeof(info));
        memcpy(source.ip, info.ipi6_addr, sizeof(source.ip));
        int error = check_interface(info.ipi6_ifindex);
        return error ? error : take_source(&source, out);
    case L_IPV6_HOPLIMIT:
    case L_IPV6_TCLASS:
        if (note->size != sizeof(value) || value < -1 || value > UINT8_MAX)
            return -L_EINVAL;
        *(note->type == L_IPV6_TCLASS ? &out->tos : &out->ttl) = value;
        return 0;
    case L_IPV6_DONTFRAG:
        return note->size == sizeof(value) && (uint32_t)value <= 1 ? 0 : -L_EINVAL;
    default:
        return -L_EINVAL;
    }
}

static int parse_own(const struct socket_note *note)
{
    const struct task *t = task_current();
    if (note->type == L_SO_MARK && t && !cred_capable(&t->process->cred, L_CAP_NET_ADMIN))
        return -L_EPERM;
    bool known = note->type == L_SO_MARK || note->type == L_SO_TIMESTAMPING;
    return known && note->size == sizeof(uint32_t) ? 0 : -L_EINVAL;
}

static int parse_segment(const struct socket_note *note, struct inet_how *out)
{
    uint16_t size;
    if (note->size != sizeof(size))
        return -L_EINVAL;
    memcpy(&size, note->data, sizeof(size));
    out->segment = size;
    return 0;
}

int inet_parse_control(const struct inet_socket *s, bool v4, const struct unix_control *control,
                       struct inet_how *out)
{
    int error = 0;
    *out = (struct inet_how){.ttl = -1, .tos = -1, .segment = s->options.segment};
    for (uint32_t i = 0; control && i < control->note_count && !error; i++) {
        const struct socket_note *note = &control->notes[i];
        if (note->level == L_SOL_SOCKET)
            error = parse_own(note);
        else if (note->level == L_IPPROTO_UDP && note->type == L_UDP_SEGMENT)
            error = parse_segment(note, out);
        else if (note->level == L_IPPROTO_IP && v4)
            error = parse_v4(note, out);
        else if (note->level == L_IPPROTO_IPV6 && s->v6 && (!v4 || note->type == L_IPV6_PKTINFO))
            error = parse_v6(note, out);
        if (!error && out->from.port && inet_is_v4(&out->from) != v4)
            error = -L_EINVAL;
    }
    return error;
}

/* --- receiving --- */

static void add_note(struct socket_received *out, int32_t level, int32_t type, const void *data,
                     uint32_t size)
{
    if (out->note_count == SOCKET_NOTES_MAX)
        return;
    struct socket_note *note = &out->notes[out->note_count++];
    *note = (struct socket_note){.level = level, .type = type, .size = size};
    memcpy(note->data, data, size);
}

void inet_note_times_locked(const struct inet_socket *s, uint64_t time_ns,
                            struct socket_received *out)
{
    const struct inet_options *o = &s->options;
    struct l_timespec three[3] = {
        {(int64_t)(time_ns / 1000000000), (int64_t)(time_ns % 1000000000)}, {0, 0}, {0, 0}};
    socket_stamp_note(o->timestamp, o->timestamp_ns, time_ns, out);
    if (o->timestamping & L_SOF_TIMESTAMPING_SOFTWARE)
        add_note(out, L_SOL_SOCKET, L_SO_TIMESTAMPING, three, sizeof(three));
}

static uint32_t interface_of(const struct inet_piece *piece)
{
    return piece->to.via ? piece->to.via : INET_LOOPBACK_INDEX;
}

static void note_v4(const struct inet_told *told, const struct inet_piece *piece,
                    struct socket_received *out)
{
    const int32_t ttl = piece->ttl;
    if (told->packet_info) {
        struct l_in_pktinfo info = {.ipi_ifindex = (int32_t)interface_of(piece)};
        memcpy(info.ipi_addr, piece->to.ip + 12, 4);
        memcpy(info.ipi_spec_dst, piece->to.ip + 12, 4);
        add_note(out, L_IPPROTO_IP, L_IP_PKTINFO, &info, sizeof(info));
    }
    if (told->ttl)
        add_note(out, L_IPPROTO_IP, L_IP_TTL, &ttl, sizeof(ttl));
    if (told->tos)
        add_note(out, L_IPPROTO_IP, L_IP_TOS, &piece->tos, sizeof(piece->tos));
    if (told->original) {
        struct net_address address;
        inet_show(&(const struct inet_socket){.v6 = false}, &piece->to, &address);
        add_note(out, L_IPPROTO_IP, L_IP_RECVORIGDSTADDR, &address.in, sizeof(address.in));
    }
}

static void note_v6(const struct inet_told *told, const struct inet_piece *piece,
                    struct socket_received *out)
{
    const int32_t hops = piece->ttl, class = piece->tos;
    if (told->packet_info) {
        struct l_in6_pktinfo info = {.ipi6_ifindex = interface_of(piece)};
        memcpy(info.ipi6_addr, piece->to.ip, sizeof(info.ipi6_addr));
        add_note(out, L_IPPROTO_IPV6, L_IPV6_PKTINFO, &info, sizeof(info));
    }
    if (inet_is_v4(&piece->to))
        return;
    if (told->ttl)
        add_note(out, L_IPPROTO_IPV6, L_IPV6_HOPLIMIT, &hops, sizeof(hops));
    if (told->tos)
        add_note(out, L_IPPROTO_IPV6, L_IPV6_TCLASS, &class, sizeof(class));
    if (told->original) {
        struct net_address address;
        inet_show(&(const struct inet_socket){.v6 = true}, &piece->to, &address);
        add_note(out, L_IPPROTO_IPV6, L_IPV6_RECVORIGDSTADDR, &address.in6, sizeof(address.in6));
    }
}

void inet_notes_locked(const struct inet_socket *s, const struct inet_piece *piece,
                       struct socket_received *out)
{
    inet_note_times_locked(s, piece->time_ns, out);
    if (s->options.told_drops && piece->drops)
        add_note(out, L_SOL_SOCKET, L_SO_RXQ_OVFL, &piece->drops, sizeof(piece->drops));
    if (s->v6)
        note_v6(&s->options.told6, piece, out);
    if (inet_is_v4(&piece->to))
        note_v4(&s->options.told4, piece, out);
}

/* --- errors --- */

static size_t memory_of(const struct inet_piece *piece)
{
    return sizeof(*piece) + piece->room;
}

bool inet_returned_locked(struct inet_socket *s, struct inet_piece *piece)
{
    bool v4 = inet_is_v4(&piece->to);
    size_t most = v4 ? RETURNED_V4 : RETURNED_V6;
    if (!(v4 ? s->options.told4.error : s->options.told6.error) ||
        s->errors.held + memory_of(piece) > s->options.receive_buffer)
        return false;
    if (piece->size > most)
        piece->size = most;
    *(s->errors.last ? &s->errors.last->next : &s->errors.first) = piece;
    s->errors.last = piece;
    s->errors.held += memory_of(piece);
    return true;
}

bool inet_error_locked(struct inet_socket *s, int error, struct inet_piece *piece)
{
    bool v4 = inet_is_v4(&piece->to);
    piece->error = error;
    piece->error_origin = v4 ? L_SO_EE_ORIGIN_ICMP : L_SO_EE_ORIGIN_ICMP6;
    piece->error_type = v4 ? L_ICMP_DEST_UNREACH : L_ICMPV6_DEST_UNREACH;
    piece->error_code = v4 ? L_ICMP_PORT_UNREACH : L_ICMPV6_PORT_UNREACH;
    piece->from = piece->to;
    piece->from.port = 0;
    return inet_returned_locked(s, piece);
}

/* A socket of IPv6 is told of IPv4 in its own terms. */
static void note_error(const struct inet_socket *s, const struct inet_piece *piece,
                       struct socket_received *out)
{
    uint8_t both[sizeof(struct l_sock_extended_err) + sizeof(struct l_sockaddr_in6)];
    struct net_address offender;
    struct l_sock_extended_err error = {.ee_errno = (uint32_t)piece->error,
                                        .ee_origin = piece->error_origin,
                                        .ee_type = piece->error_type,
                                        .ee_code = piece->error_code,
                                        .ee_info = piece->error_info};
    inet_show(s, &piece->from, &offender);
    if (piece->nameless)
        memset(offender.bytes, 0, sizeof(offender.bytes)); /* AF_UNSPEC */
    memcpy(both, &error, sizeof(error));
    memcpy(both + sizeof(error), offender.bytes, offender.length);
    add_note(out, s->v6 ? L_IPPROTO_IPV6 : L_IPPROTO_IP, s->v6 ? L_IPV6_RECVERR : L_IP_RECVERR,
             both, (uint32_t)sizeof(error) + offender.length);
}

int64_t inet_error_receive(struct inet_socket *s, void *data, size_t n, struct socket_received *out)
{
    int64_t got = -L_EAGAIN;
    memset(out, 0, sizeof(*out));
    host_mutex_lock(&inet_lock);
    struct inet_piece *piece = s->errors.first;
    if (piece) {
        got = (int64_t)(piece->size < n ? piece->size : n);
        memcpy(data, piece->data, (size_t)got);
        out->full_size = (size_t)got;
        out->flags = L_MSG_ERRQUEUE | (piece->size > n ? L_MSG_TRUNC : 0);
        inet_show(s, &piece->to, &out->from);
        inet_note_times_locked(s, piece->time_ns, out);
        note_error(s, piece, out);
        s->errors.first = piece->next;
        if (!s->errors.first)
            s->errors.last = NULL;
        s->errors.held -= memory_of(piece);
        s->error = s->errors.first ? s->errors.first->error : 0;
    }
    host_mutex_unlock(&inet_lock);
    free(piece);
    return got;
}

void inet_errors_forget(struct inet_socket *s)
{
    host_mutex_lock(&inet_lock);
    struct inet_piece *first = s->errors.first;
    s->errors = (struct inet_queue){0};
    host_mutex_unlock(&inet_lock);
    inet_pieces_free(first);
}
