/* Datagrams that are sent in pieces: MSG_MORE and UDP_CORK of udp(7). */
#include "runtime/abi/errno.h"
#include "runtime/host/heap.h"
#include "runtime/net/inet.h"
#include <string.h>

/* Where and how the first piece said that it goes. */
struct inet_cork {
    struct inet_end to;
    bool addressed;
    struct inet_how how;
    size_t size, room;
    uint8_t *data;
};

static void free_cork(struct inet_cork *cork)
{
    if (cork)
        free(cork->data);
    free(cork);
}

void inet_cork_free(struct inet_socket *s)
{
    free_cork(s->cork);
    s->cork = NULL;
}

static int begin_locked(struct inet_socket *s, const struct inet_end *to,
                        const struct inet_how *how)
{
    int error = inet_datagram_check_locked(s, to);
    if (error)
        return error;
    s->cork = calloc(1, sizeof(*s->cork));
    if (!s->cork)
        return -L_ENOBUFS;
    s->cork->addressed = to != NULL;
    s->cork->how = *how;
    if (to)
        s->cork->to = *to;
    return 0;
}

static int append_locked(const struct inet_socket *s, struct inet_cork *cork, const void *data,
                         size_t n)
{
    size_t most = s->v6 ? INET_PACKET_MOST_V6 : INET_PACKET_MOST_V4;
    if (n > most - cork->size)
        return -L_EMSGSIZE;
    if (cork->size + n > cork->room) {
        size_t room = 2 * (cork->size + n) < most ? 2 * (cork->size + n) : most;
        uint8_t *grown = realloc(cork->data, room);
        if (!grown)
            return -L_ENOBUFS;
        cork->data = grown;
        cork->room = room;
    }
    if (n)
        memcpy(cork->data + cork->size, data, n);
    cork->size += n;
    return 0;
}

static int push(struct inet_socket *s, struct inet_cork *cork)
{
    return inet_datagram_send_whole(s, cork->data, cork->size, cork->addressed ? &cork->to : NULL,
                                    &cork->how);
}

int64_t inet_cork_send(struct inet_socket *s, const void *data, size_t n, bool last,
                       const struct inet_end *to, const struct inet_how *how)
{
    struct inet_cork *whole = NULL, *lost = NULL;
    host_mutex_lock(&inet_lock);
    int error = s->cork ? 0 : begin_locked(s, to, how);
    if (!error) {
        error = append_locked(s, s->cork, data, n);
        if (error || last) {
            *(error ? &lost : &whole) = s->cork;
            s->cork = NULL;
        }
    }
    host_mutex_unlock(&inet_lock);
    if (whole)
        error = push(s, whole);
    free_cork(whole);
    free_cork(lost);
    return error ? error : (int64_t)n;
}

int inet_cork_push(struct inet_socket *s)
{
    host_mutex_lock(&inet_lock);
    struct inet_cork *cork = s->cork;
    s->cork = NULL;
    host_mutex_unlock(&inet_lock);
    int error = cork ? push(s, cork) : 0;
    free_cork(cork);
    return error;
}
