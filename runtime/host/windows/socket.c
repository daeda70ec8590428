/* Sockets: one thread with one I/O completion port. */
#include "runtime/host/socket_base.h"

#include <mstcpip.h>
#include <mswsock.h>
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/inet.h"
#include "runtime/abi/netdevice.h"
#include "runtime/host/heap.h"
#include "runtime/host/network.h"
#include "runtime/host/thread.h"

/* Of one socket before others have their turn. */
#define TURN        ((size_t)1 << 20)
#define NAME_SIZE   (sizeof(struct sockaddr_in6) + 16)
#define SEND_MOST   ((size_t)65536)
#define INITIAL_RTO _WSAIOW(IOC_VENDOR, 17) /* SIO_TCP_INITIAL_RTO */
#define NO_RESETS   _WSAIOW(IOC_VENDOR, 12) /* SIO_UDP_CONNRESET */

#define MAX_RTX        5  /* TCP_MAXRT: seconds that what was sent is tried again */
#define KEEP_COUNT     16 /* TCP_KEEPCNT */
#define LOOPBACK_INDEX 1
#define EXPIRED        (-L_ETIMEDOUT) /* WSAENETRESET of a datagram: its time to live was over */

/* TCP_INITIAL_RTO_PARAMETERS, which mingw-w64 lacks; 0xfe: no retransmission of SYN. */
struct initial_rto {
    USHORT rtt;
    UCHAR retransmissions;
};

enum op_kind { OP_CONNECT, OP_RECEIVE, OP_SEND, OP_ACCEPT };

struct op {
    OVERLAPPED overlapped; /* first */
    enum op_kind kind;
    bool pending;
};

struct host_socket {
    struct socket_base base; /* first */
    SOCKET handle;
    bool bound, finished, posted;
    bool linked; /* datagrams: has a destination */
    bool wants_returned;
    uint32_t device;          /* 0: any */
    struct host_address peer; /* that destination */
    struct op in, out;        /* out: connect, then send */
    SOCKET accepting;
    /* Of listeners the names of a connection; of datagram sockets a packet and who sent it. */
    uint8_t *buffer;
    union socket_address from;
    int from_length;
};

static struct host_mutex pump_lock = HOST_MUTEX_INIT(RANK_HOST_SOCKETS);
static HANDLE pump_port;
static LPFN_ACCEPTEX accept_ex;
static LPFN_CONNECTEX connect_ex;
static LPFN_GETACCEPTEXSOCKADDRS accept_names;
static uint8_t pump_buffer[65536];

/* --- errors --- */

static int error_of(DWORD error)
{
    static const struct {
        DWORD windows;
        int ours;
    } table[] = {{WSAEACCES, L_EACCES},
                 {WSAEADDRINUSE, L_EADDRINUSE},
                 {WSAEADDRNOTAVAIL, L_EADDRNOTAVAIL},
                 {WSAEAFNOSUPPORT, L_EAFNOSUPPORT},
                 /* The network has failed, or nobody answered for too long. */
                 {WSAECONNABORTED, L_ETIMEDOUT},
                 {ERROR_CONNECTION_ABORTED, L_ETIMEDOUT},
                 {WSAENETRESET, L_ETIMEDOUT}, /* what keep-alive asked for */
                 {WSAECONNREFUSED, L_ECONNREFUSED},
                 {ERROR_CONNECTION_REFUSED, L_ECONNREFUSED},
                 {WSAECONNRESET, L_ECONNRESET},
                 {ERROR_NETNAME_DELETED, L_ECONNRESET},
                 {ERROR_PORT_UNREACHABLE, L_ECONNREFUSED},
                 {WSAEHOSTDOWN, L_EHOSTUNREACH},
                 {WSAEHOSTUNREACH, L_EHOSTUNREACH},
                 {ERROR_HOST_UNREACHABLE, L_EHOSTUNREACH},
                 {WSAEMFILE, L_EMFILE},
                 {WSAEMSGSIZE, L_EMSGSIZE},
                 {WSAENETDOWN, L_ENETUNREACH},
                 {WSAENETUNREACH, L_ENETUNREACH},
                 {ERROR_NETWORK_UNREACHABLE, L_ENETUNREACH},
                 {WSAENOBUFS, L_ENOBUFS},
                 {WSAETIMEDOUT, L_ETIMEDOUT},
                 {ERROR_SEM_TIMEOUT, L_ETIMEDOUT},
                 {WSAEWOULDBLOCK, L_EAGAIN},
                 {WSAEINVAL, L_EINVAL},
                 {WSAENOTCONN, L_ENOTCONN}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].windows == error)
            return -table[i].ours;
    }
    return -L_EIO;
}

static int last_error(void)
{
    return error_of((DWORD)WSAGetLastError());
}

static void copy_name(const struct sockaddr *from, struct host_address *out)
{
    union socket_address a;
    memcpy(&a, from, from->sa_family == AF_INET6 ? sizeof(a.in6) : sizeof(a.in));
    socket_from_host(&a, out);
}

/* --- what follows is with the socket's lock --- */

/* The pump's thread looks whether it can be released. */
static void post(struct host_socket *s)
{
    s->posted = true;
    PostQueuedCompletionStatus(pump_port, 0, (ULONG_PTR)s, NULL);
}

/* Ends it: what is pending is cancelled and comes back with an error. */
void socket_die(struct host_socket *s)
{
    if (s->base.dead)
        return;
    s->base.dead = true;
    closesocket(s->handle);
    if (s->accepting != INVALID_SOCKET)
        closesocket(s->accepting);
    s->accepting = INVALID_SOCKET;
    post(s);
}

static OVERLAPPED *begin(struct op *op, enum op_kind kind)
{
    memset(&op->overlapped, 0, sizeof(op->overlapped));
    op->kind = kind;
    op->pending = true;
    return &op->overlapped;
}

/* What a call that starts an operation gave. 0, or its error. */
static int started(struct op *op, bool ok)
{
    DWORD error = ok ? 0 : (DWORD)WSAGetLastError();
    if (ok || error == WSA_IO_PENDING)
        return 0;
    op->pending = false;
    return error_of(error);
}

static void wait_for_bytes(struct host_socket *s)
{
    WSABUF none = {0, NULL};
    DWORD flags = 0;
    if (s->in.pending || s->base.ended || s->base.closing || !s->base.connected)
        return;
    int error = started(
        &s->in, WSARecv(s->handle, &none, 1, NULL, &flags, begin(&s->in, OP_RECEIVE), NULL) == 0);
    if (error)
        socket_fail(s, error);
}

/* An error instead of a datagram: one that was sent has come back. Of what ICMP said there is the
 * error alone, which is that nobody is at the port, or that the time to live was over. */
static void fail_datagram(struct host_socket *s, int error)
{
    bool v6 = s->base.v6, unreached = error == -L_ECONNRESET || error == -L_ECONNREFUSED;
    struct host_returned what = {.error = unreached ? -L_ECONNREFUSED : -L_EHOSTUNREACH,
                                 .origin = v6 ? L_SO_EE_ORIGIN_ICMP6 : L_SO_EE_ORIGIN_ICMP,
                                 .to = s->peer,
                                 .has_offender = unreached,
                                 .offender = s->peer};
    if (unreached) {
        what.type = v6 ? L_ICMPV6_DEST_UNREACH : L_ICMP_DEST_UNREACH;
        what.code = v6 ? L_ICMPV6_PORT_UNREACH : L_ICMP_PORT_UNREACH;
    } else {
        what.type = v6 ? L_ICMPV6_TIME_EXCEEDED : L_ICMP_TIME_EXCEEDED;
    }
    what.offender.port = 0;
    if (s->wants_returned && s->linked && (unreached || error == EXPIRED))
        s->base.user->returned(s->base.arg, &what);
    else if (error != EXPIRED) /* of which only who asked is told */
        s->base.user->ended(s->base.arg, unreached ? -L_ECONNREFUSED : error);
}

static void wait_for_datagram(struct host_socket *s)
{
    WSABUF whole = {HOST_DATAGRAM_MAX, (char *)s->buffer};
    int error = -L_ECONNRESET;
    /* Each call takes one error that came back; the next takes what comes then. */
    while ((error == -L_ECONNRESET || error == EXPIRED) && !s->in.pending && !s->base.closing &&
           s->bound) {
        DWORD flags = 0;
        s->from_length = sizeof(s->from);
        s->from.any.sa_family = AF_UNSPEC;
        error = started(&s->in, WSARecvFrom(s->handle, &whole, 1, NULL, &flags, &s->from.any,
                                            &s->from_length, begin(&s->in, OP_RECEIVE), NULL) == 0);
        if (error)
            fail_datagram(s, error);
    }
}

static void wait_for_connection(struct host_socket *s)
{
    DWORD n;
    int error = -L_ECONNRESET;
    /* A connection that ended while it waited is an error of its own. */
    while ((error == -L_ECONNRESET || error == -L_ETIMEDOUT) && !s->in.pending &&
           !s->base.closing) {
        s->accepting = WSASocketW(s->base.v6 ? AF_INET6 : AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL,
                                  0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
        error = s->accepting == INVALID_SOCKET
                    ? -L_ENFILE
                    : started(&s->in, accept_ex(s->handle, s->accepting, s->buffer, 0, NAME_SIZE,
                                                NAME_SIZE, &n, begin(&s->in, OP_ACCEPT)));
        if (error && s->accepting != INVALID_SOCKET)
            closesocket(s->accepting);
        if (error)
            s->accepting = INVALID_SOCKET;
    }
    /* Who listens has to ask again. */
    if (error && error != -L_ECONNRESET && error != -L_ETIMEDOUT)
        s->base.user->ended(s->base.arg, -L_ENFILE);
}

void socket_flush(struct host_socket *s)
{
    size_t n;
    if (!s->base.connected || s->base.failed || s->out.pending)
        return;
    const void *bytes = s->base.user->next(s->base.arg, &n);
    if (bytes) {
        WSABUF some = {(ULONG)(n < SEND_MOST ? n : SEND_MOST), (char *)(uintptr_t)bytes};
        int error = started(
            &s->out, WSASend(s->handle, &some, 1, NULL, 0, begin(&s->out, OP_SEND), NULL) == 0);
        if (error)
            socket_fail(s, error);
        return;
    }
    if (s->base.closing) {
        socket_die(s);
    } else if (s->base.finishing && !s->finished) {
        s->finished = true;
        shutdown(s->handle, SD_SEND);
    }
}

int socket_name_of(struct host_socket *s, struct host_address *out)
{
    union socket_address a;
    int length = sizeof(a);
    if (getsockname(s->handle, &a.any, &length))
        return last_error();
    socket_from_host(&a, out);
    return 0;
}

static void end_connect(struct host_socket *s, int error)
{
    struct host_address local;
    s->base.connecting = false;
    s->base.connected = error == 0;
    s->base.ended = s->base.failed = error != 0;
    if (s->base.connected)
        setsockopt(s->handle, SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, NULL, 0);
    if (s->base.closing) {
        socket_die(s);
        return;
    }
    s->base.user->connected(s->base.arg, error,
                            !error && socket_name_of(s, &local) == 0 ? &local : NULL);
    wait_for_bytes(s);
    socket_flush(s);
}

/* A count; 0: nothing is there; -1: it has ended. What waits for bytes is to tell of the end,
 * unless it has come back without an error (last): Wine forgets a reset that it has told once, and
 * shows the end then. */
static int receive(struct host_socket *s, void *bytes, size_t room, int flags, bool last)
{
    int n = recv(s->handle, bytes, (int)room, flags);
    int error = n < 0 ? WSAGetLastError() : 0;
    /* WSAESHUTDOWN is the end as well. */
    bool end = n == 0 || error == WSAESHUTDOWN;
    if (n > 0)
        return n;
    if (error == WSAEWOULDBLOCK)
        return 0;
    if (end && !last) {
        wait_for_bytes(s);
        return 0;
    }
    s->base.ended = true;
    s->base.failed = s->base.failed || !end;
    s->base.user->ended(s->base.arg, end ? 0 : error_of((DWORD)error));
    return -1;
}

/* buffer: HOST_DATAGRAM_MAX bytes. */
static void take_bytes(struct host_socket *s, uint8_t *buffer, bool last)
{
    int n = 1;
    for (size_t done = 0; done < TURN && n > 0; done += (size_t)n) {
        size_t room = s->base.user->room(s->base.arg);
        if (!room && last)
            receive(s, buffer, 1, MSG_PEEK, true); /* the end needs none */
        if (!room)
            return; /* host_socket_receive goes on */
        n = receive(s, buffer, room < HOST_DATAGRAM_MAX ? room : HOST_DATAGRAM_MAX, 0, last);
        if (n < 0)
            return;
        if (n)
            s->base.user->received(s->base.arg, buffer, (size_t)n);
    }
    wait_for_bytes(s);
}

static struct host_socket *wrap(SOCKET handle, bool datagram, bool v6)
{
    u_long on = 1;
    struct host_socket *s = calloc(1, sizeof(*s));
    if (s) {
        host_mutex_init(&s->base.lock, RANK_HOST_SOCKET);
        s->handle = handle;
        s->accepting = INVALID_SOCKET;
        s->base.datagram = datagram;
        s->base.v6 = v6;
        ioctlsocket(handle, FIONBIO, &on);
        if (CreateIoCompletionPort((HANDLE)handle, pump_port, (ULONG_PTR)s, 0))
            return s;
    }
    free(s);
    closesocket(handle);
    return NULL;
}

static void set_nodelay(SOCKET handle)
{
    const BOOL on = TRUE;
    setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, (const char *)&on, sizeof(on));
}

static void take_connection(struct host_socket *s)
{
    struct sockaddr *local, *peer;
    int local_length, peer_length;
    struct host_address from, to;
    SOCKET handle = s->accepting;
    s->accepting = INVALID_SOCKET;
    accept_names(s->buffer, 0, NAME_SIZE, NAME_SIZE, &local, &local_length, &peer, &peer_length);
    copy_name(peer, &from);
    copy_name(local, &to);
    setsockopt(handle, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, (const char *)&s->handle,
               sizeof(s->handle));
    struct host_socket *made = wrap(handle, false, s->base.v6);
    /* It locks the new one; this one stays, as only this thread releases it. */
    host_mutex_unlock(&s->base.lock);
    if (made)
        s->base.user->accepted(s->base.arg, made, &to, &from);
    bool room = s->base.user->room(s->base.arg);
    host_mutex_lock(&s->base.lock);
    if (room)
        wait_for_connection(s);
}

/* --- the pump --- */

static void complete_in(struct host_socket *s, DWORD n, int error)
{
    s->in.pending = false;
    if (s->base.closing)
        return;
    if (s->base.listening) {
        if (error) {
            closesocket(s->accepting);
            s->accepting = INVALID_SOCKET;
            wait_for_connection(s);
        } else {
            take_connection(s);
        }
    } else if (s->base.datagram) {
        struct host_address from;
        /* From nobody: so Wine gives an error now and then. */
        if (!error && s->from.any.sa_family == AF_UNSPEC)
            error = -L_ECONNRESET;
        if (error) {
            fail_datagram(s, error);
        } else {
            socket_from_host(&s->from, &from);
            s->base.user->datagram(s->base.arg, s->buffer, n, &from);
        }
        wait_for_datagram(s);
    } else if (error) {
        socket_fail(s, error);
    } else if (!s->base.ended) {
        take_bytes(s, pump_buffer, true);
    }
}

static void complete_out(struct host_socket *s, enum op_kind kind, DWORD n, int error)
{
    s->out.pending = false;
    if (kind == OP_CONNECT) {
        end_connect(s, error);
        return;
    }
    if (error) {
        if (!s->base.dead)
            socket_fail(s, error);
        return;
    }
    s->base.user->sent(s->base.arg, n);
    if (!s->base.dead)
        socket_flush(s);
}

static void complete(struct host_socket *s, struct op *op)
{
    DWORD n = 0, flags = 0;
    host_mutex_lock(&s->base.lock);
    if (!op) {
        s->posted = false;
    } else {
        int error = 0;
        if (s->base.dead)
            error = -L_ECONNABORTED;
        else if (!WSAGetOverlappedResult(s->handle, &op->overlapped, &n, FALSE, &flags))
            error = last_error();
        if (op == &s->in)
            complete_in(s, n, error);
        else
            complete_out(s, op->kind, n, error);
    }
    bool over = s->base.dead && !s->posted && !s->in.pending && !s->out.pending;
    host_mutex_unlock(&s->base.lock);
    if (!over)
        return;
    free(s->buffer);
    s->buffer = NULL;
    if (s->base.user)
        s->base.user->released(s->base.arg);
    else
        free(s);
}

static void pump(void *arg)
{
    (void)arg;
    for (;;) {
        DWORD n;
        ULONG_PTR key = 0;
        OVERLAPPED *overlapped = NULL;
        GetQueuedCompletionStatus(pump_port, &n, &key, &overlapped, INFINITE);
        if (key)
            complete((struct host_socket *)key, (struct op *)overlapped);
    }
}

static bool find(SOCKET s, GUID id, void *function, DWORD size)
{
    DWORD n;
    return WSAIoctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof(id), function, size, &n,
                    NULL, NULL) == 0;
}

static int find_functions(void)
{
    const GUID accept_id = WSAID_ACCEPTEX, connect_id = WSAID_CONNECTEX,
               names_id = WSAID_GETACCEPTEXSOCKADDRS;
    WSADATA data;
    if (WSAStartup(MAKEWORD(2, 2), &data))
        return -L_EAFNOSUPPORT;
    SOCKET s = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    bool found = s != INVALID_SOCKET && find(s, accept_id, &accept_ex, sizeof(accept_ex)) &&
                 find(s, connect_id, &connect_ex, sizeof(connect_ex)) &&
                 find(s, names_id, &accept_names, sizeof(accept_names));
    if (s != INVALID_SOCKET)
        closesocket(s);
    return found ? 0 : -L_EAFNOSUPPORT;
}

static int start_pump(void)
{
    host_mutex_lock(&pump_lock);
    int error = pump_port ? 0 : find_functions();
    if (!error && !pump_port) {
        HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
        pump_port = port;
        error = port ? host_thread_start(pump, NULL) : -L_EMFILE;
        if (error && port) {
            CloseHandle(port);
            pump_port = NULL;
        }
    }
    host_mutex_unlock(&pump_lock);
    return error;
}

/* --- the interface --- */

static void set_up(SOCKET handle, bool datagram, bool v6)
{
    const BOOL on = TRUE;
    if (v6)
        setsockopt(handle, IPPROTO_IPV6, IPV6_V6ONLY, (const char *)&on, sizeof(on));
    if (!datagram)
        set_nodelay(handle);
}

int host_socket_open(bool datagram, bool v6, const struct host_socket_user *user, void *arg,
                     struct host_socket **out)
{
    int error = start_pump();
    if (error)
        return error;
    SOCKET handle = WSASocketW(v6 ? AF_INET6 : AF_INET, datagram ? SOCK_DGRAM : SOCK_STREAM,
                               datagram ? IPPROTO_UDP : IPPROTO_TCP, NULL, 0,
                               WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    if (handle == INVALID_SOCKET)
        return last_error();
    set_up(handle, datagram, v6);
    *out = wrap(handle, datagram, v6);
    if (!*out)
        return -L_ENOBUFS;
    (*out)->base.user = user;
    (*out)->base.arg = arg;
    (*out)->buffer = datagram ? malloc(HOST_DATAGRAM_MAX) : NULL;
    if ((*out)->buffer || !datagram)
        return 0;
    closesocket(handle);
    free(*out);
    return -L_ENOBUFS;
}

/* Errors that come back are wanted by who is connected alone. */
static void want_resets(struct host_socket *s, BOOL on)
{
    DWORD n;
    WSAIoctl(s->handle, NO_RESETS, &on, sizeof(on), NULL, 0, &n, NULL, NULL);
}

static bool is_loopback(const struct host_socket *s, const struct host_address *address)
{
    static const uint8_t loopback[16] = {[15] = 1};
    return (!s->base.v6 && address->ip[12] == 127) || memcmp(address->ip, loopback, 16) == 0;
}

/* Of any address that of the socket's interface: what comes by others is not for it then, as
 * Windows minds who has an address. */
static struct host_address at_device(const struct host_socket *s,
                                     const struct host_address *address)
{
    static const uint8_t any[16], mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct host_interface_address found;
    struct host_address out = *address;
    bool is_any = memcmp(address->ip, any, 16) == 0 ||
                  (memcmp(address->ip, mapped, 12) == 0 && memcmp(address->ip + 12, any, 4) == 0);
    if (s->device && is_any && host_network_source(s->device, s->base.v6, &found)) {
        memcpy(out.ip, found.ip, sizeof(out.ip));
        out.scope = found.scope == L_RT_SCOPE_LINK ? s->device : 0;
    }
    return out;
}

int host_socket_bind(struct host_socket *s, const struct host_address *address, bool reuse)
{
    const BOOL alone = !reuse;
    const struct host_address there = at_device(s, address);
    union socket_address a;
    int length = socket_to_host(&there, s->base.v6, &a);
    host_mutex_lock(&s->base.lock);
    if (!s->base.dead)
        setsockopt(s->handle, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, (const char *)&alone, sizeof(alone));
    int error = s->base.dead ? -L_EBADF : bind(s->handle, &a.any, length) ? last_error() : 0;
    if (!error) {
        s->bound = true;
        if (s->base.datagram) {
            want_resets(s, FALSE);
            wait_for_datagram(s);
        }
    }
    host_mutex_unlock(&s->base.lock);
    return error;
}

int host_socket_listen(struct host_socket *s, int backlog)
{
    host_mutex_lock(&s->base.lock);
    if (!s->buffer)
        s->buffer = malloc(2 * NAME_SIZE);
    int error = s->base.dead ? -L_EBADF : s->buffer ? 0 : -L_ENOBUFS;
    if (!error && listen(s->handle, backlog))
        error = last_error();
    if (!error) {
        s->base.listening = true;
        wait_for_connection(s);
    }
    host_mutex_unlock(&s->base.lock);
    return error;
}

/* Before s sends to an address: one of an interface is bound there, and has no way to the loopback.
 */
static int set_out(struct host_socket *s, const struct host_address *address)
{
    struct host_address name = {{0}, 0, 0};
    union socket_address a;
    if (!s->device)
        return 0;
    if (s->device != LOOPBACK_INDEX && address && is_loopback(s, address))
        return -L_ENETUNREACH;
    if (s->bound)
        return 0;
    name = at_device(s, &name);
    int length = socket_to_host(&name, s->base.v6, &a);
    if (bind(s->handle, &a.any, length))
        return last_error();
    s->bound = true;
    return 0;
}

/* A refused connect on the loopback takes two seconds of trying again otherwise. */
static void refuse_at_once(struct host_socket *s, const struct host_address *address)
{
    struct initial_rto rto = {0xffff, 0xfe};
    DWORD n;
    if (is_loopback(s, address))
        WSAIoctl(s->handle, INITIAL_RTO, &rto, sizeof(rto), NULL, 0, &n, NULL, NULL);
}

static int connect_stream(struct host_socket *s, const struct host_address *address)
{
    union socket_address any, a;
    struct host_address none = {{0}, 0, 0};
    int error = set_out(s, address);
    if (error)
        return error;
    int length = socket_to_host(&none, s->base.v6, &any);
    if (!s->bound && bind(s->handle, &any.any, length))
        return last_error();
    s->bound = s->base.connecting = true;
    refuse_at_once(s, address);
    length = socket_to_host(address, s->base.v6, &a);
    error = started(
        &s->out, connect_ex(s->handle, &a.any, length, NULL, 0, NULL, begin(&s->out, OP_CONNECT)));
    if (error)
        s->base.connecting = false;
    return error;
}

static int connect_datagram(struct host_socket *s, const struct host_address *address)
{
    union socket_address a;
    struct host_address none = {{0}, 0, 0};
    int length = socket_to_host(address ? address : &none, s->base.v6, &a);
    int error = address ? set_out(s, address) : 0;
    if (error)
        return error;
    if (connect(s->handle, &a.any, length))
        return last_error();
    want_resets(s, address != NULL);
    s->linked = address != NULL;
    s->peer = address ? *address : none;
    s->bound = true;
    wait_for_datagram(s);
    return 0;
}

int host_socket_connect(struct host_socket *s, const struct host_address *address)
{
    host_mutex_lock(&s->base.lock);
    int error = -L_EBADF;
    if (!s->base.dead)
        error = s->base.datagram ? connect_datagram(s, address) : connect_stream(s, address);
    host_mutex_unlock(&s->base.lock);
    return error == -L_EADDRNOTAVAIL ? -L_ENETUNREACH : error;
}

void socket_started(struct host_socket *s)
{
    s->bound = true;
    set_nodelay(s->handle);
    wait_for_bytes(s);
}

void host_socket_receive(struct host_socket *s)
{
    uint8_t *buffer = s->base.datagram || s->base.listening ? NULL : malloc(HOST_DATAGRAM_MAX);
    host_mutex_lock(&s->base.lock);
    if (s->base.listening && !s->base.dead)
        wait_for_connection(s);
    else if (buffer && socket_is_open(&s->base))
        take_bytes(s, buffer, false);
    else if (!s->base.datagram && !s->base.dead)
        wait_for_bytes(s);
    host_mutex_unlock(&s->base.lock);
    free(buffer);
}

void host_socket_await(struct host_socket *s)
{
    host_mutex_lock(&s->base.lock);
    wait_for_bytes(s);
    host_mutex_unlock(&s->base.lock);
}

int64_t socket_receive(struct host_socket *s, void *bytes, size_t n)
{
    return receive(s, bytes, n, 0, false);
}

void host_socket_check(struct host_socket *s)
{
    char byte;
    host_mutex_lock(&s->base.lock);
    if (s->base.connected && s->base.ended && !s->base.failed && !s->base.closing &&
        recv(s->handle, &byte, sizeof(byte), 0) < 0) {
        int error = WSAGetLastError();
        if (error != WSAEWOULDBLOCK && error != WSAESHUTDOWN)
            socket_fail(s, error_of((DWORD)error));
    }
    host_mutex_unlock(&s->base.lock);
}

int host_socket_send_to(struct host_socket *s, const void *bytes, size_t n,
                        const struct host_address *address)
{
    union socket_address a;
    int length = address ? socket_to_host(address, s->base.v6, &a) : 0;
    int error = -L_EBADF;
    host_mutex_lock(&s->base.lock);
    if (!s->base.dead) {
        if (!s->bound)
            want_resets(s, FALSE);
        error = set_out(s, address);
        if (!error)
            error = sendto(s->handle, bytes, (int)n, 0, address ? &a.any : NULL, length) < 0
                        ? last_error()
                        : 0;
        s->bound = s->bound || !error;
        wait_for_datagram(s);
    }
    host_mutex_unlock(&s->base.lock);
    return error == -L_EADDRNOTAVAIL ? -L_ENETUNREACH : error;
}

void host_socket_want_returned(struct host_socket *s)
{
    host_mutex_lock(&s->base.lock);
    s->wants_returned = true;
    host_mutex_unlock(&s->base.lock);
}

void host_socket_linger(struct host_socket *s, unsigned seconds)
{
    /* Of what Winsock has kept for itself nothing is told; it is not to keep more, as what is sent
     * without a buffer is complete when the network is done with it. closesocket waits too, but
     * ends the connection when its time is over. */
    const int none = 0;
    (void)seconds;
    host_mutex_lock(&s->base.lock);
    if (!s->base.dead)
        setsockopt(s->handle, SOL_SOCKET, SO_SNDBUF, (const char *)&none, sizeof(none));
    host_mutex_unlock(&s->base.lock);
}

void socket_resets(struct host_socket *s)
{
    const struct linger now = {1, 0};
    setsockopt(s->handle, SOL_SOCKET, SO_LINGER, (const char *)&now, sizeof(now));
}

static void set_tcp(SOCKET handle, int name, DWORD value)
{
    setsockopt(handle, IPPROTO_TCP, name, (const char *)&value, sizeof(value));
}

int host_socket_set_device(struct host_socket *s, uint32_t device)
{
    const DWORD index = s->base.v6 ? device : htonl(device);
    host_mutex_lock(&s->base.lock);
    s->device = device;
    /* Where it cannot be had the address that it is bound to chooses as well. */
    if (!s->base.dead)
        setsockopt(s->handle, s->base.v6 ? IPPROTO_IPV6 : IPPROTO_IP,
                   s->base.v6 ? IPV6_UNICAST_IF : IP_UNICAST_IF, (const char *)&index,
                   sizeof(index));
    host_mutex_unlock(&s->base.lock);
    return 0;
}

int host_socket_may_use(uint32_t device)
{
    (void)device;
    return 0;
}

void host_socket_mark(struct host_socket *s, unsigned hops, unsigned service)
{
    const DWORD hop_limit = hops;
    (void)service;
    host_mutex_lock(&s->base.lock);
    if (!s->base.dead)
        setsockopt(s->handle, s->base.v6 ? IPPROTO_IPV6 : IPPROTO_IP,
                   s->base.v6 ? IPV6_UNICAST_HOPS : IP_TTL, (const char *)&hop_limit,
                   sizeof(hop_limit));
    host_mutex_unlock(&s->base.lock);
}

void host_socket_tune(struct host_socket *s, const struct host_tuning *tuning)
{
    struct tcp_keepalive keep = {tuning->keepalive, tuning->idle_s * 1000,
                                 tuning->interval_s * 1000};
    DWORD n;
    host_mutex_lock(&s->base.lock);
    if (!s->base.dead) {
        set_tcp(s->handle, KEEP_COUNT, tuning->count);
        if (tuning->user_timeout_ms)
            set_tcp(s->handle, MAX_RTX, tuning->user_timeout_ms / 1000 + 1);
        WSAIoctl(s->handle, SIO_KEEPALIVE_VALS, &keep, sizeof(keep), NULL, 0, &n, NULL, NULL);
    }
    host_mutex_unlock(&s->base.lock);
}
