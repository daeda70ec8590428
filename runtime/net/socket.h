/*
 * What all sockets share: the table of operations that stands behind the socket calls, addresses,
 * and what travels with a message.
 *
 * A file is a socket when its file_ops name such a table. Operations get kernel memory only, may
 * wait, and are called without a lock; they return 0 or a count, or a negative guest errno. A wait
 * that a signal ends is -L_ERESTARTSYS, or -L_EINTR when the socket has a time-out (signal(7)).
 * Packets have FILE_WHOLE_WRITE in file->kind, streams have not.
 */
#ifndef RUNTIME_NET_SOCKET_H
#define RUNTIME_NET_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/abi/inet.h"
#include "runtime/abi/socket.h"
#include "runtime/fs/vfs/file.h"
#include "runtime/net/socket_filter.h"

struct task;
struct unix_control;
struct vfs_caller;

/* A sockaddr of any family, as a guest gave it or is given it. */
struct net_address {
    uint32_t length; /* of the whole; 0: none */
    union {
        uint16_t family;
        struct l_sockaddr_un un;
        struct l_sockaddr_in in;
        struct l_sockaddr_in6 in6;
        uint8_t bytes[128];
    };
};

/* A control message of a packet, beside descriptors and credentials. size: of the whole, of which
 * data has what fits. */
#define SOCKET_NOTES_MAX 8
struct socket_note {
    int32_t level, type;
    uint32_t size;
    uint8_t data[48];
};

/* What recvmsg tells beside the data. */
struct socket_received {
    struct net_address from; /* length 0: none to tell */
    struct l_ucred cred;
    bool with_cred;
    struct unix_control *control; /* the caller's now; NULL: none */
    struct socket_note notes[SOCKET_NOTES_MAX];
    uint32_t note_count;
    uint32_t flags;   /* L_MSG_TRUNC */
    size_t full_size; /* of the packet */
    bool discarded;   /* MSG_TRUNC of a TCP socket: the bytes are taken and not given */
};

struct socket_ops {
    bool takes_notes; /* control messages that send gets in control->notes are looked at */
    int (*bind)(struct file *file, struct vfs_caller *caller, const struct net_address *address);
    int (*listen)(struct file *file, int backlog);
    /* flags: L_O_NONBLOCK for the file that is made. */
    int (*accept)(struct file *file, bool nonblock, uint32_t flags, struct file **out,
                  struct net_address *peer);
    int (*connect)(struct file *file, struct vfs_caller *caller, const struct net_address *address,
                   bool nonblock);
    int (*get_name)(struct file *file, bool peer, struct net_address *out);
    int (*shutdown)(struct file *file, int how);
    int (*set_option)(struct file *file, struct task *t, uint32_t level, uint32_t name,
                      const void *value, uint32_t length);
    /* The value's size; it is cut to what the guest has room for. value has SOCKET_OPTION_MAX, or
     * the guest's room when that is more, and holds what the guest has there. */
    int (*get_option)(struct file *file, uint32_t level, uint32_t name, void *value, uint32_t room);
    /* Its filter, and what to do when that has changed (NULL: nothing). */
    struct socket_filter *(*filter)(struct file *file);
    void (*filter_changed)(struct file *file);
    /* The largest packet that can be sent; not asked of streams. */
    size_t (*packet_most)(struct file *file);
    /* flags: L_MSG_*. to: a destination or NULL. control's files are taken over when the result is
     * not an error. */
    int64_t (*send)(struct file *file, struct vfs_caller *caller, const void *data, size_t n,
                    uint32_t flags, const struct net_address *to, struct unix_control *control);
    int64_t (*receive)(struct file *file, void *data, size_t n, uint32_t flags,
                       struct socket_received *out);
};

#define SOCKET_OPTION_MAX 256
#define SOCKET_VALUE_MAX  16384u /* more of a value is not looked at */

static inline bool socket_is_stream(const struct file *file)
{
    return !(file->kind & FILE_WHOLE_WRITE);
}

/* read and write of every socket's file: with these its file_ops begin. */
int64_t socket_file_read(struct file *file, void *buffer, size_t n, uint64_t *pos);
int64_t socket_file_read_now(struct file *file, void *buffer, size_t n);
int64_t socket_file_write(struct file *file, const void *buffer, size_t n, uint64_t *pos);
#define SOCKET_FILE_OPS                                                                            \
    .kind_flags = FILE_OPS_ASYNC, .read = socket_file_read, .read_now = socket_file_read_now,      \
    .write = socket_file_write

/* The deadline of SO_RCVTIMEO or SO_SNDTIMEO (0: none), and what a call returns when wait_until
 * failed: -L_EAGAIN when it has passed; a call with a time-out is not restarted (signal(7)). */
uint64_t socket_deadline(uint64_t timeout_ns);
int socket_wait_error(int error, uint64_t deadline);

/* SO_PEEK_OFF: an offset after n bytes were seen there, or were taken from the front. */
static inline void socket_peeked(int32_t *offset, size_t n)
{
    if (*offset >= 0)
        *offset = n < (size_t)(INT32_MAX - *offset) ? *offset + (int32_t)n : INT32_MAX;
}
static inline void socket_taken(int32_t *offset, size_t n)
{
    if (*offset >= 0)
        *offset = n < (size_t)*offset ? *offset - (int32_t)n : 0;
}

/* SO_RCVTIMEO and SO_SNDTIMEO: to and from a struct l_timeval. */
int socket_parse_timeout(const void *value, uint32_t length, uint64_t *ns);
int socket_show_timeout(void *value, uint64_t ns);
/* What SO_SNDBUF, SO_RCVBUF and the FORCE kinds of them make of a value: twice as much, as there is
 * more to keep than the data (socket(7)), at least `least`. -L_EPERM. */
int socket_buffer_size(struct task *t, uint32_t name, uint32_t value, uint32_t least);

#endif
