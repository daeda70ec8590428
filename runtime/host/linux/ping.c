/* Ping sockets, or raw ones for those who may have them; a thread for each reads what comes. */
#include "runtime/host/ping.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
/* After time.h. */
#include <linux/errqueue.h>

#include "runtime/abi/errno.h"
#include "runtime/host/heap.h"
#include "runtime/host/network.h"
#include "runtime/host/random.h"
#include "runtime/host/socket.h"
#include "runtime/host/thread.h"

#define HEADER      8u
#define ECHO4       8
#define ECHO6       128
#define REPLY4      0
#define REPLY6      129
#define TTL_UNKNOWN 64

struct host_ping {
    int fd, end; /* end: an event that ends the thread */
    bool v6, raw;
    _Atomic uint32_t device;
    uint16_t id; /* of raw sockets */
    const struct host_ping_user *user;
    void *arg;
};

union name {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

static void from_host(const union name *name, struct host_address *out)
{
    memset(out, 0, sizeof(*out));
    if (name->any.sa_family == AF_INET6) {
        memcpy(out->ip, &name->in6.sin6_addr, 16);
        out->scope = name->in6.sin6_scope_id;
    } else {
        out->ip[10] = out->ip[11] = 0xff;
        memcpy(out->ip + 12, &name->in.sin_addr, 4);
    }
}

/* What control messages say: TTL, and of the queue of errors what came back and from whom. */
static uint8_t look_at_control(struct msghdr *message, struct host_ping_error *error,
                               union name *offender)
{
    uint8_t ttl = TTL_UNKNOWN;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        bool v4 = c->cmsg_level == SOL_IP, v6 = c->cmsg_level == SOL_IPV6;
        if ((v4 && c->cmsg_type == IP_TTL) || (v6 && c->cmsg_type == IPV6_HOPLIMIT)) {
            int value;
            memcpy(&value, CMSG_DATA(c), sizeof(value));
            ttl = (uint8_t)value;
        } else if ((v4 && c->cmsg_type == IP_RECVERR) || (v6 && c->cmsg_type == IPV6_RECVERR)) {
            struct sock_extended_err told;
            memcpy(&told, CMSG_DATA(c), sizeof(told));
            *error = (struct host_ping_error){-(int)told.ee_errno, told.ee_type, told.ee_code};
            if (told.ee_origin == SO_EE_ORIGIN_ICMP || told.ee_origin == SO_EE_ORIGIN_ICMP6)
                memcpy(offender, CMSG_DATA(c) + sizeof(told),
                       v4 ? sizeof(offender->in) : sizeof(offender->in6));
        }
    }
    return ttl;
}

/* One packet; false when there is none. */
static bool receive(struct host_ping *ping, int flags)
{
    uint8_t packet[65536 + 64], control[512];
    union name from = {.any.sa_family = AF_UNSPEC}, offender = from;
    struct iovec part = {packet, sizeof(packet)};
    struct msghdr message = {.msg_name = &from,
                             .msg_namelen = sizeof(from),
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    struct host_ping_error error = {0, 0, 0};
    struct host_address address, to;
    ssize_t n = recvmsg(ping->fd, &message, flags | MSG_DONTWAIT);
    if (n < 0)
        return errno == EINTR;
    uint8_t ttl = look_at_control(&message, &error, &offender);
    const uint8_t *icmp = packet;
    if (ping->raw && !ping->v6 && n > 20 && !(flags & MSG_ERRQUEUE)) {
        icmp += (packet[0] & 15) * 4;
        ttl = packet[8];
    }
    if (packet + n < icmp + HEADER)
        return true;
    uint8_t wanted =
        flags & MSG_ERRQUEUE ? (ping->v6 ? ECHO6 : ECHO4) : (ping->v6 ? REPLY6 : REPLY4);
    uint16_t id, sequence;
    memcpy(&id, icmp + 4, sizeof(id));
    memcpy(&sequence, icmp + 6, sizeof(sequence));
    if (icmp[0] != wanted || (ping->raw && id != ping->id))
        return true;
    from_host(flags & MSG_ERRQUEUE && offender.any.sa_family ? &offender : &from, &address);
    from_host(&from, &to);
    if (flags & MSG_ERRQUEUE)
        ping->user->failed(ping->arg, &address, &to, sequence, &error);
    else
        ping->user->answered(ping->arg, &address, sequence, icmp + HEADER,
                             (size_t)(packet + n - icmp) - HEADER, ttl);
    return true;
}

static void ping_main(void *arg)
{
    struct host_ping *ping = arg;
    struct pollfd wait[2] = {{.fd = ping->fd, .events = POLLIN},
                             {.fd = ping->end, .events = POLLIN}};
    while (poll(wait, 2, -1) >= 0 || errno == EINTR) {
        if (wait[1].revents)
            break;
        while (wait[0].revents & POLLERR && receive(ping, MSG_ERRQUEUE))
            ;
        while (wait[0].revents && receive(ping, 0))
            ;
    }
    close(ping->fd);
    close(ping->end);
    ping->user->released(ping->arg);
    free(ping);
}

static int error_of(int error)
{
    return error == EPERM ? -L_EACCES : -error;
}

static int open_socket(struct host_ping *ping)
{
    int family = ping->v6 ? AF_INET6 : AF_INET, protocol = ping->v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
    const int yes = 1;
    ping->fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, protocol);
    ping->raw = ping->fd < 0;
    if (ping->raw)
        ping->fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, protocol);
    if (ping->fd < 0)
        return error_of(errno);
    if (ping->v6) {
        setsockopt(ping->fd, SOL_IPV6, IPV6_RECVHOPLIMIT, &yes, sizeof(yes));
        setsockopt(ping->fd, SOL_IPV6, IPV6_RECVERR, &yes, sizeof(yes));
    } else {
        setsockopt(ping->fd, SOL_IP, IP_RECVTTL, &yes, sizeof(yes));
        setsockopt(ping->fd, SOL_IP, IP_RECVERR, &yes, sizeof(yes));
    }
    ping->end = eventfd(0, EFD_CLOEXEC);
    return ping->end < 0 ? -errno : 0;
}

int host_ping_open(bool v6, const struct host_ping_user *user, void *arg, struct host_ping **out)
{
    struct host_ping *ping = calloc(1, sizeof(*ping));
    if (!ping)
        return -L_ENOMEM;
    *ping = (struct host_ping){.fd = -1, .end = -1, .v6 = v6, .user = user, .arg = arg};
    host_random(&ping->id, sizeof(ping->id));
    int error = open_socket(ping);
    if (!error)
        error = host_thread_start(ping_main, ping);
    if (error) {
        if (ping->fd >= 0)
            close(ping->fd);
        if (ping->end >= 0)
            close(ping->end);
        free(ping);
        return error;
    }
    *out = ping;
    return 0;
}

int host_ping_send(struct host_ping *ping, const struct host_address *to, uint16_t sequence,
                   const void *data, size_t n, uint8_t ttl)
{
    union name name = {.any.sa_family = AF_UNSPEC};
    uint8_t *packet = calloc(1, HEADER + n);
    int hops = ttl;
    if (!packet)
        return -L_ENOMEM;
    packet[0] = ping->v6 ? ECHO6 : ECHO4;
    memcpy(packet + 4, &ping->id, sizeof(ping->id));
    memcpy(packet + 6, &sequence, sizeof(sequence));
    memcpy(packet + HEADER, data, n);
    if (ping->v6) {
        name.in6.sin6_family = AF_INET6;
        name.in6.sin6_scope_id = to->scope;
        memcpy(&name.in6.sin6_addr, to->ip, 16);
        setsockopt(ping->fd, SOL_IPV6, IPV6_UNICAST_HOPS, &hops, sizeof(hops));
    } else {
        name.in.sin_family = AF_INET;
        memcpy(&name.in.sin_addr, to->ip + 12, 4);
        setsockopt(ping->fd, SOL_IP, IP_TTL, &hops, sizeof(hops));
        uint16_t sum = host_network_checksum(packet, HEADER + n);
        memcpy(packet + 2, &sum, sizeof(sum));
    }
    ssize_t sent = sendto(ping->fd, packet, HEADER + n, MSG_DONTWAIT, &name.any,
                          ping->v6 ? sizeof(name.in6) : sizeof(name.in));
    int error = sent < 0 ? -errno : 0;
    free(packet);
    return error == -EAGAIN ? -L_ENOBUFS : error;
}

int host_ping_set_device(struct host_ping *ping, uint32_t device)
{
    char name[IF_NAMESIZE] = "";
    if (ping->device == device)
        return 0; /* which without privileges may not be said twice */
    if (device && !if_indextoname(device, name))
        return -L_ENODEV;
    if (setsockopt(ping->fd, SOL_SOCKET, SO_BINDTODEVICE, name, sizeof(name)))
        return error_of(errno);
    ping->device = device;
    return 0;
}

void host_ping_close(struct host_ping *ping)
{
    uint64_t one = 1;
    (void)!write(ping->end, &one, sizeof(one));
}
