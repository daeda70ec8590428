/*
 * Sockets of the host where Windows is otherwise than Wine, or Wine cannot be asked: options and
 * requests that are made, errors that come back to a socket for datagrams, no descriptors, and what
 * is left of connections.
 *
 * wrap: WSASocketW WSAIoctl WSARecvFrom WSAGetOverlappedResult setsockopt recv
 */
#include "runtime/host/socket.h"
#include <winsock2.h>
/* After winsock2.h. */
#include <mstcpip.h>
#include <ws2tcpip.h>

#include "runtime/abi/errno.h"
#include "runtime/host/lock.h"
#include "runtime/host/time.h"
#include "tests/unit/run.h"
#include "tests/windows/host/shim.h"
#include <check.h>
#include <string.h>

#define PLAYED(name)                                                                               \
    static __typeof__(name) shim_##name;                                                           \
    SHIM(name)

PLAYED(WSASocketW);
PLAYED(WSAIoctl);
PLAYED(WSARecvFrom);
PLAYED(WSAGetOverlappedResult);
PLAYED(setsockopt);
PLAYED(recv);

#define PATIENCE    (20 * NS_PER_SEC)
#define INITIAL_RTO _WSAIOW(IOC_VENDOR, 17)
#define NO_RESETS   _WSAIOW(IOC_VENDOR, 12)
#define MAX_RTX     5
#define KEEP_COUNT  16

/* How the system behaves: so many calls fail. */
static struct {
    _Atomic int no_socket, reset_datagrams, expired_datagrams;
    /* The next receive fails so, or what waited for bytes. */
    _Atomic int receive_error, waiting_error;
} behaviour;

/* What was asked for. */
static struct {
    _Atomic int exclusive, shared, v6_only, resets, rto, receives, keep_count, most_retries;
    _Atomic int unbuffered;
    _Atomic DWORD interface4, interface6;
    struct tcp_keepalive keepalive;
} calls;

static SOCKET WSAAPI shim_WSASocketW(int family, int type, int protocol, LPWSAPROTOCOL_INFOW info,
                                     GROUP group, DWORD flags)
{
    if (behaviour.no_socket > 0) {
        behaviour.no_socket--;
        WSASetLastError(WSAEMFILE);
        return INVALID_SOCKET;
    }
    return REAL(WSASocketW)(family, type, protocol, info, group, flags);
}

static int WSAAPI shim_WSAIoctl(SOCKET s, DWORD code, LPVOID in, DWORD in_size, LPVOID out,
                                DWORD out_size, LPDWORD n, LPWSAOVERLAPPED overlapped,
                                LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    if (code == NO_RESETS)
        calls.resets = *(BOOL *)in;
    if (code == INITIAL_RTO)
        calls.rto++;
    if (code == SIO_KEEPALIVE_VALS)
        calls.keepalive = *(struct tcp_keepalive *)in;
    return REAL(WSAIoctl)(s, code, in, in_size, out, out_size, n, overlapped, routine);
}

static int WSAAPI shim_WSARecvFrom(SOCKET s, LPWSABUF buffers, DWORD count, LPDWORD n,
                                   LPDWORD flags, struct sockaddr *from, LPINT length,
                                   LPWSAOVERLAPPED overlapped,
                                   LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    calls.receives++;
    if (behaviour.reset_datagrams > 0) {
        behaviour.reset_datagrams--;
        WSASetLastError(WSAECONNRESET);
        return SOCKET_ERROR;
    }
    if (behaviour.expired_datagrams > 0) {
        behaviour.expired_datagrams--;
        WSASetLastError(WSAENETRESET);
        return SOCKET_ERROR;
    }
    return REAL(WSARecvFrom)(s, buffers, count, n, flags, from, length, overlapped, routine);
}

static WINBOOL WSAAPI shim_WSAGetOverlappedResult(SOCKET s, LPWSAOVERLAPPED overlapped, LPDWORD n,
                                                  WINBOOL wait, LPDWORD flags)
{
    WINBOOL good = REAL(WSAGetOverlappedResult)(s, overlapped, n, wait, flags);
    int error = behaviour.waiting_error;
    if (good && !*n && error) {
        behaviour.waiting_error = 0;
        WSASetLastError(error);
        return FALSE;
    }
    return good;
}

static int WSAAPI shim_setsockopt(SOCKET s, int level, int name, const char *value, int length)
{
    if (level == SOL_SOCKET && name == SO_EXCLUSIVEADDRUSE)
        calls.exclusive = *(const BOOL *)value;
    if (level == SOL_SOCKET && name == SO_REUSEADDR)
        calls.shared++;
    if (level == IPPROTO_IPV6 && name == IPV6_V6ONLY)
        calls.v6_only = *(const BOOL *)value;
    if (level == IPPROTO_TCP && name == KEEP_COUNT)
        calls.keep_count = *(const int *)value;
    if (level == IPPROTO_TCP && name == MAX_RTX)
        calls.most_retries = *(const int *)value;
    if (level == SOL_SOCKET && name == SO_SNDBUF)
        calls.unbuffered += *(const int *)value == 0;
    if (level == IPPROTO_IP && name == IP_UNICAST_IF)
        calls.interface4 = *(const DWORD *)value;
    if (level == IPPROTO_IPV6 && name == IPV6_UNICAST_IF)
        calls.interface6 = *(const DWORD *)value;
    return REAL(setsockopt)(s, level, name, value, length);
}

static int WSAAPI shim_recv(SOCKET s, char *data, int size, int flags)
{
    int error = behaviour.receive_error;
    if (error) {
        behaviour.receive_error = 0;
        WSASetLastError(error);
        return SOCKET_ERROR;
    }
    return REAL(recv)(s, data, size, flags);
}

/* --- a user of sockets that counts --- */

struct side {
    struct host_socket *socket;
    int connected, ended, returned, last, datagrams, accepted, released, asked;
    _Atomic bool reads; /* takes what comes by itself */
    size_t received;
    struct side *next_accepted;
    const char *text;
    struct host_returned what;
};

static struct host_mutex lock = HOST_MUTEX_INIT(RANK_TEST);
static struct host_cond changed = HOST_COND_INIT;

static void done(void)
{
    host_cond_broadcast(&changed);
    host_mutex_unlock(&lock);
}

static void connected(void *arg, int error, const struct host_address *local)
{
    struct side *side = arg;
    (void)local;
    host_mutex_lock(&lock);
    side->connected++;
    side->last = error;
    done();
}

static size_t room(void *arg)
{
    struct side *side = arg;
    host_mutex_lock(&lock);
    side->asked += side->reads;
    done();
    return side->reads ? 0 : 1000;
}

static void received(void *arg, const void *bytes, size_t n)
{
    struct side *side = arg;
    (void)bytes;
    host_mutex_lock(&lock);
    side->received += n;
    done();
}

static void ended(void *arg, int error)
{
    struct side *side = arg;
    host_mutex_lock(&lock);
    side->ended++;
    side->last = error;
    done();
}

static void returned(void *arg, const struct host_returned *what)
{
    struct side *side = arg;
    host_mutex_lock(&lock);
    side->returned++;
    side->what = *what;
    done();
}

static const void *next(void *arg, size_t *n)
{
    struct side *side = arg;
    *n = side->text ? strlen(side->text) : 0;
    return *n ? side->text : NULL;
}

static void sent(void *arg, size_t n)
{
    struct side *side = arg;
    side->text += n;
}

static void datagram(void *arg, const void *bytes, size_t n, const struct host_address *from)
{
    struct side *side = arg;
    (void)bytes;
    (void)n;
    (void)from;
    host_mutex_lock(&lock);
    side->datagrams++;
    done();
}

static bool drained(void *arg)
{
    (void)arg;
    return true;
}

static void released(void *arg)
{
    struct side *side = arg;
    host_mutex_lock(&lock);
    side->released++;
    done();
}

static const struct host_socket_user user;

static void accepted(void *arg, struct host_socket *made, const struct host_address *local,
                     const struct host_address *peer)
{
    struct side *side = arg;
    (void)local;
    (void)peer;
    side->next_accepted->socket = made;
    host_socket_start(made, &user, side->next_accepted);
    host_mutex_lock(&lock);
    side->accepted++;
    done();
}

static const struct host_socket_user user = {.connected = connected,
                                             .room = room,
                                             .received = received,
                                             .drained = drained,
                                             .ended = ended,
                                             .returned = returned,
                                             .next = next,
                                             .sent = sent,
                                             .datagram = datagram,
                                             .accepted = accepted,
                                             .released = released};

static void reach(const int *count, int wanted)
{
    uint64_t deadline = host_clock_monotonic_ns() + PATIENCE;
    host_mutex_lock(&lock);
    while (*count < wanted && host_cond_wait(&changed, &lock, deadline))
        ;
    bool there = *count >= wanted;
    host_mutex_unlock(&lock);
    ck_assert(there);
}

static struct host_address loopback(uint16_t port)
{
    struct host_address address = {
        {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}, port, 0};
    return address;
}

static void open_side(struct side *side, bool datagrams)
{
    ck_assert_int_eq(host_socket_open(datagrams, false, &user, side, &side->socket), 0);
}

static void close_side(struct side *side)
{
    host_socket_close(side->socket, false);
    reach(&side->released, 1);
    host_socket_free(side->socket);
}

static uint16_t listening(struct side *side, bool reuse)
{
    struct host_address address = loopback(0);
    open_side(side, false);
    ck_assert_int_eq(host_socket_bind(side->socket, &address, reuse), 0);
    ck_assert_int_eq(host_socket_listen(side->socket, 5), 0);
    ck_assert_int_eq(host_socket_name(side->socket, &address), 0);
    return address.port;
}

/* An address belongs to one alone, and is never shared by SO_REUSEADDR, which on Windows takes it
 * away from others. */
START_TEST(addresses)
{
    struct side side = {0}, six = {0};
    calls.shared = 0;
    listening(&side, false);
    ck_assert_int_eq(calls.exclusive, TRUE);
    close_side(&side);
    side = (struct side){0};
    listening(&side, true);
    ck_assert_int_eq(calls.exclusive, FALSE);
    close_side(&side);
    ck_assert_int_eq(calls.shared, 0);
    calls.v6_only = -1;
    ck_assert_int_eq(host_socket_open(false, true, &user, &six, &six.socket), 0);
    ck_assert_int_eq(calls.v6_only, TRUE);
    close_side(&six);
}
END_TEST

/* On the loopback nobody is asked twice, or a refusal takes two seconds. */
START_TEST(refusals)
{
    struct side side = {0}, gone = {0};
    struct host_address address = loopback(listening(&gone, false)),
                        elsewhere = {
                            {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 77}, 9, 0};
    close_side(&gone);
    calls.rto = 0;
    open_side(&side, false);
    ck_assert_int_eq(host_socket_connect(side.socket, &address), 0);
    reach(&side.connected, 1);
    ck_assert_int_eq(side.last, -L_ECONNREFUSED);
    ck_assert_int_eq(calls.rto, 1);
    close_side(&side);
    side = (struct side){0};
    open_side(&side, false);
    host_socket_connect(side.socket, &elsewhere);
    ck_assert_int_eq(calls.rto, 1);
    close_side(&side);
}
END_TEST

/* Errors come back to who is connected alone; each takes one receive, after which there is another.
 */
START_TEST(dead_ports)
{
    struct side side = {0}, other = {0};
    struct host_address address = loopback(0), name;
    calls.resets = -1;
    open_side(&other, true);
    ck_assert_int_eq(host_socket_bind(other.socket, &address, false), 0);
    ck_assert_int_eq(calls.resets, FALSE);
    ck_assert_int_eq(host_socket_name(other.socket, &name), 0);
    open_side(&side, true);
    behaviour.reset_datagrams = 20;
    ck_assert_int_eq(host_socket_connect(side.socket, &name), 0);
    ck_assert_int_eq(calls.resets, TRUE);
    ck_assert_int_eq(side.ended, 20);
    ck_assert_int_eq(side.last, -L_ECONNREFUSED);
    ck_assert_int_eq(host_socket_name(side.socket, &address), 0);
    ck_assert_int_eq(host_socket_send_to(other.socket, "x", 1, &address), 0);
    reach(&side.datagrams, 1); /* it still receives */
    close_side(&side);
    close_side(&other);
}
END_TEST

/* Who asks is told what came back, as far as Windows tells; without, that a time to live was over
 * is no error. */
START_TEST(come_back)
{
    struct side other = {0};
    struct host_address address = loopback(0), name;
    open_side(&other, true);
    ck_assert_int_eq(host_socket_bind(other.socket, &address, false), 0);
    ck_assert_int_eq(host_socket_name(other.socket, &name), 0);
    for (int way = 0; way < 4; way++) {
        bool asks = way & 1, expires = way & 2;
        struct side side = {0};
        open_side(&side, true);
        if (asks)
            host_socket_want_returned(side.socket);
        *(expires ? &behaviour.expired_datagrams : &behaviour.reset_datagrams) = 1;
        ck_assert_int_eq(host_socket_connect(side.socket, &name), 0);
        ck_assert_int_eq(side.returned, asks);
        ck_assert_int_eq(side.ended, !asks && !expires);
        if (asks) {
            ck_assert_int_eq(side.what.error, expires ? -L_EHOSTUNREACH : -L_ECONNREFUSED);
            ck_assert_int_eq(side.what.type, expires ? 11 : 3);
            ck_assert_int_eq(side.what.code, expires ? 0 : 3);
            ck_assert_int_eq(side.what.to.port, name.port);
            ck_assert_int_eq(side.what.has_offender, !expires);
            ck_assert_int_eq(side.what.offender.port, 0);
        }
        ck_assert_int_eq(host_socket_name(side.socket, &address), 0);
        ck_assert_int_eq(host_socket_send_to(other.socket, "x", 1, &address), 0);
        reach(&side.datagrams, 1); /* it still receives */
        close_side(&side);
    }
    close_side(&other);
}
END_TEST

/* An interface is asked for as Windows wants it, of IPv4 in the network's order, and has no way to
 * the loopback. */
START_TEST(interfaces)
{
    for (int six = 0; six < 2; six++) {
        struct side side = {0};
        struct host_address to = loopback(9);
        if (six)
            to = (struct host_address){{[15] = 1}, 9, 0};
        ck_assert_int_eq(host_socket_open(true, six, &user, &side, &side.socket), 0);
        ck_assert_int_eq(host_socket_set_device(side.socket, 7777), 0);
        ck_assert_uint_eq(six ? calls.interface6 : calls.interface4, six ? 7777 : htonl(7777));
        ck_assert_int_eq(host_socket_send_to(side.socket, "x", 1, &to), -L_ENETUNREACH);
        ck_assert_int_eq(host_socket_connect(side.socket, &to), -L_ENETUNREACH);
        close_side(&side);
    }
}
END_TEST

/* A listener without descriptors says so once, and goes on when it is asked to. */
START_TEST(scarce)
{
    struct side listener = {0}, client = {0}, server = {0};
    struct host_address address = loopback(0);
    listener.next_accepted = &server;
    open_side(&listener, false);
    ck_assert_int_eq(host_socket_bind(listener.socket, &address, false), 0);
    behaviour.no_socket = 1;
    ck_assert_int_eq(host_socket_listen(listener.socket, 5), 0);
    ck_assert_int_eq(listener.ended, 1);
    ck_assert_int_eq(listener.last, -L_ENFILE);
    ck_assert_int_eq(host_socket_name(listener.socket, &address), 0);
    open_side(&client, false);
    ck_assert_int_eq(host_socket_connect(client.socket, &address), 0);
    reach(&client.connected, 1);
    host_socket_receive(listener.socket);
    reach(&listener.accepted, 1);
    ck_assert_int_eq(listener.ended, 1);
    close_side(&client);
    close_side(&server);
    close_side(&listener);
}
END_TEST

struct pair {
    struct side listener, client, server;
};

static void join(struct pair *p)
{
    struct host_address address = loopback(0);
    memset(p, 0, sizeof(*p));
    p->listener.next_accepted = &p->server;
    address.port = listening(&p->listener, false);
    open_side(&p->client, false);
    ck_assert_int_eq(host_socket_connect(p->client.socket, &address), 0);
    reach(&p->client.connected, 1);
    reach(&p->listener.accepted, 1);
}

static void part(struct pair *p)
{
    close_side(&p->client);
    close_side(&p->server);
    close_side(&p->listener);
}

/* Something comes for the server. */
static void say(struct pair *p)
{
    p->client.text = "x";
    host_socket_send(p->client.socket);
}

/* What is received after shutdown is the end, not an error. */
START_TEST(shut_down)
{
    struct pair p;
    join(&p);
    behaviour.receive_error = WSAESHUTDOWN;
    say(&p);
    reach(&p.server.ended, 1);
    ck_assert_int_eq(p.server.last, 0);
    part(&p);
}
END_TEST

/* How a connection ends whose other side does not answer any more, as it was asked to look: what
 * waits for bytes ends so, or the receive itself. */
START_TEST(vanished)
{
    static const struct {
        int windows, ours;
    } ends[] = {{WSAENETRESET, L_ETIMEDOUT},     {WSAECONNABORTED, L_ETIMEDOUT},
                {WSAETIMEDOUT, L_ETIMEDOUT},     {WSAEHOSTUNREACH, L_EHOSTUNREACH},
                {WSAENETUNREACH, L_ENETUNREACH}, {WSAECONNRESET, L_ECONNRESET}};
    const struct host_tuning tuning = {true, 7, 3, 2, 4500};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]) * 2; i++) {
        struct pair p;
        join(&p);
        host_socket_tune(p.server.socket, &tuning);
        ck_assert_uint_eq(calls.keepalive.onoff, 1);
        ck_assert_uint_eq(calls.keepalive.keepalivetime, 7000);
        ck_assert_uint_eq(calls.keepalive.keepaliveinterval, 3000);
        ck_assert_int_eq(calls.keep_count, 2);
        ck_assert_int_eq(calls.most_retries, 5); /* whole seconds */
        *(i & 1 ? &behaviour.receive_error : &behaviour.waiting_error) = ends[i / 2].windows;
        say(&p);
        reach(&p.server.ended, 1);
        ck_assert_int_eq(p.server.last, -ends[i / 2].ours);
        part(&p);
    }
}
END_TEST

/* Whoever waits for the end of what was sent has it sent without a buffer. */
START_TEST(lingers)
{
    struct pair p;
    join(&p);
    calls.unbuffered = 0;
    host_socket_linger(p.client.socket, 5);
    ck_assert_int_eq(calls.unbuffered, 1);
    say(&p);
    part(&p);
}
END_TEST

/* Nothing tells of a reset when the end has been received; who asks hears of it, once. */
START_TEST(reset_after_the_end)
{
    struct pair p;
    join(&p);
    host_socket_check(p.server.socket); /* before the end there is nothing to ask */
    host_socket_finish(p.client.socket);
    reach(&p.server.ended, 1);
    ck_assert_int_eq(p.server.last, 0);
    host_socket_check(p.server.socket);
    ck_assert_int_eq(p.server.ended, 1); /* it can still send */
    behaviour.receive_error = WSAECONNRESET;
    host_socket_check(p.server.socket);
    ck_assert_int_eq(p.server.ended, 2);
    ck_assert_int_eq(p.server.last, -L_ECONNRESET);
    host_socket_check(p.server.socket);
    ck_assert_int_eq(p.server.ended, 2);
    part(&p);
}
END_TEST

/* Who reads takes the bytes without the pump's thread. */
START_TEST(taken)
{
    struct pair p;
    char data[16];
    join(&p);
    ck_assert_int_eq(host_socket_take(p.server.socket, data, sizeof(data)), 0);
    p.server.reads = true;
    say(&p);
    reach(&p.server.asked, 1);
    ck_assert_int_eq(host_socket_take(p.server.socket, data, sizeof(data)), 1);
    ck_assert_int_eq(host_socket_take(p.server.socket, data, sizeof(data)), 0);
    host_socket_await(p.server.socket);
    say(&p);
    reach(&p.server.asked, 2);
    ck_assert_uint_eq(p.server.received, 0);
    p.server.reads = false;
    host_socket_receive(p.server.socket); /* at once */
    ck_assert_uint_eq(p.server.received, 1);
    host_socket_finish(p.client.socket);
    reach(&p.server.ended, 1);
    ck_assert_int_eq(host_socket_take(p.server.socket, data, sizeof(data)), 0);
    part(&p);
}
END_TEST

static DWORD handles(void)
{
    DWORD count = 0;
    GetProcessHandleCount(GetCurrentProcess(), &count);
    return count;
}

START_TEST(in_a_row)
{
    struct side listener = {0};
    struct host_address address = loopback(0);
    DWORD before = 0;
    address.port = listening(&listener, false);
    for (int i = 0; i < 300; i++) {
        struct side client = {0}, server = {0};
        listener.next_accepted = &server;
        if (i == 30)
            before = handles();
        open_side(&client, false);
        ck_assert_int_eq(host_socket_connect(client.socket, &address), 0);
        reach(&client.connected, 1);
        reach(&listener.accepted, i + 1);
        client.text = "x";
        host_socket_send(client.socket);
        reach((int *)&server.received, 1);
        close_side(&client);
        reach(&server.ended, 1);
        close_side(&server);
    }
    /* The one that waits in AcceptEx, and what the system keeps for itself. */
    ck_assert_uint_le(handles(), before + 8);
    close_side(&listener);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("socket");
    tcase_add_test(tcase, addresses);
    tcase_add_test(tcase, refusals);
    tcase_add_test(tcase, dead_ports);
    tcase_add_test(tcase, come_back);
    tcase_add_test(tcase, lingers);
    tcase_add_test(tcase, interfaces);
    tcase_add_test(tcase, scarce);
    tcase_add_test(tcase, vanished);
    tcase_add_test(tcase, reset_after_the_end);
    tcase_add_test(tcase, shut_down);
    tcase_add_test(tcase, taken);
    tcase_add_test(tcase, in_a_row);
    tcase_set_timeout(tcase, 60);
    return unit_run("windows socket", tcase);
}
