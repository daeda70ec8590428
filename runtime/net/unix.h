/*
 * AF_UNIX sockets (unix(7)): stream, datagram, seqpacket; path, abstract and unnamed addresses;
 * descriptors and credentials as control data.
 *
 * One lock (unix_lock) guards who is connected to whom, all queues and all names: sections are
 * short, data is copied into messages before and out of them under it. Sockets are counted: the
 * file holds one reference, a peer and a listener's queue one each.
 *
 * Functions return 0 or a count, or a negative guest errno. They get kernel memory only.
 */
#ifndef RUNTIME_NET_UNIX_H
#define RUNTIME_NET_UNIX_H

#include "runtime/abi/socket.h"
#include "runtime/fs/vfs/file.h"
#include "runtime/fs/vfs/vfs.h"
#include "runtime/net/socket.h"
#include "runtime/net/socket_common.h"
#include "runtime/task/user.h"
#include "runtime/task/waitq.h"

/*
 * SO_SNDBUF is the memory that what a socket has sent, and nobody has received, may take and be
 * joined by one more message. SO_RCVBUF is only shown, as unix(7) says.
 */
#define UNIX_SEND_LEAST    4608u
#define UNIX_RECEIVE_LEAST 2304u
#define UNIX_DGRAMS        256u /* that may wait at a receiver which is not connected to the sender */

/* Control data on its way. Descriptors are referenced files. */
struct unix_control {
    struct unix_control *next; /* in a list of what is to be freed */
    struct user *user;         /* whose descriptors count; referenced when there are any */
    struct file *files[L_SCM_MAX_FD];
    uint32_t file_count;
    struct l_ucred cred;
    struct socket_note notes[SOCKET_NOTES_MAX]; /* for sockets that take them */
    uint32_t note_count;
};

struct unix_message {
    struct unix_message *next;
    bool peeked;                  /* an empty packet that MSG_PEEK has given */
    size_t size, taken, cost;     /* cost: in the sender's SO_SNDBUF, as Linux counts */
    struct unix_socket *sender;   /* referenced, while the message is in a queue */
    struct unix_control *control; /* NULL: no descriptors */
    struct l_ucred cred;
    struct net_address from;
    uint8_t data[];
};

enum unix_state { UNIX_NEW, UNIX_LISTENING, UNIX_CONNECTED, UNIX_CLOSED };

struct unix_socket {
    atomic_uint refs;
    int type;
    enum unix_state state;
    struct net_address name;
    struct inode *inode;      /* where it is bound in the file system; referenced */
    struct unix_socket *peer; /* referenced; of datagram sockets: the default destination */
    struct unix_socket *abstract_next;
    struct unix_message *first, *last; /* waiting to be received */
    size_t queued;                     /* bytes of data */
    size_t held;                       /* bytes of memory that the messages take */
    size_t sent;                       /* cost of its own messages in others' queues */
    uint32_t messages;
    struct unix_socket *pending, *pending_next; /* a listener's connections not accepted yet */
    uint32_t pending_count, backlog;
    bool read_shut, write_shut, pass_cred, bound_abstract;
    int error;        /* SO_ERROR, positive */
    int32_t peek_off; /* SO_PEEK_OFF; negative: none */
    uint64_t arrived; /* messages that were queued so far */
    struct l_ucred cred, peer_cred;
    uint64_t receive_timeout_ns, send_timeout_ns; /* 0: none */
    atomic_uint send_buffer, receive_buffer;      /* SO_SNDBUF, SO_RCVBUF */
    struct socket_filter filter;                  /* of packets that come */
    struct socket_common common;
    struct waitq read_wait, write_wait;
    /* Datagram sockets that found no room here, at their peer. Each is on one such list at most. */
    struct unix_socket *starved, *starved_next, *starved_at;

    /* unix_rights.c. */
    struct file *file;     /* not referenced; NULL for a connection that was not accepted yet */
    atomic_uint in_flight; /* how often the file lies in queues */
    unsigned outside;      /* of those, in queues of sockets that are none of the candidates */
    struct unix_socket *all_next, **all_link; /* all that have a file, or wait for one */
    bool candidate, binding;
    struct unix_socket *travel_next, *travel_prev, *reached_next;
};

extern struct host_mutex unix_lock;
extern const struct file_ops unix_file_ops;
extern const struct socket_ops unix_socket_ops;

/* A socket and its file. */
int unix_socket_file(int type, uint32_t flags, struct file **out);
int unix_pair(int type, uint32_t flags, struct file **a, struct file **b);
/* The first of all; the next is all_next. unix_lock held. */
struct unix_socket *unix_first_locked(void);
/* The socket behind a file, or NULL. */
struct unix_socket *unix_of(struct file *file);
struct unix_socket *unix_get(struct unix_socket *s);
void unix_put(struct unix_socket *s);

int unix_bind(struct unix_socket *s, struct vfs_caller *caller, const struct net_address *address);
int unix_listen(struct unix_socket *s, int backlog);
int unix_connect(struct unix_socket *s, struct vfs_caller *caller,
                 const struct net_address *address, bool nonblock);
int unix_accept(struct unix_socket *s, bool nonblock, uint32_t flags, struct file **out);
int unix_shutdown(struct unix_socket *s, int how);
/* The bound or listening socket of an address, referenced. */
int unix_find(struct vfs_caller *caller, const struct net_address *address,
              struct unix_socket **out);

/* flags: L_MSG_*. to: datagram destination or NULL. control's files are taken over when the result
 * is not an error. */
int64_t unix_send(struct unix_socket *s, struct vfs_caller *caller, const void *data, size_t n,
                  uint32_t flags, const struct net_address *to, struct unix_control *control);
int64_t unix_receive(struct unix_socket *s, void *data, size_t n, uint32_t flags,
                     struct socket_received *out);
/* Frees messages that are in no queue any more, with what they held. No lock may be held. */
void unix_messages_free(struct unix_message *m);
/* A message that leaves a queue does not count for its sender any more, who is woken when that is
 * what it waits for. unix_lock held. */
void unix_message_left(struct unix_message *m);
/* s may send one more message to another socket, as far as that one's queue goes. unix_lock held.
 */
bool unix_has_room(const struct unix_socket *s, const struct unix_socket *to);
/* s may be said to be ready for more, as far as its own buffer goes: a good part of it is free.
 * unix_lock held. */
bool unix_writable(const struct unix_socket *s);
/* The largest packet that s can send. */
size_t unix_packet_most(const struct unix_socket *s);
/* A datagram socket found no room at its peer: it is woken (write_wait) when there is some.
 * unix_lock held. */
void unix_starve_locked(struct unix_socket *s);
/* Wakes the starved: there is room, or the socket is closed. unix_lock held. */
void unix_room_locked(struct unix_socket *s);
/* Drop the descriptors of control data that lies in no queue. NULL is ignored. */
void unix_control_free(struct unix_control *control);

#endif
