/* IcmpSendEcho2Ex and Icmp6SendEcho2: a thread of the pool waits for each request's answer. */
#include "runtime/host/ping.h"

#include <stdatomic.h>
#include <string.h>
#include <winsock2.h>
/* After winsock2.h. */
#include <ws2tcpip.h>
/* After ws2tcpip.h. */
#include <iphlpapi.h>
/* After iphlpapi.h. */
#include <icmpapi.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/netdevice.h"
#include "runtime/host/heap.h"
#include "runtime/host/network.h"
#include "runtime/host/socket.h"
#include "runtime/host/thread.h"

#define OUT_MOST 32u   /* requests on the way, of one user */
#define PATIENCE 10000 /* ms: an answer that takes longer is none */
/* What the documentation asks for beside reply and data: an ICMP error, and an IO_STATUS_BLOCK. */
#define REPLY_MORE 64u

/* mingw-w64 has no declaration of these. */
struct echo_reply6 {
    uint16_t port;
    uint8_t flow[4], address[16], scope[4]; /* an IPV6_ADDRESS_EX, which is packed */
    uint16_t pad;
    ULONG status;
    unsigned milliseconds;
};
_Static_assert(sizeof(struct echo_reply6) == 36, "ICMPV6_ECHO_REPLY");
DWORD WINAPI IcmpSendEcho2Ex(HANDLE, HANDLE, PVOID, PVOID, IPAddr, IPAddr, LPVOID, WORD,
                             PIP_OPTION_INFORMATION, LPVOID, DWORD, DWORD);

struct host_ping {
    atomic_uint refs; /* its user's, and of each request */
    atomic_uint out;
    atomic_bool closed;
    _Atomic uint32_t device; /* 0: any */
    bool v6;
    const struct host_ping_user *user;
    void *arg;
};

struct request {
    struct host_ping *ping;
    struct host_address to, from; /* from: zeros: of any interface */
    uint16_t sequence;
    uint8_t ttl;
    size_t n;
    uint8_t data[];
};

static void put(struct host_ping *ping)
{
    if (atomic_fetch_sub(&ping->refs, 1) != 1)
        return;
    ping->user->released(ping->arg);
    free(ping);
}

/* ICMP's type and code for a status; false when nothing came back. */
static bool error_of(ULONG status, bool v6, struct host_ping_error *out)
{
    static const struct {
        ULONG status;
        int error;
        uint8_t type4, code4, type6, code6;
    } table[] = {{IP_DEST_NET_UNREACHABLE, -L_ENETUNREACH, 3, 0, 1, 0},
                 {IP_DEST_HOST_UNREACHABLE, -L_EHOSTUNREACH, 3, 1, 1, 3},
                 {IP_DEST_PROT_UNREACHABLE, -L_EHOSTUNREACH, 3, 2, 1, 1},
                 {IP_DEST_PORT_UNREACHABLE, -L_ECONNREFUSED, 3, 3, 1, 4},
                 {IP_PACKET_TOO_BIG, -L_EMSGSIZE, 3, 4, 2, 0},
                 {IP_TTL_EXPIRED_TRANSIT, -L_EHOSTUNREACH, 11, 0, 3, 0},
                 {IP_TTL_EXPIRED_REASSEM, -L_EHOSTUNREACH, 11, 1, 3, 1}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].status != status)
            continue;
        *out = (struct host_ping_error){table[i].error, v6 ? table[i].type6 : table[i].type4,
                                        v6 ? table[i].code6 : table[i].code4};
        return true;
    }
    return false;
}

static void tell(const struct request *r, ULONG status, const struct host_address *from,
                 const void *data, size_t n, uint8_t ttl)
{
    struct host_ping *ping = r->ping;
    struct host_ping_error error;
    if (atomic_load(&ping->closed))
        return;
    if (status == IP_SUCCESS)
        ping->user->answered(ping->arg, from, r->sequence, data, n, ttl);
    else if (error_of(status, ping->v6, &error))
        ping->user->failed(ping->arg, from, &r->to, r->sequence, &error);
}

static void echo_v4(const struct request *r, uint8_t *reply, DWORD size)
{
    IP_OPTION_INFORMATION options = {.Ttl = r->ttl};
    struct host_address from = {.ip = {[10] = 0xff, [11] = 0xff}};
    HANDLE handle = IcmpCreateFile();
    IPAddr to, source;
    if (handle == INVALID_HANDLE_VALUE)
        return;
    memcpy(&to, r->to.ip + 12, sizeof(to));
    memcpy(&source, r->from.ip + 12, sizeof(source));
    DWORD count = IcmpSendEcho2Ex(handle, NULL, NULL, NULL, source, to, (void *)r->data, (WORD)r->n,
                                  &options, reply, size, PATIENCE);
    const ICMP_ECHO_REPLY *answer = (const void *)reply;
    if (count) {
        memcpy(from.ip + 12, &answer->Address, 4);
        tell(r, answer->Status, &from, answer->Data, answer->DataSize, answer->Options.Ttl);
    }
    IcmpCloseHandle(handle);
}

static void echo_v6(const struct request *r, uint8_t *reply, DWORD size)
{
    IP_OPTION_INFORMATION options = {.Ttl = r->ttl};
    struct sockaddr_in6 source = {.sin6_family = AF_INET6}, to = source;
    struct host_address from = {.scope = r->to.scope};
    HANDLE handle = Icmp6CreateFile();
    if (handle == INVALID_HANDLE_VALUE)
        return;
    memcpy(&to.sin6_addr, r->to.ip, 16);
    to.sin6_scope_id = r->to.scope;
    memcpy(&source.sin6_addr, r->from.ip, 16);
    source.sin6_scope_id = r->from.scope;
    DWORD count = Icmp6SendEcho2(handle, NULL, NULL, NULL, &source, &to, (void *)r->data,
                                 (WORD)r->n, &options, reply, size, PATIENCE);
    const struct echo_reply6 *answer = (const void *)reply;
    if (count) {
        /* The data stands behind the structure; what the answer's hop limit was is not told. */
        memcpy(from.ip, answer->address, 16);
        tell(r, answer->status, &from, answer + 1, r->n, 64);
    }
    IcmpCloseHandle(handle);
}

static void request_main(void *arg)
{
    struct request *r = arg;
    struct host_ping *ping = r->ping;
    DWORD size = (DWORD)(sizeof(struct echo_reply6) + sizeof(ICMP_ECHO_REPLY) + r->n + REPLY_MORE);
    uint8_t *reply = calloc(1, size);
    if (reply && ping->v6)
        echo_v6(r, reply, size);
    else if (reply)
        echo_v4(r, reply, size);
    free(reply);
    free(r);
    atomic_fetch_sub(&ping->out, 1);
    put(ping);
}

int host_ping_open(bool v6, const struct host_ping_user *user, void *arg, struct host_ping **out)
{
    struct host_ping *ping = calloc(1, sizeof(*ping));
    if (!ping)
        return -L_ENOMEM;
    atomic_init(&ping->refs, 1);
    ping->v6 = v6;
    ping->user = user;
    ping->arg = arg;
    *out = ping;
    return 0;
}

/* The address from which a request leaves by an interface. Only one of the loopback's has a way to
 * the loopback. */
static bool find_source(uint32_t device, bool v6, const struct host_address *to,
                        struct host_address *out)
{
    static const uint8_t loopback[16] = {[15] = 1};
    struct host_interface_address found;
    bool inside = v6 ? memcmp(to->ip, loopback, 16) == 0 : to->ip[12] == 127;
    if (!host_network_source(device, v6, &found) || (inside && found.scope != L_RT_SCOPE_HOST))
        return false;
    memcpy(out->ip, found.ip, sizeof(out->ip));
    out->scope = found.scope == L_RT_SCOPE_LINK ? device : 0;
    return true;
}

int host_ping_set_device(struct host_ping *ping, uint32_t device)
{
    atomic_store(&ping->device, device);
    return 0;
}

int host_ping_send(struct host_ping *ping, const struct host_address *to, uint16_t sequence,
                   const void *data, size_t n, uint8_t ttl)
{
    if (n > HOST_PING_MAX)
        return -L_EMSGSIZE;
    struct host_address from = {{0}, 0, 0};
    uint32_t device = atomic_load(&ping->device);
    if (device && !find_source(device, ping->v6, to, &from))
        return -L_ENETUNREACH;
    struct request *r = malloc(sizeof(*r) + n);
    if (!r)
        return -L_ENOMEM;
    *r = (struct request){
        .ping = ping, .to = *to, .from = from, .sequence = sequence, .ttl = ttl, .n = n};
    memcpy(r->data, data, n);
    bool full = atomic_fetch_add(&ping->out, 1) >= OUT_MOST;
    atomic_fetch_add(&ping->refs, 1);
    int error = full ? -L_ENOBUFS : host_thread_start(request_main, r);
    if (error) {
        free(r);
        atomic_fetch_sub(&ping->out, 1);
        put(ping);
    }
    return error;
}

void host_ping_close(struct host_ping *ping)
{
    atomic_store(&ping->closed, true);
    put(ping);
}
