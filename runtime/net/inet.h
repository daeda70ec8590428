/*
 * AF_INET and AF_INET6 sockets: streams (TCP) and datagrams (UDP) with queues of their own.
 *
 * Two sockets of guests that find each other by loopback or own addresses are joined here and no
 * byte of theirs leaves the process: a stream's bytes go straight into the receive queue of its
 * peer, whose limit is the sender's SO_SNDBUF and the receiver's SO_RCVBUF together. Any
 * other address is -L_ENETUNREACH.
 *
 * One lock (inet_lock) guards all of it: states, queues, and who is bound to which port. Sections
 * are short; nothing waits under it. Sockets are counted: the file holds one reference, a peer and
 * a listener's queues one each.
 *
 * An address of IPv4 is kept as IPv6 shows it, ::ffff:a.b.c.d.
 *
 * Functions return 0 or a count, or a negative guest errno. Those that end in _locked are called
 * with inet_lock held.
 */
#ifndef RUNTIME_NET_INET_H
#define RUNTIME_NET_INET_H

#include <stdatomic.h>

#include "runtime/host/lock.h"
#include "runtime/net/socket.h"
#include "runtime/task/timer.h"
#include "runtime/task/waitq.h"

struct inet_link;
struct inet_ping;
struct inet_port;

/* An address and a port (in the host's order); port 0: none. */
struct inet_end {
    uint8_t ip[16];
    uint16_t port;
    uint32_t scope; /* of link-local addresses: the interface */
    bool foreign;   /* of a destination: another machine, so nobody here is looked for */
    uint32_t via;   /* likewise: the interface at which its packets are seen; 0: the loopback's */
};

/* Bytes of a stream, or a datagram. */
struct inet_piece {
    struct inet_piece *next;
    size_t size, taken, room; /* of data: filled, given to the receiver, allocated */
    struct inet_end from, to;
    uint64_t time_ns;  /* when a datagram came */
    uint8_t ttl, tos;  /* of a datagram */
    uint32_t drops;    /* how many were lost to its receiver before it */
    bool peeked;       /* an empty datagram that MSG_PEEK has given */
    uint32_t coverage; /* of one of UDP-Lite: how much its checksum would cover; 0: all */
    /* Of an error that came back: what it is, and from whom (sock_extended_err). from is who says
     * so, and to where the datagram went. */
    uint8_t error_origin, error_type, error_code;
    bool nameless; /* it is not known who says so */
    uint32_t error_info;
    int error;
    uint8_t data[];
};

/* Data on its way to a receiver. */
struct inet_queue {
    struct inet_piece *first, *last;
    size_t bytes; /* not taken yet */
    size_t held;  /* memory */
};

/* By queue_next. */
struct inet_socket_queue {
    struct inet_socket *first, *last;
    uint32_t count;
};

enum inet_state {
    INET_NEW, /* also after a connection has failed or was disconnected */
    INET_LISTENING,
    INET_CONNECTING,
    INET_CONNECTED, /* of datagrams: has a remote address */
    INET_OVER,      /* the connection was reset, or refused */
    INET_CLOSED,    /* no file any more */
};

#define INET_FLAGS   28
#define INET_NUMBERS 6

/* Options that are only kept and told, and those that are looked at (inet_option.c). */
struct inet_options {
    bool reuse_address, reuse_port, v6_only, broadcast, keepalive, oob_inline, timestamp,
        timestamp_ns, dont_route, linger, nodelay, cork, quick_ack, freebind, multicast_loop,
        no_check, no_port, multicast_all, debug, multicast_loop6, multicast_all6, auto_flow_label,
        told_drops, reno, transparent, udp_cork;
    bool flags[INET_FLAGS]; /* that are only told */
    uint32_t numbers[INET_NUMBERS];
    uint32_t mtu_discover6, incoming_cpu, busy_poll, timestamping;
    uint64_t pacing_rate;
    /* What a receiver of a datagram is told, by level: IPv4, IPv6. */
    struct inet_told {
        bool packet_info, ttl, tos, original, error;
    } told4, told6;
    uint32_t device; /* SO_BINDTODEVICE; 0: none */
    uint32_t linger_s, receive_low, priority, mark;
    uint32_t ttl, tos, mtu_discover, multicast_ttl, traffic_class, hops, multicast_hops;
    uint32_t keep_idle, keep_interval, keep_count, syn_count, linger2, defer_accept, window_clamp,
        max_segment, user_timeout, not_sent_low, fastopen;
    uint32_t send_coverage, receive_coverage; /* of UDP-Lite; 0: all */
    uint32_t segment;                         /* UDP_SEGMENT */
    uint32_t port_range;                      /* IP_LOCAL_PORT_RANGE */
    uint8_t ip_options[40], ip_options_length;
    bool send_buffer_set;
    uint32_t send_buffer, receive_buffer;
    uint64_t receive_timeout_ns, send_timeout_ns;
};

struct inet_socket {
    atomic_uint refs;
    bool v6, stream;
    bool lite;              /* UDP-Lite (udplite(7)), which is told by guests alone */
    struct inet_ping *ping; /* of ICMP (inet_ping.h); NULL: of UDP or TCP */
    uint32_t uid;
    enum inet_state state;
    struct inet_end local, remote;
    bool named;     /* in the table of names */
    bool child;     /* made by a listener: it keeps the port, but nobody is led to it */
    bool own_port;  /* the port was asked for by bind, and stays when a connection ends */
    bool auto_port; /* the port was given, by bind or else */
    bool own_ip;    /* likewise the address */
    struct inet_socket *name_next;

    struct inet_socket *peer;      /* referenced; NULL when it has closed */
    struct inet_wait *left_behind; /* what the peer's name has become (inet_timewait.c) */
    /* At the host (inet_host.h): of a stream the connection, of datagrams what sends those of IPv4
     * and of IPv6 when s is not bound; NULL: none. outer: the name of the connection there. ports:
     * what s is bound to (inet_port.h). */
    struct inet_link *links[2];
    struct inet_port *ports[2];
    struct inet_end outer;
    /* Of a listener: connections to accept, those that wait for data (TCP_DEFER_ACCEPT), and
     * sockets that found the first queue full. Of those: the listener, and for the last the socket
     * that will be the other side. */
    struct inet_socket_queue pending, deferred, waiting;
    uint32_t backlog;
    struct timer defer_timer; /* of a listener: the first of the deferred has waited long enough */
    uint64_t deferred_until;  /* of a connection among these; 0: of none */
    bool unheard;             /* its end is not told to the other side */
    struct inet_socket *queue_next, *listener, *other;

    uint32_t drops;                                  /* datagrams for which there was no room */
    struct inet_group *groups;                       /* joined for multicast */
    uint32_t group_count, group_index, group_index6; /* IP_MULTICAST_IF and IPV6_MULTICAST_IF */
    struct inet_end group_source;
    struct inet_queue in, errors; /* errors: datagrams that came back, for MSG_ERRQUEUE */
    bool fin;                     /* the other side sends no more */
    bool first;                   /* of a stream: it was told that we send no more before that */
    bool read_shut, write_shut;
    uint64_t linger_until;
    bool lingers; /* who closes it waits until all that was sent has room at the other side */
    bool begun;   /* connect has begun, and no call told yet how it ended */
    /* Bytes that were read so far; of MSG_OOB: there is an urgent byte, where it stands on that
     * count, and whether nobody has read it with MSG_OOB. */
    uint64_t read_at, urgent_at;
    uint64_t sent_at; /* bytes that were sent */
    /* A stream's filter refused what stands there: it and what follows, the end too, cannot be read
     * before another filter takes it, as if it was sent again and again. */
    bool blocked;
    uint64_t blocked_at;
    bool urgent, urgent_unread;
    uint8_t urgent_byte;
    int error;              /* SO_ERROR, positive */
    int32_t peek_off;       /* SO_PEEK_OFF; negative: none */
    uint64_t arrived;       /* datagrams that were queued so far */
    struct inet_cork *cork; /* a datagram that is not whole yet (inet_cork.c); NULL: none */
    uint64_t stamp;         /* of the last datagram that was received (SIOCGSTAMP) */
    struct file *file;      /* not referenced; NULL: not accepted yet */
    struct inet_options options;
    struct socket_filter filter;
    /* Which of those that share a port takes a packet (SO_ATTACH_REUSEPORT_CBPF); all of them have
     * the same. share: the number of s among them. */
    struct socket_filter chooser;
    uint32_t share;
    bool sharing;
    struct waitq read_wait, write_wait;
};

extern struct host_mutex inet_lock;
extern const struct file_ops inet_stream_ops, inet_datagram_ops;

/* socket(2). -L_EPROTONOSUPPORT, -L_ESOCKTNOSUPPORT, -L_EPERM, -L_ENOMEM. */
int inet_socket_file(struct task *t, uint32_t family, uint32_t type, uint32_t protocol,
                     uint32_t flags, struct file **out);
/* A socket with one reference, or NULL; its file, which takes the reference over. */
struct inet_socket *inet_new(bool v6, bool stream);
struct file *inet_make_file(struct inet_socket *s, uint32_t flags);
struct inet_socket *inet_get(struct inet_socket *s);
void inet_put(struct inet_socket *s);
/* Frees pieces that are in no queue any more. */
void inet_pieces_free(struct inet_piece *piece);
/* Wakes who waits at the socket. events: L_POLL*, 0 for all. */
void inet_wake_readers(struct inet_socket *s);
void inet_wake_writers(struct inet_socket *s);
void inet_wake_all(struct inet_socket *s);
/* Makes a destination of an address: "any" is this machine. What is sent by another interface than
 * the one with the address is the host's to deliver, but for IPv4 by the loopback. Without locks.
 */
void inet_settle(const struct inet_socket *s, struct inet_end *end);

/* --- inet_address.c --- */

/* An address that a socket of IPv6 (v6) or IPv4 was given. -L_EINVAL, -L_EAFNOSUPPORT;
 * -L_ENETUNREACH for IPv4 on a socket that is of IPv6 alone (v6_only). */
int inet_parse(bool v6, bool v6_only, const struct net_address *address, struct inet_end *out);
void inet_show(const struct inet_socket *s, const struct inet_end *end, struct net_address *out);
bool inet_is_v4(const struct inet_end *end);
bool inet_is_any(const struct inet_end *end);
bool inet_is_loopback(const struct inet_end *end);
bool inet_is_multicast(const struct inet_end *end);
bool inet_is_broadcast(const struct inet_end *end);
bool inet_same_ip(const struct inet_end *a, const struct inet_end *b);
void inet_set_any(struct inet_end *end, bool v4);
/* The address that this machine speaks from to one of its own: that one; else the loopback's. */
void inet_set_source(struct inet_end *end, const struct inet_end *to);
/* The loopback address of the same family. */
void inet_set_loopback(struct inet_end *end, bool v4);

/* --- inet_names.c: who is bound to which port --- */

/* Whether packets that are seen at that interface (inet_end.via) may be for s. */
bool inet_sees(const struct inet_socket *s, uint32_t via);
/* Whether a packet may be for both. */
bool inet_overlap(const struct inet_end *a, bool a_v6_only, const struct inet_end *b,
                  bool b_v6_only);
/* Gives s the name; port 0: any that is free. -L_EADDRINUSE. */
int inet_name_locked(struct inet_socket *s, const struct inet_end *end);
/* A listener begins: whether others that share its port let it. */
int inet_name_listens_locked(struct inet_socket *s);
void inet_unname_locked(struct inet_socket *s);
/* s, which has SO_REUSEPORT, is one of those that take what comes for its name from now on; or is
 * not any more: the last of them takes its number. */
void inet_share_locked(struct inet_socket *s);
void inet_unshare_locked(struct inet_socket *s);
/* The others get the program that chooses from s. */
void inet_shares_tell_locked(struct inet_socket *s);
/* Who of those that share with s, which was found, gets that data: as the program says, or s. */
struct inet_socket *inet_chosen_locked(struct inet_socket *s, const void *data, size_t n);
/* Calls for each of streams or datagrams that has a name. */
void inet_names_each_locked(bool stream, void (*call)(void *arg, struct inet_socket *s), void *arg);
/* Who listens there, or NULL. */
struct inet_socket *inet_find_listener_locked(const struct inet_end *to);
/* Nobody was found who listens there, and another stream than s has that address at the host as
 * well, so that no program of the host listens: a connection would be refused. */
bool inet_name_refuses_locked(const struct inet_socket *s, const struct inet_end *to);
/* All that get a datagram for a group; their number. When there is room for so many they are in
 * out, referenced. */
unsigned inet_find_members_locked(bool lite, const struct inet_end *from, const struct inet_end *to,
                                  uint32_t index, struct inet_socket **out, unsigned room);
/* Whether a datagram socket has been bound there, whoever it takes anything from: nobody of the
 * host's is there. */
bool inet_port_is_held_locked(const struct inet_end *to);
/* Whether one of those who listen there takes another connection, or nobody listens. */
bool inet_listener_has_room_locked(const struct inet_end *to);
/* Who gets a datagram, or NULL. */
struct inet_socket *inet_find_datagram_locked(bool lite, const struct inet_end *from,
                                              const struct inet_end *to);

/* --- inet_packet.c: packets as filters see them --- */

/* A datagram of UDP, or UDP-Lite; a segment of s with data for its peer. They keep the data. */
void inet_packet_datagram(const struct inet_piece *piece, bool lite, struct socket_packet *out);
void inet_packet_segment(const struct inet_end *from, const struct inet_end *to, uint64_t sequence,
                         const void *data, size_t n, struct socket_packet *out);

/* --- inet_timewait.c: names of connections that are over --- */

#define INET_WAITS_NS 60000000000u /* TCP_TIMEWAIT_LEN, and what net.ipv4.tcp_fin_timeout is */

/* What is told of one. */
struct inet_wait_row {
    bool v6, half; /* half: the other side may still send (FIN_WAIT2) */
    struct inet_end local, remote;
    uint64_t left_ns;
};

/* The name of a stream that ended its connection before the other side did stays taken for 60 s,
 * but for those that share it by SO_REUSEADDR or SO_REUSEPORT as s does. */
void inet_name_waits_locked(struct inet_socket *s);
/* s, whose other side has left its name so, ends its side too, or resets it. */
void inet_wait_ends_locked(struct inet_socket *s, bool reset);
bool inet_wait_conflicts_locked(const struct inet_socket *s, const struct inet_end *end);
void inet_waits_each_locked(void (*call)(void *arg, const struct inet_wait_row *row), void *arg);

/* --- inet_stream.c: connections --- */

int inet_listen(struct inet_socket *s, int backlog);
/* L_TCP_ESTABLISHED and so on. */
uint8_t inet_tcp_state_locked(const struct inet_socket *s);
int inet_connect_stream(struct inet_socket *s, const struct inet_end *to, bool nonblock);
/* connect with AF_UNSPEC. */
int inet_disconnect(struct inet_socket *s);
int inet_shutdown(struct inet_socket *s, int how);
/* Before inet_close, with no lock held: ends what s sends, and waits as SO_LINGER says until all
 * has room at the other side. A signal ends the wait, and a task that exits has none. */
void inet_linger(struct inet_socket *s);
void inet_close(struct inet_socket *s);
/* The other side has reset the connection: the socket has an error. */
void inet_reset_locked(struct inet_socket *s);

/* --- inet_accept.c: a listener's queues --- */

bool inet_full_locked(const struct inet_socket *listener);
/* s is connected to server, which enters a listener's queues with its first reference. */
void inet_join_listener_locked(struct inet_socket *s, struct inet_socket *server,
                               struct inet_socket *listener);
/* s waits until the listener has room; then server will be the other side. */
void inet_wait_for_listener_locked(struct inet_socket *s, struct inet_socket *server,
                                   struct inet_socket *listener);
/* s gives up waiting for a listener's queue. Returns what held it: a reference to s, to be put. */
struct inet_socket *inet_leave_waiting_locked(struct inet_socket *s);
/* A connection that came from the host enters a listener's queue. NULL: it does not listen any
 * more, or there is no memory. Without the lock. */
struct inet_socket *inet_admit(struct inet_socket *listener, struct inet_link *link,
                               const struct inet_end *local, const struct inet_end *peer);
/* What was sent to server, or that nothing follows, may end that it waits for data: then it returns
 * the listener, whose readers have to be woken, referenced; else NULL. */
struct inet_socket *inet_defer_ends_locked(struct inet_socket *server);
/* A listener's queues are emptied: who could be accepted, and who waited to. */
void inet_queues_take_locked(struct inet_socket *s, struct inet_socket **pending,
                             struct inet_socket **refused);
int inet_accept(struct inet_socket *s, bool nonblock, uint32_t flags, struct file **out,
                struct net_address *peer);

/* --- inet_transfer.c: a stream's bytes --- */

int64_t inet_stream_send(struct inet_socket *s, const void *data, size_t n, uint32_t flags);
int64_t inet_stream_receive(struct inet_socket *s, void *data, size_t n, uint32_t flags,
                            struct socket_received *out);
/* Bytes in the queue that can be read, urgent ones among them; whether the other side sends no more
 * behind these. */
size_t inet_seen_locked(const struct inet_socket *s);
bool inet_fin_locked(const struct inet_socket *s);
/* The filter of s is another one. */
void inet_stream_filter_changed(struct inet_socket *s);
/* A good part of what s can send has room. */
bool inet_writable_locked(const struct inet_socket *s);
/* There is what SO_RCVLOWAT asks for. */
bool inet_readable_locked(const struct inet_socket *s);
/* Sent, and not in the receiver's own buffer yet. */
size_t inet_unsent_locked(const struct inet_socket *s);
/* Nothing is left of what inet_linger waits for. */
bool inet_lingered_locked(const struct inet_socket *s);

/* Bytes that came from the host. Without the lock; -L_ENOMEM. */
int inet_stream_arrived(struct inet_socket *s, const void *data, size_t n);

/* --- inet_datagram.c --- */

#define INET_PACKET_MOST_V4 65507u
#define INET_PACKET_MOST_V6 65527u

/* A datagram that came from the host, to an address of s (NULL: the one it sends from). Without the
 * lock. */
void inet_datagram_arrived(struct inet_socket *s, const void *data, size_t n,
                           const struct inet_end *from, const struct inet_end *to);
/* A datagram to the host's network came back to s. Without the lock. */
struct host_returned;
void inet_datagram_returned(struct inet_socket *s, const struct host_returned *what);
/* A datagram to be filled (data NULL) or with that data; NULL: no memory. */
struct inet_piece *inet_datagram_piece(const void *data, size_t n);
/* Gives s a datagram, if there is room for it; otherwise it is lost, as on a network. */
bool inet_datagram_queue_locked(struct inet_socket *s, struct inet_piece *piece);
int inet_connect_datagram(struct inet_socket *s, const struct inet_end *to);
/* How a datagram is sent, when control messages with it say so. */
struct inet_how {
    int ttl, tos;         /* -1: as the socket has it */
    uint32_t segment;     /* datagrams of that size are made of it (UDP_SEGMENT); 0: one */
    struct inet_end from; /* port 1: this address, otherwise the socket's */
};
int64_t inet_datagram_send(struct inet_socket *s, const void *data, size_t n, uint32_t flags,
                           const struct inet_end *to, const struct inet_how *how);
/* Whether s may begin to send a datagram, as far as is known before it finds a receiver. */
int inet_datagram_check_locked(struct inet_socket *s, const struct inet_end *to);
/* One datagram, or several, that are whole. */
int inet_datagram_send_whole(struct inet_socket *s, const void *data, size_t n,
                             const struct inet_end *to, const struct inet_how *how);
int64_t inet_datagram_receive(struct inet_socket *s, void *data, size_t n, uint32_t flags,
                              struct socket_received *out);

/* --- inet_cork.c: datagrams in pieces --- */

/* n bytes more of the datagram that s has begun, or begins with them; last: it is whole and is
 * sent. */
int64_t inet_cork_send(struct inet_socket *s, const void *data, size_t n, bool last,
                       const struct inet_end *to, const struct inet_how *how);
/* What has been begun is sent as it is, or forgotten. */
int inet_cork_push(struct inet_socket *s);
void inet_cork_free(struct inet_socket *s);

/* --- inet_kept.c: options that are kept and told, one like the other --- */

struct inet_kept;

void inet_options_init(struct inet_options *options, bool v6, bool stream);
/* NULL: it is another option, or none that s has. */
const struct inet_kept *inet_find_kept(const struct inet_socket *s, uint32_t level, uint32_t name);
int inet_set_kept_locked(struct inet_socket *s, const struct inet_kept *k, uint32_t length,
                         uint32_t value);
/* The value's size. */
int inet_get_kept(const struct inet_socket *s, const struct inet_kept *k, void *value);

/* --- inet_option.c --- */

int inet_set_option(struct file *file, struct task *t, uint32_t level, uint32_t name,
                    const void *value, uint32_t length);
int inet_get_option(struct file *file, uint32_t level, uint32_t name, void *value, uint32_t room);
/* --- inet_multicast.c: groups, which reach guests alone --- */

#define INET_LOOPBACK_INDEX 1u

/* A group is joined or left at an interface: that number, or 0: which has the address, or with none
 * or any address the way to the group. -L_EINVAL, -L_ENODEV, -L_EADDRINUSE, -L_ENOBUFS, -L_ENOMEM,
 * -L_EADDRNOTAVAIL. They call the host: without locks. */
int inet_join(struct inet_socket *s, const struct inet_end *group, const struct inet_end *address,
              uint32_t index);
int inet_leave(struct inet_socket *s, const struct inet_end *group, const struct inet_end *address,
               uint32_t index);
void inet_leave_all(struct inet_socket *s);
/* IP_MULTICAST_IF and IPV6_MULTICAST_IF. */
int inet_multicast_interface(struct inet_socket *s, bool v4, const struct inet_end *address,
                             uint32_t index);
/* The options of that: inet_option.c hands them on. 1: another option. */
int inet_set_group_option(struct inet_socket *s, uint32_t level, uint32_t name, const void *data,
                          uint32_t length);
/* The interface where a datagram for the group leaves; 0: there is no way. Without locks. */
uint32_t inet_group_way(const struct inet_socket *s, const struct inet_end *group);
/* Whether s gets what is sent from there to the group at that interface. */
bool inet_group_takes_locked(const struct inet_socket *s, const struct inet_end *from,
                             const struct inet_end *group, uint32_t index);

/* --- inet_sources.c: from whom a group's datagrams are taken --- */

/* Options of that. 1: another option. Without locks. */
int inet_set_source_option(struct inet_socket *s, uint32_t level, uint32_t name, const void *data,
                           uint32_t length);
/* IP_MSFILTER and MCAST_MSFILTER: value holds what is asked; -L_ENOPROTOOPT: another option. */
int inet_get_source_option(struct inet_socket *s, uint32_t level, uint32_t name, void *value,
                           uint32_t room);

/* --- inet_control.c: what goes with a datagram --- */

/* What control messages (NULL: none) ask of a datagram to an address of IPv4 or IPv6. -L_EINVAL,
 * -L_EPERM, -L_ENODEV. */
int inet_parse_control(const struct inet_socket *s, bool v4, const struct unix_control *control,
                       struct inet_how *out);
/* Adds what a datagram's receiver asked to be told. */
void inet_notes_locked(const struct inet_socket *s, const struct inet_piece *piece,
                       struct socket_received *out);
/* SO_TIMESTAMP and SO_TIMESTAMPNS. */
void inet_note_times_locked(const struct inet_socket *s, uint64_t time_ns,
                            struct socket_received *out);
/* A datagram of s that came back is put into its queue of errors, if it has one; the piece is the
 * caller's no more then. -- Whether. */
bool inet_error_locked(struct inet_socket *s, int error, struct inet_piece *piece);
/* Likewise one that came back from the host, as the piece says. */
bool inet_returned_locked(struct inet_socket *s, struct inet_piece *piece);
/* recvmsg with MSG_ERRQUEUE. */
int64_t inet_error_receive(struct inet_socket *s, void *data, size_t n,
                           struct socket_received *out);
/* IP_RECVERR or IPV6_RECVERR was turned off. */
void inet_errors_forget(struct inet_socket *s);

#endif
